"""SAM 2 and SAM 2.1: their files, and their networks by the package transformers."""
