"""What outlives a request: files that clients upload. Metadata in SQLite, content on disk."""
