"""SAM 3 on images: words, examples and prompts, by the package transformers."""
