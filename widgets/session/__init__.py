"""The single truth of a page, and its one job in the background."""
