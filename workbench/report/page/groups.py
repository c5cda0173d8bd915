"""What the report page says about groups of rows and about single rows, worded and drawn."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pandas as pd

from workbench.common.wording import share, signed
from workbench.methods.effects import EffectTable, FeatureEffects
from workbench.methods.row_summary import PartSummary, RowSummary
from workbench.report.charts.charts import (
    Estimate,
    ForestRow,
    HistogramPanel,
    forest_chart,
    histogram_chart,
)
from workbench.report.findings import AuditFindings

__all__ = ["spread_section", "subgroup_section"]

DRAWN_FEATURES = 3
"""Features with a picture of their own; the tables have them all."""
DRAWN_GROUPS = 14
SHOWN_QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
WHOLE = "the whole target"


def subgroup_section(report: AuditFindings, axis: str) -> dict[str, Any] | None:
    """Word and draw the effects in subgroups; None when none were asked for."""
    left_out = {
        name: report.skipped[f"subgroup {name}"]
        for name in report.subgroup_conditions
        if f"subgroup {name}" in report.skipped
    }
    if not report.subgroups and not left_out:
        return None
    frame = report.subgroup_frame()
    features = _largest_first(report.effects.of("cafe"), frame["feature"])
    combined = dict(zip(frame["feature"], frame["combination"], strict=True))
    return {
        "figures": [
            {"name": name, "svg": _group_figure(report, name, axis)}
            for name in features
            if not combined.get(name)
        ][:DRAWN_FEATURES],
        "many": len(features) > 1,
        "rows": [
            {**row, "feature": _named(report, row["feature"], row["combination"])}
            for row in frame.to_dict("records")
        ],
        "left_out": left_out,
    }


def _named(report: AuditFindings, feature: str, combination: str) -> str:
    if not combination:
        return feature
    names = feature if len(report.features) <= 3 else f"all {len(report.features)} features"
    return f"{names} ({'added up' if combination == 'sum' else 'set together'})"


def _largest_first(table: EffectTable, names: pd.Series) -> list[str]:
    size = {e.feature: abs(e.total.value) for e in table if e.combination != "joint"}
    return sorted(dict.fromkeys(names), key=lambda name: -size.get(name, 0.0))


def _group_figure(report: AuditFindings, feature: str, axis: str) -> str:
    named = [(WHOLE, report.effects.of("cafe")), *report.subgroups.items()]
    rows = []
    for name, table in named:
        for entry in (e for e in table if e.feature == feature and not e.combination):
            count = f"{entry.n_rows:,} row{'' if entry.n_rows == 1 else 's'}"
            total = entry.total
            estimate = Estimate("CAFÉ", total.value, total.low, total.high)
            rows.append(ForestRow(f"{name} ({count})", "total", (estimate,)))
    return forest_chart(
        rows[: DRAWN_GROUPS + 1],
        threshold=report.verdict.threshold if report.verdict else None,
        title=f"Total effect of {feature} in each group with 95 % intervals",
        axis=axis,
    )


def spread_section(report: AuditFindings, axis: str) -> dict[str, Any] | None:
    """Word and draw how the effects are spread over single rows; None where that is not known."""
    summaries = list(_summaries(report))
    if not summaries:
        return None
    moved = [
        (name, summary)
        for name, summary in summaries
        if any(part.edges and not part.is_constant for part in summary.parts())
    ]
    moved.sort(key=lambda named: -named[1].total.mean_abs)
    return {
        "figures": [
            {
                "name": name,
                "rows": summary.n_rows,
                "svg": _spread_figure(name, summary, axis),
            }
            for name, summary in moved[:DRAWN_FEATURES]
        ],
        "left_out": max(len(moved) - DRAWN_FEATURES, 0),
        "threshold": summaries[0][1].threshold,
        "quantiles": [f"{100 * q:.0f} %" for q in SHOWN_QUANTILES],
        "rows": [_spread_row(name, part) for name, s in summaries for part in s.parts()],
        "estimators": {summary.estimator.kind for _, summary in summaries},
    }


def _summaries(report: AuditFindings) -> Iterator[tuple[str, RowSummary]]:
    """Yield a name and a summary per feature or joint intervention of at least two rows."""
    entries: dict[str, FeatureEffects] = {}
    for entry in report.effects:
        if entry.combination != "sum":
            entries.setdefault(entry.feature, entry)
    for feature, entry in entries.items():
        if entry.n_rows > 1 and entry.sizes:
            yield _named(report, feature, entry.combination), report.row_summary(feature)


def _spread_row(name: str, part: PartSummary) -> dict[str, Any]:
    same = part.is_constant
    return {
        "feature": name,
        "part": part.part,
        "below": part.below,
        "within": part.within,
        "above": part.above,
        "quantiles": [None if same else part.quantiles.get(q) for q in SHOWN_QUANTILES],
        "same": same,
    }


def _spread_figure(name: str, summary: RowSummary, axis: str) -> str:
    panels = [
        HistogramPanel(part.part, part.edges, part.counts, part.mean, _shares(part))
        for part in summary.parts()
        if part.edges and not part.is_constant
    ]
    return histogram_chart(
        panels,
        threshold=summary.threshold,
        title=f"Effect of {name} at single rows",
        axis=axis,
    )


def _shares(part: PartSummary) -> str:
    told = ((part.below, "below"), (part.within, "within"), (part.above, "above"))
    words = " · ".join(f"{share(value)} {where}" for value, where in told if value)
    return f"{words} · mean {signed(part.mean)}"
