"""An equation of a number of which many rows hold its lowest value, or its highest.

No one knows how many hours someone without a job works, and a cut-off piles up what lies beyond
it. A mean and a spread cannot say this: a smooth change of causes moves rows on and off the pile.
So the equation has two parts. A logistic regression says how likely the pile is; a regression as
of any other number (:mod:`location_scale`) says where the rows off it are. A row's noise is its
rank among rows with the same causes, the pile at one end. Ranks off the pile are read among rows
with a like chance of the pile: where little is cut off the noise has another shape than where
much is.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from workbench.common.arrays import FloatArray
from workbench.methods.debiased.location_scale import LocationScaleEquation, fit_location_scale
from workbench.methods.estimator import Residuals
from workbench.methods.fuzzing.equation import Equation, Keep
from workbench.methods.fuzzing.equations import CategoricalEquation, fit_equation
from workbench.tables.columns import Column, Values, encode_column

__all__ = ["PiledUpEquation", "fit_number", "pile_of"]


LEAST_SHARE = 0.05
"""Share of the rows that a pile holds at least."""
BESIDE = 3.0
"""A pile holds so many times the rows of the value next to it: counts taper off, and are none."""
LEAST_ROWS = 100
"""Rows there must be on the pile, and off it."""
LEAST_VALUES = 10
"""Different values there must be off the pile."""
ROWS_PER_GROUP = 100
"""Rows whose noise is ranked together, at least."""
MOST_GROUPS = 12
_SIDES: tuple[Literal["left"], Literal["right"]] = ("left", "right")


@dataclass(frozen=True, eq=False)
class _Noise:
    """Noise of the rows off the pile, by how likely being off it was."""

    edges: FloatArray
    sorted: tuple[FloatArray, ...]

    @classmethod
    def of(cls, chances: FloatArray, noise: FloatArray) -> _Noise:
        groups = int(np.clip(len(noise) // ROWS_PER_GROUP, 1, MOST_GROUPS))
        edges = np.unique(np.quantile(chances, np.arange(1, groups) / groups))
        place = np.searchsorted(edges, chances, side="right")
        filled = [np.sort(noise[place == group]) for group in range(len(edges) + 1)]
        return cls(edges, tuple(part if len(part) else np.sort(noise) for part in filled))

    def ranks(self, chances: FloatArray, noise: FloatArray) -> FloatArray:
        """Share of like rows with less noise, half of its equals among them."""
        out = np.empty(len(noise))
        for here, seen in self._groups(chances):
            less, most = (np.searchsorted(seen, noise[here], side) for side in _SIDES)
            out[here] = (less + most) / (2 * len(seen))
        return out

    def at(self, chances: FloatArray, ranks: FloatArray) -> FloatArray:
        """Return the noise of a rank: a row's own, where its causes are its own."""
        out = np.empty(len(ranks))
        for here, seen in self._groups(chances):
            place = np.floor(ranks[here] * len(seen)).astype(np.intp)
            out[here] = seen[np.clip(place, 0, len(seen) - 1)]
        return out

    def _groups(self, chances: FloatArray) -> Iterator[tuple[npt.NDArray[np.bool_], FloatArray]]:
        place = np.searchsorted(self.edges, chances, side="right")
        for group, seen in enumerate(self.sorted):
            yield place == group, seen


@dataclass(frozen=True, eq=False)
class PiledUpEquation:
    """v = pile, or H(parents) + S(parents) · noise.

    Attributes
    ----------
    column : Column
        The node's own column.
    parents : tuple of Column
    pile : float
        The value that many rows hold: the column's lowest or its highest.
    chance : CategoricalEquation
        Of which rows are off the pile; fitted on the rows where the node is present.
    rest : LocationScaleEquation
        Of the rows off the pile.
    """

    column: Column
    parents: tuple[Column, ...]
    pile: float
    chance: CategoricalEquation
    rest: LocationScaleEquation
    noise: _Noise

    is_random = True

    def expected(self, parents: Mapping[str, Values]) -> FloatArray:
        """Chance of being off the pile, then H less its centre and S, shape (m, 3)."""
        off = 1.0 - self.chance.expected(parents)[:, :1]
        return np.hstack([off, self.rest.expected(parents)])

    def move(
        self,
        observed: Values,
        was: FloatArray,
        now: FloatArray,
        uniform: FloatArray,
        residuals: Residuals,
    ) -> Values:
        """Carry a row's rank over from causes that gave `was` to causes that give `now`.

        A row on the pile has a rank drawn from the pile's own, by `uniform`; dropping the noise
        gives the mean.
        """
        if residuals == "drop":
            mean = self.pile + now[:, 0] * (self.rest.centre + now[:, 1] - self.pile)
            mean = np.where(np.isnan(observed), np.nan, mean)
            return np.clip(mean, self.column.low, self.column.high)
        off = observed != self.pile
        # Counted from the pile's end: the pile's ranks are those below 1 − chance of being off it.
        rank = uniform * (1.0 - was[:, 0])
        noise = (observed[off] - self.rest.centre - was[off, 1]) / was[off, 2]
        among = self._from_pile(self.noise.ranks(was[off, 0], noise))
        rank[off] = 1.0 - was[off, 0] * (1.0 - among)
        out = np.full(len(observed), self.pile)
        leaves = rank >= 1.0 - now[:, 0]
        left = np.maximum(now[leaves, 0], np.finfo(float).tiny)
        among = self._from_pile(1.0 - np.minimum((1.0 - rank[leaves]) / left, 1.0))
        noise = self.noise.at(now[leaves, 0], among)
        found = self.rest.centre + now[leaves, 1] + now[leaves, 2] * noise
        if self.column.integer:
            # Another number of the same fixed kind, since the row's own chose its rank.
            found = np.floor(found + np.modf(uniform[leaves] * 997.0)[0])
        out[leaves] = np.clip(found, self.column.low, self.column.high)
        stays = (now == was).all(axis=1) | np.isnan(observed)
        return np.where(stays, observed, out)

    def gradient(
        self,
        response: FloatArray,
        now: Mapping[str, Values],
        was: Mapping[str, Values] | None,
        observed: Values,
    ) -> FloatArray:
        """Differentiate the mean of response · v by the chance's coefficients, then by the rest's.

        The noise's shape counts as known.
        """
        after = self.expected(now)
        height = self._height(after)
        by_chance = self.chance.gradient(self._scores(response, height), now, was, observed)
        if was is None:
            # The mean was taken, which goes with the chance whatever a row was.
            slope = response * height * after[:, 0] * (1.0 - after[:, 0])
            by_chance = self.chance.terms.summed(now, slope) / len(slope)
        by_rest = self._by_rest(response, now, was, observed, after[:, 0])
        return np.concatenate([by_chance, by_rest])

    def row_gradients(
        self,
        response: FloatArray,
        now: Mapping[str, Values],
        was: Mapping[str, Values] | None,
        observed: Values,
    ) -> FloatArray:
        """Return what `gradient` gives for each row alone, shape (m, k)."""
        after = self.expected(now)
        height, chance = self._height(after), after[:, 0]
        if was is None:
            slope = response * height * chance * (1.0 - chance)
            by_chance = slope[:, None] * self.chance.terms(now)
            by_rest = self.rest.row_gradients(response * chance, now, None, observed)
            return np.column_stack([by_chance, by_rest])
        scores = self._scores(response, height)
        by_chance = self.chance.row_gradients(scores, now, was, observed)
        off, staying, coming = self._ways(response, was, observed, chance)
        # A row alone brings no noise of other rows.
        by_rest = self.rest.row_gradients(staying, now, was, np.where(off, observed, np.nan))
        by_rest += self.rest.row_gradients(coming, now, None, observed)
        return np.column_stack([by_chance, by_rest])

    def _height(self, after: FloatArray) -> FloatArray:
        return np.asarray(self.rest.centre + after[:, 1] - self.pile)

    @staticmethod
    def _scores(response: FloatArray, height: FloatArray) -> FloatArray:
        """Return what being on the pile and off it does to the prediction, shape (m, 2)."""
        return response[:, None] * np.column_stack([np.zeros(len(height)), height])

    def _ways(
        self, response: FloatArray, was: Mapping[str, Values], observed: Values, after: FloatArray
    ) -> tuple[npt.NDArray[np.bool_], FloatArray, FloatArray]:
        """Return who is off the pile, and the response as far as rows stay off it or come there."""
        before = self.expected(was)[:, 0]
        off = observed != self.pile
        # A row off the pile brings its own noise. One that leaves the pile gets that of such rows,
        # which is lower by what their causes say.
        stays = np.minimum(1.0, after / np.maximum(before, np.finfo(float).tiny))
        comes = np.maximum(after - before, 0.0) / np.maximum(1.0 - before, np.finfo(float).tiny)
        return off, response * stays * off, response * comes * ~off

    def _by_rest(
        self,
        response: FloatArray,
        now: Mapping[str, Values],
        was: Mapping[str, Values] | None,
        observed: Values,
        after: FloatArray,
    ) -> FloatArray:
        if was is None:
            return self.rest.gradient(response * after, now, None, observed)
        off, staying, coming = self._ways(response, was, observed, after)
        out = self.rest.gradient(staying, now, was, np.where(off, observed, np.nan))
        out = out + self.rest.gradient(coming, now, None, observed)
        if off.any():
            lower = np.where(off, coming.sum() / off.sum(), 0.0)
            out = out - self.rest.gradient(lower, was, None, observed)
        return out

    def influences(self, gradients: FloatArray) -> FloatArray:
        """How much each row of the data moves gradient · estimate, shape (k, n)."""
        split = self.chance.terms.width
        out = self.rest.influences(np.ascontiguousarray(gradients[:, split:]))
        present = ~np.isnan(self.column.values)
        share = float(present.mean())
        out[:, present] += self.chance.influences(gradients[:, :split]) / share
        return out

    def _from_pile(self, ranks: FloatArray) -> FloatArray:
        return ranks if self.pile == self.column.low else 1.0 - ranks


def fit_number(column: Column, parents: Sequence[Column], *, keep: Keep | None = None) -> Equation:
    """Fit a number's equation, in two parts where many rows hold its lowest or highest value.

    Parameters
    ----------
    keep : mapping of str to ndarray, optional
        Encoded levels of parents that an intervention sets.
    """
    pile = pile_of(column)
    if pile is None:
        return fit_location_scale(column, parents, keep=keep)
    present = ~np.isnan(column.values)
    off = column.values != pile
    flag = encode_column(column.name, pd.Series(off[present].astype(int)), category=True)
    causes = [replace(p, values=p.values[present]) for p in parents]
    chance = fit_equation(flag, causes, keep=keep)
    assert isinstance(chance, CategoricalEquation)
    # Kept within the whole column's range.
    rest = fit_location_scale(
        replace(column, values=np.where(off, column.values, np.nan)), parents, keep=keep
    )
    seen = off & present
    at = {p.name: p.values[seen] for p in parents}
    likely = 1.0 - chance.expected(at)[:, 0]
    expected = rest.expected(at)
    noise = (column.values[seen] - rest.centre - expected[:, 0]) / expected[:, 1]
    return PiledUpEquation(column, tuple(parents), pile, chance, rest, _Noise.of(likely, noise))


def pile_of(column: Column) -> float | None:
    """Return the lowest or highest value of a number where many rows hold it, else None.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> cut = pd.Series(np.maximum(rng.normal(size=1000), 0.0))
    >>> pile_of(encode_column("v", cut)), pile_of(encode_column("v", -1.0 - cut))
    (0.0, -1.0)
    >>> pile_of(encode_column("v", pd.Series(rng.poisson(1.3, 1000)))) is None
    True
    """
    values, rows = np.unique(column.values[~np.isnan(column.values)], return_counts=True)
    n = int(rows.sum())
    if len(values) <= LEAST_VALUES or n < 2 * LEAST_ROWS:
        return None
    end, beside = (0, 1) if rows[0] >= rows[-1] else (-1, -2)
    enough = max(LEAST_SHARE * n, LEAST_ROWS, BESIDE * rows[beside])
    return float(values[end]) if enough <= rows[end] <= n - LEAST_ROWS else None
