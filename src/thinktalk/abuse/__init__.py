"""Hostile requests for any OpenAI-compatible server, and a judgement of how it takes them.

Knows nothing of our engines, our settings or our server: it speaks HTTP from outside, and makes the
media it sends itself.
"""
