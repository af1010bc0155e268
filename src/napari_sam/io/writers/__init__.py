"""One file for each form in which labels are written."""
