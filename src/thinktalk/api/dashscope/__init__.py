"""DashScope's own wire, under `/api/v1`."""
