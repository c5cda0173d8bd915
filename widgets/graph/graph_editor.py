"""Step 2: the causal graph, drawn and changed by mouse, by keyboard or as text."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import pairwise
from typing import Any

import ipywidgets as W

import workbench as wb
from widgets.graph.graph_canvas import (
    MOST_DRAWN,
    GraphCanvas,
    Places,
    draw_network,
    graph_legend,
    lay_out_nodes,
    vis_id,
)
from widgets.graph.graph_edits import GraphHistory, circle_error, edited
from widgets.graph.graph_part import GraphPart
from widgets.graph.graph_proposal import GraphProposals
from widgets.graph.graph_roles import (
    adjustment_words,
    edge_weights,
    explain_graph,
    graph_roles,
    lit_edges,
    target_names,
)
from widgets.graph.graph_table import GraphTable, arrow_list
from widgets.graph.lone_graph import Drawn, session_with_graph
from widgets.parts import markup
from widgets.parts.disclosure import Disclosure
from widgets.parts.download_button import DownloadButton
from widgets.parts.file_picker import FilePicker
from widgets.parts.graph_text import read_graph
from widgets.parts.page_style import stand_alone
from widgets.parts.saved_view import SavedView
from widgets.parts.status_line import StatusLine
from widgets.session.jobs import words_for
from widgets.session.session import AuditSession
from workbench.common.errors import CycleError, GraphError
from workbench.common.limits import GRAPH_BYTES
from workbench.graph.causal_graph import PREDICTION
from workbench.graph.files import formats as graph_files
from workbench.graph.picture.drawing import draw_graph

__all__ = ["GraphEditor"]

SHORTEST, TALLEST = 260.0, 640.0
"""Pixels that the canvas is high."""
EDITS = ("add-edge", "remove-edge", "reverse-edge", "note-edge", "add-latent", "remove-node")
EXPORTS: tuple[tuple[str, str, str, Callable[[wb.CausalGraph], str]], ...] = (
    ("JSON", "graph.json", "application/json", wb.CausalGraph.to_json),
    ("DOT (Graphviz)", "graph.dot", "text/vnd.graphviz", wb.CausalGraph.to_dot),
    ("GML", "graph.gml", "text/plain", wb.CausalGraph.to_gml),
    ("DAGitty", "graph.txt", "text/plain", wb.CausalGraph.to_dagitty),
)


class GraphEditor(SavedView, W.VBox):
    """Shows the session's graph and edits it; an edit that cannot be changes nothing.

    Parameters
    ----------
    session : AuditSession or CausalGraph
        A graph alone is edited without data and without a model.

    Attributes
    ----------
    graph : CausalGraph
        As it is drawn now.
    canvas : GraphCanvas
        Its ``positions`` are where a person has put nodes.
    history : GraphHistory

    Examples
    --------
    In a cell of a notebook; the last line reads back what was drawn::

        editor = GraphEditor(wb.CausalGraph([("zip_code", "income")]))
        editor
        editor.graph
    """

    def __init__(self, session: AuditSession | wb.CausalGraph) -> None:
        self._session = shown_of = session_with_graph(session)
        self._data: object = None
        self._laid_out: tuple[object, Places] = (None, {})
        self._turn = 0
        self.history = GraphHistory(shown_of)
        self.canvas = GraphCanvas(self._received)
        self._words = W.HTML()
        self._status = StatusLine()
        self._legend, self._adjusted, self._list = W.HTML(), W.HTML(), W.HTML()
        self._legend.add_class("wb-legend-line")
        self._list.add_class("wb-arrow-list")
        self._table = GraphTable(self._received, self._replaced)
        self._part = GraphPart(self._draw)
        folds = [Disclosure("Read the arrows as a table, or change them", self._table)]
        if isinstance(session, AuditSession):
            folds.append(Disclosure("Propose arrows from the data", GraphProposals(session)))
        folds.append(Disclosure("Open or save the graph as a file", self._files()))
        self._fold = W.HBox(folds)
        self._fold.add_class("wb-fold-row")
        shown = [self.canvas, self._list, self._status, self._adjusted, self._legend, self._fold]
        super().__init__([self._words, self._part, *shown])
        self.add_class("wb-graph-editor")
        if isinstance(session, wb.CausalGraph):
            stand_alone(self)
        shown_of.observe(lambda _: self._draw(), ["case", "target", "report", "stale"])
        self._draw()

    @property
    def graph(self) -> wb.CausalGraph:
        """The graph as it is drawn now.

        Raises
        ------
        GraphError
            There is none, since the session has no data and no model yet.
        """
        if self._session.case is None:
            raise GraphError("There is no graph yet. Choose data and a model first.")
        return self._session.case.graph

    def static_html(self) -> str:
        """Return the drawing and its arrows in words, for a notebook without widgets."""
        case = self._session.case
        if case is None:
            return ""
        graph = case.audit_graph
        words = "; ".join(f"{u} causes {v}" for u, v in graph.edges[:MOST_DRAWN])
        return self._svg() + markup.paragraph(f"Arrows: {words or 'none'}.")

    def _files(self) -> W.VBox:
        picker = FilePicker(
            "Open a graph: JSON, DOT, GML or DAGitty text, at most 5 MB",
            ".json,.dot,.gv,.gml,.txt,.dagitty",
            GRAPH_BYTES,
            self._opened,
            lambda words: self._status.say(words, "problem"),
            advice="A graph of the columns of this table takes far less.",
        )

        def saving(write: Callable[[wb.CausalGraph], str]) -> Callable[[], bytes]:
            return lambda: write(self.graph).encode()

        def refused(words: str) -> None:
            self._status.say(words, "problem")

        save = [
            DownloadButton(f"Save as {label}", name, media, saving(write), refused)
            for label, name, media, write in EXPORTS
        ]
        save.append(
            DownloadButton(
                "Save as picture (SVG)",
                "graph.svg",
                "image/svg+xml",
                lambda: self._svg().encode(),
                refused,
            )
        )
        row = W.HBox(save)
        row.add_class("wb-row")
        return W.VBox([picker, row])

    # ---- what a person wants ---------------------------------------------------------------

    def _received(self, intent: Mapping[str, Any]) -> None:
        """Do what the canvas or the table asks for, or say why not."""
        self._try(lambda: self._do(intent))

    def _try(self, action: Callable[[], None]) -> None:
        with self._session.lock:
            try:
                action()
            except CycleError as error:
                self._status.say(str(circle_error(error.cycle)), "problem")
                self._draw(circle=error.cycle)
            except Exception as error:  # the component's boundary
                self._status.say(words_for(error), "problem")

    def _do(self, intent: Mapping[str, Any]) -> None:
        case, kind = self._session.case, intent.get("kind")
        if case is None:
            return
        if kind == "note-edge" and getattr(self._session, "state", "") == "running":
            raise GraphError("Keep the reason when the audit has ended, so that it need not stop.")
        if kind in EDITS:
            self._part.refuse(intent)
            graph, words = edited(case, intent)
            self._put(graph, words)
        elif kind in ("undo", "redo"):
            able = self.history.can_undo if kind == "undo" else self.history.can_redo
            (self.history.undo if kind == "undo" else self.history.redo)()
            if able:
                self._status.say("Undone." if kind == "undo" else "Done again.", "good")
        elif kind == "moved":
            self._moved(case, intent.get("places"))
        elif kind == "tidy":
            self.canvas.positions = {}
            self._draw()
            self._status.say("Every box is back in its place.", "good")
        elif kind == "select":
            self._table.choose(intent.get("source"), intent.get("target"))
        else:
            raise GraphError("The page asked for something that the editor does not know.")

    def _put(self, graph: wb.CausalGraph, words: str) -> None:
        case = self._session.case
        if case is None:
            return
        # Drawn first: with the edit, the session begins an estimate that takes the processor.
        changed, target = case.with_graph(graph), self._session.target
        self._draw_canvas(changed, target, *self._seen(changed, target))
        self._session.edit_graph(graph)
        self._status.say(words, "good")

    def _moved(self, case: Drawn, places: object) -> None:
        if self._part.narrowed:
            return
        found = {}
        for entry in places[:MOST_DRAWN] if isinstance(places, list) else ():
            if isinstance(entry, list) and len(entry) == 3 and isinstance(entry[0], str):
                found[entry[0]] = entry[1:]
        drawn = {*case.audit_graph.nodes, self._part.box}
        known = {node: place for node, place in found.items() if node in drawn}
        self.canvas.positions = {**self.canvas.positions, **known}
        self._draw()

    def _replaced(self, text: str) -> None:
        self._try(lambda: self._put(read_graph(text), "The graph of the text is in use."))

    def _opened(self, name: str, content: bytes) -> None:
        def use() -> None:
            parts = graph_files.parse(content, name)
            graph = wb.CausalGraph.of_parts(parts)
            self._put(graph, f"The graph of {name} is in use: {len(graph.edges):,} arrows.")

        self._try(use)

    # ---- what is shown ---------------------------------------------------------------------

    def _svg(self) -> str:
        case, target = self._session.case, self._session.target
        if case is None:
            raise GraphError("There is no graph yet. Choose data and a model first.")
        return draw_graph(
            case.audit_graph, roles=graph_roles(case, target), lit=lit_edges(case, target)
        )

    def _seen(
        self, case: Drawn, target: wb.UnlearningTarget | None
    ) -> tuple[wb.CausalGraph, tuple[tuple[str, str], ...]]:
        """Return the part of the graph that is wanted, and the target's ways to the prediction."""
        lit = lit_edges(case, target)
        return self._part.of(case.audit_graph, lit, target_names(case, target)), lit

    def _draw(self, circle: tuple[str, ...] = ()) -> None:
        case, target = self._session.case, self._session.target
        try:
            seen = None if case is None else self._seen(case, target)
            drawable = seen is not None and len(seen[0].nodes) <= MOST_DRAWN
            self.canvas.layout.display = None if drawable else "none"
            self._legend.layout.display = None if drawable else "none"
            self._fold.layout.display = "none" if case is None else None
            if case is None or seen is None:
                self._words.value = markup.paragraph("Choose data and a model first.", "wb-muted")
                self._adjusted.value = self._list.value = ""
                self._data = None
                return
            if self._data is not case.data:  # another table: what was said is over
                self._data = case.data
                self.canvas.positions = {}
                self._status.say("")
            self._words.value = markup.paragraph(explain_graph(case, target))
            self._adjusted.value = markup.bullets(adjustment_words(case, target))
            self._list.value = arrow_list(*seen)
            if drawable:
                self._draw_canvas(case, target, *seen, circle)
            else:
                self._words.value += markup.notice(
                    f"The graph has {len(case.audit_graph.nodes):,} nodes; at most {MOST_DRAWN} "
                    f"are drawn. Use the table or the text below.",
                    "warning",
                )
            self._table.show(case)
        except Exception as error:  # the component's boundary
            self._status.say(words_for(error), "problem")

    def _draw_canvas(
        self,
        case: Drawn,
        target: wb.UnlearningTarget | None,
        graph: wb.CausalGraph,
        lit: tuple[tuple[str, str], ...],
        circle: tuple[str, ...] = (),
    ) -> None:
        roles = graph_roles(case, target)
        if self._part.folded:
            folded = {roles.get(node, "other") for node in self._part.folded}
            roles[self._part.box] = folded.pop() if len(folded) == 1 else "other"
        weights = edge_weights(None if self._session.stale else self._session.report)
        places = self._places(graph)
        drawn = draw_network(graph, roles=roles, lit=lit, weights=weights, places=places)
        heights = [y for _, y in places.values()] or [0.0]
        self._turn += 1
        self.canvas.drawing = {
            **drawn,
            "height": min(max(max(heights) - min(heights) + 110, SHORTEST), TALLEST),
            "undo": self.history.can_undo,
            "redo": self.history.can_redo,
            "turn": self._turn,
            "alarm": _alarm(graph, circle, drawn["edges"]) if circle else None,
        }
        used = {roles.get(node, "other") for node in graph.nodes}
        self._legend.value = graph_legend(
            used, lit=bool(lit), weighted=bool(weights), derived=PREDICTION in graph
        )

    def _places(self, graph: wb.CausalGraph) -> dict[str, tuple[float, float]]:
        key = (graph.nodes, graph.edges)
        if self._laid_out[0] != key:
            self._laid_out = (key, lay_out_nodes(graph))
        places = dict(self._laid_out[1])
        moved = {} if self._part.narrowed else self.canvas.positions  # a part has its own places
        for node, (x, y) in moved.items():
            if node in places:
                places[node] = (x, y)
        return places


def _alarm(
    graph: wb.CausalGraph, circle: tuple[str, ...], edges: list[dict[str, Any]]
) -> dict[str, Any]:
    """Say which arrows of a circle are drawn, and which was refused."""
    ids = {(edge["cause"], edge["effect"]): edge["id"] for edge in edges}
    steps = list(pairwise((*circle, circle[0])))
    straight = {"enabled": True, "type": "curvedCW", "roundness": 0.25}
    refused = [
        {"id": f"refused {i}", "from": vis_id(u), "to": vis_id(v), "smooth": straight}
        for i, (u, v) in enumerate(steps)
        if (u, v) not in ids and u in graph and v in graph and u != v
    ]
    return {"edges": [ids[step] for step in steps if step in ids], "refused": refused}
