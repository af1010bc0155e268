"""Motion between two frames: drift of the whole tile, and flow around objects."""
