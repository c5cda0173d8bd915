"""What a report says, once: an outline of blocks that page, widgets and terminal render."""
