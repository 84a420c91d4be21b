"""The catalogue of voices and the check of samples. Knows nothing of synthesisers."""
