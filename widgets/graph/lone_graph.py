"""A graph by itself, without data and without a model, as an editor of graphs sees it."""

from __future__ import annotations

import threading
from dataclasses import dataclass, replace

import pandas as pd
from traitlets import HasTraits, Instance

import workbench as wb
from widgets.session.session import AuditSession

__all__ = ["Drawn", "GraphSession", "LoneGraph", "session_with_graph"]


@dataclass(frozen=True, eq=False)
class LoneGraph:
    """What an editor reads of a case, where there is a graph alone and nothing is predicted.

    Attributes
    ----------
    data : DataFrame
        Without rows: the nodes that could be columns.
    """

    graph: wb.CausalGraph
    data: pd.DataFrame
    features: tuple[str, ...] = ()
    reads: tuple[str, ...] = ()
    outcome: str | None = None

    @property
    def audit_graph(self) -> wb.CausalGraph:
        """The graph itself."""
        return self.graph

    def with_graph(self, graph: wb.CausalGraph) -> LoneGraph:
        """Return another graph of the same nodes, and perhaps more."""
        return replace(self, graph=graph)


Drawn = wb.AuditCase | LoneGraph
"""What a graph is drawn of."""


class GraphSession(HasTraits):
    """What an editor needs of a session, for a graph alone.

    Parameters
    ----------
    graph : CausalGraph
    """

    case = Instance(LoneGraph)
    target = Instance(wb.UnlearningTarget, allow_none=True)
    report = Instance(wb.AuditReport, allow_none=True)
    stale = Instance(tuple, ())

    def __init__(self, graph: wb.CausalGraph) -> None:
        columns = [node for node in graph.nodes if node not in graph.latents]
        super().__init__(case=LoneGraph(graph, pd.DataFrame(columns=columns)))
        self.lock = threading.RLock()

    def edit_graph(self, graph: wb.CausalGraph) -> None:
        """Take another graph."""
        with self.lock:
            self.case = self.case.with_graph(graph)


def session_with_graph(source: AuditSession | wb.CausalGraph) -> AuditSession | GraphSession:
    """Return what an editor of graphs works on: the session itself, or one of a graph alone.

    Examples
    --------
    >>> session_with_graph(wb.CausalGraph([("a", "b")])).case.graph.edges
    (('a', 'b'),)
    """
    return GraphSession(source) if isinstance(source, wb.CausalGraph) else source
