"""Stands in for timm: see README.md beside this package."""
