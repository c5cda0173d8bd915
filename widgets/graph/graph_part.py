"""Which part of a large graph is drawn: columns by name with what is next to them, or the ways."""

from __future__ import annotations

from collections.abc import Callable, Collection

import ipywidgets as W

import workbench as wb
from widgets.parts import markup
from workbench.graph.causal_graph import PREDICTION

__all__ = ["GraphPart", "part_of_graph", "surroundings"]

MANY = 15
"""Nodes from which on a graph is asked about in parts."""
NAMED = 25
"""Nodes up to which all are drawn from the beginning: of more the names would be too small."""
ALL, NEAR, WAYS = "all", "near", "ways"
AMONG = {
    ALL: "",
    NEAR: " among the target, what is next to it, and its ways",
    WAYS: " on the ways from the target to the prediction",
}
"""Where a name was looked for."""


def part_of_graph(
    graph: wb.CausalGraph,
    text: str = "",
    lit: Collection[tuple[str, str]] | None = None,
    near: Collection[str] | None = None,
) -> wb.CausalGraph:
    """Return the nodes whose names hold a text and their neighbours, with the arrows among them.

    Parameters
    ----------
    text : str, default ""
        Nothing: every node.
    lit : collection of (str, str), optional
        Keep only these arrows first, and their ends.
    near : collection of str, optional
        Keep only these nodes first, and the arrows among them.

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
    if near is not None:
        nodes &= set(near)
        edges = tuple(edge for edge in edges if nodes.issuperset(edge))
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


def surroundings(
    graph: wb.CausalGraph, targets: Collection[str], lit: Collection[tuple[str, str]]
) -> set[str]:
    """Return targets, what is next to them, and what their ways to the prediction pass.

    Examples
    --------
    >>> graph = wb.CausalGraph([("a", "b"), ("b", "c"), ("c", "d"), ("e", "d")])
    >>> sorted(surroundings(graph, ["b"], [("b", "c"), ("c", "d")]))
    ['a', 'b', 'c', 'd']
    """
    found = {node for node in targets if node in graph}
    for node in tuple(found):
        found |= {*graph.parents(node), *graph.children(node)}
    return found | {node for edge in lit for node in edge}


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
                ("the target, what is next to it, and its ways", NEAR),
                ("only the ways from the target to the prediction", WAYS),
            ],
        )
        self._said = W.HTML()
        self._chosen = self._choosing = False  # by a person; by the page itself

        def told(which: bool) -> None:
            if not self._choosing:
                self._chosen = self._chosen or which
                changed()

        for control in (self._text, self._which):
            control.add_class("wb-field")
        self._text.observe(lambda _: told(False), "value")
        self._which.observe(lambda _: told(True), "value")
        row = W.HBox([self._text, self._which])
        row.add_class("wb-row")
        super().__init__([row, self._said])

    @property
    def narrowed(self) -> bool:
        """Whether less than the whole graph may be drawn."""
        shown = self.layout.display != "none"
        return shown and bool(self._text.value.strip() or self._which.value != ALL)

    def of(
        self, graph: wb.CausalGraph, lit: Collection[tuple[str, str]], targets: Collection[str] = ()
    ) -> wb.CausalGraph:
        """Return the part that is wanted, and say which it is; of a small graph, all of it.

        Of a graph too large for its names, what surrounds the target, until a person wants another
        or looks for a name.
        """
        self.layout.display = "" if len(graph.nodes) > MANY else "none"
        named = bool(self._text.value.strip())
        if not self._chosen:
            self._choosing = True
            surrounded = targets and len(graph.nodes) > NAMED and not named
            self._which.value = NEAR if surrounded else ALL
            self._choosing = False
        if not self.narrowed:
            self._said.value = ""
            return graph
        ways, near = self._which.value == WAYS, None
        if self._which.value == NEAR and targets:
            near = surroundings(graph, targets, lit)
        part = part_of_graph(graph, self._text.value, lit if ways else None, near)
        if not part.nodes:
            nothing = "no way from the target to the prediction"
            if named:
                nothing = f"no such column{AMONG[self._which.value]}"
            self._said.value = markup.notice(
                f"There is {nothing}; the whole graph is shown.", "warning"
            )
            return graph
        self._said.value = markup.paragraph(
            f"Shown are {_columns(part):,} of {_columns(graph):,} columns with the arrows among "
            f"them"
            + (": those named so, and what is next to them." if named else ".")
            + (" “Draw: every column” shows the others." if near is not None else ""),
            "wb-muted",
        )
        return part


def _columns(graph: wb.CausalGraph) -> int:
    """Count the nodes that are columns: neither the prediction nor a hidden cause is one."""
    return len(set(graph.nodes) - {PREDICTION, *graph.latents})
