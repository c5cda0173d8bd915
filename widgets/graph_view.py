"""Step 2: the causal graph, drawn and as a table, with simple edits."""

from __future__ import annotations

from collections.abc import Callable

import ipywidgets as W

import workbench as wb
from widgets import markup
from widgets.browser_parts import StatusLine
from widgets.graph_text import read_graph
from widgets.jobs import words_for
from widgets.session import AuditSession
from workbench.graph import PREDICTION
from workbench.graph_drawing import draw_graph

__all__ = ["GraphView", "graph_roles", "lit_edges"]

WIDTH = 900
UNDO = 50


def graph_roles(case: wb.AuditCase, target: wb.UnlearningTarget | None) -> dict[str, str]:
    """Return what each node of the audit graph is, for :func:`workbench.graph_drawing.draw_graph`.

    Examples
    --------
    >>> import pandas as pd
    >>> frame = pd.DataFrame({"zip": [0, 1, 0, 1], "income": [1.0, 2.0, 1.5, 3.0]})
    >>> model = wb.BlackBoxModel(lambda rows: rows["income"], features=["income"])
    >>> graph = wb.CausalGraph([("zip", "income")])
    >>> case = wb.AuditCase(data=frame, model=model, graph=graph)
    >>> graph_roles(case, wb.UnlearningTarget.feature("zip"))
    {'zip': 'target', 'income': 'mediator', 'prediction': 'prediction'}
    """
    graph = case.audit_graph
    names = _names(case, target)
    mediators = {node for name in names for node in graph.mediators(name, PREDICTION)}
    adjusted: set[str] = set()
    for name in names:
        try:
            adjusted |= set(graph.adjustment_set(name, PREDICTION))
        except wb.NotIdentifiableError:
            continue  # the audit says so; the drawing has nothing to colour
    roles = {}
    for node in graph.nodes:
        if node == PREDICTION:
            roles[node] = "prediction"
        elif node in names:
            roles[node] = "target"
        elif node in graph.latents:
            roles[node] = "latent"
        elif node in mediators:
            roles[node] = "mediator"
        elif node in adjusted:
            roles[node] = "adjustment"
        elif node not in case.reads:
            roles[node] = "unread"
    return roles


def lit_edges(
    case: wb.AuditCase, target: wb.UnlearningTarget | None
) -> tuple[tuple[str, str], ...]:
    """Return the edges by which the target can reach the prediction."""
    graph = case.audit_graph
    names = set(_names(case, target))
    reached = names | {d for name in names for d in graph.descendants(name)}
    leading = {PREDICTION, *graph.ancestors(PREDICTION)}
    return tuple((u, v) for u, v in graph.edges if u in reached and v in leading)


def _names(case: wb.AuditCase, target: wb.UnlearningTarget | None) -> tuple[str, ...]:
    return () if target is None else target.resolve_names(case.features, case.reads)


class GraphView(W.VBox):
    """Shows the session's graph and edits it; an edit that cannot be changes nothing.

    Parameters
    ----------
    session : AuditSession
    """

    def __init__(self, session: AuditSession) -> None:
        self._session = session
        self._past: list[wb.CausalGraph] = []
        self._shown: object = None
        self._picture = W.HTML()
        self._picture.add_class("wb-graph")
        self._words = W.HTML()
        self._status = StatusLine()
        self._from = W.Dropdown(description="From (cause)", options=[])
        self._to = W.Dropdown(description="To (effect)", options=[])
        self._text = W.Textarea(
            description="The same graph as DAGitty text", rows=8, continuous_update=False
        )
        for control in (self._from, self._to, self._text):
            control.add_class("wb-field")
        self._undo = self._button("Undo", self._back)
        edges = W.HBox(
            [
                self._from,
                self._to,
                self._button("Add", lambda: self._edge("add_edge")),
                self._button("Remove", lambda: self._edge("remove_edge")),
                self._button("Reverse", lambda: self._edge("reverse_edge")),
                self._undo,
            ]
        )
        edges.add_class("wb-row")
        self._table = W.HTML()
        replace = self._button("Use this text", self._replace)
        editor = W.VBox([edges, self._table, self._text, replace])
        fold = W.Accordion([editor], titles=("Read the arrows as a table, or change them",))
        fold.selected_index = None
        super().__init__([self._words, self._picture, self._status, fold])
        session.observe(lambda _: self._draw(), ["case", "target"])
        self._draw()

    def _button(self, text: str, action: Callable[[], None]) -> W.Button:
        button = W.Button(description=text)

        def pressed(_: object) -> None:
            try:
                action()
            except Exception as error:  # the component's boundary
                self._status.say(words_for(error), "problem")

        button.on_click(pressed)
        return button

    def _edge(self, edit: str) -> None:
        case, source, sink = self._session.case, self._from.value, self._to.value
        if case is None or source is None or sink is None:
            return
        self._put(getattr(case.graph, edit)(source, sink))
        done = {"add_edge": "Added", "remove_edge": "Removed", "reverse_edge": "Reversed"}[edit]
        self._status.say(f"{done}: {source} → {sink}.", "good")

    def _replace(self) -> None:
        if self._session.case is not None:
            self._put(read_graph(self._text.value))
            self._status.say("The graph of the text is in use.", "good")

    def _back(self) -> None:
        if self._past:
            self._session.edit_graph(self._past.pop())
            self._status.say("Undone.", "good")

    def _put(self, graph: wb.CausalGraph) -> None:
        assert self._session.case is not None
        before = self._session.case.graph
        self._session.edit_graph(graph)
        self._past = [*self._past[-UNDO:], before]
        self._undo.disabled = False

    def _draw(self) -> None:
        case, target = self._session.case, self._session.target
        try:
            if case is None:
                self._picture.value = self._table.value = ""
                self._words.value = markup.paragraph("Choose data and a model first.", "wb-muted")
                self._past, self._shown = [], None
                return
            if self._shown is not case.data:  # another table: edits of the one before are over
                self._past, self._shown = [], case.data
                self._status.say("")
            self._picture.value = draw_graph(
                case.audit_graph,
                roles=graph_roles(case, target),
                lit=lit_edges(case, target),
                width=WIDTH,
            )
            self._words.value = markup.paragraph(_explanation(case, target))
            self._undo.disabled = not self._past
            self._offer(case)
        except Exception as error:  # the component's boundary
            self._status.say(words_for(error), "problem")

    def _offer(self, case: wb.AuditCase) -> None:
        graph = case.graph
        names = list(dict.fromkeys([*graph.nodes, *case.features]))
        for control in (self._from, self._to):
            if list(control.options) != names:
                kept = control.value
                control.options = names
                control.value = kept if kept in names else names[0]
        self._table.value = markup.table(
            graph.edges, ["cause", "effect"], caption=f"The {len(graph.edges)} arrows drawn"
        )
        self._text.value = graph.to_dagitty()


def _explanation(case: wb.AuditCase, target: wb.UnlearningTarget | None) -> str:
    start = (
        "An arrow says: changing the first changes the second. The arrows into the prediction are "
        "known, since they are the columns that the model reads; the others are the auditor's "
        "statement about the world, and the result is only as good as they are."
    )
    if target is None:
        return start
    names = ", ".join(_names(case, target))
    ways = sum(
        case.audit_graph.count_directed_paths(name, PREDICTION) for name in _names(case, target)
    )
    if not ways:
        return f"{start} By this graph, {names} cannot reach the prediction at all."
    return (
        f"{start} By this graph, {names} can reach the prediction in {ways:,} "
        f"way{'s' if ways != 1 else ''}, drawn thick."
    )
