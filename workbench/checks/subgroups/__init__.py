"""Effects in named subgroups, and where the influence hides."""
