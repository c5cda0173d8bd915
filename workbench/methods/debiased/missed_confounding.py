"""What confounders say of a feature, where the equations' form does not follow them.

A confounder may act in steps, in the teeth of a saw, or in products of three. Equations of another
form then give a part of its influence to the feature, and a correction of the same form does not
notice. But confounders can mislead only through what they say of the feature (Rosenbaum and Rubin
1983), and trees with cuts drawn at random follow any shape, if roughly. What they predict of the
feature, at rows they have not seen, is adjusted for beside the correction's own regressors.

Where predictions go with it more than those regressors explain, something was missed. What trees
learn of a rough shape is a part of it only, so that several times what adjusting for it changes may
still be missed: the fewer the rows, the more. A step of a sum of several confounders needs many
cuts along each of them, and one across their sum. Where something was missed, trees that may cut
across the sum that goes best with the feature are adjusted for, too.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd

from workbench.case.intervention import Variation
from workbench.common.arrays import BoolArray, FloatArray, Positions
from workbench.methods.cafe.rich_regression import RichRegression
from workbench.methods.debiased.boosted import regressor_matrix
from workbench.methods.fuzzing.alike_rows import AlikeRows
from workbench.tables.columns import Column, encode_column

__all__ = ["Expected", "expectations", "still_missed"]


MANY_ROWS = 2_000
"""Rows from which fewer folds and trees do."""
FOLDS, FOLDS_OF_MANY = 10, 4
TREES, TREES_OF_MANY = 40, 20
LEAF, LEAF_OF_SUMS = 2, 8
MOST_ROWS = 4_000
"""Rows that a fold learns from."""
LEAST_ROWS = 60
MOST_LEVELS = 12
"""Levels of a category whose chances are predicted."""
NOTICED, NOTICED_IN_FEW = 0.01, 0.05
"""p-value from which on something was missed, of the predictions or of what is unexplained; with
fewer than ENOUGH_ROWS the second, since trees then show little of what is there."""
ENOUGH_ROWS = 1_000
MISSED, ROWS_FOR_AS_MUCH = 1.2, 700.0
"""How many times what adjusting further changes may still be missed; more by the cube of these
rows over n."""
MISSED_OF_SUMS = 0.25
"""How many times what adjusting for sums changes beyond that may still be missed."""


@dataclass(frozen=True, eq=False)
class Expected:
    """What is expected of a feature, given what it is adjusted for.

    Attributes
    ----------
    columns : tuple of Column
        Of a number: where it lies among all rows, and how far from their middle. Of a category:
        the chances of its frequent levels but one. Empty where nothing is to be learned from.
    p : float
        p-value of "the predictions do not go with it, beside a regression's own terms".
    of_sums : callable
        Gives what trees expect that may cut across sums of the causes; called where it is needed.
    """

    columns: tuple[Column, ...] = ()
    p: float = 1.0
    of_sums: Callable[[], tuple[Column, ...]] = tuple

    @classmethod
    def of(
        cls,
        feature: Column,
        given: Sequence[Column],
        predictions: FloatArray,
        columns: tuple[Column, ...] | None = None,
        of_sums: Callable[[], tuple[Column, ...]] | None = None,
    ) -> Expected:
        """Ask whether predictions go with what is expected of the feature.

        Parameters
        ----------
        columns : tuple of Column, optional
            What :func:`expectations` gave, where another model of the same data was asked about.
        of_sums : callable, optional
            Gives the same of trees that may cut across sums, where it is kept for others.
        """
        if columns is None:
            columns = expectations(feature, given)
        if not columns:
            return cls()
        used = {column.name: column for column in (feature, *given)}
        stays = Variation(feature.name, "as it is", feature.values, (feature.values,))
        told = RichRegression(used, stays, [column.name for column in given], predictions)
        sums = of_sums or partial(expectations, feature, given, sums=True)
        return cls(columns, told.beside(columns)[1], sums)

    def adjusted(self, regression: RichRegression) -> tuple[RichRegression, ...]:
        """Adjust for it, then for that of sums, too; empty where nothing calls for it."""
        if not self.columns:
            return ()
        further, p = regression.beside(self.columns)
        few = len(self.columns[0].values) < ENOUGH_ROWS
        if min(p, self.p) >= (NOTICED_IN_FEW if few else NOTICED):
            return ()
        sums = self.of_sums()
        return (further, further.beside(sums)[0]) if sums else (further,)


def still_missed(changes: Iterable[float], n: int) -> float:
    """Return how far off an estimate may be, as one standard error.

    Parameters
    ----------
    changes : iterable of float
        What adjusting for what is expected moved it by, and what adjusting for sums did then.

    Examples
    --------
    >>> round(still_missed([-0.01], 350), 3), round(still_missed([0.01, 0.01], 14_000), 3)
    (0.092, 0.012)
    """
    times = (MISSED + (ROWS_FOR_AS_MUCH / n) ** 3, MISSED_OF_SUMS)
    return math.hypot(*(k * change for k, change in zip(times, changes, strict=False)))


def expectations(
    feature: Column, given: Sequence[Column], *, sums: bool = False
) -> tuple[Column, ...]:
    """Predict the feature at every row from rows that do not hold it: no model has a part in it.

    Parameters
    ----------
    feature : Column
    given : sequence of Column
    sums : bool
        Let trees cut across the sum of the causes that goes best with the feature, too. Nothing
        is predicted then from a single number, which is no sum.
    """
    size = len(feature.values)
    known = ~np.isnan(feature.values) if feature.is_numeric else np.ones(size, dtype=bool)
    if not given or known.sum() < LEAST_ROWS or feature.is_constant:
        return ()
    sides = _sides(feature, known)
    if not sides.size:
        return ()
    parts = _parts(given) if sums else np.empty((size, 0))
    if sums and parts.shape[1] < 2:
        return ()
    alike = AlikeRows.of(given)
    place = np.arange(size) if alike.place is None else alike.place
    causes = regressor_matrix(given, alike.causes)
    lowest = np.nanmin(causes, axis=0)
    causes = np.where(np.isnan(causes), lowest - 1.0, causes)
    if sums:
        causes, place = causes[place], np.arange(size)
    folds, trees = (FOLDS, TREES) if known.sum() < MANY_ROWS else (FOLDS_OF_MANY, TREES_OF_MANY)
    fold = np.random.default_rng([6, size]).permutation(size) % folds
    out = np.empty((size, sides.shape[1]))
    for here in range(folds):
        there = fold == here
        learn = np.flatnonzero(~there & known)
        learn = learn[:: -(-len(learn) // MOST_ROWS)]
        cut = np.hstack([causes, _summed(parts, sides, learn)]) if sums else causes
        asked, back = np.unique(place[there], return_inverse=True)
        leaf = LEAF_OF_SUMS if sums else LEAF
        found = _by_trees(cut[place[learn]], sides[learn], cut[asked], trees, leaf, here)
        out[there] = found[back]
    taken = {column.name for column in (feature, *given)}
    columns = []
    for order, side in enumerate(out.T):
        name = f"expected {feature.name} {order}{' of sums' if sums else ''}"
        while name in taken:
            name += " "
        if np.ptp(side) > 0:
            columns.append(encode_column(name, pd.Series(side)))
    return tuple(columns)


def _by_trees(
    causes: FloatArray, sides: FloatArray, asked: FloatArray, trees: int, leaf: int, seed: int
) -> FloatArray:
    """Predict by trees whose cuts are drawn, as scikit-learn's `ExtraTreesRegressor` does.

    Tree by tree, without the work that it does about each.
    """
    from sklearn.tree import ExtraTreeRegressor

    rng = np.random.RandomState(seed)
    learn, at = causes.astype(np.float32), asked.astype(np.float32)
    found = np.zeros((len(at), sides.shape[1]))
    for _ in range(trees):
        tree = ExtraTreeRegressor(
            min_samples_leaf=leaf, random_state=rng.randint(np.iinfo(np.int32).max)
        )
        told = tree.fit(learn, sides, check_input=False).predict(at, check_input=False)
        found += told.reshape(found.shape)
    return found / trees


def _parts(given: Sequence[Column]) -> FloatArray:
    """Return what sums are made of: numbers, and whether a category has each frequent level."""
    parts = [np.empty((len(given[0].values), 0))]
    for column in given:
        if column.is_constant:
            continue
        if column.is_numeric:
            values = np.where(np.isnan(column.values), np.nanmedian(column.values), column.values)
            parts.append(values[:, None] / column.unit_for_trees)
        else:
            frequent = np.argsort(-column.counts(), kind="stable")[1 : 1 + MOST_LEVELS]
            parts.append((column.values[:, None] == frequent).astype(np.float64))
    return np.hstack(parts)


def _summed(parts: FloatArray, sides: FloatArray, learn: Positions) -> FloatArray:
    """Return, for each side, the sum of the parts that least squares finds on some rows."""
    middle, spread = parts[learn].mean(axis=0), parts[learn].std(axis=0)
    scaled = (parts - middle) / np.where(spread > 1e-9, spread, np.inf)
    taught = scaled[learn]
    products = taught.T @ taught + np.eye(parts.shape[1])
    out: FloatArray = scaled @ np.linalg.solve(products, taught.T @ sides[learn])
    return out


def _sides(feature: Column, known: BoolArray) -> FloatArray:
    """Return what is to be predicted, each in its own standard deviations."""
    if feature.is_numeric:
        values = np.where(known, feature.values, np.nanmedian(feature.values))
        ordered = np.sort(values)
        below, within = (np.searchsorted(ordered, values, side) for side in ("left", "right"))
        rank = (below + within) / (2 * len(values))
        sides = np.column_stack([rank, np.abs(rank - 0.5)])
    else:
        frequent = np.argsort(-feature.counts(), kind="stable")[1 : 1 + MOST_LEVELS]
        sides = (feature.values[:, None] == frequent).astype(np.float64)
    spread = sides.std(axis=0)
    varies = spread > 1e-9
    out: FloatArray = sides[:, varies] / spread[varies]
    return out
