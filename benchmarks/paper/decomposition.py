"""RQ2: direct and indirect, in subgroups, and path by path."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd

import workbench as wb
from benchmarks.paper.measuring import CAUSAL, Measured, levels
from benchmarks.paper.settings import SEED, Size
from benchmarks.paper.subjects import FAMILIES, Subject, subject
from workbench.datasets import SampleWorld, linear_world
from workbench.methods.effects import EffectTable, FeatureEffects

__all__ = ["effect_table", "joint", "opposite_paths", "paths_of", "subgroups"]

PARTS = ("total", "direct", "indirect")
ESTIMATORS: Mapping[str, Callable[..., EffectTable]] = {
    "debiased": wb.debiased_effects,
    "CAFÉ": wb.cafe_effects,
    "fuzzing": wb.fuzzed_effects,
}


def effect_table(measured: Iterable[Measured]) -> pd.DataFrame:
    """Return total, direct and indirect effect of every feature by every causal method."""
    records = []
    for m in measured:
        for estimator, table in m.effects.items():
            for feature in m.features:
                entry = table[feature]
                for part in PARTS:
                    effect = getattr(entry, part)
                    truth = getattr(m.truth[feature], part) if m.truth else np.nan
                    records.append(
                        {
                            **m.subject.key,
                            "estimator": estimator,
                            "feature": feature,
                            "intervention": entry.intervention,
                            "part": part,
                            "value": effect.value,
                            "low": effect.low,
                            "high": effect.high,
                            "truth": truth,
                        }
                    )
    return pd.DataFrame(records)


def subgroups(measured: Iterable[Measured]) -> pd.DataFrame:
    """Return effects of {bmi, blood_pressure} by age, and of age on Adult by age."""
    return pd.DataFrame([record for m in measured for record in _in_subgroups(m.subject)])


def _in_subgroups(found: Subject) -> Iterator[dict[str, Any]]:
    if found.dataset.name == "heart_disease":
        for condition in ("age > 50", "age <= 50"):
            yield from _bmi_and_pressure(found, condition)
    if found.dataset.name == "adult":
        low, high = levels(found.case, "age")
        for condition in ("age < 40", "age >= 40"):
            ages = found.case.data.query(condition)["age"]
            own = [float(q) for q in np.quantile(ages, (0.25, 0.75), method="inverted_cdf")]
            contrasts = {
                "the same two ages for both groups": wb.Contrast(low, high),
                "the group's own quartiles": wb.Contrast(*own),
            }
            for how, contrast in contrasts.items():
                target = wb.UnlearningTarget.subgroup(condition, ["age"])
                for estimator, effects in ESTIMATORS.items():
                    entry = effects(found.case, target, intervention=contrast, seed=SEED)["age"]
                    yield from _records(found, condition, f"{estimator}, {how}", entry, {})


def _bmi_and_pressure(found: Subject, condition: str) -> Iterator[dict[str, Any]]:
    """Each feature, their sum (the paper's), and the two set together."""
    names = ["bmi", "blood_pressure"]
    world, case = found.dataset, found.case
    assert isinstance(world, SampleWorld)
    target = wb.UnlearningTarget.subgroup(condition, names)
    ends = {name: levels(case, name) for name in names}
    contrasts = {name: wb.Contrast(*ends[name]) for name in names}
    own = {
        name: world.truth(case.model, name, *ends[name], rows=condition, n=None) for name in names
    }
    low, high = ({n: ends[n][i] for n in names} for i in (0, 1))
    joint = world.truth(case.model, names, low, high, rows=condition, n=None)
    summed = {part: sum(getattr(own[n], part) for n in names) for part in PARTS}
    truth: dict[str, Mapping[str, float]] = {
        n: {part: getattr(own[n], part) for part in PARTS} for n in names
    }
    truth |= {"sum": summed, "joint": {part: getattr(joint, part) for part in PARTS}}
    for estimator, effects in ESTIMATORS.items():
        for entry in effects(case, target, intervention=contrasts, seed=SEED):
            true = truth[entry.combination or entry.feature]
            yield from _records(found, condition, estimator, entry, true)


def _records(
    found: Subject,
    condition: str,
    estimator: str,
    entry: FeatureEffects,
    truth: Mapping[str, float],
) -> Iterator[dict[str, Any]]:
    for part in PARTS:
        effect = getattr(entry, part)
        yield {
            **found.key,
            "subgroup": condition,
            "rows": entry.n_rows,
            "estimator": estimator,
            "feature": entry.feature,
            "combination": entry.combination,
            "intervention": entry.intervention,
            "part": part,
            "value": effect.value,
            "low": effect.low,
            "high": effect.high,
            "truth": truth.get(part, np.nan),
        }


def joint(measured: Iterable[Measured]) -> pd.DataFrame:
    """Return the effects of education and ethnicity on drug use, each alone and both together."""
    target = wb.UnlearningTarget.features(["education", "ethnicity"])
    return pd.DataFrame(
        [
            record
            for m in measured
            if m.subject.dataset.name == "drug_consumption"
            for name in ("debiased", "CAFÉ", "fuzzing")
            for entry in CAUSAL[name](m.subject.case, target)
            for record in _records(m.subject, "everyone", name, entry, {})
        ]
    )


def paths_of(measured: Iterable[Measured], dataset: str, feature: str) -> pd.DataFrame:
    """Return through which features one feature reaches each model of a dataset."""
    frames = []
    for m in measured:
        if m.subject.dataset.name == dataset:
            target = wb.UnlearningTarget.feature(feature)
            paths = wb.path_effects(m.subject.case, target, seed=SEED)
            frames.append(_named(paths).assign(**m.subject.key))
    return pd.concat(frames, ignore_index=True)


def opposite_paths(size: Size) -> pd.DataFrame:
    """Return a world where a feature's two paths all but cancel, with three models of it."""
    coefficients = {
        ("training", "skill"): 1.0,
        ("training", "salary_wish"): 1.0,
        ("skill", "hired"): 1.0,
        ("salary_wish", "hired"): -0.9,
    }
    graph = wb.CausalGraph(list(coefficients))
    world = linear_world(
        graph, coefficients, n=size.world_rows, seed=SEED, outcome="hired", noise_sd=0.5
    )
    frames = []
    for family in FAMILIES:
        found = subject(world, family, ["skill", "salary_wish"])
        low, high = levels(found.case, "training")
        target = wb.UnlearningTarget.feature("training")
        table = _named(wb.path_effects(found.case, target, seed=SEED))
        # Exact for the linear model, whose coefficients on the original scale are its slopes.
        table["truth"] = table["path"].map(_true_paths(found, world, low, high))
        total = world.truth(found.case.model, "training", low, high, n=None).total
        entry = wb.cafe_effects(found.case, target, seed=SEED)["training"]
        whole = {
            "feature": "training",
            "path": "all paths (CAFÉ total)",
            "intervention": entry.intervention,
            "effect": entry.total.value,
            "effect_low": entry.total.low,
            "effect_high": entry.total.high,
            "truth": total,
        }
        frames.append(pd.concat([table, pd.DataFrame([whole])]).assign(model=family))
    return pd.concat(frames, ignore_index=True)


def _true_paths(found: Subject, world: SampleWorld, low: float, high: float) -> dict[str, float]:
    """Return each path's true effect on a linear model; empty for other models."""
    if found.family != "regression":
        return {}
    weights = {}
    row = found.case.data[list(found.case.reads)].head(1)
    for name in found.case.reads:
        moved = row.assign(**{name: row[name] + 1.0})
        weights[name] = float((found.case.model.predict(moved) - found.case.model.predict(row))[0])
    paths = world.path_truth(weights, "training", low, high)
    return {_arrows(path): value for path, value in paths.items()}


def _named(paths: pd.DataFrame) -> pd.DataFrame:
    return paths.assign(path=paths["path"].map(_arrows))


def _arrows(path: tuple[str, ...]) -> str:
    return " → ".join(path)
