"""Wire formats: parse, call, serialise; no decisions."""
