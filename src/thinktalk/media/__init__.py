"""Bytes that others sent, to arrays and back, within a budget."""
