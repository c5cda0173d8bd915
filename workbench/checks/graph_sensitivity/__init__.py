"""What the finding owes to the drawn graph."""
