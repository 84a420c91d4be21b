"""Everything that can answer a conversation."""
