"""Ground truth: masks of the objects of an image, decoded one by one."""
