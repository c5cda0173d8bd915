"""Questions to the black box: gathered into large batches."""
