"""What a test session needs, fetched once."""
