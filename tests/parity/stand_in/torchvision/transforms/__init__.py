"""Stands in for torchvision: see README.md beside this package."""
