"""The pages: the workbench, the legal review, the walk for a class."""
