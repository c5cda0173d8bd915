"""The report as a JSON file, written and read back with suspicion."""
