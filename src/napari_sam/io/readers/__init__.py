"""One file for each kind of image: pixels that are read where they are looked at."""
