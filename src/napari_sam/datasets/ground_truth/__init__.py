"""What is in an image: which pixels belong to each object, decoded when asked for."""
