"""A class: one process for all readers, their answers counted without a name."""
