"""Everything on disk: files, stamps, locks, partials, hashing, inventory, cleaning."""
