"""Geometry of pixels: regions, tiles, resampling and rasterizing. numpy only."""
