"""Models behind the `Backend` door."""
