"""Who is speaking, and who should stop."""
