"""The CPU cascade: ears, eyes, thinker and talker as small real models, overlapped."""
