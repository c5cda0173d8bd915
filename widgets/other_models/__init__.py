"""Other models."""
