"""Every figure that this project claims, measured beside its peers in one interleaved run."""
