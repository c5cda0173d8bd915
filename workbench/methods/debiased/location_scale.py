"""An equation of a number whose noise may be wider in some places than in others.

v = H(causes) + S(causes) · noise. H is a regression on splines and products, their knots chosen by
cross-validation, with regressors of their own for the levels that an intervention sets, and with
boosted trees on what is left, where there is something left to learn. S is a regression of the
residuals' sizes. A move keeps the noise: v' = H' + S'/S · (v − H), which does not depend on the
node's unit or on where it starts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from workbench.common.arrays import FloatArray
from workbench.methods.debiased.boosted import Correction, boosted_residual, halves
from workbench.methods.debiased.least_squares import LeastSquares, held_out_error, residuals
from workbench.methods.estimator import Residuals
from workbench.methods.fuzzing.alike_rows import AlikeRows
from workbench.methods.fuzzing.equation import Keep
from workbench.methods.fuzzing.equation_terms import Basis, Terms, choose_terms
from workbench.methods.held_out import better, trimmed_error
from workbench.tables.column_bases import BasisKind, column_basis, number_levels
from workbench.tables.columns import Column, Values
from workbench.tables.steps import find_steps

__all__ = ["LocationScaleEquation", "fit_location_scale"]


PENALTY = 1e-3
"""Ridge penalty of a standardised coefficient, in rows."""
SCALE_PENALTY = 5.0
KNOTS_WORTH = 4.0
"""What finer knots must take off the held-out error to be taken, in rows' worth of it."""
STEPS_WORTH = 8.0
"""The same of steps."""
CV_ROWS = 20_000
"""Rows on which knots are compared."""
ROWS_PER_TERM = 12
MOST_TERMS = 300
LEVEL_ROWS = 40
"""Rows that a level must hold to get a regressor of its own."""
BOOSTED_ROWS = 500
"""Rows below which trees, whose error no interval carries, have no part in an equation: there they
lend the feature what a confounder does."""
SMALLEST_SCALE = 0.2
"""S is at least this share of the mean size of the residuals."""
FAR_OF, FAR = (0.9, 0.99), (5.0, 1.5)
"""A residual is far out beyond so many times these quantiles of all sizes, whichever is more."""
BEYOND_CHANCE = 2.0
REACH = 3.0
"""Where some are, all count as no larger than so many times the first of the quantiles."""


@dataclass(frozen=True, eq=False)
class _Scale:
    """S, in units of the residuals' mean size."""

    terms: Terms
    fit: LeastSquares
    least: float
    most: float

    def raw(self, parents: Mapping[str, Values]) -> FloatArray:
        return self.terms.weighted(parents, self.fit.coefficients)


@dataclass(frozen=True, eq=False)
class LocationScaleEquation:
    """v = H(parents) + S(parents) · noise.

    Attributes
    ----------
    column : Column
        The node's own column.
    parents : tuple of Column
    centre : float
        The node's mean. H is fitted about it, so that a large offset costs no digits.
    reach : float
        Residuals farther out than this counted as so large when H was fitted.
    """

    column: Column
    parents: tuple[Column, ...]
    terms: Terms
    centre: float
    fit: LeastSquares
    boosted: Correction | None = None
    scale: _Scale | None = None
    reach: float = np.inf

    @property
    def is_random(self) -> bool:
        """Whether moving a row involves a draw: whole numbers are rounded up or down at random."""
        return self.column.integer

    def expected(self, parents: Mapping[str, Values]) -> FloatArray:
        """H less the centre, and S, at encoded parent values, shape (m, 2)."""
        mean = self.terms.weighted(parents, self.fit.coefficients)
        if self.boosted is not None:
            mean = mean + self.boosted(parents)
        if self.scale is None:
            return np.column_stack([mean, np.ones(len(mean))])
        return np.column_stack([mean, np.maximum(self.scale.raw(parents), self.scale.least)])

    def move(
        self,
        observed: Values,
        was: FloatArray,
        now: FloatArray,
        uniform: FloatArray,
        residuals: Residuals,
    ) -> Values:
        """Carry the noise over from causes that gave `was` to causes that give `now`."""
        if residuals == "drop":
            moved = np.where(np.isnan(observed), np.nan, self.centre + now[:, 0])
        else:
            # Written as a change, so that a row whose causes did not move stays to the last digit.
            stretch = (now[:, 1] - was[:, 1]) / was[:, 1]
            noise = observed - self.centre - was[:, 0]
            moved = observed + ((now[:, 0] - was[:, 0]) + stretch * noise)
        if self.column.integer:
            moved = np.floor(moved + uniform)
        return np.clip(moved, self.column.low, self.column.high)

    def gradient(
        self,
        response: FloatArray,
        now: Mapping[str, Values],
        was: Mapping[str, Values] | None,
        observed: Values,
    ) -> FloatArray:
        """Differentiate the mean of response · v by the coefficients of H, then of S."""
        m = len(response)
        by_mean = self.terms.summed(now, response)
        if was is None:
            out: FloatArray = by_mean / m
            return out if self.scale is None else np.r_[out, np.zeros(self.scale.terms.width)]
        ratio, scale_now, scale_was = self._carried_by(response, now, was, observed)
        by_mean = by_mean - self.terms.summed(was, response * ratio)
        if self.scale is None:
            return np.asarray(by_mean / m)
        by_scale = self.scale.terms.summed(now, scale_now)
        by_scale -= self.scale.terms.summed(was, scale_was)
        return np.concatenate([by_mean, by_scale]) / m

    def row_gradients(
        self,
        response: FloatArray,
        now: Mapping[str, Values],
        was: Mapping[str, Values] | None,
        observed: Values,
    ) -> FloatArray:
        """Return what `gradient` gives for each row alone, shape (m, k)."""
        by_mean = response[:, None] * self.terms(now)
        if was is None:
            rest = 0 if self.scale is None else self.scale.terms.width
            return np.column_stack([by_mean, np.zeros((len(response), rest))])
        ratio, scale_now, scale_was = self._carried_by(response, now, was, observed)
        by_mean = by_mean - (response * ratio)[:, None] * self.terms(was)
        if self.scale is None:
            return by_mean
        by_scale = scale_now[:, None] * self.scale.terms(now)
        by_scale -= scale_was[:, None] * self.scale.terms(was)
        return np.column_stack([by_mean, by_scale])

    def _carried_by(
        self,
        response: FloatArray,
        now: Mapping[str, Values],
        was: Mapping[str, Values],
        observed: Values,
    ) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Return S'/S, and what a unit of S after and before does to the prediction at each row."""
        after, before = self.expected(now), self.expected(was)
        ratio: FloatArray = after[:, 1] / before[:, 1]
        if self.scale is None:
            return ratio, np.zeros_like(ratio), np.zeros_like(ratio)
        noise = np.nan_to_num((observed - self.centre - before[:, 0]) / before[:, 1])
        free_after = after[:, 1] > self.scale.least
        free_before = before[:, 1] > self.scale.least
        return ratio, response * noise * free_after, response * noise * ratio * free_before

    def influences(self, gradients: FloatArray) -> FloatArray:
        """How much each row of the data moves gradient · coefficients, shape (k, n)."""
        width, n = self.terms.width, len(self.column.values)
        weights = self.fit.weights(gradients[:, :width])
        spread = None if self.scale is None else self.scale.fit.weights(gradients[:, width:])
        out = np.empty((len(gradients), n))
        for rows, alike in self._alike.blocks():
            expected = alike.by_row(self.expected(alike.causes)[:, 0])
            left = self.column.values[rows] - self.centre - expected
            left = np.clip(left, -self.reach, self.reach)
            out[:, rows] = alike.applied(self.terms, weights) * np.nan_to_num(left)
            if self.scale is not None and spread is not None:
                size = np.minimum(np.abs(left), self.scale.most)
                size -= alike.by_row(self.scale.raw(alike.causes))
                out[:, rows] += alike.applied(self.scale.terms, spread) * np.nan_to_num(size)
        out *= n * float(np.sqrt(n / max(n - width, 1)))
        return out

    @cached_property
    def _alike(self) -> AlikeRows:
        return AlikeRows.of(self.parents)


def fit_location_scale(
    column: Column, parents: Sequence[Column], *, keep: Keep | None = None
) -> LocationScaleEquation:
    """Fit a number's equation on the rows where it is present.

    Parameters
    ----------
    keep : mapping of str to ndarray, optional
        Encoded levels of parents that an intervention sets.
    """
    present = ~np.isnan(column.values)
    values = {p.name: p.values[present] for p in parents}
    centre = float(column.values[present].mean())
    y = column.values[present] - centre
    alike = AlikeRows.of(parents, values)
    plain = choose_terms(parents, len(y), keep=keep)
    calm, reach = _drawn_in(residuals(plain(alike.causes), alike, y, slice(None), PENALTY), y)
    terms = _with_levels(_best_knots(parents, plain, alike, calm, keep), parents, keep)
    terms = _with_steps(terms, parents, values, alike, calm, heavy=calm is not y)
    regressors = terms(alike.causes)
    fit = LeastSquares.fit(*alike.normal_equations(regressors, calm), PENALTY, len(y))
    left = y - alike.by_row(regressors @ fit.coefficients)
    boosted = boosted_residual(parents, values, left) if len(left) >= BOOSTED_ROWS else None
    if boosted is not None:
        left = left - boosted(values)
    equation = LocationScaleEquation(
        column, tuple(parents), terms, centre, fit, boosted, reach=reach
    )
    return replace(equation, scale=_fit_scale(plain, alike, np.clip(left, -reach, reach)))


def _drawn_in(left: FloatArray, y: FloatArray) -> tuple[FloatArray, float]:
    """Bring values that lie far out of all proportion nearer: a few rows would bend the equation.

    Returns
    -------
    y : ndarray
        The same where noise is normal, or falls off as fast as an exponential's.
    reach : float
        How far from a first fit they may lie.
    """
    size = np.abs(left)
    usual, far = np.quantile(size, FAR_OF)
    if not (size > max(FAR[0] * usual, FAR[1] * far)).any():
        return y, np.inf
    reach = float(REACH * usual)
    return y - left + np.clip(left, -reach, reach), reach


def _best_knots(
    parents: Sequence[Column],
    plain: Terms,
    alike: AlikeRows,
    y: FloatArray,
    keep: Keep | None,
) -> Terms:
    """Take more knots where rows that were not fitted on are then predicted better."""
    if not any(p.is_numeric for p in parents):
        return plain
    n = len(y)
    rows = slice(None) if n <= CV_ROWS else slice(None, None, -(-n // CV_ROWS))
    at, seen = alike.some(rows), y[rows]
    one = halves(len(seen))
    best, least = plain, held_out_error(plain(at.causes), at, seen, one, PENALTY)
    kinds: tuple[BasisKind, ...] = ("fine", "finest")
    for kind in kinds:
        mains = tuple(column_basis(p, kind, keep=(keep or {}).get(p.name)) for p in parents)
        finer = Terms(mains, plain.pairs)
        if finer.width > min(MOST_TERMS, n // ROWS_PER_TERM):
            break
        error = held_out_error(finer(at.causes), at, seen, one, PENALTY)
        if error < better(least, KNOTS_WORTH, len(seen)):
            best, least = finer, error
    return best


def _with_levels(terms: Terms, parents: Sequence[Column], keep: Keep | None) -> Terms:
    """Let the levels that an intervention sets a number to stand apart from its curve."""
    own: list[Basis] = []
    for parent in parents:
        if keep is not None and parent.name in keep:
            levels = number_levels(parent, keep[parent.name], LEVEL_ROWS)
            own += [levels] if levels is not None else []
    return Terms((*terms.mains, *own), terms.pairs) if own else terms


def _with_steps(
    terms: Terms,
    parents: Sequence[Column],
    values: Mapping[str, Values],
    alike: AlikeRows,
    y: FloatArray,
    *,
    heavy: bool,
) -> Terms:
    """Let the node jump at values of its causes, where rows not fitted on bear the jumps out.

    Where a few rows make most of the error (`heavy`), the gain must be more than their chance.
    """
    n = len(y)
    one = halves(n, 5)
    without, jumping = np.empty(n), np.empty(n)
    regressors = terms(alike.causes)
    for learn in (one, ~one):
        left = residuals(regressors, alike, y, learn, PENALTY)
        without[~learn] = left[~learn]
        steps = find_steps(parents, {name: v[learn] for name, v in values.items()}, left[learn])
        if not steps:
            return terms
        more = Terms((*terms.mains, *steps), terms.pairs)
        jumping[~learn] = residuals(more(alike.causes), alike, y, learn, PENALTY)[~learn]
    if trimmed_error(jumping) > better(trimmed_error(without), STEPS_WORTH, n):
        return terms
    if heavy:
        gain = without**2 - jumping**2
        if gain.mean() < BEYOND_CHANCE * gain.std() / np.sqrt(n):
            return terms
    left = residuals(regressors, alike, y, slice(None), PENALTY)
    steps = find_steps(parents, values, left)
    return Terms((*terms.mains, *steps), terms.pairs)


def _fit_scale(terms: Terms, alike: AlikeRows, left: FloatArray) -> _Scale | None:
    """Fit the residuals' sizes; None where they do not go with the causes."""
    size = np.abs(left)
    most = float(np.quantile(size, 0.995))
    capped = np.minimum(size, most)
    spread = float(capped.var())
    if spread == 0:
        return None
    regressors = terms(alike.causes)
    n = len(size)
    fit = LeastSquares.fit(*alike.normal_equations(regressors, capped), SCALE_PENALTY, n)
    missed = capped - alike.by_row(regressors @ fit.coefficients)
    gain = 1 - float(np.mean(missed**2)) / spread
    # In-sample: noise alone would explain about width / n of it.
    if gain <= 2.5 * terms.width / n + 0.01:
        return None
    return _Scale(terms, fit, SMALLEST_SCALE * float(size.mean()), most)
