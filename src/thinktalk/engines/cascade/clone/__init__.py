"""Makes Kokoro sound like a sample: finds the style whose speech a speaker encoder takes for it."""
