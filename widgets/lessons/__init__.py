"""The guided walks: what is measured, what the reader is asked first, and what is told then."""
