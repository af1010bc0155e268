"""Masks of objects that outgrow a tile: coarser levels, growing, boundaries."""
