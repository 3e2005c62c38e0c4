"""Files brought by hand: candidates, archives, matching."""
