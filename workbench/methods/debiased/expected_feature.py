"""What a feature is expected to be, given what it is adjusted for.

A regression of the prediction has to know how confounders act in products of three, or together
with the feature. But confounders can mislead only through what they say of the feature: among rows
with the same expectation of it, its differences are its own (Rosenbaum and Rubin 1983; Imbens 2000
for numbers). So where a feature goes with products or steps of its confounders, its expectation is
one covariate more.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from workbench.common.arrays import FloatArray, Positions
from workbench.methods.debiased.boosted import regressor_matrix
from workbench.methods.debiased.location_scale import fit_location_scale
from workbench.methods.fuzzing.equations import fit_equation
from workbench.methods.held_out import better, trimmed_error
from workbench.tables.column_bases import column_basis
from workbench.tables.columns import Column, encode_column

__all__ = ["expected_feature"]


FOLDS = 4
TREES = 100
MOST_ROWS = 8_000
"""Rows that a fold learns from."""
WORTH = 12.0
"""What products must take off the held-out error to be of use, in rows' worth of it."""
LEAST_ROWS = 200


def expected_feature(feature: Column, given: Sequence[Column]) -> Column | None:
    """Predict the feature at every row from rows that do not hold it.

    Parameters
    ----------
    feature : Column
        A number without gaps, or a category of two levels: its second one's chance is predicted.
    given : sequence of Column
        What it is adjusted for.

    Returns
    -------
    Column or None
        None where a sum of curves predicts it as well: the regression on what is given holds that
        already.
    """
    n = len(feature.values)
    numbers = feature.is_numeric and not np.isnan(feature.values).any()
    if n < LEAST_ROWS or len(given) < 2 or not (numbers or len(feature.levels) == 2):
        return None
    seen = feature.values.astype(np.float64)
    fold = np.random.default_rng([6, n]).permutation(n) % FOLDS
    rich, plain = np.empty(n), np.empty(n)
    for here in range(FOLDS):
        there = fold == here
        learn = np.flatnonzero(~there)
        learn = learn[:: -(-len(learn) // MOST_ROWS)]
        rich[there] = _predicted(feature, given, learn, there)
        plain[there] = _summed(seen, given, learn, there)
    least = better(trimmed_error(seen - plain), WORTH, n)
    if trimmed_error(seen - rich) >= least or np.ptp(rich) == 0:
        return None
    taken = {column.name for column in (feature, *given)}
    name = f"expected {feature.name}"
    while name in taken:
        name += " "
    return encode_column(name, pd.Series(rich))


def _predicted(
    feature: Column,
    given: Sequence[Column],
    learn: Positions,
    there: npt.NDArray[np.bool_],
) -> FloatArray:
    """Predict by products, steps and boosted trees where they earn their place."""
    causes = [replace(column, values=column.values[learn]) for column in given]
    known = replace(feature, values=feature.values[learn])
    at = {column.name: column.values[there] for column in given}
    if not feature.is_numeric:
        out: FloatArray = 1.0 - fit_equation(known, causes).expected(at)[:, 0]
        return out
    equation = fit_location_scale(known, causes)
    values = {column.name: column.values for column in causes}
    left = known.values - equation.centre - equation.expected(values)[:, 0]
    trees = _trees(regressor_matrix(causes, values), left)
    out = equation.centre + equation.expected(at)[:, 0] + trees(regressor_matrix(given, at))
    return np.clip(out, feature.low, feature.high)


def _trees(regressors: FloatArray, left: FloatArray) -> Callable[[FloatArray], FloatArray]:
    """Fit trees whose cuts are drawn: the best first cut says nothing about a product of three."""
    from sklearn.ensemble import ExtraTreesRegressor

    trees = ExtraTreesRegressor(
        TREES, min_samples_leaf=5, max_features=1.0, random_state=0, n_jobs=1
    )
    found: Callable[[FloatArray], FloatArray] = trees.fit(regressors, left).predict
    return found


def _summed(
    seen: FloatArray,
    given: Sequence[Column],
    learn: Positions,
    there: npt.NDArray[np.bool_],
) -> FloatArray:
    """Predict by a sum of one curve per covariate."""
    curves = [column_basis(column, "flexible")(column.values) for column in given]
    regressors = np.column_stack([np.ones(len(seen)), *curves])
    fitted = np.linalg.lstsq(regressors[learn], seen[learn], rcond=None)[0]
    out: FloatArray = regressors[there] @ fitted
    return out
