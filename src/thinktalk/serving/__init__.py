"""What happens to a request between the wire and an engine, free of any wire format."""
