"""Progress listeners: bars, plain lines, log messages."""
