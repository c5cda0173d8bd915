"""Permutation importance: how much worse the model scores when a column is shuffled."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats

from workbench.case.audit_case import AuditCase
from workbench.case.audit_request import AuditRequest
from workbench.case.recorded_outcome import recorded_outcome
from workbench.case.target import UnlearningTarget
from workbench.common.errors import AuditError, ModelError
from workbench.common.progress import Progress, silent
from workbench.methods.attribution import Attribution, by_feature
from workbench.methods.method import Baseline

__all__ = ["METHOD", "permutation_importance"]

STEP = "Permutation importance"
FloatArray = npt.NDArray[np.float64]
Scorer = Callable[["_Asked", pd.DataFrame, FloatArray], float]


def permutation_importance(
    case: AuditCase,
    target: UnlearningTarget,
    *,
    n_repeats: int = 5,
    max_rows: int | None = 20_000,
    seed: int = 0,
    progress: Progress = silent,
) -> Attribution:
    """Shuffle one column at a time over the target's rows and see how much worse the model does.

    Computed by :func:`sklearn.inspection.permutation_importance`. With a recorded outcome the
    scorer is ROC AUC (binary outcome) or R² (numeric outcome); without one, or when it does not
    vary on these rows, the values are the mean absolute change of the prediction.

    Parameters
    ----------
    n_repeats : int, default 5
        Shuffles per feature. The interval needs at least 2.
    max_rows : int or None, default 20,000
        A seeded sample of the target's rows is used when there are more; None uses all.
    seed : int, default 0
    progress : callable, optional

    Returns
    -------
    Attribution
        Values are decreases of the score; an interval is the t-interval over the repeats.

    Raises
    ------
    ModelError
        When the model is a column of logged predictions.
    AuditError
        When `n_repeats` or `max_rows` is less than 1.

    Examples
    --------
    >>> from workbench.graph.causal_graph import CausalGraph
    >>> frame = pd.DataFrame({"a": [0.1, 0.9, 0.4, 0.8], "b": [1.0, 2.0, 3.0, 4.0]})
    >>> case = AuditCase(frame, lambda rows: rows["a"], CausalGraph([("b", "a")]), features=["a"])
    >>> permutation_importance(case, UnlearningTarget.feature("a")).values["b"]
    np.float64(0.0)
    """
    for name, number in (("n_repeats", n_repeats), ("max_rows", max_rows)):
        if number is not None and number < 1:
            raise AuditError(f"Permutation importance needs {name} of at least 1, not {number}.")
    if not case.model.can_query:
        raise ModelError(
            "Permutation importance asks the model about shuffled rows, but this model is a "
            "column of logged predictions. Bring the model itself, or leave this method out."
        )
    _, mask = case.resolve(target)
    rows, y, scoring = _judged(case, np.flatnonzero(mask), max_rows, seed)
    reads = list(case.reads)
    if len(rows) < 2:
        nothing = by_feature(case.features, dict.fromkeys(reads, float("nan")))
        sentence = "Not computed: one row has no other value to be shuffled with."
        return Attribution(
            "permutation", nothing, None, None, scoring.unit, sentence, len(rows), 0, False
        )

    from sklearn.inspection import permutation_importance as by_sklearn

    asked = _Asked(case, calls=1 + n_repeats * len(reads), progress=progress)
    frame = case.data[reads].iloc[rows].reset_index(drop=True)
    found = by_sklearn(
        asked, frame, y, scoring=scoring.scorer, n_repeats=n_repeats, random_state=seed, n_jobs=1
    )
    sentence = (
        f"scikit-learn's permutation importance, scored {scoring.basis}, on {len(rows):,} of "
        f"{mask.sum():,} rows, {n_repeats} shuffle{'s' if n_repeats > 1 else ''} per feature, "
        f"{asked.rows:,} rows asked."
    )
    values = by_feature(case.features, dict(zip(reads, found.importances_mean, strict=True)))
    low = high = None
    if n_repeats > 1:
        error = found.importances.std(axis=1, ddof=1) / np.sqrt(n_repeats)
        half = by_feature(
            case.features,
            dict(zip(reads, error * stats.t.ppf(0.975, n_repeats - 1), strict=True)),
        )
        low, high = values - half, values + half
    return Attribution(
        "permutation", values, low, high, scoring.unit, sentence, len(rows), asked.rows, exact=False
    )


@dataclass(frozen=True)
class _Scoring:
    scorer: Scorer
    unit: str
    basis: str


def _judged(
    case: AuditCase, rows: npt.NDArray[np.intp], limit: int | None, seed: int
) -> tuple[npt.NDArray[np.intp], FloatArray, _Scoring]:
    """Choose the rows, what the scores are judged against there, and by which scorer."""
    outcome = recorded_outcome(case)
    if outcome is not None:
        known = _sample(rows[~np.isnan(outcome.values[rows])], limit, seed)
        y = outcome.values[known]
        if len(known) > 1 and np.ptp(y) > 0:
            ranks = outcome.binary and case.output != "value"
            scorer, score = (_roc_auc, "ROC AUC") if ranks else (_r_squared, "R²")
            basis = f"by {score} against {case.outcome!r}"
            return known, y, _Scoring(scorer, f"decrease in {score}", basis)
    rows = _sample(rows, limit, seed)
    why = "no outcome is recorded" if outcome is None else "the outcome does not vary here"
    basis = f"against the model's own predictions because {why}"
    unit = "mean absolute change of the prediction"
    return rows, case.predictions[rows], _Scoring(_against_itself, unit, basis)


def _sample(rows: npt.NDArray[np.intp], limit: int | None, seed: int) -> npt.NDArray[np.intp]:
    if limit is None or len(rows) <= limit:
        return rows
    return np.sort(np.random.default_rng(seed).choice(rows, limit, replace=False))


class _Asked:
    """The black box in the shape that scikit-learn accepts, counting what it is asked."""

    def __init__(self, case: AuditCase, calls: int, progress: Progress) -> None:
        self.case, self.calls, self.progress = case, calls, progress
        self.done = self.rows = 0

    def fit(self, *_: Any) -> _Asked:
        """Do nothing: scikit-learn asks for the method and never calls it."""
        return self

    def predict(self, rows: pd.DataFrame) -> FloatArray:
        self.progress(STEP, self.done / self.calls)
        scores: FloatArray = self.case.ask(rows)
        self.done += 1
        self.rows += len(rows)
        self.progress(STEP, self.done / self.calls)
        return scores


def _roc_auc(asked: _Asked, rows: pd.DataFrame, y: FloatArray) -> float:
    from sklearn.metrics import roc_auc_score

    return float(roc_auc_score(y, asked.predict(rows)))


def _r_squared(asked: _Asked, rows: pd.DataFrame, y: FloatArray) -> float:
    from sklearn.metrics import r2_score

    return float(r2_score(y, asked.predict(rows)))


def _against_itself(asked: _Asked, rows: pd.DataFrame, y: FloatArray) -> float:
    return -float(np.abs(asked.predict(rows) - y).mean())


def _run(asked: AuditRequest) -> Attribution:
    return permutation_importance(
        asked.case, asked.target, seed=asked.seed, progress=asked.progress
    )


METHOD = Baseline(
    name="permutation",
    title="permutation importance",
    label="Permutation importance",
    cost="seconds; it asks the model about five copies of the rows for every feature",
    run=_run,
)
