"""Step 4: the model before, models retrained, and unlearning on the spot."""
