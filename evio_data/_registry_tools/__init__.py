"""Tools for whoever keeps a registry: scan a folder, rebuild, edit, pin."""
