"""CAFÉ's regression with products of covariates and as many knots as the rows ask for.

The same back-door adjustment as :mod:`shared_regression`, for one feature at a time and for any
outcome: the prediction, or what a simulator of it leaves unexplained. A richer basis is taken only
where it predicts rows that it was not fitted on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from copy import copy
from itertools import combinations

import numpy as np
import numpy.typing as npt
import scipy

from workbench.case.intervention import Variation
from workbench.common.arrays import FloatArray, Positions
from workbench.common.threads import one_thread
from workbench.methods.cafe.rich_design import (
    Block,
    Design,
    Fit,
    coefficients_of,
    held_out_error,
    slices,
    unseen,
)
from workbench.methods.cafe.shared_regression import ROWS_PER_TERM, Standardised
from workbench.methods.effects import Effect
from workbench.methods.held_out import better, trimmed_error
from workbench.tables.column_bases import BasisKind, column_basis, level_basis, number_levels
from workbench.tables.columns import Column, Values
from workbench.tables.steps import find_steps

__all__ = ["RichRegression"]


MOST_TERMS = 200
"""Interaction terms, and products of covariates, at the most."""
SHRINKAGE = 0.05
"""Ridge penalty of an interaction or a product, in rows."""
LEVEL_SHRINKAGE = 0.05
FINE_SHRINKAGE = 0.05
"""Of every term, where finer knots stand beside coarser ones."""
LEVEL_ROWS = 40
"""Rows that a level of the intervention must hold to get a regressor of its own."""
KNOTS_WORTH = 12.0
"""What finer knots must take off the held-out error to be taken, in rows' worth of it."""
STEPS_WORTH = 4.0
"""The same of steps."""
CV_ROWS = 20_000
"""Rows on which knots are compared."""


class RichRegression:
    """Regression of an outcome on one feature and what it is adjusted for.

    Parameters
    ----------
    columns : mapping of str to Column
        The feature's and the covariates'.
    variation : Variation
        What is asked about; a number's levels in it get regressors of their own.
    given : sequence of str
    y : ndarray, shape (n,)
    """

    def __init__(
        self,
        columns: Mapping[str, Column],
        variation: Variation,
        given: Sequence[str],
        y: FloatArray,
    ) -> None:
        self.variation = variation
        names = (variation.feature, *given)
        self._values = {name: columns[name].values for name in names}
        self._y = y
        self._n = len(y)
        feature, covariates = columns[variation.feature], [columns[z] for z in given]
        self._columns = (feature, *covariates)
        self._further: tuple[Block, ...] = ()
        self._coarse = self._finest = self._plain(feature, covariates)
        with one_thread():
            design = self._choose(feature, covariates)
        self.fit = Fit(design, self._values, y)
        """The regression itself."""

    def fits(self) -> list[Fit]:
        """Return the regression, and the coarse one that it was chosen over if it was."""
        if self._coarse is self.fit.design:
            return [self.fit]
        return [self.fit, Fit(self._coarse, self._values, self._y)]

    def of_few_regressors(self) -> RichRegression:
        """Return a regression that bends each number once at the most: little noise, some bias."""
        few = copy(self)
        few.fit = Fit(Design((*self._of_few().blocks, *self._further)), self._values, self._y)
        return few

    def by_finest(self, positions: Positions) -> float:
        """Average the change over the target's rows by the finest design there are rows for."""
        total, fit = 0.0, self.fit
        if self._finest is not self.fit.design:
            fit = Fit(self._finest, self._values, self._y)
        with one_thread():
            for _, _, change in self._changes(fit.design, positions):
                total += float((change @ fit.coefficients).sum())
        return total / (len(positions) * len(self.variation.after))

    def beside(self, columns: Sequence[Column]) -> tuple[RichRegression, float]:
        """Adjust for more numbers; return a p-value of "their coefficients are zero" as well."""
        more = copy(self)
        more._values = self._values | {column.name: column.values for column in columns}
        own = tuple(Block((column_basis(column, "linear"),), SHRINKAGE) for column in columns)
        more._further = (*self._further, *own)
        more.fit = Fit(Design((*self.fit.design.blocks, *own)), more._values, self._y)
        count = len(columns)
        found = more.fit.coefficients[-count:]
        through = more.fit.through(np.eye(more.fit.design.width)[-count:]) / self._n
        precision = np.linalg.pinv(through @ through.T, hermitian=True)
        return more, float(scipy.stats.chi2.sf(found @ precision @ found, count))

    def fitted(self) -> FloatArray:
        """Return the regression's value at every row, shape (n,)."""
        return self.fit.fitted()

    def answer(
        self,
        positions: Positions,
        *,
        sampled: bool = True,
        extra: Callable[[Mapping[str, Values]], FloatArray] | None = None,
    ) -> Standardised:
        """Average the change of the regression over the target's rows.

        Parameters
        ----------
        positions : ndarray of int
            The target's rows, ascending.
        sampled : bool
            Whether those rows stand for a population.
        extra : callable, optional
            Added to the regression: what a second stage predicts of its residuals.
        """
        variation, n, size = self.variation, self._n, len(positions)
        here = {name: values[positions] for name, values in self._values.items()}
        draws = [np.empty(size) for _ in variation.after]
        step = np.zeros(self.fit.design.width)
        with one_thread():
            for place, part, change in self._changes(self.fit.design, positions):
                step += change.sum(axis=0)
                draws[place][part] = change @ self.fit.coefficients
            if extra is not None:
                before = extra({**here, variation.feature: variation.before})
                for rows, after in zip(draws, variation.after, strict=True):
                    rows += extra({**here, variation.feature: after})
                    rows -= before
            weights = self.fit.solve(step / (size * len(draws))) * n
            influence = np.empty(n)
            drift = 0.0
            for rows_, at in self.fit.chunks():
                design = self.fit.design(at)
                left = self._y[rows_] - design @ self.fit.coefficients
                if extra is not None:
                    left = left - extra(at)
                influence[rows_] = (design @ weights) * left
            if extra is not None:
                # What the second stage takes off the residuals is no longer balanced by the fit.
                drift = float(influence.mean())
                influence -= drift
        influence *= np.sqrt(n / max(n - self.fit.design.width, 1))
        effect = np.mean(draws, axis=0)
        value = float(effect.mean())
        if sampled:
            influence[positions] += (effect - value) * (n / size)
        return Standardised(Effect(value + drift, influence), draws)

    def by_draw(self, positions: Positions) -> tuple[FloatArray, FloatArray]:
        """Answer for every draw by itself, all with one fit.

        Returns
        -------
        rows : ndarray, shape (draws, m)
            Row effects of the target's rows.
        through : ndarray, shape (draws, n)
            Influence of every row of the data on their mean through the fit, without what the
            choice of the target's rows adds.
        """
        size, draws = len(positions), len(self.variation.after)
        rows = np.empty((draws, size))
        step = np.zeros((draws, self.fit.design.width))
        with one_thread():
            for place, part, change in self._changes(self.fit.design, positions):
                step[place] += change.sum(axis=0)
                rows[place, part] = change @ self.fit.coefficients
        return rows, self.fit.through(step / size)

    def _changes(
        self, design: Design, positions: Positions
    ) -> Iterator[tuple[int, slice, FloatArray]]:
        """Yield each draw's change of a design's regressors, for some of the target's rows."""
        variation = self.variation
        for part in slices(len(positions)):
            at = {name: values[positions[part]] for name, values in self._values.items()}
            for place, after in enumerate(variation.after):
                before = variation.before[part]
                yield place, part, design.change(variation.feature, at, before, after[part])

    def _choose(self, feature: Column, covariates: Sequence[Column]) -> Design:
        n = self._n
        coarse = self._coarse
        numbers = [c for c in (feature, *covariates) if c.is_numeric]
        if not numbers:
            return coarse
        rows = slice(None) if n <= CV_ROWS else slice(None, None, -(-n // CV_ROWS))
        at = {name: values[rows] for name, values in self._values.items()}
        seen = self._y[rows]
        one = np.random.default_rng([4, len(seen)]).permutation(len(seen)) % 2 == 0
        best, least = coarse, held_out_error(coarse, at, seen, one)
        kinds: tuple[BasisKind, ...] = ("fine", "finest")
        for kind in kinds:
            more = [Block((column_basis(c, kind),), FINE_SHRINKAGE) for c in numbers]
            if kind == "finest" and feature.is_numeric:
                more += [
                    Block(
                        (column_basis(feature, "fine local"), column_basis(z, "coarse")),
                        SHRINKAGE,
                    )
                    for z in covariates
                ]
            blocks = [
                Block(b.bases, max(b.penalty, FINE_SHRINKAGE)) for b in (*coarse.blocks, *more)
            ]
            finer = Design(tuple(b for b in blocks if b.width))
            if finer.width > n // 10:
                continue
            self._finest = finer
            error = held_out_error(finer, at, seen, one)
            if error < better(least, KNOTS_WORTH, len(seen)):
                best, least = finer, error
        return self._with_steps(best, least, numbers, at, seen, one)

    def _with_steps(
        self,
        design: Design,
        least: float,
        numbers: Sequence[Column],
        at: Mapping[str, Values],
        y: FloatArray,
        one: npt.NDArray[np.bool_],
    ) -> Design:
        """Let the outcome jump at values of a number, where unseen rows bear the jumps out."""

        def more(rows: npt.NDArray[np.bool_] | slice) -> Design:
            here = {name: values[rows] for name, values in at.items()}
            left = y[rows] - design(here) @ coefficients_of(design, design(here), y[rows])
            steps = find_steps(numbers, here, left)
            return Design((*design.blocks, *(Block((s,), LEVEL_SHRINKAGE) for s in steps)))

        left = np.empty(len(y))
        for learn in (one, ~one):
            jumping = more(learn)
            if jumping.width == design.width:
                return design
            left[~learn] = unseen(jumping, jumping(at), y, learn)
        gain = trimmed_error(left) < better(least, STEPS_WORTH, len(y))
        return more(slice(None)) if gain else design

    def _of_few(self) -> Design:
        """Take one bend per number, and the simplest products that there are rows for."""
        mains = [column_basis(column, "coarse") for column in self._columns]
        minimal = [column_basis(column, "minimal") for column in self._columns]
        if 1 + sum(b.width for b in mains) > max(self._n // 8, 2):
            mains = minimal
        blocks = [Block((basis,), 0.0) for basis in mains]
        left, *right = minimal
        most = min(MOST_TERMS, self._n // ROWS_PER_TERM)
        for pairs in ([(left, r) for r in right], list(combinations(right, 2))):
            if sum(a.width * b.width for a, b in pairs) <= most:
                blocks += [Block(pair, SHRINKAGE) for pair in pairs]
        return Design(tuple(block for block in blocks if block.width))

    def _plain(self, feature: Column, covariates: Sequence[Column]) -> Design:
        """Take main effects, the feature's interactions, products of covariates, its own levels."""
        n = self._n
        mains = [column_basis(c, "flexible") for c in (feature, *covariates)]
        if 1 + sum(b.width for b in mains) > max(n // 8, 2):
            mains = [column_basis(feature, "coarse")]
            mains += [column_basis(c, "minimal") for c in covariates]
        blocks = [Block((basis,), 0.0) for basis in mains]
        most = min(MOST_TERMS, n // ROWS_PER_TERM)
        levels = self.variation.levels
        few = not feature.is_numeric and len(levels) <= 2
        options: tuple[tuple[BasisKind, BasisKind], ...] = (
            ("local", "flexible"),
            ("local", "coarse"),
            ("coarse", "coarse"),
            ("coarse", "minimal"),
            ("minimal", "minimal"),
        )
        for left_kind, right_kind in options:
            left = level_basis(feature, levels) if few else column_basis(feature, left_kind)
            right = [column_basis(z, right_kind) for z in covariates]
            if 0 < left.width * sum(r.width for r in right) <= most:
                blocks += [Block((left, r), SHRINKAGE) for r in right]
                break
        product_kinds: tuple[BasisKind, ...] = ("coarse", "minimal")
        for kind in product_kinds:
            pairs = list(combinations([column_basis(z, kind) for z in covariates], 2))
            if 0 < sum(a.width * b.width for a, b in pairs) <= most:
                blocks += [Block(pair, SHRINKAGE) for pair in pairs]
                break
        own = number_levels(feature, levels, LEVEL_ROWS) if len(levels) <= LEVEL_ROWS else None
        if own is not None:
            blocks.append(Block((own,), LEVEL_SHRINKAGE))
        return Design(tuple(block for block in blocks if block.width))
