"""What the report page says of the methods side by side, in rows."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from workbench.methods.comparison import NAMES, Comparison
from workbench.report.charts.charts import rank_chart
from workbench.report.findings import AuditFindings

__all__ = ["agreement", "compared", "fairness_groups", "methods_shown", "ranking"]

DRAWN_RANKS = 24
"""Features in the rank chart."""


def _complete(comparison: Comparison) -> list[str]:
    """Return the methods that rank the features, not only the target's."""
    known = comparison.table.dropna(subset=["value"]).groupby("method")["feature"].nunique()
    most = int(known.max()) if len(known) else 0
    named = dict.fromkeys(comparison.table["method"])
    return [method for method in named if most >= 2 and known.get(method, 0) > most / 2]


def ranking(comparison: Comparison, report: AuditFindings) -> dict[str, Any] | None:
    """Draw every feature's rank by every method that ranks them; None with fewer than two."""
    methods = _complete(comparison)
    if len(methods) < 2:
        return None
    ranks = comparison.table.pivot(index="feature", columns="method", values="rank")[methods]
    best = ranks.min(axis=1)
    own = best.index.isin(report.features)
    shown = sorted(ranks.index, key=lambda f: (f not in report.features, best[f]))[:DRAWN_RANKS]
    named = [f for f in dict.fromkeys(comparison.table["feature"]) if f in set(shown)]
    drawn = rank_chart(
        [NAMES.get(method, method) for method in methods],
        {f: [None if pd.isna(r) else float(r) for r in ranks.loc[f]] for f in named},
        lit=report.features if not own.all() else (),
        title="Rank of every feature by every method",
    )
    return {"svg": drawn, "left_out": len(ranks) - len(named)}


def methods_shown(comparison: Comparison) -> list[dict[str, str]]:
    """Return the methods with their names and units."""
    units = comparison.table.drop_duplicates("method").set_index("method")["unit"]
    return [
        {"key": str(m), "name": NAMES.get(str(m), str(m)), "unit": str(u)} for m, u in units.items()
    ]


def compared(comparison: Comparison) -> list[dict[str, Any]]:
    """Return each feature's value and rank by method."""
    complete = set(_complete(comparison))
    features: dict[str, dict[str, Any]] = {}
    for row in comparison.table.to_dict("records"):
        # First of one is no rank.
        rank = row["rank"] if row["method"] in complete else np.nan
        cells = features.setdefault(row["feature"], {})
        cells[row["method"]] = {
            "value": row["value"],
            "rank": None if pd.isna(rank) else int(rank),
        }
    return [{"name": name, "cells": cells} for name, cells in features.items()]


def agreement(comparison: Comparison) -> dict[str, Any] | None:
    """Return how far the methods that rank the features agree; None with fewer than two."""
    keys = _complete(comparison)
    if len(keys) < 2:
        return None
    table = comparison.agreement.loc[keys, keys]
    return {
        "names": [NAMES.get(key, key) for key in keys],
        "rows": [[float(v) for v in row] for row in table.to_numpy()],
    }


def fairness_groups(report: AuditFindings) -> dict[str, Any] | None:
    """Return the fairness metrics by feature, the target's own apart."""
    if report.fairness is None or report.fairness.empty:
        return None
    groups: list[dict[str, Any]] = []
    for feature, rows in report.fairness.groupby("feature", sort=False):
        first = {str(k): v for k, v in rows.iloc[0].items()}
        groups.append({**first, "feature": feature, "metrics": rows.to_dict("records")})
    own = [group for group in groups if group["feature"] in report.features]
    return {"own": own, "others": [group for group in groups if group not in own]}
