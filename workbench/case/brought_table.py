"""A table that somebody brought: the Python that reads it again, the graph to begin with."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from workbench.common.errors import GraphError, listed
from workbench.graph.causal_graph import CausalGraph

__all__ = ["BroughtTable"]


@dataclass(frozen=True, eq=False)
class BroughtTable:
    """A table, and what is known of it before a model is chosen.

    Attributes
    ----------
    data : DataFrame, shape (n, columns)
    imports, lines : tuple of str
        Python that defines ``data``.
    graph : CausalGraph or None
        A sample's; a table of one's own brings none.
    outcome : str or None
        A sample's.
    features : tuple of str
        What a model of a sample is usually given; empty for a table of one's own.
    """

    data: pd.DataFrame
    imports: tuple[str, ...]
    lines: tuple[str, ...]
    graph: CausalGraph | None = None
    outcome: str | None = None
    features: tuple[str, ...] = ()

    @property
    def is_sample(self) -> bool:
        """Whether graph and outcome came with it."""
        return self.graph is not None

    def graph_for(
        self,
        reads: tuple[str, ...],
        outcome: str | None,
        predictions: str | None,
        drawn: CausalGraph | None,
    ) -> CausalGraph:
        """Return the graph to begin with: the one that was drawn, the sample's, or one of nodes.

        Parameters
        ----------
        predictions : str, optional
            The column of logged predictions, which is no cause of anything and leaves the graph.
        drawn : CausalGraph, optional
            What somebody brought.

        Raises
        ------
        GraphError
            The drawn graph holds the column of predictions.
        """
        if drawn is not None:
            if predictions is not None and predictions in drawn.nodes:
                raise GraphError(
                    f"The graph holds {listed([predictions])}, the column of logged predictions. "
                    f"The workbench adds the prediction itself: take it out of the graph."
                )
            return drawn
        if self.graph is not None:
            held = predictions is not None and predictions in self.graph.nodes
            return self.graph.remove_node(str(predictions)) if held else self.graph
        return CausalGraph(nodes=self.nodes_to_draw(reads, outcome, predictions))

    def nodes_to_draw(
        self, reads: tuple[str, ...], outcome: str | None, predictions: str | None
    ) -> tuple[str, ...]:
        """Return the nodes of a graph without arrows: what the model reads, and the outcome."""
        return (*reads, *(() if outcome is None else (outcome,)))
