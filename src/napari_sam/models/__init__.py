"""Promptable models as torch modules."""
