"""A table: its columns as the estimators see them, and back as the model reads them."""
