"""SHAP: mean absolute Shapley value of every feature, by the exactest explainer that fits.

One value function throughout: features that are out of the coalition take the values of other rows
of the case (the interventional one), so that explainers of different models can be compared.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import scipy

from workbench.case.audit_case import AuditCase
from workbench.case.audit_request import AuditRequest
from workbench.case.target import UnlearningTarget
from workbench.common.arrays import FloatArray
from workbench.common.errors import AuditError, ModelError
from workbench.common.progress import Progress, silent
from workbench.methods.attribution import Attribution, by_feature
from workbench.methods.baselines.quiet_import import quiet_import
from workbench.methods.baselines.transformed import Inputs, dense, model_inputs
from workbench.methods.method import Baseline

__all__ = ["METHOD", "shap_importance"]

STEP = "SHAP"
TREE_WORK = 3e8
"""Σ leaves^¾ over trees × pairs of an explained and a background row: 10 to 20 seconds on a core.
Measured on shap 0.51 from 8 to 8,000 leaves per tree; a clock would make results vary."""
BACKGROUNDS = 5
"""Independent backgrounds of a tree explainer, so that one odd draw cannot shift every row."""
LARGEST_BACKGROUND = 1_000


@dataclass(frozen=True, eq=False)
class _Explained:
    """Shapley values of the features that the model reads, shape (rows, len(case.reads))."""

    values: FloatArray
    unit: str
    how: str
    exact: bool
    queries: int = 0


def shap_importance(
    case: AuditCase,
    target: UnlearningTarget,
    *,
    max_queries: int = 200_000,
    seed: int = 0,
    progress: Progress = silent,
) -> Attribution:
    """Mean absolute SHAP value of every feature over the target's rows.

    Linear models are explained exactly against the mean of the whole data, w_i (x_i − mean_i), and
    trees and forests exactly against a sample of its rows; columns that a pipeline makes of one
    feature are summed back before the absolute value. An explainer counts only if its values add
    up to the model's own scores. Every other model is asked: shap's permutation explainer on the
    original columns, each explained row against its own sample of rows.

    Parameters
    ----------
    max_queries : int, default 200,000
        Most rows that the model may be asked about; they are shared evenly between explained and
        background rows.
    seed : int, default 0
    progress : callable, optional

    Returns
    -------
    Attribution
        In log-odds for linear classifiers and boosting, else in the model's own unit. The
        interval is the normal one of the mean over the explained rows.

    Raises
    ------
    ModelError
        When the model is a column of logged predictions.
    AuditError
        When `max_queries` does not suffice for one row.
    MissingPackageError
        When shap is not installed.

    Examples
    --------
    >>> from sklearn.linear_model import LinearRegression
    >>> from workbench.graph.causal_graph import CausalGraph
    >>> frame = pd.DataFrame({"a": [0.0, 1.0, 2.0, 5.0], "b": [1.0, 0.0, 4.0, 2.0]})
    >>> model = LinearRegression().fit(frame, 3 * frame["a"])
    >>> case = AuditCase(frame, model, CausalGraph([("a", "b")]))
    >>> shap_importance(case, UnlearningTarget.feature("a")).values.round(6).tolist()
    [4.5, 0.0]
    """
    if not case.model.can_query:
        raise ModelError(
            "SHAP asks the model about made-up rows, but this model is a column of logged "
            "predictions. Bring the model itself, or leave this method out."
        )
    _, mask = case.resolve(target)
    rows = np.flatnonzero(mask)
    progress("SHAP: starting the library", 0.0)
    shap = quiet_import("shap")
    progress(STEP, 0.0)
    found = _exact(shap, case, rows, seed, progress)
    if found is None:
        found = _asked(shap, case, rows, max_queries, seed, progress)
    progress(STEP, 1.0)
    size = np.abs(found.values)
    n = len(size)
    asked = f"{found.queries:,} rows asked" if found.queries else "the model's own parameters read"
    sentence = f"{found.how}, on {n:,} of {len(rows):,} rows, in {found.unit}; {asked}."
    values = by_feature(case.features, dict(zip(case.reads, size.mean(axis=0), strict=True)))
    low = high = None
    if n > 1:
        error = 1.96 * size.std(axis=0, ddof=1) / math.sqrt(n)
        half = by_feature(case.features, dict(zip(case.reads, error, strict=True)))
        low, high = (values - half).clip(lower=0.0), values + half
    return Attribution(
        "shap", values, low, high, found.unit, sentence, n, found.queries, found.exact
    )


def _exact(
    shap: Any, case: AuditCase, rows: npt.NDArray[np.intp], seed: int, progress: Progress
) -> _Explained | None:
    """Explain from the model's inside; None when it cannot be opened or its sums do not match."""
    try:
        inputs = model_inputs(case)
        if inputs is None:
            return None
        opened: _Linear | _Trees
        if hasattr(inputs.final, "coef_"):
            opened = _Linear(shap, inputs)
        else:
            opened = _Trees(shap, inputs, case.n_rows, len(rows), seed)
    except Exception:  # whatever keeps an estimator from being opened, it can still be asked
        return None
    rng = np.random.default_rng(seed)
    if opened.n_rows < len(rows):
        rows = np.sort(rng.choice(rows, opened.n_rows, replace=False))
    parts, sums = [], []
    for i, part in enumerate(np.array_split(rows, max(1, min(len(rows), opened.n_parts)))):
        progress(STEP, i / opened.n_parts)
        try:
            values, base = opened.explain(part, i)
        except Exception:
            return None
        parts.append(values)
        sums.append(base + values.sum(axis=1))
    match = _same_scores(np.concatenate(sums), case, rows)
    if match is None:
        return None
    output, sign, unit = match
    summed = inputs.by_feature([values[:, :, output] for values in parts])
    return None if summed is None else _Explained(sign * summed, unit, opened.how, exact=True)


class _Linear:
    """shap's LinearExplainer on the final step of a pipeline."""

    def __init__(self, shap: Any, inputs: Inputs) -> None:
        coefficients = np.asarray(inputs.final.coef_, dtype=np.float64).reshape(-1)
        intercept = float(np.asarray(inputs.final.intercept_).reshape(-1)[0])
        self.table = inputs.table()
        mean = np.asarray(self.table.mean(axis=0), dtype=np.float64).reshape(-1)
        if coefficients.shape != mean.shape:
            raise ValueError("more than one output")
        # The covariances only matter to explainers of correlated features.
        self.explainer = shap.LinearExplainer(
            (coefficients, intercept), (mean, np.zeros((1, 1))), feature_perturbation=None
        )
        self.n_rows = inputs.n_rows
        self.n_parts = inputs.n_parts
        self.how = "shap.LinearExplainer (exact) against the mean of the data"

    def explain(self, rows: npt.NDArray[np.intp], part: int) -> tuple[FloatArray, FloatArray]:
        values = np.asarray(self.explainer.shap_values(dense(self.table[rows])))
        return values[:, :, None], np.atleast_1d(self.explainer.expected_value)


class _Trees:
    """shap's TreeExplainer on the final step, on as many rows as its leaves allow."""

    def __init__(self, shap: Any, inputs: Inputs, n_data: int, n_target: int, seed: int) -> None:
        self.shap, self.inputs, self.rng = shap, inputs, np.random.default_rng([seed, 1])
        first = shap.TreeExplainer(inputs.final, feature_perturbation="tree_path_dependent")
        leaves = [int((tree.children_left < 0).sum()) for tree in first.model.trees]
        pairs = max(1, int(TREE_WORK / sum(count**0.75 for count in leaves)))
        self.dtype = first.model.input_dtype
        self.cuts = _cuts(first.model, len(inputs.owner))
        self.n_rows, self.n_background = _balanced(pairs, n_target, n_data)
        # Several parts per background only so that progress and cancelling feel immediate.
        self.n_parts = min(self.n_rows, 10 * BACKGROUNDS)
        self.explainer: Any = None
        self.how = (
            f"shap.TreeExplainer (exact) on {sum(leaves):,} leaves against "
            f"{_background(self.n_background, n_data)}"
        )

    def explain(self, rows: npt.NDArray[np.intp], part: int) -> tuple[FloatArray, FloatArray]:
        if part % math.ceil(self.n_parts / BACKGROUNDS) == 0:
            chosen = np.sort(self.rng.choice(self.inputs.n_rows, self.n_background, replace=False))
            background = self.inputs.at(chosen).astype(self.dtype)
            masker = self.shap.maskers.Independent(background, max_samples=self.n_background)
            self.explainer = self.shap.TreeExplainer(self.inputs.final, masker)
            self.explainer.data = _ranked(background, self.cuts)
            _rank_thresholds(self.explainer.model, self.cuts)
        asked = _ranked(self.inputs.at(rows).astype(self.dtype), self.cuts)
        values = np.asarray(self.explainer.shap_values(asked, check_additivity=False))
        base = np.atleast_1d(np.asarray(self.explainer.expected_value, dtype=np.float64))
        return values if values.ndim == 3 else values[:, :, None], base


def _cuts(model: Any, n_inputs: int) -> dict[int, FloatArray]:
    """Return the sorted thresholds of each input over all trees; none where a split is a set."""
    if np.any(model.threshold_types):
        return {}
    inner = model.children_left >= 0
    used, thresholds = model.features[inner], model.thresholds[inner]
    return {j: np.unique(thresholds[used == j]) for j in range(n_inputs) if (used == j).any()}


def _ranked(values: Any, cuts: dict[int, FloatArray]) -> FloatArray:
    """Replace each value by the number of thresholds below it; missing values stay missing."""
    ranks: FloatArray = values.astype(np.float64)
    for j, known in cuts.items():
        ranks[:, j] = np.where(
            np.isnan(ranks[:, j]), np.nan, np.searchsorted(known, values[:, j], side="left")
        )
    return ranks


def _rank_thresholds(model: Any, cuts: dict[int, FloatArray]) -> None:
    """Replace each threshold by its rank, so that ``rank(x) <= rank(cut)`` just if ``x <= cut``.

    shap 0.51 cuts thresholds to float32 when it explains against a background. One halfway between
    the ages 36 and 38, scaled, then sends a row of age 37 down the wrong branch; ranks survive.
    """
    thresholds = model.thresholds.astype(np.float64)
    for j, known in cuts.items():
        here = (model.features == j) & (model.children_left >= 0)
        thresholds[here] = np.searchsorted(known, model.thresholds[here], side="left")
    model.thresholds = thresholds


def _same_scores(
    sums: FloatArray, case: AuditCase, rows: npt.NDArray[np.intp]
) -> tuple[int, float, str] | None:
    """Find which output's sums are the audited scores, as they are or through the logit.

    A single output may be about either class: the other one has the opposite log-odds.
    """
    scores = case.predictions[rows]
    near = 1e-4 * float(np.ptp(case.predictions)) + 1e-9 * float(np.abs(case.predictions).max())
    signs = (1.0, -1.0) if sums.shape[1] == 1 else (1.0,)
    units = [case.output, "log-odds"] if case.output == "probability" else [case.output]
    for unit in units:
        for output, sign in product(range(sums.shape[1]), signs):
            found = sign * sums[:, output]
            if unit != case.output:
                found = scipy.special.expit(found)
            if np.abs(found - scores).max() <= near:
                return output, sign, unit
    return None


def _balanced(pairs: int, n_target: int, n_data: int) -> tuple[int, int]:
    """Share pairs of an explained and a background row so that neither is the noisier half."""
    rows = min(n_target, max(1, math.isqrt(pairs)))
    background = min(n_data, LARGEST_BACKGROUND, max(1, pairs // rows))
    return min(n_target, max(rows, pairs // background)), background


def _background(size: int, n_data: int) -> str:
    return "all rows" if size == n_data else f"samples of {size:,} rows"


def _asked(
    shap: Any,
    case: AuditCase,
    rows: npt.NDArray[np.intp],
    max_queries: int,
    seed: int,
    progress: Progress,
) -> _Explained:
    """Explain by asking the model, with the original columns as the players."""
    reads = list(case.reads)
    round_trip = 2 * len(reads) + 1
    if max_queries < round_trip:
        raise AuditError(
            f"SHAP needs {round_trip:,} queries to explain one row of this model, but "
            f"max_queries is {max_queries:,}. Allow at least that many; 200,000 is usual."
        )
    n_rows, n_background = _balanced(max_queries // round_trip, len(rows), case.n_rows)
    orders = min(10, max_queries // (round_trip * n_rows * n_background))
    rng = np.random.default_rng(seed)
    chosen = rows if n_rows == len(rows) else np.sort(rng.choice(rows, n_rows, replace=False))
    planned = n_rows * n_background * orders * round_trip
    values = np.zeros((n_rows, len(reads)))
    queries = 0

    def ask(frame: pd.DataFrame) -> FloatArray:
        nonlocal queries
        scores: FloatArray = case.ask(frame)
        queries += len(frame)
        progress(STEP, min(1.0, queries / planned))
        return scores

    with _numpy_seed_kept():
        for i, row in enumerate(chosen):
            background = rng.choice(case.n_rows, n_background, replace=False)
            coded = _CodedRows(case.data[reads].iloc[[row, *background]])
            explainer = shap.PermutationExplainer(
                lambda codes, coded=coded: ask(coded.decode(codes)),
                shap.maskers.Independent(coded.codes[1:], max_samples=n_background),
                seed=int(rng.integers(2**31)),
            )
            found = explainer(coded.codes[:1], max_evals=orders * round_trip, silent=True)
            values[i] = found.values[0]
    how = (
        f"shap.PermutationExplainer (sampled: {orders} order{'s' if orders > 1 else ''} of the "
        f"features and their reverse, at most {max_queries:,} queries) against "
        f"{_background(n_background, case.n_rows)}"
    )
    return _Explained(values, case.output, how, exact=False, queries=queries)


class _CodedRows:
    """Rows of any column types as numbers that shap can mix, and the way back.

    Equal values get equal codes, missing ones included, so that shap sees what does not vary.
    """

    def __init__(self, rows: pd.DataFrame) -> None:
        self.names = list(rows.columns)
        self.codes = np.empty(rows.shape, dtype=np.float64)
        self.levels = []
        for j, name in enumerate(self.names):
            codes, _ = pd.factorize(rows[name], use_na_sentinel=False)
            self.codes[:, j] = codes
            _, first = np.unique(codes, return_index=True)
            self.levels.append(rows[name].array.take(first))

    def decode(self, codes: FloatArray) -> pd.DataFrame:
        positions = codes.astype(np.intp)
        return pd.DataFrame(
            {name: self.levels[j].take(positions[:, j]) for j, name in enumerate(self.names)}
        )


@contextmanager
def _numpy_seed_kept() -> Iterator[None]:
    """Leave numpy's global random state, which shap seeds, as it was."""
    state = np.random.get_state()
    try:
        yield
    finally:
        np.random.set_state(state)


def _run(asked: AuditRequest) -> Attribution:
    return shap_importance(asked.case, asked.target, seed=asked.seed, progress=asked.progress)


METHOD = Baseline(
    name="shap",
    title="SHAP",
    label="SHAP (attribution)",
    cost="seconds for trees and linear models; minutes for a model that must be asked",
    run=_run,
    asks=True,
)
