"""The engine qwen_omni beside `generate` of Transformers, on weights of random numbers."""
