"""Whether the model answers the same when asked in another way."""
