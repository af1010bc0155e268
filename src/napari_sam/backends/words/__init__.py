"""Models of words from folders of the user's: their boxes, found by transformers."""
