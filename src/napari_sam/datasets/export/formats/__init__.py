"""Writers of data sets, one for each format."""
