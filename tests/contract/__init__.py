"""pooch's own tests, with our classes in the place of pooch's: `python -m tests.contract`."""
