"""RQ4: seconds, and how closely the quick estimator follows the fuzzing oracle."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from benchmarks.paper.measuring import CAUSAL, Measured
from benchmarks.paper.settings import Size
from benchmarks.paper.subjects import FAMILIES, Subject, subject
from workbench.datasets import Dataset
from workbench.methods.effects import EffectTable

__all__ = ["OWN_FEATURES", "fidelity", "fidelity_on_placed", "placed", "times"]

OWN_FEATURES = "the graph's own"
PAIRS = {
    "default": ("CAFÉ", "fuzzing"),
    "from logged predictions": ("CAFÉ from logged predictions", "fuzzing"),
    "as in the paper": ("CAFÉ as in the paper", "fuzzing as in the paper"),
}
"""Estimator and oracle of each variant."""
COMPARED = tuple(dict.fromkeys(name for pair in PAIRS.values() for name in pair))
PAPER = {
    "SHAP": (0.00, 415.61, 565.41),
    "FairTest": (8.46, 8.53, 8.50),
    "permutation importance": (0.11, 6.63, 0.31),
    "fuzzing as in the paper": (1.54, 1.49, 1.42),
    "CAFÉ as in the paper": (0.030, 0.026, 0.027),
}
"""The paper's Table 3: seconds for all features of Adult on its own machine, by `FAMILIES`."""


def times(measured: Iterable[Measured]) -> pd.DataFrame:
    """Return seconds per method, dataset and model as measured here, beside the paper's."""
    found = pd.concat([m.seconds for m in measured], ignore_index=True)
    known = {(m, f): s for m, row in PAPER.items() for f, s in zip(FAMILIES, row, strict=True)}
    places = zip(found["dataset"], found["method"], found["model"], strict=True)
    return found.assign(paper=[known.get((m, f)) if d == "adult" else None for d, m, f in places])


def placed(dataset: Dataset) -> tuple[str, ...]:
    """Return the features that the graph gives an edge to some other feature or to the outcome."""
    drawn = {node for edge in dataset.graph.edges for node in edge}
    return tuple(f for f in dataset.features if f in drawn)


def fidelity(measured: Iterable[Measured]) -> pd.DataFrame:
    """Return rank correlation and RMSE of CAFÉ's totals against fuzzing's, and who differs most."""
    return pd.DataFrame(
        [record for m in measured for record in _fidelity(m.subject, "all", m.effects)]
    )


def fidelity_on_placed(found: Mapping[str, Dataset], size: Size) -> pd.DataFrame:
    """Compare again with models that read only the features which the graph places.

    A feature without an edge is a claim that nothing observed causes it or follows from it. Where
    that is false, adjustment and propagation answer different questions. If this is what keeps
    the two apart, they must agree once such features are not read.
    """
    records = []
    for dataset in found.values():
        known = placed(dataset)
        if known == dataset.features:
            continue
        for family in size.families.get(dataset.name, FAMILIES):
            one = subject(dataset, family, known)
            one = replace(one, target=replace(one.target, names=known))
            effects = {name: CAUSAL[name](one.case, one.target) for name in COMPARED}
            records += list(_fidelity(one, OWN_FEATURES, effects))
    return pd.DataFrame(records)


def _fidelity(
    found: Subject, read: str, effects: Mapping[str, EffectTable]
) -> Iterator[dict[str, Any]]:
    features = found.target.names
    totals = {
        name: pd.Series({f: table[f].total.value for f in features})
        for name, table in effects.items()
    }
    for variant, (quick, oracle) in PAIRS.items():
        one, other = totals[quick], totals[oracle]
        gap = (one - other).abs()
        yield {
            **found.key,
            "features_read": read,
            "features": len(features),
            "variant": variant,
            "spearman": float(stats.spearmanr(one.abs(), other.abs()).statistic),
            "spearman_signed": float(stats.spearmanr(one, other).statistic),
            "rmse": float(np.sqrt(np.mean(gap**2))),
            "rms_of_fuzzing": float(np.sqrt(np.mean(other**2))),
            "furthest": str(gap.idxmax()),
            "furthest_cafe": float(one[gap.idxmax()]),
            "furthest_fuzzing": float(other[gap.idxmax()]),
        }
