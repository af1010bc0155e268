"""Linking: tracks of objects that were found frame by frame."""
