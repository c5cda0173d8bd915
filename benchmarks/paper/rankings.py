"""RQ1: what each method ranks first, beside the exact truth where it is known."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

import workbench as wb
from benchmarks.paper.measuring import CAUSAL, PROFILE, Measured, explained, truths
from benchmarks.paper.settings import SEED, Size
from benchmarks.paper.subjects import FAMILIES, Subject, subject
from workbench.datasets import Dataset
from workbench.methods.baselines import fairness_metrics, shap_importance
from workbench.methods.baselines.fairness import METRICS

__all__ = [
    "agreement",
    "fairness",
    "kendall",
    "ranking_table",
    "ranks",
    "without_smoking",
    "young",
]


def ranks(values: pd.Series) -> pd.Series:
    """Rank by absolute value, 1 the largest; equal values share the better rank."""
    return values.abs().round(12).rank(ascending=False, method="min")


def kendall(one: pd.Series, other: pd.Series) -> float:
    """Return Kendall's τ-b of two rankings by absolute value."""
    return float(stats.kendalltau(ranks(one), ranks(other.reindex(one.index))).statistic)


def ranking_table(measured: Iterable[Measured]) -> pd.DataFrame:
    """Return one row per dataset, model, method and feature, with value and rank."""
    return pd.DataFrame([record for m in measured for record in _ranked(m)])


def _ranked(measured: Measured) -> Iterator[dict[str, Any]]:
    values = measured.values()
    if measured.truth:
        values = {"truth": measured.true("total"), **values}
    for method, column in values.items():
        place = ranks(column)
        for feature in measured.features:
            yield {
                **measured.subject.key,
                "method": method,
                "feature": feature,
                "value": column[feature],
                "rank": int(place[feature]),
            }


def agreement(rankings: pd.DataFrame) -> pd.DataFrame:
    """Return how far each method's ranking agrees with the truth, per dataset and model."""
    records = []
    for (dataset, model), part in rankings.groupby(["dataset", "model"], sort=False):
        wide = part.pivot(index="feature", columns="method", values="value")
        if "truth" not in wide:
            continue
        for method in dict.fromkeys(part["method"]):
            if method == "truth":
                continue
            tau = kendall(wide["truth"], wide[method])
            same = bool((ranks(wide["truth"]) == ranks(wide[method])).all())
            records.append(
                {
                    "dataset": dataset,
                    "model": model,
                    "method": method,
                    "kendall_tau": tau,
                    "same_order": same,
                }
            )
    return pd.DataFrame(records)


def fairness(measured: Sequence[Measured]) -> pd.DataFrame:
    """Return the four metrics of AIF360 for performance, with ranks by distance from the ideal."""
    frames = []
    for m in measured:
        if m.subject.dataset.name != "performance":
            continue
        table = fairness_metrics(m.subject.case, m.subject.target, seed=SEED)
        true = ranks(m.true("total"))
        table["truth_rank"] = table["feature"].map(true).astype(int)
        table["distance"] = (table["value"] - table["metric"].map(METRICS)).abs()
        place = table.groupby("metric")["distance"].rank(ascending=False, method="min")
        table["rank"] = place.astype("Int64")
        tau = {
            metric: float(stats.kendalltau(part["rank"], part["truth_rank"]).statistic)
            for metric, part in table.groupby("metric")
        }
        table["kendall_tau"] = table["metric"].map(tau)
        keep = ["feature", "privileged", "unprivileged", "metric", "value", "low", "high", "rank"]
        frames.append(table[[*keep, "truth_rank", "kendall_tau"]].assign(**m.subject.key))
    columns = ["dataset", "model"]
    found = pd.concat(frames, ignore_index=True)
    return found[[*columns, *(c for c in found.columns if c not in columns)]]


def without_smoking(dataset: Dataset, size: Size, measure: Any) -> pd.DataFrame:
    """Train the models again without smoking, as if it had been forgotten, and ask everyone.

    The first column `truth` is exact: the world's equations and the model's own answers.
    """
    reads = [name for name in dataset.features if name != "smoking"]
    records = []
    for family in size.families.get("without smoking", FAMILIES):
        without: Subject = subject(dataset, family, reads)
        found: Measured = measure(without, size)
        truth = truths(without)["smoking"]
        entry = found.effects["CAFÉ"]["smoking"]
        values = {name: column["smoking"] for name, column in found.values().items()}
        place = {name: int(ranks(column)["smoking"]) for name, column in found.values().items()}
        for method, value in {"truth": truth.total, **values}.items():
            bounds = entry.total.interval() if method == "CAFÉ total" else (np.nan, np.nan)
            records.append(
                {
                    "model": family,
                    "method": method,
                    "smoking": value,
                    "low": bounds[0],
                    "high": bounds[1],
                    "rank": place.get(method, int(ranks(found.true("total"))["smoking"])),
                }
            )
    return pd.DataFrame(records)


def young(measured: Iterable[Measured], size: Size) -> pd.DataFrame:
    """Return the rank of age on Adult, over everyone and among those under 40, by method."""
    records: list[dict[str, Any]] = []
    for m in measured:
        if m.subject.dataset.name != "adult":
            continue
        case = m.subject.case
        target = wb.UnlearningTarget.subgroup("age < 40", m.features)
        tables = {f"{name} total": CAUSAL[name](case, target) for name in ("debiased", "CAFÉ")}
        values = {
            name: pd.Series({entry.feature: entry.total.value for entry in table})
            for name, table in tables.items()
        }
        profile = wb.effect_profile(case, target, seed=SEED)
        values[PROFILE] = profile.ranking().set_index("feature")["spread"]
        attribution = shap_importance(
            case, explained(target, case, size), max_queries=size.shap_queries, seed=SEED
        )
        values["SHAP"] = attribution.values
        everyone = m.values()
        for name, found in values.items():
            for who, column in (("everyone", everyone[name]), ("age < 40", found)):
                records.append(
                    {
                        **m.subject.key,
                        "method": name,
                        "who": who,
                        "value": column["age"],
                        "rank": int(ranks(column)["age"]),
                    }
                )
    return pd.DataFrame(records)
