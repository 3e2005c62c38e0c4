"""Sharing a cache: an HTTP server, and pushing to a mirror."""
