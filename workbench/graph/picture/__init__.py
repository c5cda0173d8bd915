"""The graph as an SVG: where the boxes stand, and how they are drawn."""
