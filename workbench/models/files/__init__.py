"""Models from files that strangers may have written; never a pickle."""
