"""Step 2: the causal graph by mouse and by keyboard."""
