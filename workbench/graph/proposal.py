"""A causal graph proposed from data, for an auditor to edit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import pandas as pd

from workbench.graph.causal_graph import CausalGraph
from workbench.graph.discovery import discover_arrows

__all__ = ["GraphProposal", "propose_graph"]


@dataclass(frozen=True)
class GraphProposal:
    """A graph learned from data, and what the data left open.

    Attributes
    ----------
    graph : CausalGraph
        Acyclic and consistent with the tiers; one node per column.
    undirected : tuple of (str, str)
        Edges of the graph whose direction the data did not decide, as the graph directs them.
    method : {"pc", "lingam"}
    n_rows : int
        Rows that were used.
    notes : tuple of str
        What a reader should know: sampled rows, dropped rows, open directions.
    """

    graph: CausalGraph
    undirected: tuple[tuple[str, str], ...]
    method: str
    n_rows: int
    notes: tuple[str, ...]


def propose_graph(
    data: pd.DataFrame,
    *,
    method: Literal["pc", "lingam"] = "pc",
    tiers: Sequence[Sequence[str]] | None = None,
    alpha: float = 0.01,
    max_rows: int = 10_000,
    seed: int = 0,
) -> GraphProposal:
    """Propose a causal graph over the columns of a table.

    :func:`workbench.graph.discovery.discover_arrows` documents the arguments and the errors.
    """
    found = discover_arrows(
        data, method=method, tiers=tiers, alpha=alpha, max_rows=max_rows, seed=seed
    )
    graph = CausalGraph(found.edges, nodes=found.nodes)
    return GraphProposal(graph, found.undirected, found.method, found.n_rows, found.notes)
