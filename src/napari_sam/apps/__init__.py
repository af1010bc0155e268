"""The applications: command line, dock and notebook, which do not know each other."""
