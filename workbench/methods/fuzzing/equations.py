"""Structural equations: how a node answers when its causes are changed.

One equation per node that some target reaches. Each keeps the row's own noise (abduction), so a
row whose causes did not move stays as it is (``estimands.md``, "Algorithm 1"). Each also knows how
much its own estimation error moves a mean effect, which is what gives fuzzing its intervals.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import scipy

from workbench.common.arrays import FloatArray
from workbench.methods.estimator import Residuals
from workbench.methods.fuzzing.alike_rows import AlikeRows, distinct_rows
from workbench.methods.fuzzing.equation import Equation, Keep
from workbench.methods.fuzzing.equation_terms import Terms, choose_terms
from workbench.methods.fuzzing.multinomial import Curvature, fit_multinomial, refuse_endless
from workbench.tables.columns import Column, Values

__all__ = ["CategoricalEquation", "NumericEquation", "fit_equation"]

RIDGE = 1e-3
"""Ridge penalty of a standardised coefficient, in rows."""
HESSIAN_ROWS = 8_000
"""Rows that a categorical equation's information matrix is computed on, then scaled up."""


@dataclass(frozen=True, eq=False)
class NumericEquation:
    """v = H(parents) + noise, with H by least squares on splines and products.

    Attributes
    ----------
    column : Column
        The node's own column.
    parents : tuple of Column
    """

    column: Column
    parents: tuple[Column, ...]
    terms: Terms
    coefficients: FloatArray
    _factor: tuple[FloatArray, bool]
    _scaling: FloatArray

    @property
    def is_random(self) -> bool:
        """Whether moving a row involves a draw: whole numbers are rounded up or down at random."""
        return self.column.integer

    def expected(self, parents: Mapping[str, Values]) -> FloatArray:
        """H at encoded parent values, shape (m,)."""
        return self.terms.weighted(parents, self.coefficients)

    def move(
        self,
        observed: Values,
        was: FloatArray,
        now: FloatArray,
        uniform: FloatArray,
        residuals: Residuals,
    ) -> Values:
        """Carry the change of `expected` from `was` to `now` over to the node, shape (m,)."""
        moved = observed + (now - was) if residuals == "abduct" else now
        if residuals == "drop":
            moved = np.where(np.isnan(observed), np.nan, moved)
        if self.column.integer:
            # Rounding up with the probability of the fraction keeps averages; a row that did not
            # move is a whole number already and stays.
            moved = np.floor(moved + uniform)
        return np.clip(moved, self.column.low, self.column.high)

    def gradient(
        self,
        slope: FloatArray,
        now: Mapping[str, Values],
        was: Mapping[str, Values] | None,
        observed: Values | None = None,
    ) -> FloatArray:
        """Differentiate the mean of slope · v by the coefficients, shape (width,).

        Parameters
        ----------
        slope : ndarray, shape (m,)
            What a unit of v does to the prediction at each row.
        was : mapping or None
            None when the row's own noise is dropped.
        """
        out: FloatArray = slope @ self._moved(now, was) / len(slope)
        return out

    def row_gradients(
        self,
        slope: FloatArray,
        now: Mapping[str, Values],
        was: Mapping[str, Values] | None,
        observed: Values | None = None,
    ) -> FloatArray:
        """Return what `gradient` gives for each row alone, shape (m, width)."""
        return slope[:, None] * self._moved(now, was)

    def _moved(self, now: Mapping[str, Values], was: Mapping[str, Values] | None) -> FloatArray:
        return self.terms(now) - (self.terms(was) if was is not None else 0.0)

    def influences(self, gradients: FloatArray) -> FloatArray:
        """How much each row of the data moves gradient · coefficients.

        Parameters
        ----------
        gradients : ndarray, shape (k, width)

        Returns
        -------
        ndarray, shape (k, n)
        """
        scaled = (gradients / self._scaling).T
        weights = scipy.linalg.cho_solve(self._factor, scaled) / self._scaling[:, None]
        n = len(self.column.values)
        out = np.empty((len(gradients), n))
        for rows, alike in self._alike.blocks():
            expected = alike.applied(self.terms, self.coefficients[:, None])[0]
            residuals = np.nan_to_num(self.column.values[rows] - expected)
            out[:, rows] = alike.applied(self.terms, weights) * residuals
        out *= n * float(np.sqrt(n / max(n - self.terms.width, 1)))
        return out

    @cached_property
    def _alike(self) -> AlikeRows:
        return AlikeRows.of(self.parents)


@dataclass(frozen=True, eq=False)
class CategoricalEquation:
    """P(v | parents) by multinomial logistic regression on splines and products.

    Attributes
    ----------
    coefficients : ndarray, shape (width, levels − 1)
        Log-odds of every level but the first against the first.
    """

    column: Column
    parents: tuple[Column, ...]
    terms: Terms
    coefficients: FloatArray

    is_random = True

    def expected(self, parents: Mapping[str, Values]) -> FloatArray:
        """Cumulative probabilities of the levels, shape (m, levels)."""
        return np.cumsum(self._probabilities(self.terms(parents)), axis=1)

    def move(
        self,
        observed: Values,
        was: FloatArray,
        now: FloatArray,
        uniform: FloatArray,
        residuals: Residuals,
    ) -> Values:
        """Read the new level where the row's noise falls, shape (m,).

        The noise is a uniform number inside the interval of the observed level before the change;
        dropping it takes the most probable level instead, as in the paper.
        """
        if residuals == "drop":
            likeliest: Values = np.argmax(np.diff(now, axis=1, prepend=0.0), axis=1)
            return likeliest.astype(np.intp)
        index = np.arange(len(observed))
        upper = was[index, observed]
        lower = np.where(observed > 0, was[index, np.maximum(observed - 1, 0)], 0.0)
        noise = lower + uniform * (upper - lower)
        moved = (noise[:, None] >= now[:, :-1]).sum(axis=1)
        same = (now == was).all(axis=1)
        stayed: Values = np.where(same, observed, moved)
        return stayed.astype(np.intp)

    def gradient(
        self,
        scores: FloatArray,
        now: Mapping[str, Values],
        was: Mapping[str, Values] | None,
        observed: Values | None = None,
    ) -> FloatArray:
        """Differentiate the mean score by the coefficients, shape (width · (levels − 1),).

        Parameters
        ----------
        scores : ndarray, shape (m, levels)
            The prediction at each row if v took each level.
        was : mapping or None
            None when the row's own noise is dropped: the most probable level does not move.
        """
        if was is None:
            return np.zeros(self.coefficients.size)
        (rows_now, by_now), (rows_was, by_was) = self._by_log_odds(scores, now, was)
        total = rows_now.T @ by_now
        total += rows_was.T @ by_was
        out: FloatArray = total.ravel() / len(scores)
        return out

    def row_gradients(
        self,
        scores: FloatArray,
        now: Mapping[str, Values],
        was: Mapping[str, Values] | None,
        observed: Values | None = None,
    ) -> FloatArray:
        """Return what `gradient` gives for each row alone, shape (m, width · (levels − 1))."""
        if was is None:
            return np.zeros((len(scores), self.coefficients.size))
        (rows_now, by_now), (rows_was, by_was) = self._by_log_odds(scores, now, was)
        out = rows_now[:, :, None] * by_now[:, None, :] + rows_was[:, :, None] * by_was[:, None, :]
        return out.reshape(len(scores), -1)

    def _by_log_odds(
        self, scores: FloatArray, now: Mapping[str, Values], was: Mapping[str, Values]
    ) -> tuple[tuple[FloatArray, FloatArray], tuple[FloatArray, FloatArray]]:
        """Return the regressors after and before, each with the change by their log-odds."""
        rows_now, rows_was = self.terms(now), self.terms(was)
        chances_now, chances_was = self._probabilities(rows_now), self._probabilities(rows_was)
        edges_now = np.cumsum(chances_now, axis=1)[:, :-1]
        edges_was = np.cumsum(chances_was, axis=1)[:, :-1]
        # Moving an inner edge of the new partition trades one level's score for the next one's.
        by_edge_now = scores[:, :-1] - scores[:, 1:]
        # Moving an inner edge of the old partition trades the mean scores of its two neighbours.
        means = _interval_means(scores, chances_was, chances_now)
        by_edge_was = means[:, 1:] - means[:, :-1]
        return (
            (rows_now, _by_log_odds(by_edge_now, edges_now, chances_now)),
            (rows_was, _by_log_odds(by_edge_was, edges_was, chances_was)),
        )

    def influences(self, gradients: FloatArray) -> FloatArray:
        """How much each row of the data moves gradient · coefficients.

        Parameters
        ----------
        gradients : ndarray, shape (k, width · (levels − 1))

        Returns
        -------
        ndarray, shape (k, n)
        """
        solved = scipy.linalg.cho_solve(self._information, gradients.T).T
        width, others = self.coefficients.shape
        weights = solved.reshape(len(gradients), width, others)
        n = len(self.column.values)
        out = np.empty((len(gradients), n))
        for rows, alike in self._alike.blocks():
            regressors, levels = self.terms(alike.causes), self.column.values[rows]
            chances = self._probabilities(regressors)
            at = np.arange(len(levels)) if alike.place is None else alike.place
            for place, weight in enumerate(weights):
                by_level = np.zeros_like(chances)
                by_level[:, 1:] = regressors @ weight
                mean = np.einsum("ij,ij->i", by_level, chances)
                out[place, rows] = by_level[at, levels] - mean[at]
        out *= n * float(np.sqrt(n / max(n - self.terms.width, 1)))
        return out

    @cached_property
    def _alike(self) -> AlikeRows:
        return AlikeRows.of(self.parents)

    def _probabilities(self, regressors: FloatArray) -> FloatArray:
        log_odds = np.zeros((len(regressors), len(self.column.levels)))
        log_odds[:, 1:] = regressors @ self.coefficients
        chances: FloatArray = scipy.special.softmax(log_odds, axis=1)
        return chances

    @cached_property
    def _information(self) -> tuple[FloatArray, bool]:
        """Factor of the information matrix of the coefficients in row-major order."""
        n = len(self.column.values)
        rows = np.arange(0, n, max(n // HESSIAN_ROWS, 1))
        alike = AlikeRows.of(self.parents, {p.name: p.values[rows] for p in self.parents})
        regressors = self.terms(alike.causes)
        chances = self._probabilities(regressors)[:, 1:]
        curvature = Curvature(regressors, alike.held(len(rows)) * (n / len(rows)))
        width, others = self.coefficients.shape
        by_level = curvature.at(chances).reshape(others, width, others, width)
        flat = by_level.transpose(1, 0, 3, 2).reshape(width * others, width * others)
        flat[np.diag_indices_from(flat)] += RIDGE + 1e-9 * np.trace(flat) / len(flat)
        factor: tuple[FloatArray, bool] = scipy.linalg.cho_factor(flat, lower=True)
        return factor


def fit_equation(
    column: Column, parents: Sequence[Column], *, keep: Keep | None = None
) -> Equation:
    """Fit one node's structural equation on all rows.

    A numeric node is fitted on the rows where it is present; missing is a level of a category.

    Parameters
    ----------
    keep : mapping of str to ndarray of int, optional
        Codes of parents that an intervention sets: they are never pooled with other levels.
    """
    if column.is_numeric:
        return _fit_numeric(column, tuple(parents), keep)
    return _fit_categorical(column, tuple(parents), keep)


def _fit_numeric(column: Column, parents: tuple[Column, ...], keep: Keep | None) -> NumericEquation:
    present = ~np.isnan(column.values)
    terms = choose_terms(parents, int(present.sum()), keep=keep)
    alike = AlikeRows.of(parents, {p.name: p.values[present] for p in parents})
    # About its own mean: what steadies the intercept must not depend on where a unit starts.
    centre = float(column.values[present].mean())
    about = column.values[present] - centre
    gram, moment = alike.normal_equations(terms(alike.causes), about)
    scaling = np.sqrt(np.where(np.diag(gram) > 0, np.diag(gram), 1.0))
    gram /= np.outer(scaling, scaling)
    gram[np.diag_indices_from(gram)] += np.r_[0.0, np.full(len(gram) - 1, RIDGE / present.sum())]
    gram[np.diag_indices_from(gram)] += 1e-10
    factor = scipy.linalg.cho_factor(gram, lower=True)
    coefficients = scipy.linalg.cho_solve(factor, moment / scaling) / scaling
    coefficients[0] += centre
    return NumericEquation(column, parents, terms, coefficients, factor, scaling)


def _fit_categorical(
    column: Column, parents: tuple[Column, ...], keep: Keep | None
) -> CategoricalEquation:
    levels = len(column.levels)
    terms = choose_terms(parents, len(column.values), levels - 1, keep=keep)
    # Rows that are alike in causes and level count once, and so do regressor rows that are alike.
    rows, weights = distinct_rows([column, *parents])
    regressors = terms({p.name: p.values[rows] for p in parents})[:, 1:]
    if not regressors.shape[1]:  # every level of every parent is rare: shares of the whole
        seen = np.maximum(np.bincount(column.values, minlength=levels), 0.5)
        return CategoricalEquation(column, parents, terms, np.log(seen[1:] / seen[:1])[None])
    places, first = _alike(regressors)
    refuse_endless(column.name, len(first), regressors.shape[1] + 1, levels)
    counts = np.zeros((len(first), levels))
    np.add.at(counts, (places, column.values[rows]), weights)
    regressors, sizes = regressors[first], counts.sum(axis=1)
    centre = np.average(regressors, axis=0, weights=sizes)
    spread = np.sqrt(np.average((regressors - centre) ** 2, axis=0, weights=sizes))
    spread[spread == 0] = 1.0
    standardised = np.column_stack([np.ones(len(regressors)), (regressors - centre) / spread])
    fitted = fit_multinomial(standardised, counts)
    slopes = fitted[1:] / spread[:, None]
    coefficients = np.vstack([fitted[0] - centre @ slopes, slopes])
    return CategoricalEquation(column, parents, terms, coefficients)


def _alike(regressors: FloatArray) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """Return the number of each row among the distinct ones, and one row of each."""
    packed = np.ascontiguousarray(regressors)
    as_bytes = packed.view(np.dtype((np.void, packed.itemsize * packed.shape[1]))).ravel()
    _, first, places = np.unique(as_bytes, return_index=True, return_inverse=True)
    return places, first


def _by_log_odds(by_edge: FloatArray, edges: FloatArray, chances: FloatArray) -> FloatArray:
    """Turn derivatives by cumulative probabilities into ones by log-odds of levels 1 and up."""
    out = np.empty((len(edges), chances.shape[1] - 1))
    weighted = by_edge * edges
    everything = weighted.sum(axis=1)
    for level in range(1, chances.shape[1]):
        above = by_edge[:, level:].sum(axis=1) if level < by_edge.shape[1] else 0.0
        out[:, level - 1] = chances[:, level] * (above - everything)
    return out


def _interval_means(scores: FloatArray, was: FloatArray, now: FloatArray) -> FloatArray:
    """Mean new score of rows that were at each level, shape (m, levels)."""
    upper_was, upper_now = np.cumsum(was, axis=1), np.cumsum(now, axis=1)
    lower_was, lower_now = upper_was - was, upper_now - now
    high = np.minimum(upper_was[:, :, None], upper_now[:, None, :])
    low = np.maximum(lower_was[:, :, None], lower_now[:, None, :])
    overlap = np.maximum(high - low, 0.0)
    weight = overlap.sum(axis=2)
    means: FloatArray = np.einsum("ivl,il->iv", overlap, scores)
    out: FloatArray = np.divide(means, weight, out=np.zeros_like(means), where=weight > 0)
    return out
