"""The profile: effects over all levels of a feature, over people and over groups."""
