"""The pages served to others by Voila, with nothing else reachable."""
