"""The roof: rooms with windows, which do not know each other."""
