"""Figures of a report: pure functions from a report to an SVG.

They are the charts of the report's page (:mod:`charts.charts`): some kilobytes of markup
that is drawn in milliseconds, needs no script, prints, and carries its numbers in words for who
cannot see it. Names come from users; the charts escape them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import pandas as pd

import workbench as wb
from widgets.results.findings import entry_name, unit_words
from workbench.methods.comparison import NAMES as METHOD_NAMES
from workbench.methods.effects import FeatureEffects
from workbench.report.charts.charts import (
    BarRow,
    Estimate,
    ForestRow,
    bar_chart,
    forest_chart,
    rank_chart,
)

__all__ = ["effects_figure", "paths_figure", "rank_figure", "subgroup_figure", "table_figure"]

PARTS = ("total", "direct", "indirect")
MOST_FEATURES = 8
"""Features (or subgroups) drawn; tables have them all."""
MOST_PATHS = 10
MOST_RANKS = 24


def effects_figure(report: wb.AuditReport) -> str:
    """Draw total, direct and indirect effects with 95 % intervals, and the band of ±τ."""
    tau = report.verdict.threshold if report.verdict else None
    return table_figure(report.effects, threshold=tau, unit=report.unit)


def table_figure(entries: Iterable[FeatureEffects], *, threshold: float | None, unit: str) -> str:
    """Draw the effects of a table, those with the largest totals; see :func:`effects_figure`."""
    groups: dict[str, list[FeatureEffects]] = {}
    for entry in entries:
        groups.setdefault(entry_name(entry), []).append(entry)

    def weight(name: str) -> tuple[bool, float]:
        own = groups[name]
        return not own[0].combination, -max(abs(entry.total.value) for entry in own)

    chosen = sorted(groups, key=weight)[:MOST_FEATURES]
    return _forest(
        [(name, [(e.estimator.name, e) for e in groups[name]]) for name in chosen],
        threshold,
        "Effects with 95 % intervals",
        unit,
    )


def subgroup_figure(
    rows: Sequence[tuple[str, FeatureEffects]], *, threshold: float | None, unit: str
) -> str:
    """Draw one feature's effects in several groups of rows below each other.

    Parameters
    ----------
    rows : sequence of (str, FeatureEffects)
        A group's name and its effects; the first :data:`MOST_FEATURES` are drawn.
    """
    groups = [(name, [(e.estimator.name, e)]) for name, e in rows[:MOST_FEATURES]]
    return _forest(groups, threshold, "Effects in each group, with 95 % intervals", unit)


def paths_figure(report: wb.AuditReport, feature: str) -> str:
    """Draw a feature's largest path effects with 95 % intervals, and the band of ±τ."""
    own = [path for path in report.path_effects if path.feature == feature]
    largest = sorted(own, key=lambda path: -abs(path.effect.value))[:MOST_PATHS]
    return bar_chart(
        [
            BarRow(" → ".join(p.path), p.effect.value, p.effect.low, p.effect.high, "")
            for p in largest
        ],
        threshold=report.verdict.threshold if report.verdict else None,
        title=f"Effects of {feature} along single paths, with 95 % intervals",
        axis=f"change of the {unit_words(report.unit)}",
    )


def rank_figure(report: wb.AuditReport) -> str:
    """Draw each feature's rank by each method that ranks most of them; the target's stand out."""
    table = report.comparison().table
    ranks = table.pivot(index="feature", columns="method", values="rank")
    # Direct and indirect are in the effects' figure; here, one causal answer beside each other one.
    compared = [m for m in METHOD_NAMES if m not in ("cafe_direct", "cafe_indirect")]
    methods = [m for m in compared if m in ranks and ranks[m].notna().sum() > len(ranks) / 2]
    if len(methods) < 2 or len(ranks) < 2:
        return ""
    best = ranks[methods].min(axis=1)
    shown = sorted(ranks.index, key=lambda f: (f not in report.features, best[f]))[:MOST_RANKS]
    named = [name for name in dict.fromkeys(table["feature"]) if name in set(shown)]
    return rank_chart(
        [METHOD_NAMES[method] for method in methods],
        {f: [None if pd.isna(r) else float(r) for r in ranks.loc[f, methods]] for f in named},
        lit=report.features if set(named) - set(report.features) else (),
        title="Rank of each feature by each method",
    )


def _forest(
    groups: Iterable[tuple[str, Sequence[tuple[str, FeatureEffects]]]],
    threshold: float | None,
    title: str,
    unit: str,
) -> str:
    rows = [
        ForestRow(
            name,
            part,
            tuple(
                Estimate(series, effect.value, effect.low, effect.high)
                for series, entry in entries
                for effect in (getattr(entry, part),)
            ),
        )
        for name, entries in groups
        for part in PARTS
    ]
    if not rows:
        return ""
    axis = f"change of the {unit_words(unit)}"
    return forest_chart(rows, threshold=threshold, title=title, axis=axis)
