"""What a report found, in sentences: short, careful, for a reader who is no statistician."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import workbench as wb
from workbench.common.wording import listing, signed, with_interval
from workbench.graph.causal_graph import PREDICTION
from workbench.methods.effects import Effect, EffectTable, FeatureEffects

__all__ = [
    "entry_name",
    "interval_words",
    "legal_findings",
    "live_words",
    "plain_words",
    "rows_words",
    "unit_words",
]

NO_WAY = "the graph gives it no other way"
APART = 0.05
"""Without another way, total and direct are one effect; a larger difference is explained."""


def entry_name(entry: FeatureEffects) -> str:
    """Name what an entry is about; several features set together count as one."""
    count = entry.feature.count(" + ") + 1
    name = f"all {count} features" if entry.combination and count > 3 else entry.feature
    how = {"sum": " (effects added up)", "joint": " (set together)"}
    return name + how.get(entry.combination, "")


def unit_words(unit: str) -> str:
    """Name what the model answers with."""
    known = {"probability": "predicted probability", "log-odds": "predicted log-odds"}
    return known.get(unit, "prediction")


def interval_words(effect: Effect) -> str:
    """Write an effect with its 95 % interval."""
    return with_interval(effect.value, (effect.low, effect.high), what="")


def rows_words(report: wb.AuditReport) -> str:
    """Say which rows an average is over, after "on average"."""
    everybody = report.target.rows is None and report.target.condition is None
    return _rows(report.n_target_rows, everybody)


def plain_words(report: wb.AuditReport) -> tuple[str, ...]:
    """Say in sentences what moved the prediction, and how far."""
    return tuple(
        _moved(
            entry,
            report.unit,
            rows_words(report),
            read=entry.feature in report.reads,
            route=_route(report, entry.feature),
        )
        for entry in _first_of_each(report.effects)
    )


def live_words(
    table: EffectTable, *, reads: Sequence[str], graph: wb.CausalGraph, everybody: bool
) -> tuple[str, ...]:
    """Say the same of an estimate that has no report yet.

    Parameters
    ----------
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
            table.unit,
            _rows(entry.n_rows, everybody),
            read=entry.feature in reads,
            route=graph.mediators(entry.feature, PREDICTION),
        )
        for entry in _first_of_each(table)
    )


def legal_findings(report: wb.AuditReport) -> dict[str, tuple[str, ...]]:
    """Say what the finding means, what it does not mean, and what it rests on.

    Returns
    -------
    dict of str to tuple of str
        Sentences under three titles.
    """
    names = listing(report.features)
    return {
        "What it means": _meaning(report, names),
        "What it does not mean": (
            "It does not show that a person's data were, or were not, used to train the model. It "
            "shows how the model answers."
            if report.membership is None
            else "What attacks find of the rows is evidence, not certainty: other attacks may find "
            "more, and finding nothing does not show that nothing is remembered.",
            "It does not decide whether an influence is lawful or fair. That is a judgement about "
            "purpose and context.",
            "It says nothing about another model, other data or other changes than those named "
            "below. If the model is trained again, audit it again.",
        ),
        "What it rests on": _assumptions(report),
    }


def _meaning(report: wb.AuditReport, names: str) -> tuple[str, ...]:
    verdict = report.verdict
    if verdict is None:
        return ("No causal method ran, so nothing can be said about influence.",)
    tau = f"{verdict.threshold:g}"
    if report.unit == "probability":
        tau += f" ({100 * verdict.threshold:g} percentage points)"
    found: tuple[str, ...]
    if verdict.decision == "above":
        found = (
            f"The model's answers still depend on {names}, directly or through other columns, by "
            f"more than the agreed threshold of {tau}.",
            "Taking a column out of the model does not take out what other columns carry of it.",
        )
    elif verdict.decision == "below":
        found = (
            f"No influence of {names} above the agreed threshold of {tau} was found: neither in "
            f"total, nor directly or through other columns, nor along a single path.",
            "This holds at this precision. An influence smaller than the threshold may remain.",
        )
    else:
        found = (
            f"These data do not decide whether the influence of {names} is above or below the "
            f"agreed threshold of {tau}.",
            f"With this audit, a threshold of {verdict.smallest_threshold:.3g} could have been "
            f"confirmed. More rows make it smaller.",
        )
    if verdict.cancellations:
        found += ("Influences in opposite directions cancel. The average hides them.",)
    if report.change is not None:
        found += (f"Beside the other models: {report.change.headline}",)
    if report.membership is not None:
        found += (report.membership.finding,)
    return found


def _assumptions(report: wb.AuditReport) -> tuple[str, ...]:
    latents = report.graph.latents
    hidden = (
        f"Hidden causes that were drawn ({listing(latents)}) are taken into account; there are no "
        f"others that act on two columns at once."
        if latents
        else "No hidden cause acts on two columns at once; none is drawn in the graph."
    )
    return (
        "The graph is right: every arrow that matters is drawn, and points the right way.",
        hidden,
        "The changes that were asked about (below) make sense for the people in the table.",
        "Intervals show the chance in drawing these rows from a larger population. They do not "
        "show what a wrong graph would do.",
    )


def _first_of_each(entries: Iterable[FeatureEffects]) -> list[FeatureEffects]:
    """Return one entry per feature: that of the estimator named first."""
    found: dict[str, FeatureEffects] = {}
    for entry in entries:
        if not entry.combination:
            found.setdefault(entry.feature, entry)
    return list(found.values())


def _rows(count: int, everybody: bool) -> str:
    if count == 1:
        return "for this row"
    return f"on average over {'all' if everybody else 'these'} {count:,} rows"


def _moved(entry: FeatureEffects, unit: str, rows: str, *, read: bool, route: Sequence[str]) -> str:
    levels, arrow = entry.intervention.replace(" → ", " to ", 1), " → " in entry.intervention
    changed = f"from {levels}" if arrow else f"({levels})"
    what = "probability" if unit == "probability" else "prediction"
    direct = f"{signed(entry.direct.value)} directly" if read else "0 directly, as it is not read"
    other = f"{signed(entry.indirect.value)} through {listing(route)}" if route else NO_WAY
    if not route and abs(entry.indirect.value) > APART * abs(entry.total.value):
        other += "; the rest is how far two estimates of the same effect lie apart"
    return (
        f"Changing {entry.feature} {changed} moves the model's {what} by "
        f"{signed(entry.total.value)} {rows}: {direct}, and {other}."
    )


def _route(report: wb.AuditReport, feature: str) -> tuple[str, ...]:
    """Return the mediators of a feature, those on the strongest paths first."""
    weight = dict.fromkeys(report.audit_graph.mediators(feature, PREDICTION), 0.0)
    for path in report.path_effects:
        if path.feature == feature:
            for node in path.path[1:-1]:
                weight[node] = weight.get(node, 0.0) + abs(path.effect.value)
    return tuple(sorted(weight, key=lambda node: -weight[node]))
