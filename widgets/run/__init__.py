"""Step 5: what to run, and the run."""
