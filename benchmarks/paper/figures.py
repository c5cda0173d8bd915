"""The drawings of each research question, from the tables alone."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from benchmarks.paper.drawing import bars, heat
from benchmarks.paper.measuring import METHODS

__all__ = ["draw"]

LONG = {
    "heart_disease": "Heart disease",
    "performance": "Performance",
    "german_credit": "German Credit",
    "adult": "Adult",
    "drug_consumption": "Drug Consumption",
}
MOST_FEATURES = 12


def draw(tables: Mapping[str, pd.DataFrame]) -> dict[str, str]:
    """Return SVG text by file name."""
    found = {}
    for dataset in dict.fromkeys(tables["rankings"]["dataset"]):
        found[f"rankings_{dataset}.svg"] = _rankings(tables["rankings"], dataset)
        found[f"effects_{dataset}.svg"] = _effects(tables["effects"], dataset)
    found["subgroups.svg"] = _subgroups(tables["subgroups"])
    found["graph_changes.svg"] = _graphs(tables["graph_changes"])
    found["seconds_adult.svg"] = _seconds(tables["times"])
    found["fidelity.svg"] = _fidelity(tables["fidelity"])
    return found


def _rankings(table: pd.DataFrame, dataset: str) -> str:
    part = table[table["dataset"] == dataset]
    parts = {}
    for model, rows in part.groupby("model", sort=False):
        wide = rows.pivot(index="feature", columns="method", values="rank")
        wide = wide[[c for c in ("truth", *METHODS) if c in wide]]
        parts[str(model)] = wide.sort_values(wide.columns[0]).head(MOST_FEATURES)
    note = "Rank by absolute value, 1 the largest; sorted by the first column."
    return heat(f"{LONG[dataset]}: who ranks what first", note, parts, marked=("smoking",))


def _effects(table: pd.DataFrame, dataset: str) -> str:
    chosen = (table["dataset"] == dataset) & (table["estimator"] == "CAFÉ")
    part = table[chosen & (table["model"] == table[chosen]["model"].iloc[-1])]
    size = part[part["part"] == "total"].set_index("feature")["value"].abs()
    order = list(size.sort_values(ascending=False).index[:MOST_FEATURES])
    part = part[part["feature"].isin(order)]
    part = part.sort_values("feature", key=lambda c: c.map(order.index), kind="stable")
    known = part["truth"].notna().any()
    note = f"CAFÉ, {part['model'].iloc[0]}, 95 % intervals." + (" Black: truth." if known else "")
    return bars(
        f"{LONG[dataset]}: total, direct, indirect",
        note,
        part,
        label="feature",
        series="part",
        value="value",
        low="low",
        high="high",
        truth="truth" if known else None,
        digits=2 if known else 3,
    )


def _subgroups(table: pd.DataFrame) -> str:
    part = table[(table["dataset"] == "heart_disease") & (table["estimator"] == "CAFÉ")]
    part = part[part["combination"] == "sum"].copy()
    part["label"] = part["model"] + ", " + part["subgroup"]
    return bars(
        "bmi and blood_pressure together, by age",
        "CAFÉ, sum of the two effects on the risk, 95 % intervals. Black: truth.",
        part,
        label="label",
        series="part",
        value="value",
        low="low",
        high="high",
        truth="truth",
    )


def _graphs(table: pd.DataFrame) -> str:
    part = table.copy()
    part = part[part["dataset"] != "all"].groupby(["dataset", "change"], sort=False)
    mean = part["ranks_changed"].mean().reset_index()
    mean["percent"] = 100 * mean["ranks_changed"]
    mean["dataset"] = mean["dataset"].map(LONG)
    return bars(
        "Rankings under a wrong graph",
        "Percent of the features whose rank by CAFÉ's total effect changes; mean of the models.",
        mean,
        label="change",
        series="dataset",
        value="percent",
        digits=0,
    )


def _seconds(table: pd.DataFrame) -> str:
    return bars(
        "Seconds on Adult",
        "Of the processor, one thread. SHAP explains a sample of rows for all but the regression.",
        table[table["dataset"] == "adult"],
        label="method",
        series="model",
        value="processor",
    )


def _fidelity(table: pd.DataFrame) -> str:
    part = table[table["variant"].isin(["default", "as in the paper"])].copy()
    part["label"] = part["dataset"].map(LONG) + ", " + part["model"]
    part["series"] = part["variant"] + ", model reads " + part["features_read"] + " features"
    return bars(
        "CAFÉ against fuzzing: rank correlation of the total effects",
        "Spearman over the features, by absolute value.",
        part,
        label="label",
        series="series",
        value="spearman",
    )
