"""Every call of a command at its files, failed or killed in turn."""
