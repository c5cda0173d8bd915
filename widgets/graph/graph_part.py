"""Which part of a large graph is drawn: columns by name with what is next to them, or the ways."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any

import ipywidgets as W

import workbench as wb
from widgets.parts import markup
from workbench.common.errors import GraphError
from workbench.common.wording import listing
from workbench.graph.causal_graph import PREDICTION

__all__ = ["GraphPart", "lone_columns", "part_of_graph", "surroundings"]

MANY = 15
"""Nodes from which on a graph is asked about in parts."""
NAMED = 25
"""Nodes up to which all are drawn from the beginning: of more the names would be too small."""
FEWEST = 6
"""Columns without an arrow of their own that are drawn as one box; fewer stand by themselves."""
ALL, FOLDED, NEAR, WAYS = "all", "folded", "near", "ways"
AMONG = {
    ALL: "",
    FOLDED: "",
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


def lone_columns(graph: wb.CausalGraph, targets: Collection[str]) -> tuple[str, ...]:
    """Return the columns that only the model reads: nobody drew an arrow to or from them.

    None where there are few, and none where no arrow was drawn at all: then each is yet to be
    drawn from.

    Examples
    --------
    >>> read = [(name, "prediction") for name in "abcdefgh"]
    >>> lone_columns(wb.CausalGraph([("a", "b"), *read]), ["c"])
    ()
    >>> lone_columns(wb.CausalGraph([("a", "b"), *read]), ["a"])
    ('c', 'd', 'e', 'f', 'g', 'h')
    """
    if all(effect == PREDICTION for _, effect in graph.edges):
        return ()
    found = tuple(
        node
        for node in graph.nodes
        if node not in targets
        and not graph.parents(node)
        and set(graph.children(node)) == {PREDICTION}
    )
    return found if len(found) >= FEWEST else ()


class GraphPart(W.VBox):
    """Asks which part of a large graph to draw; of a small one, nothing.

    Parameters
    ----------
    changed : callable () -> None
        Called when another part is wanted.

    Attributes
    ----------
    folded : tuple of str
        The columns that stand as one box in what was drawn last.
    box : str
        The name of that box.
    """

    def __init__(self, changed: Callable[[], None]) -> None:
        self._text = W.Text(description="Show the columns named like", continuous_update=False)
        self._which = W.Dropdown(
            description="Draw",
            options=[
                ("every column", ALL),
                ("columns without an arrow of their own as one box", FOLDED),
                ("the target, what is next to it, and its ways", NEAR),
                ("only the ways from the target to the prediction", WAYS),
            ],
        )
        self._said = W.HTML()
        self.folded: tuple[str, ...] = ()
        self.box = ""
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
        return shown and bool(self._text.value.strip() or self._which.value not in (ALL, FOLDED))

    def refuse(self, intent: Mapping[str, Any]) -> None:
        """Raise where an edit is of the box that stands for several columns."""
        effects = intent.get("effects")
        named = [*intent.values(), *(effects if isinstance(effects, list) else ())]
        if self.folded and self.box in named:
            raise GraphError(
                f"This box stands for {len(self.folded)} columns. Choose “Draw: every column”, and "
                f"change the one that you mean."
            )

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
            self._which.value = ALL
            if targets and not named and len(graph.nodes) > MANY:
                lone = lone_columns(graph, targets)
                self._which.value = NEAR if len(graph.nodes) > NAMED else FOLDED if lone else ALL
            self._choosing = False
        self.folded, self.box = (), ""
        if not self.narrowed:
            self._said.value = ""
            wanted = self.layout.display != "none" and self._which.value == FOLDED
            return self._fold(graph, lone_columns(graph, targets)) if wanted else graph
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

    def _fold(self, graph: wb.CausalGraph, lone: tuple[str, ...]) -> wb.CausalGraph:
        """Draw some columns as one box, and say which."""
        if not lone:
            return graph
        self.folded, self.box = lone, f"{len(lone)} more columns"
        while self.box in graph:
            self.box += " "
        self._said.value = markup.paragraph(
            f"The box “{self.box}” stands for {listing(lone, most=8)}: the model reads them, and "
            f"no arrow is drawn between them and another column. “Draw: every column” shows each.",
            "wb-muted",
        )
        kept = [node for node in graph.nodes if node not in set(lone)]
        return wb.CausalGraph(
            [edge for edge in graph.edges if edge[0] not in set(lone)] + [(self.box, PREDICTION)],
            nodes=[*kept, self.box],
            latents=graph.latents,
        )


def _columns(graph: wb.CausalGraph) -> int:
    """Count the nodes that are columns: neither the prediction nor a hidden cause is one."""
    return len(set(graph.nodes) - {PREDICTION, *graph.latents})
