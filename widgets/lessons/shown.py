"""What a lesson shows of a measurement: a graph, an effect with its interval, a plain number."""

from __future__ import annotations

import pandas as pd

import workbench as wb
from widgets.graph.graph_roles import graph_roles, lit_edges
from widgets.parts import markup
from workbench.common.wording import signed, span, with_interval
from workbench.graph.picture.drawing import draw_graph
from workbench.methods.effects import Effect, FeatureEffects

__all__ = ["between_quartiles", "bounded", "drawn", "effect", "importance"]

WIDTH = 860
QUARTILES = (0.25, 0.75)


def between_quartiles(column: pd.Series) -> wb.Contrast:
    """Return a change from a column's lower quartile to its upper one, to one decimal."""
    return wb.Contrast(*(round(float(column.quantile(at)), 1) for at in QUARTILES))


def drawn(case: wb.AuditCase, target: wb.UnlearningTarget, *, lit: bool) -> str:
    """Return the graph of a case, and its arrows in words for a narrow screen.

    Parameters
    ----------
    lit : bool
        Show which ways lead from the target to the prediction; off while that is asked.
    """
    ways = lit_edges(case, target) if lit else ()
    svg = draw_graph(
        case.audit_graph, roles=graph_roles(case, target if lit else None), lit=ways, width=WIDTH
    )
    shown = set(ways)
    arrows = [
        f"{cause} → {reached}" + (" (on the way)" if (cause, reached) in shown else "")
        for cause, reached in case.audit_graph.edges
    ]
    return (
        f'<div class="lesson-graph"><div class="wb-graph">{svg}</div>'
        f'<div class="lesson-arrows" hidden>{markup.bullets(arrows)}</div></div>'
    )


def effect(entry: FeatureEffects, part: str) -> str:
    """Return an effect with its interval in words."""
    found = getattr(entry, part)
    return with_interval(found.value, (found.low, found.high))


def bounded(part: Effect) -> str:
    """Write an effect with its interval for a table, whose caption says what the interval is."""
    return f"{signed(part.value)} ({span((part.low, part.high))})"


def importance(value: float) -> str:
    """Write an importance, which has no sign."""
    return signed(value).removeprefix("+")
