"""The charts of a report, as SVG that carries its numbers in words."""
