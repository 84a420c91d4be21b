"""The realtime socket: one session, three dialects."""
