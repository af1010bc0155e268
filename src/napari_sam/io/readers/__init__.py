"""Readers of images: one file for each kind, with pixels that are read lazily."""
