"""Qwen3-Omni in process: a thinker and a talker that speaks while the thinker writes."""
