"""Models asked over HTTP, bounded in time and size."""
