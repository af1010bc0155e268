"""Core values and protocols of images, prompts, masks and models. numpy only."""
