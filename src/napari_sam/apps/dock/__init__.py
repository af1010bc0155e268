"""napari: a window onto a session."""
