"""How good masks are, measured as a person would use them."""
