"""The commands: arguments, one module a command, output."""
