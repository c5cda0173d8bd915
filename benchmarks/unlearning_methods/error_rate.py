"""How often exact methods are called residual: the same audit with many seeds."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

import workbench as wb
from benchmarks.unlearning_methods.measuring import ALPHA, THRESHOLD
from benchmarks.unlearning_methods.subjects import Size
from workbench.case.compared_cases import read_compared
from workbench.checks.change.measure import change_of_models
from workbench.common.multiple_testing import holm
from workbench.unlearning import BaggedTrees, Method, Retraining, Sisa, UnlearningRequest, unlearn

__all__ = ["EXACT", "rates", "repeated"]

REFERENCES = 5
EXACT: dict[str, tuple[Method, str]] = {
    "retrain, gradient descent": (Retraining(), "sgd"),
    "sisa, logistic": (Sisa(shards=5), "logistic"),
    "bagged trees": (BaggedTrees(trees=20), "tree"),
}
"""Exact methods with chance in their training: a learner without it is never called residual."""
FEATURES = ("zip_code", "neighborhood_income", "credit_score", "debt_ratio")


def repeated(name: str, seed: int, size: Size) -> dict[str, Any]:
    """Audit one exact method on a table of its own, with references of its own."""
    method, learner = EXACT[name]
    world = wb.datasets.loan(size.repeat_rows, seed)
    kind = ("feature", "datapoints")[seed % 2]
    asked = {
        "feature": wb.UnlearningTarget.feature("zip_code"),
        "datapoints": wb.UnlearningTarget.datapoints(range(20), ["credit_score"]),
    }
    goal = {**asked, "datapoints": wb.UnlearningTarget.datapoints(range(20))}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        request = UnlearningRequest.make(
            goal[kind], world.data, outcome=world.outcome, features=FEATURES, graph=world.graph
        )
        done = unlearn(method, request, learner=learner, seed=1_000 * seed)
        models = [done.retrained_with(1_000 * seed + k) for k in range(1, REFERENCES + 1)]
        case = wb.AuditCase(
            data=world.data, model=done.after, graph=world.graph, outcome=world.outcome
        )
        compared = read_compared(case, asked[kind], {"retrained": models})
        change = change_of_models(
            compared, threshold=THRESHOLD, alpha=ALPHA, methods=("cafe",), seed=seed
        )
    residues = [finding.residue for finding in change.findings]
    sharp = holm([residue.p_above(0.0) for residue in residues if residue is not None])
    return {
        "method": name,
        "request": kind,
        "seed": seed,
        "decision": change.decision,
        "residual": change.decision == "above",
        "residual_at_zero": min(sharp) <= ALPHA,
    }


def rates(records: pd.DataFrame) -> pd.DataFrame:
    """Return per method how often it was called residual, with exact intervals.

    Columns method, runs, allowed (the most that a true rate of alpha would bring in 97.5 % of
    cases), then residual at the threshold and at zero with low and high.
    """
    lines = []
    for name, part in [*records.groupby("method", sort=False), ("all", records)]:
        line: dict[str, Any] = {
            "method": name,
            "runs": len(part),
            "allowed": int(stats.binom.ppf(0.975, len(part), ALPHA)),
        }
        for column in ("residual", "residual_at_zero"):
            hits = int(np.sum(part[column]))
            ends = stats.binomtest(hits, len(part)).proportion_ci(0.95, method="exact")
            line |= {column: hits, f"{column}_rate": hits / len(part)}
            line |= {f"{column}_low": float(ends.low), f"{column}_high": float(ends.high)}
        lines.append(line)
    return pd.DataFrame(lines)
