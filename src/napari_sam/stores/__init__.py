"""Stores of embeddings: in memory, and in zarr on disk."""
