"""The dock: a session in the window of napari."""
