"""What is concluded from the effects: the verdict, diagnostics, and a folder for each check."""
