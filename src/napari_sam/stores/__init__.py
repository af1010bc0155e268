"""Where embeddings are remembered."""
