"""What moved the prediction, and by how much, in sentences."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from workbench.common.wording import listing, signed
from workbench.graph.causal_graph import PREDICTION, CausalGraph
from workbench.methods.effects import EffectTable, FeatureEffects
from workbench.report.findings import AuditFindings
from workbench.report.outline.decided import as_decided

__all__ = ["average_over", "estimate_words", "first_of_each", "moved_words"]

NO_WAY = "the graph gives it no other way"
APART = 0.05
"""Without another way, total and direct are one effect; a larger difference is explained."""


def moved_words(report: AuditFindings) -> tuple[str, ...]:
    """Say of each feature of the target how far it moves the prediction."""
    everybody = report.target.rows is None and report.target.condition is None
    return tuple(
        _moved(
            entry,
            report.about().score,
            average_over(report.n_target_rows, everybody),
            read=entry.feature in report.reads,
            route=report.route(entry.feature),
        )
        for entry in first_of_each(as_decided(report))
    )


def estimate_words(
    table: EffectTable, *, score: str, reads: Sequence[str], graph: CausalGraph, everybody: bool
) -> tuple[str, ...]:
    """Say the same of an estimate that has no report yet.

    Parameters
    ----------
    table : EffectTable
    score : str
        What the model answers with, in words; see :attr:`workbench.common.blocks.About.score`.
    reads : sequence of str
        Features that the model reads.
    graph : CausalGraph
        The graph over the features with the prediction as a node.
    everybody : bool
        Whether the target is every row of the data.
    """
    return tuple(
        _moved(
            entry,
            score,
            average_over(entry.n_rows, everybody),
            read=entry.feature in reads,
            route=graph.mediators(entry.feature, PREDICTION),
        )
        for entry in first_of_each(table)
    )


def first_of_each(entries: Iterable[FeatureEffects]) -> list[FeatureEffects]:
    """Return one entry per feature: that of the estimator named first."""
    found: dict[str, FeatureEffects] = {}
    for entry in entries:
        if not entry.combination:
            found.setdefault(entry.feature, entry)
    return list(found.values())


def average_over(count: int, everybody: bool) -> str:
    """Say over which rows an average is taken; a single row has none."""
    if count == 1:
        return "for this row"
    return f"on average over {'all' if everybody else 'these'} {count:,} rows"


def _moved(
    entry: FeatureEffects, score: str, rows: str, *, read: bool, route: Sequence[str]
) -> str:
    levels, arrow = entry.intervention.replace(" → ", " to ", 1), " → " in entry.intervention
    changed = f"from {levels}" if arrow else f"({levels})"
    direct = f"{signed(entry.direct.value)} directly" if read else "0 directly, as it is not read"
    other = f"{signed(entry.indirect.value)} through {listing(route)}" if route else NO_WAY
    if not route and abs(entry.indirect.value) > APART * abs(entry.total.value):
        other += "; the rest is how far two estimates of the same effect lie apart"
    if entry.total.value == 0 and entry.direct.value == 0 and not route:
        why = "it does not read the feature" if not read else "it gives the same answers"
        return (
            f"Changing {entry.feature} {changed} does not move the model's {score} {rows}: {why}, "
            f"and {NO_WAY}."
        )
    return (
        f"Changing {entry.feature} {changed} moves the model's {score} by "
        f"{signed(entry.total.value)} {rows}: {direct}, and {other}."
    )
