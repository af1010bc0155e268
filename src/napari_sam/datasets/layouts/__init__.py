"""Where images and their truth lie: one file for each way of laying them out."""
