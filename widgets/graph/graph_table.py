"""The graph without a mouse: its arrows as a table, menus to change them, and its text."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any

import ipywidgets as W

import workbench as wb
from widgets.graph.lone_graph import Drawn
from widgets.parts import markup
from widgets.parts.menu_choice import choose_in
from workbench.graph.causal_graph import PREDICTION

__all__ = ["GraphTable", "arrow_list"]

MOST_ROWS = 400
"""Arrows that are listed."""


def arrow_list(graph: wb.CausalGraph, lit: Collection[tuple[str, str]]) -> str:
    """Return the graph as a list, a line per cause and one for what is read; escaped.

    Arrows on a way to the prediction are double.
    """
    bright = set(lit)
    effects: dict[tuple[str, str], list[str]] = {}
    read: dict[str, list[str]] = {}
    for cause, effect in graph.edges[:MOST_ROWS]:
        arrow = "⇒" if (cause, effect) in bright else "→"
        if effect == PREDICTION:
            read.setdefault(arrow, []).append(cause)
        else:
            effects.setdefault((cause, arrow), []).append(effect)
    rows = [f"{cause} {arrow} {', '.join(found)}" for (cause, arrow), found in effects.items()]
    rows += [f"{', '.join(found)} {arrow} {PREDICTION}" for arrow, found in read.items()]
    if len(graph.edges) > MOST_ROWS:
        rows.append(f"and {len(graph.edges) - MOST_ROWS:,} more")
    said = ["“⇒” is on a way from the target to the prediction."] if bright else []
    said += ["What leads to the prediction is known: the model reads it."] if read else []
    return (
        markup.heading("The graph as a list of arrows", 4)
        + markup.paragraph(" ".join(said), "wb-muted")
        + markup.bullets(rows or ["none"])
    )


class GraphTable(W.VBox):
    """Says what a person wants changed, as the canvas does.

    Parameters
    ----------
    wanted : callable (dict) -> None
        Gets an intent of :func:`widgets.graph.graph_edits.edited`.
    replaced : callable (str) -> None
        Gets a text that is to be the graph.
    """

    def __init__(
        self, wanted: Callable[[Mapping[str, Any]], None], replaced: Callable[[str], None]
    ) -> None:
        self._arrow = W.Dropdown(description="An arrow that is drawn", options=[])
        self._from = W.Dropdown(description="From (cause)", options=[])
        self._to = W.Dropdown(description="To (effect)", options=[])
        self._why = W.Text(description="Why this arrow is there", continuous_update=False)
        self._name = W.Text(description="Name of a hidden cause", continuous_update=False)
        self._text = W.Textarea(
            description="The same graph as DAGitty text", rows=8, continuous_update=False
        )
        for control in (self._arrow, self._from, self._to, self._why, self._name, self._text):
            control.add_class("wb-field")
        self._list = W.HTML()

        def edge(kind: str) -> Callable[[], None]:
            return lambda: wanted(
                {"kind": kind, "source": self._from.value, "target": self._to.value}
            )

        def button(text: str, action: Callable[[], None]) -> W.Button:
            made = W.Button(description=text)
            made.on_click(lambda _: action())
            return made

        arrows = W.HBox(
            [
                self._from,
                self._to,
                button("Add", edge("add-edge")),
                button("Remove", edge("remove-edge")),
                button("Reverse", edge("reverse-edge")),
            ]
        )
        reason = W.HBox(
            [
                self._why,
                button(
                    "Keep this reason",
                    lambda: wanted(
                        {
                            "kind": "note-edge",
                            "source": self._from.value,
                            "target": self._to.value,
                            "note": self._why.value,
                        }
                    ),
                ),
            ]
        )
        hidden = W.HBox(
            [
                self._name,
                button(
                    "Add this hidden cause",
                    lambda: wanted({"kind": "add-latent", "name": self._name.value}),
                ),
                button(
                    "Remove this hidden cause",
                    lambda: wanted({"kind": "remove-node", "node": self._name.value.strip()}),
                ),
            ]
        )
        for row in (arrows, reason, hidden):
            row.add_class("wb-row")
        use = button("Use this text", lambda: replaced(self._text.value))
        for control in (self._from, self._to):
            control.observe(lambda _: self._say_why(), "value")
        self._arrow.observe(lambda _: self._arrow_chosen(), "value")
        self._notes: Mapping[tuple[str, str], str] = {}
        super().__init__([self._arrow, arrows, reason, hidden, self._list, self._text, use])

    def show(self, case: Drawn) -> None:
        """Show the graph as the auditor drew it."""
        graph = case.graph
        names = [*graph.nodes, *case.features, *map(str, case.data.columns)]
        names = list(dict.fromkeys(names))
        for control in (self._from, self._to):
            if list(control.options) != names:
                kept = control.value
                control.options = names
                control.value = kept if kept in names else next(iter(names), None)
        named: list[tuple[str, tuple[str, str] | None]]
        named = [("choose one, to remove, turn or explain it", None)]
        named += [(f"{cause} → {effect}", (cause, effect)) for cause, effect in graph.edges]
        if list(self._arrow.options) != named:
            self._arrow.options = named
            choose_in(self._arrow, None)
        shown = graph.edges[:MOST_ROWS]
        count = f"{len(graph.edges):,} arrow{'s' if len(graph.edges) != 1 else ''} drawn"
        if len(shown) < len(graph.edges):
            count += f", the first {MOST_ROWS} listed; the text below holds all"
        hidden = f"; hidden causes: {', '.join(graph.latents)}" if graph.latents else ""
        head = ["cause", "effect", *(["why"] if graph.notes else [])]
        rows = [(*edge, graph.notes.get(edge, ""))[: len(head)] for edge in shown]
        self._list.value = markup.table(rows, head, caption=f"{count}{hidden}")
        self._notes = graph.notes
        self._say_why()
        self._text.value = graph.to_dagitty()

    def choose(self, source: object, sink: object) -> None:
        """Put an arrow into the menus, where both ends are in them."""
        if source in self._from.options and sink in self._to.options:
            self._from.value, self._to.value = source, sink

    def _arrow_chosen(self) -> None:
        if self._arrow.value is not None:
            self.choose(*self._arrow.value)

    def _say_why(self) -> None:
        """Show the reason that was kept for the arrow in the menus."""
        self._why.value = self._notes.get((self._from.value, self._to.value), "")
