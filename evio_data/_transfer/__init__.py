"""Receiving files: scheduler, downloads, segments, back-off, splitting, cancelling."""
