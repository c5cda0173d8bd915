"""Graph files, each format in a file of its own."""
