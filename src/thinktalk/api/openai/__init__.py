"""The OpenAI-shaped surfaces."""
