"""Names that moved: roles to :mod:`widgets.graph_roles`, the editor to its own module."""

from widgets.graph_roles import graph_roles, lit_edges

__all__ = ["graph_roles", "lit_edges"]
