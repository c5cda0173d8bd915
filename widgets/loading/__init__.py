"""Step 1: data, model and graph become a case."""
