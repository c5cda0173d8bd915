"""A table that is read in partitions, so that it may be larger than memory."""
