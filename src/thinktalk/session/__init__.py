"""One live conversation, free of any wire format."""
