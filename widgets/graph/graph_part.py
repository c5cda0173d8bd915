"""Which part of a large graph is drawn: columns by name with what is next to them, or the ways."""

from __future__ import annotations

from collections.abc import Callable, Collection

import ipywidgets as W

import workbench as wb
from widgets.parts import markup

__all__ = ["GraphPart", "part_of_graph"]

MANY = 15
"""Nodes from which on a graph is asked about in parts."""
ALL, WAYS = "all", "ways"


def part_of_graph(
    graph: wb.CausalGraph, text: str = "", lit: Collection[tuple[str, str]] | None = None
) -> wb.CausalGraph:
    """Return the nodes whose names hold a text and their neighbours, with the arrows among them.

    Parameters
    ----------
    text : str, default ""
        Nothing: every node.
    lit : collection of (str, str), optional
        Keep only these arrows first, and their ends.

    Examples
    --------
    >>> graph = wb.CausalGraph([("a", "b"), ("b", "c"), ("c", "d")])
    >>> part_of_graph(graph, "A").edges
    (('a', 'b'),)
    >>> part_of_graph(graph, lit=[("b", "c")]).nodes
    ('b', 'c')
    """
    edges, nodes = graph.edges, set(graph.nodes)
    if lit is not None:
        edges = tuple(edge for edge in edges if edge in set(lit))
        nodes = {node for edge in edges for node in edge}
    wanted = text.strip().casefold()
    if wanted:
        found = {node for node in nodes if wanted in node.casefold()}
        nodes = found | {node for edge in edges if found & set(edge) for node in edge}
    if nodes == set(graph.nodes) and edges == graph.edges:
        return graph
    return wb.CausalGraph(
        [edge for edge in edges if nodes.issuperset(edge)],
        nodes=[node for node in graph.nodes if node in nodes],
        latents=[node for node in graph.latents if node in nodes],
    )


class GraphPart(W.VBox):
    """Asks which part of a large graph to draw; of a small one, nothing.

    Parameters
    ----------
    changed : callable () -> None
        Called when another part is wanted.
    """

    def __init__(self, changed: Callable[[], None]) -> None:
        self._text = W.Text(description="Show the columns named like", continuous_update=False)
        self._which = W.Dropdown(
            description="Draw",
            options=[
                ("every column", ALL),
                ("only the ways from the target to the prediction", WAYS),
            ],
        )
        self._said = W.HTML()
        for control in (self._text, self._which):
            control.add_class("wb-field")
            control.observe(lambda _: changed(), "value")
        row = W.HBox([self._text, self._which])
        row.add_class("wb-row")
        super().__init__([row, self._said])

    @property
    def narrowed(self) -> bool:
        """Whether less than the whole graph may be drawn."""
        shown = self.layout.display != "none"
        return shown and bool(self._text.value.strip() or self._which.value == WAYS)

    def of(self, graph: wb.CausalGraph, lit: Collection[tuple[str, str]]) -> wb.CausalGraph:
        """Return the part that is wanted, and say which it is; of a small graph, all of it."""
        self.layout.display = "" if len(graph.nodes) > MANY else "none"
        if not self.narrowed:
            self._said.value = ""
            return graph
        ways = self._which.value == WAYS
        part = part_of_graph(graph, self._text.value, lit if ways else None)
        if not part.nodes:
            nothing = "no way from the target to the prediction" if ways else "no such column"
            self._said.value = markup.notice(
                f"There is {nothing}; the whole graph is shown.", "warning"
            )
            return graph
        self._said.value = markup.paragraph(
            f"Shown are {len(part.nodes):,} of {len(graph.nodes):,} columns with the arrows among "
            f"them"
            + (": those named so, and what is next to them." if self._text.value.strip() else "."),
            "wb-muted",
        )
        return part
