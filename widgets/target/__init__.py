"""Step 3: what was to be forgotten."""
