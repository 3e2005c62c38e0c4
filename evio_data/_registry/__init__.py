"""The registry file: parse it, look names up, check which names are allowed."""
