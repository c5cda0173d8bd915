"""Graph sensitivity."""
