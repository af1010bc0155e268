"""Making and improving models: data, prompts, losses, the loop."""
