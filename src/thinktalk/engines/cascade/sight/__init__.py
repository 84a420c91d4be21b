"""Eyes of the cascade: what is in a picture, as values and as notes for a language model."""
