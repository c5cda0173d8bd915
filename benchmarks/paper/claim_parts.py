"""What a claim is, and how it reads the tables."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

import pandas as pd

__all__ = [
    "TAU",
    "Claim",
    "Tables",
    "Verdict",
    "agreement_of",
    "each",
    "effects_of",
    "everywhere",
    "leaders",
    "rank_of",
    "unmediated",
]

Tables = Mapping[str, pd.DataFrame]
Verdict = Literal["holds", "partly", "does not hold"]
TAU = 0.9 - 1e-9
"""Least rank correlation; the little less is for rounding."""


@dataclass(frozen=True)
class Claim:
    """One claim, what was measured, and whether it holds."""

    question: str
    claim: str
    source: str
    measured: str
    verdict: Verdict
    why: str = ""


def everywhere(holds: Iterable[bool]) -> Verdict:
    """Holds everywhere, nowhere, or in part."""
    found = list(holds)
    return "holds" if all(found) else "partly" if any(found) else "does not hold"


def each(values: Mapping[str, object] | pd.Series, digits: int = 2) -> str:
    def said(value: object) -> str:
        return f"{value:.{digits}f}" if isinstance(value, float) else str(value)

    return ", ".join(f"{name} {said(value)}" for name, value in dict(values).items())


def rank_of(t: Tables, dataset: str, method: str, feature: str) -> pd.Series:
    table = t["rankings"]
    chosen = (table.dataset == dataset) & (table.method == method) & (table.feature == feature)
    return table[chosen].set_index("model")["rank"]


def leaders(t: Tables, dataset: str, method: str, places: int) -> dict[str, list[str]]:
    """Return the features of a method's first places, by model."""
    table = t["rankings"]
    chosen = table[(table.dataset == dataset) & (table.method == method)]
    return {
        model: list(rows.sort_values("rank", kind="stable").feature[:places])
        for model, rows in chosen.groupby("model", sort=False)
    }


def agreement_of(t: Tables, method: str) -> pd.DataFrame:
    return t["agreement"][t["agreement"].method == method]


def effects_of(
    t: Tables, dataset: str, part: str, feature: str, estimator: str = "CAFÉ"
) -> pd.DataFrame:
    table = t["effects"]
    chosen = (table.dataset == dataset) & (table.part == part) & (table.feature == feature)
    return table[chosen & (table.estimator == estimator)].set_index("model")


def unmediated(t: Tables) -> pd.DataFrame:
    """Return dataset, model and feature where the graph has no way but the direct one."""
    table = t["effects"]
    oracle = table[(table.estimator == "fuzzing") & (table.part == "indirect")]
    none = oracle[(oracle.value == 0) & (oracle.low == 0) & (oracle.high == 0)]
    return none[["dataset", "model", "feature"]]
