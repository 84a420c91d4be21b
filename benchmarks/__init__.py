"""Figures for `docs/performance.md`: each command prints a table and writes JSON."""
