"""Options of the command line, as typed settings."""
