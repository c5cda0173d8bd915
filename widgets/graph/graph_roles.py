"""What each node and edge of the graph is to the audit: roles, lit ways, weights, and the words."""

from __future__ import annotations

from itertools import pairwise

import workbench as wb
from widgets.graph.lone_graph import Drawn
from workbench.common.wording import listing
from workbench.graph.causal_graph import PREDICTION

__all__ = [
    "adjustment_words",
    "edge_weights",
    "explain_graph",
    "graph_roles",
    "lit_edges",
    "target_names",
]

Edge = tuple[str, str]

MOST_NAMED = 5
"""Features of a target whose adjustment sets are told."""
MOST_SEARCHED = 15
"""Nodes up to which other adjustment sets are looked for, since there can be very many."""


def graph_roles(case: Drawn, target: wb.UnlearningTarget | None) -> dict[str, str]:
    """Return what each node of the audit graph is, for :func:`draw_graph`.

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
    names = target_names(case, target)
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
        elif node not in case.reads and PREDICTION in graph:
            roles[node] = "unread"
    return roles


def lit_edges(case: Drawn, target: wb.UnlearningTarget | None) -> tuple[Edge, ...]:
    """Return the edges by which the target can reach the prediction."""
    graph = case.audit_graph
    if PREDICTION not in graph:
        return ()
    names = set(target_names(case, target))
    reached = names | {d for name in names for d in graph.descendants(name)}
    leading = {PREDICTION, *graph.ancestors(PREDICTION)}
    return tuple((u, v) for u, v in graph.edges if u in reached and v in leading)


def edge_weights(report: wb.AuditReport | None) -> dict[Edge, float]:
    """Return what the paths through each edge carry: the sum of their absolute effects.

    Parameters
    ----------
    report : AuditReport or None
        Without one there are no weights.

    Returns
    -------
    dict of (str, str) to float
        In the unit of the prediction; edges that no followed path takes are left out.
    """
    weights: dict[Edge, float] = {}
    for path in report.path_effects if report is not None else ():
        for edge in pairwise(path.path):
            weights[edge] = weights.get(edge, 0.0) + abs(path.effect.value)
    return weights


def explain_graph(case: Drawn, target: wb.UnlearningTarget | None) -> str:
    """Say what the drawing states, and in how many ways the target reaches the prediction."""
    if PREDICTION not in case.audit_graph:
        return "An arrow says: changing the first changes the second."
    text = (
        "An arrow says: changing the first changes the second. Dashed arrows are known: what the "
        "model reads. The others are your statement about the world; the result is only as good "
        "as they are."
    )
    if case.outcome in case.graph and case.outcome not in case.audit_graph:
        text += f" The prediction stands for {case.outcome}, whose own arrows are in the table."
    if target is None:
        return text
    chosen = target_names(case, target)
    names = ", ".join(chosen)
    ways = sum(case.audit_graph.count_directed_paths(name, PREDICTION) for name in chosen)
    if not ways:
        return f"{text} By this graph, {names} cannot reach the prediction at all."
    return (
        f"{text} By this graph, {names} can reach the prediction in {ways:,} "
        f"way{'s' if ways != 1 else ''}, highlighted in the drawing."
    )


def adjustment_words(case: Drawn, target: wb.UnlearningTarget | None) -> tuple[str, ...]:
    """Say in what rows must be alike for an estimate, by the graph as it is drawn now.

    Examples
    --------
    >>> import pandas as pd
    >>> frame = pd.DataFrame({"race": [0, 1, 0, 1], "zip": [0, 1, 1, 0], "income": [1.0, 2, 3, 4]})
    >>> model = wb.BlackBoxModel(lambda rows: rows["income"], features=["income"])
    >>> graph = wb.CausalGraph([("race", "zip"), ("race", "income"), ("zip", "income")])
    >>> case = wb.AuditCase(data=frame, model=model, graph=graph)
    >>> adjustment_words(case, wb.UnlearningTarget.feature("zip"))
    ('What zip does to the prediction is estimated from rows that are alike in race.',)
    """
    return tuple(
        _adjustment(case.audit_graph, name) for name in target_names(case, target)[:MOST_NAMED]
    )


def _adjustment(graph: wb.CausalGraph, name: str) -> str:
    if PREDICTION not in graph.descendants(name):
        return f"By this graph, {name} does nothing to the prediction: no way leads there."
    try:
        used = graph.adjustment_set(name, PREDICTION)
    except wb.NotIdentifiableError as error:
        return f"What {name} does to the prediction cannot be estimated by regression: {error}"
    if not used:
        return (
            f"What {name} does to the prediction is estimated from all rows: nothing that is drawn "
            f"causes {name} and, by another way, the prediction."
        )
    words = (
        f"What {name} does to the prediction is estimated from rows that are alike in "
        f"{listing(used, most=12)}"
    )
    if len(graph.nodes) <= MOST_SEARCHED:
        others = graph.adjustment_sets(name, PREDICTION, limit=4)
        if () in others:
            return (
                f"{words}: not needed, but more precise, since nothing drawn causes {name} and, by "
                f"another way, the prediction."
            )
        rest = [listing(found, most=12) for found in others if set(found) != set(used)]
        if rest:
            return f"{words}. Alike in {'; or in '.join(rest)} would do, too."
    return f"{words}."


def target_names(case: Drawn, target: wb.UnlearningTarget | None) -> tuple[str, ...]:
    """Return the features that a target names, or that it means without naming any."""
    return () if target is None else target.resolve_names(case.features, case.reads)
