"""What other methods say of the same model: values and ranks side by side."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from workbench.checks.registry import CHECKS
from workbench.common.blocks import (
    Block,
    Bullets,
    Column,
    Figure,
    Note,
    Number,
    Section,
    Sentence,
    Table,
)
from workbench.common.charts import RankChart
from workbench.methods.comparison import NAMES, Comparison
from workbench.methods.estimator import ESTIMATOR_NAMES
from workbench.methods.registry import METHOD_BY_NAME
from workbench.report.findings import AuditFindings

__all__ = ["methods"]

DRAWN_RANKS = 24
"""Features in the rank chart."""


def methods(report: AuditFindings) -> tuple[Block, ...]:
    """Return the methods side by side, and why some were left out."""
    return (*_to_come(report), *_compared(report), *_left_out(report))


def _to_come(report: AuditFindings) -> Iterator[Note]:
    """Say which methods are still being asked, while the audit runs."""
    names = [NAMES.get(name, name) for name in report.pending if name in METHOD_BY_NAME]
    if names:
        yield Note("info", f"Still being asked: {', '.join(names)}.")


def _left_out(report: AuditFindings) -> Iterator[Note]:
    """Say why a method did not run; groups and checks say it where they would stand."""
    steps = {check.step for check in CHECKS}
    for name, reason in report.skipped.items():
        if not name.startswith("subgroup ") and name not in steps:
            said = {**ESTIMATOR_NAMES, **NAMES}.get(name, name)
            yield Note("warning", f"Left out: {said}.", (reason,))


def _compared(report: AuditFindings) -> Iterator[Block]:
    comparison = report.comparison()
    if comparison.table.empty:
        if not report.pending:
            yield Sentence("No other method gave a value.", audience="annex")
        return
    associated = " An association (FairTest) says what goes together with the prediction, not why."
    yield Sentence(
        "An attribution (SHAP, permutation importance) says how much the model leans on a feature. "
        "It is not made to see what reaches the prediction through other features, and says 0 for "
        "a feature that the model does not read."
        + (associated if report.associations is not None else ""),
        audience="annex",
    )
    if own := comparison.sentences[: comparison.about_target]:
        yield Bullets(own)
    yield Section(
        "methods-experts",
        "For experts: values, ranks and agreement of the methods, feature by feature",
        tuple(_for_experts(report, comparison)),
        folded=True,
        audience="annex",
    )


def _for_experts(report: AuditFindings, comparison: Comparison) -> Iterator[Block]:
    """Yield what no finding is read from: other features, values, ranks, how far these agree."""
    if others := comparison.sentences[comparison.about_target :]:
        yield Bullets(others)
    complete = _complete(comparison)
    if len(complete) >= 2:
        yield _ranking(comparison, complete, report)
    yield _values(comparison, set(complete), report)
    if report.attributions:
        yield Bullets(
            tuple(
                Sentence(one.explanation, lead=f"{NAMES.get(one.method, one.method)} ({one.unit}):")
                for one in report.attributions
            ),
            audience="annex",
        )
    if len(complete) >= 2:
        yield _agreement(comparison, complete)


def _complete(comparison: Comparison) -> list[str]:
    """Return the methods that rank the features, not only the target's."""
    known = comparison.table.dropna(subset=["value"]).groupby("method")["feature"].nunique()
    most = int(known.max()) if len(known) else 0
    named = dict.fromkeys(comparison.table["method"])
    return [method for method in named if most >= 2 and known.get(method, 0) > most / 2]


def _ranking(comparison: Comparison, complete: list[str], report: AuditFindings) -> Figure:
    ranks = comparison.table.pivot(index="feature", columns="method", values="rank")[complete]
    best = ranks.min(axis=1)
    own = best.index.isin(report.features)
    shown = sorted(ranks.index, key=lambda f: (f not in report.features, best[f]))[:DRAWN_RANKS]
    named = [f for f in dict.fromkeys(comparison.table["feature"]) if f in set(shown)]
    chart = RankChart(
        tuple(NAMES.get(method, method) for method in complete),
        {f: tuple(None if pd.isna(r) else float(r) for r in ranks.loc[f]) for f in named},
        title="Rank of every feature by every method",
        lit=report.features if not own.all() else (),
    )
    left_out = len(ranks) - len(named)
    return Figure(
        chart,
        caption="Rank 1 has the largest value by the method’s own measure. Methods measure "
        "different things, and an association is not yet an influence; equal ranks stand below "
        "each other."
        + (f" The {left_out} lowest features are left out of the picture." if left_out else ""),
        audience="annex",
    )


def _values(comparison: Comparison, complete: set[str], report: AuditFindings) -> Table:
    units = comparison.table.drop_duplicates("method").set_index("method")["unit"]
    features: dict[str, dict[str, Number]] = {}
    for row in comparison.table.to_dict("records"):
        cells = features.setdefault(str(row["feature"]), {})
        cells[row["method"]] = Number(row["value"], note=_rank(row, complete))
    own = report.features if len(features) > len(report.features) else ()
    asked = report.unit == "probability" and report.audited_class is not None
    which = f" Probability: the {report.about().score}." if asked else ""
    return Table(
        "Value by method, with its rank in brackets. Values of different methods have different "
        f"units: compare ranks.{which}",
        (
            Column("feature", number=False),
            *(Column(NAMES.get(str(m), str(m)), str(unit)) for m, unit in units.items()),
        ),
        tuple(
            (name, *(cells.get(str(method)) for method in units.index))
            for name, cells in features.items()
        ),
        name="Values by method",
        lit=tuple(name for name in features if name in own),
        audience="annex",
    )


def _rank(row: dict[Any, Any], complete: set[str]) -> str:
    # First of one is no rank.
    rank = row["rank"] if row["method"] in complete else np.nan
    return "" if pd.isna(rank) or pd.isna(row["value"]) else f"({rank:.0f})"


def _agreement(comparison: Comparison, complete: list[str]) -> Section:
    names = [NAMES.get(key, key) for key in complete]
    rows = comparison.agreement.loc[complete, complete].to_numpy()
    table = Table(
        "Kendall’s τ-b between the sizes that two methods give the features: 1 is the same order, "
        "0 no relation, −1 the reverse.",
        (Column("method", number=False), *map(Column, names)),
        tuple(
            (name, *(Number(float(value), form="plain") for value in row))
            for name, row in zip(names, rows, strict=True)
        ),
        name="Agreement between methods",
    )
    title = "How far the methods agree"
    return Section("agreement", title, (table,), folded=True, audience="annex")
