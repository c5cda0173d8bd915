"""Small parts that several steps share."""
