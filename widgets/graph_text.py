"""A causal graph typed or pasted as text, in whichever of the known notations it is."""

from __future__ import annotations

import workbench as wb

__all__ = ["read_graph"]


def read_graph(text: str) -> wb.CausalGraph:
    """Read JSON, GML, Graphviz DOT, or DAGitty model code.

    Raises
    ------
    GraphError
        The text is in none of them; the message says where and what.

    Examples
    --------
    >>> read_graph("dag { age -> income }").edges
    (('age', 'income'),)
    """
    start = text.lstrip()
    if start.startswith("{"):
        return wb.CausalGraph.from_json(text)
    if start.startswith(("digraph", "strict")):
        return wb.CausalGraph.from_dot(text)
    if start.startswith(("graph [", "graph\n[", "Creator")):
        return wb.CausalGraph.from_gml(text)
    if start and not start.startswith(("dag", "pdag", "mag", "pag")):
        text = f"dag {{\n{text}\n}}"  # bare edges are a common way to paste
    return wb.CausalGraph.from_dagitty(text)
