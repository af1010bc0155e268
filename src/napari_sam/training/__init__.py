"""Training and fine-tuning of models: data, simulated prompts, losses, the loop."""
