"""Images as stacks of frames, and how their pixels are shown to a model."""
