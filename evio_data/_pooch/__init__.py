"""pooch's interface over our engine."""
