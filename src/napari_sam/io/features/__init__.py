"""Features of other programs: one file for each form in which places come."""
