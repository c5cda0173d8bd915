"""What an editor of graphs may do: one intent gives another graph and says so, or is refused."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import workbench as wb
from widgets.graph.lone_graph import Drawn, GraphSession
from widgets.session.session import AuditSession
from workbench.common.errors import CycleError, GraphError
from workbench.common.limits import GRAPH_LATENTS, LATENT_NAME_CHARACTERS
from workbench.graph.causal_graph import PREDICTION

__all__ = ["GraphHistory", "circle_error", "edited"]

STEPS = 100
"""Changes that can be undone."""


def edited(case: Drawn, intent: Mapping[str, Any]) -> tuple[wb.CausalGraph, str]:
    """Return the graph after an intent, and what was done in words.

    Parameters
    ----------
    case : AuditCase or LoneGraph
        Its graph is edited; names must be nodes of it or columns of its data.
    intent : mapping
        From a page, so that nothing about it is taken for granted. ``kind`` is "add-edge",
        "remove-edge" or "reverse-edge" with ``source`` and ``target``; "note-edge" with a ``note``
        too, on why the edge is there; "add-latent" with an
        optional ``name`` and ``effects``; or "remove-node" with ``node``.

    Raises
    ------
    GraphError
        The intent is malformed or asks for what cannot be; a :class:`CycleError` names the circle.
    """
    kind, graph = intent.get("kind"), case.graph
    if kind == "add-latent":
        return _with_latent(case, intent)
    if kind == "remove-node":
        node = _known(case, intent.get("node"))
        if node not in graph.latents:
            what = "The prediction" if node == PREDICTION else f"{node} is a column of the data and"
            raise GraphError(f"{what} stays. Select one of its arrows to remove that.")
        return graph.remove_node(node), f"Removed the hidden cause {node} and its arrows."
    if kind not in ("add-edge", "remove-edge", "reverse-edge", "note-edge"):
        raise GraphError("The page asked for something that the editor does not know.")
    source, sink = _known(case, intent.get("source")), _known(case, intent.get("target"))
    _refuse_prediction(case, source, sink)
    edge = f"{source} → {sink}"
    if kind == "note-edge":
        note = intent.get("note")
        if not isinstance(note, str):
            raise GraphError("The page asked for something that the editor does not know.")
        noted = "Kept why" if note.strip() else "No reason is kept any more why"
        return graph.with_note(source, sink, note), f"{noted} {edge} is there."
    if kind == "remove-edge":
        return graph.remove_edge(source, sink), f"Removed: {edge}."
    try:
        if kind == "reverse-edge":
            return graph.reverse_edge(source, sink), f"Reversed: now {sink} → {source}."
        if (source, sink) in graph.edges:
            raise GraphError(f"{edge} is drawn already.")
        return graph.add_edge(source, sink), f"Added: {edge}."
    except CycleError:
        without = graph.remove_edge(source, sink) if kind == "reverse-edge" else graph
        ends = (source, sink) if kind == "reverse-edge" else (sink, source)
        # the shortest way back, which the refused arrow would have closed
        raise circle_error(next(iter(without.directed_paths(*ends, limit=1)), ())) from None


def _with_latent(case: Drawn, intent: Mapping[str, Any]) -> tuple[wb.CausalGraph, str]:
    graph, name, effects = case.graph, intent.get("name"), intent.get("effects", [])
    taken = {*graph.nodes, *case.data.columns, PREDICTION}
    if name is None:
        tries = ("hidden_cause", *(f"hidden_cause_{i}" for i in range(2, len(taken) + 3)))
        name = next(found for found in tries if found not in taken)
    if not isinstance(name, str) or not name.strip() or len(name) > LATENT_NAME_CHARACTERS:
        raise GraphError(
            f"A hidden cause needs a name of at most {LATENT_NAME_CHARACTERS} characters."
        )
    name = name.strip()
    if name in taken:
        raise GraphError(
            f"{name!r} is taken. A hidden cause stands for what no column records: give it a name "
            f"of its own."
        )
    if len(graph.latents) >= GRAPH_LATENTS:
        raise GraphError(f"The graph has {GRAPH_LATENTS} hidden causes, the most that it may have.")
    if not isinstance(effects, list) or len(effects) > len(taken):
        raise GraphError("The page asked for something that the editor does not know.")
    known = [_known(case, effect) for effect in effects]
    known = [effect for effect in dict.fromkeys(known) if effect != PREDICTION]
    graph = graph.add_node(name, latent=True)
    for effect in known:
        graph = graph.add_edge(name, effect)
    if known:
        return graph, f"Added {name}, a hidden cause of {', '.join(known)}."
    return graph, f"Added the hidden cause {name}. Draw arrows from it to what it causes."


def _known(case: Drawn, name: object) -> str:
    if not isinstance(name, str):
        raise GraphError("The page asked for something that the editor does not know.")
    if name != PREDICTION and name not in case.graph and name not in case.data.columns:
        raise GraphError(f"There is no column and no hidden cause {name[:100]!r}.")
    return name


def _refuse_prediction(case: Drawn, source: str, sink: str) -> None:
    if source == PREDICTION:
        raise GraphError(
            "The prediction is the model's answer about a row. It causes nothing in the data, so "
            "no arrow can leave it."
        )
    if sink == PREDICTION:
        reads = "reads" if source in case.reads else "does not read"
        raise GraphError(
            f"The arrows into the prediction are known and cannot be changed here: the model "
            f"{reads} {source}. They say which columns the model looks at."
        )


def circle_error(cycle: tuple[str, ...]) -> CycleError:
    """Return the refusal of arrows that run in a circle, with what to do about it."""
    if len(cycle) < 2:
        return CycleError("A column cannot be its own cause.", cycle)
    return CycleError(
        f"Refused: this would close a circle, {' → '.join((*cycle, cycle[0]))}. Nothing can come "
        f"before itself. Remove or reverse one of these arrows first.",
        cycle,
    )


class GraphHistory:
    """The graphs that the session has held for one table, to go back and forth between.

    Parameters
    ----------
    session : AuditSession or GraphSession
        Whoever changes its graph, the change can be undone.
    """

    def __init__(self, session: AuditSession | GraphSession) -> None:
        self._session = session
        self._past: list[wb.CausalGraph] = []
        self._future: list[wb.CausalGraph] = []
        self._data: object = None
        self._now: wb.CausalGraph | None = None
        session.observe(lambda _: self._follow(), "case")
        self._follow()

    @property
    def can_undo(self) -> bool:
        """Whether there is a graph to go back to."""
        return bool(self._past)

    @property
    def can_redo(self) -> bool:
        """Whether there is a graph to go forth to."""
        return bool(self._future)

    def undo(self) -> None:
        """Go back by one graph."""
        self._move(self._past, self._future)

    def redo(self) -> None:
        """Go forth by one graph."""
        self._move(self._future, self._past)

    def _move(self, source: list[wb.CausalGraph], other: list[wb.CausalGraph]) -> None:
        if not source or self._now is None:
            return
        before, self._now = self._now, source.pop()
        other.append(before)
        try:
            self._session.edit_graph(self._now)
        except Exception:
            source.append(self._now)
            self._now = other.pop()
            raise

    def _follow(self) -> None:
        case = self._session.case
        if case is None or case.data is not self._data:
            self._past, self._future = [], []
            self._data = None if case is None else case.data
        elif case.graph is not self._now and self._now is not None:
            self._past = [*self._past[1 - STEPS :], self._now]
            self._future = []
        self._now = None if case is None else case.graph
