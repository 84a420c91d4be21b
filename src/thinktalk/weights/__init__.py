"""Model files by name, size and SHA-256, wherever they can be had."""
