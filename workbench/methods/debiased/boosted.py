"""Boosted trees on residuals, where a small tree shows that there is something left to learn."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt
from threadpoolctl import ThreadpoolController

from workbench.common.arrays import FloatArray
from workbench.tables.columns import Column, Values

__all__ = ["Correction", "boosted_residual", "halves", "left_to_learn", "regressor_matrix"]

Correction = Callable[[Mapping[str, Values]], FloatArray]

LEARNABLE = 0.004
"""Share of the residuals' variance that a small tree must predict on rows it has not seen."""
EARNED = 0.03
"""Share of it that boosting must take away on rows it has not seen, to be kept."""


def halves(n: int, seed: int = 4) -> npt.NDArray[np.bool_]:
    """Choose one half of the rows at random, always the same for the same n."""
    chosen: npt.NDArray[np.bool_] = np.random.default_rng([seed, n]).permutation(n) % 2 == 0
    return chosen


def regressor_matrix(columns: Sequence[Column], values: Mapping[str, Values]) -> FloatArray:
    """Put causes side by side as trees read them, codes of categories as they are."""
    return np.column_stack([values[c.name] / c.unit_for_trees for c in columns])


def left_to_learn(regressors: FloatArray, residuals: FloatArray) -> float:
    """Return the share of the residuals' variance that a small tree predicts on unseen rows."""
    from sklearn.tree import DecisionTreeRegressor

    n, spread = len(residuals), float(np.mean(residuals**2))
    if n < 40 or spread == 0:
        return 0.0
    one = halves(n, 1)
    left = 0.0
    for learn in (one, ~one):
        tree = DecisionTreeRegressor(
            max_leaf_nodes=16, min_samples_leaf=max(20, n // 100), random_state=0
        )
        tree.fit(regressors[learn], residuals[learn])
        left += float(((residuals[~learn] - tree.predict(regressors[~learn])) ** 2).sum())
    return 1 - left / n / spread


def boosted_residual(
    columns: Sequence[Column], values: Mapping[str, Values], residuals: FloatArray
) -> Correction | None:
    """Fit boosted trees to residuals; None where they would not predict new rows better."""
    from sklearn.ensemble import HistGradientBoostingRegressor

    regressors = regressor_matrix(columns, values)
    if left_to_learn(regressors, residuals) <= LEARNABLE:
        return None

    def fitted(rows: npt.NDArray[np.bool_] | slice) -> HistGradientBoostingRegressor:
        learner = HistGradientBoostingRegressor(
            max_iter=70,
            learning_rate=0.1,
            max_leaf_nodes=15,
            min_samples_leaf=15,
            l2_regularization=1.0,
            early_stopping=False,
            random_state=0,
        )
        with _one_thread_for_trees():
            return learner.fit(regressors[rows], residuals[rows])

    one = halves(len(residuals), 1)
    left = 0.0
    for learn in (one, ~one):
        part = fitted(learn)
        with _one_thread_for_trees():
            left += float(((residuals[~learn] - part.predict(regressors[~learn])) ** 2).sum())
    if left > (1 - EARNED) * float((residuals**2).sum()):
        return None
    whole = fitted(slice(None))

    def correction(at: Mapping[str, Values]) -> FloatArray:
        with _one_thread_for_trees():
            out: FloatArray = whole.predict(regressor_matrix(columns, at))
        return out

    return correction


def _one_thread_for_trees() -> AbstractContextManager[Any]:
    """Keep small trees on one thread: on a busy machine several wait for each other."""
    limited: AbstractContextManager[Any] = _controller().limit(limits=1, user_api="openmp")
    return limited


@cache
def _controller() -> ThreadpoolController:
    """Find the thread pools, scikit-learn's among them: it must have been imported before."""
    return ThreadpoolController()
