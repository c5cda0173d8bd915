"""CAFÉ's regression with products of covariates and as many knots as the rows ask for.

The same back-door adjustment as :mod:`shared_regression`, for one feature at a time and for any
outcome: the prediction, or what a simulator of it leaves unexplained. A richer basis is taken only
where it predicts rows that it was not fitted on.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
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
    held_out_error,
    residuals,
    slices,
)
from workbench.methods.cafe.shared_regression import ROWS_PER_TERM, Standardised
from workbench.methods.effects import Effect
from workbench.methods.fuzzing.alike_rows import AlikeRows
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
        self._alike = AlikeRows.of(self._columns)
        self._further: tuple[Block, ...] = ()
        self._coarse = self._finest = self._plain(feature, covariates)
        with one_thread():
            design = self._choose(feature, covariates)
        self.fit = self._fitted(design)
        """The regression itself."""

    def fits(self) -> list[Fit]:
        """Return the regression, and the coarse one that it was chosen over if it was."""
        if self._coarse is self.fit.design:
            return [self.fit]
        return [self.fit, self._fitted(self._coarse)]

    def of_few_regressors(self) -> RichRegression:
        """Return a regression that bends each number once at the most: little noise, some bias."""
        few = copy(self)
        few.fit = self._fitted(Design((*self._of_few().blocks, *self._further)))
        return few

    def _fitted(self, design: Design) -> Fit:
        return Fit(design, self._values, self._y, self._alike)

    def by_finest(self, positions: Positions) -> float:
        """Average the change over the target's rows by the finest design there are rows for."""
        fit = self.fit if self._finest is self.fit.design else self._fitted(self._finest)
        return float(self._changes(fit, positions)[0].mean())

    def beside(self, columns: Sequence[Column]) -> tuple[RichRegression, float]:
        """Adjust for more numbers; return a p-value of "their coefficients are zero" as well."""
        more = copy(self)
        more._values = self._values | {column.name: column.values for column in columns}
        own = tuple(Block((column_basis(column, "linear"),), SHRINKAGE) for column in columns)
        more._further = (*self._further, *own)
        more.fit = more._fitted(Design((*self.fit.design.blocks, *own)))
        count = len(columns)
        found = more.fit.coefficients[-count:]
        through = more.fit.through(np.eye(more.fit.design.width)[-count:]) / self._n
        precision = np.linalg.pinv(through @ through.T, hermitian=True)
        return more, float(scipy.stats.chi2.sf(found @ precision @ found, count))

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
        draws, step = self._changes(self.fit, positions)
        left = self._y - self.fit.fitted
        if extra is not None:
            here = {name: values[positions] for name, values in self._values.items()}
            before = extra({**here, variation.feature: variation.before})
            for rows, after in zip(draws, variation.after, strict=True):
                rows += extra({**here, variation.feature: after})
                rows -= before
            left -= extra(self._values)
        weights = self.fit.solve(step.sum(axis=0) / (size * len(draws))) * n
        influence = self.fit.applied(weights[None])[0] * left
        drift = 0.0
        if extra is not None:
            # What the second stage takes off the residuals is no longer balanced by the fit.
            drift = float(influence.mean())
            influence -= drift
        influence *= np.sqrt(n / max(n - self.fit.design.width, 1))
        effect = np.mean(draws, axis=0)
        value = float(effect.mean())
        if sampled:
            influence[positions] += (effect - value) * (n / size)
        return Standardised(Effect(value + drift, influence), list(draws))

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
        rows, step = self._changes(self.fit, positions)
        return rows, self.fit.through(step / len(positions))

    def _changes(self, fit: Fit, positions: Positions) -> tuple[FloatArray, FloatArray]:
        """Say what each draw changes at the target's rows, and add up its change of regressors.

        Returns
        -------
        rows : ndarray, shape (draws, m)
        step : ndarray, shape (draws, width)
        """
        variation, size = self.variation, len(positions)
        at = {name: values[positions] for name, values in self._values.items()}
        alike = AlikeRows(at)
        if all((values == values[0]).all() for values in (variation.before, *variation.after)):
            alike = AlikeRows.of(self._columns, at)
        held = None if alike.place is None else np.bincount(alike.place, minlength=alike.size)
        rows = np.empty((len(variation.after), size))
        step = np.zeros((len(rows), fit.design.width))
        found = np.empty(alike.size)
        with one_thread():
            for draw, after in enumerate(variation.after):
                for part in slices(alike.size):
                    here = {name: values[part] for name, values in alike.causes.items()}
                    change = fit.design.change(
                        variation.feature, here, variation.before[part], after[part]
                    )
                    step[draw] += change.sum(axis=0) if held is None else held[part] @ change
                    found[part] = change @ fit.coefficients
                rows[draw] = alike.by_row(found)
        return rows, step

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
        alike = AlikeRows.of(self._columns, at)
        best, made = coarse, coarse(alike.causes)
        least = held_out_error(best, made, alike, seen, one)
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
            regressors = finer(alike.causes)
            error = held_out_error(finer, regressors, alike, seen, one)
            if error < better(least, KNOTS_WORTH, len(seen)):
                best, made, least = finer, regressors, error
        return self._with_steps(best, made, least, numbers, at, alike, seen, one)

    def _with_steps(
        self,
        design: Design,
        regressors: FloatArray,
        least: float,
        numbers: Sequence[Column],
        at: Mapping[str, Values],
        alike: AlikeRows,
        y: FloatArray,
        one: npt.NDArray[np.bool_],
    ) -> Design:
        """Let the outcome jump at values of a number, where unseen rows bear the jumps out."""

        def more(rows: npt.NDArray[np.bool_] | slice) -> tuple[Block, ...]:
            left = residuals(design, regressors, alike, y, rows)[rows]
            here = {name: values[rows] for name, values in at.items()}
            return tuple(Block((s,), LEVEL_SHRINKAGE) for s in find_steps(numbers, here, left))

        left = np.empty(len(y))
        for learn in (one, ~one):
            steps = more(learn)
            if not steps:
                return design
            jumping = Design((*design.blocks, *steps))
            beside = np.hstack([regressors, *(block(alike.causes) for block in steps)])
            left[~learn] = residuals(jumping, beside, alike, y, learn)[~learn]
        gain = trimmed_error(left) < better(least, STEPS_WORTH, len(y))
        return Design((*design.blocks, *more(slice(None)))) if gain else design

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
