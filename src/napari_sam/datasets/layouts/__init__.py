"""Layouts of data sets: one file for each way of storing images and ground truth."""
