"""One HTTP request: connection, ranges, validators."""
