"""What is audited, checked once: data, model and graph together, the target, the intervention."""
