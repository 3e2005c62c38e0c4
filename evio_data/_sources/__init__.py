"""Where a file's bytes come from, and which source to try next."""
