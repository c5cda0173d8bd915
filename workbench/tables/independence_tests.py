"""Are two columns independent given others? Tests on blocks of any kind of column.

A number is its normal scores, a category the indicators of its levels; Wilks' lambda of the blocks
with Bartlett's approximation. For two numbers this is the partial correlation test.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pandas as pd
import scipy

from workbench.common.arrays import FloatArray
from workbench.common.errors import DataError
from workbench.tables.column_bases import column_basis
from workbench.tables.columns import Column, encode_column

__all__ = ["BlockTest", "block_of", "implied_independences", "usable_rows"]


MIN_ROWS = 50
RARE_SHARE = 0.01
"""Levels held by a smaller share of the rows are tested together."""


def usable_rows(data: pd.DataFrame, max_rows: int, seed: int) -> tuple[pd.DataFrame, list[str]]:
    """Return the rows without a missing number, at most `max_rows` of them, and what was done.

    Raises
    ------
    DataError
        When fewer than 50 rows are left.
    """
    notes = []
    numeric = data.select_dtypes("number")
    complete = numeric.notna().all(axis=1).to_numpy()
    table = data[complete]
    if left_out := len(data) - len(table):
        notes.append(f"{left_out:,} of {len(data):,} rows miss a number and were left out.")
    if len(table) > max_rows:
        notes.append(f"A sample of {max_rows:,} of {len(table):,} rows was used.")
        rows = np.random.default_rng(seed).choice(len(table), max_rows, replace=False)
        table = table.iloc[np.sort(rows)]
    if len(table) < MIN_ROWS:
        raise DataError(
            f"{len(table)} rows without a missing number are too few to learn a graph from; "
            f"it takes at least {MIN_ROWS}."
        )
    return table, notes


def block_of(column: Column) -> FloatArray:
    """Standardised columns, shape (n, k), whose linear relations stand for the column's own."""
    if column.is_numeric:
        ranks = scipy.stats.rankdata(column.values)
        block = scipy.stats.norm.ppf(ranks / (len(ranks) + 1))[:, None]
    else:
        counts = column.counts()
        common = counts >= RARE_SHARE * counts.sum()
        common[counts.argmax()] = False  # the reference level
        block = (column.values[:, None] == np.flatnonzero(common)).astype(np.float64)
        rare = 1 - block.sum(axis=1) - (column.values == counts.argmax())
        if rare.any():
            block = np.column_stack([block, rare])
    centred = block - block.mean(axis=0)
    return np.asarray(centred / centred.std(axis=0), dtype=np.float64)


class BlockTest:
    """P-values for independence of two blocks given others, from one correlation matrix."""

    def __init__(self, blocks: Sequence[FloatArray]) -> None:
        ends = np.cumsum([0, *(block.shape[1] for block in blocks)])
        self.places = [np.arange(a, b) for a, b in pairwise(ends)]
        stacked = np.hstack(blocks)
        self.n_rows = len(stacked)
        # The tiny ridge keeps columns that determine each other from dividing by zero.
        self.correlation = stacked.T @ stacked / self.n_rows + 1e-8 * np.eye(stacked.shape[1])
        self.seen: dict[tuple[int, int, tuple[int, ...]], float] = {}

    def __call__(self, x: int, y: int, given: Sequence[int] | None = None) -> float:
        """Return the p-value of "blocks x and y are independent given these others"."""
        key = (min(x, y), max(x, y), tuple(sorted(int(z) for z in given or ())))
        if key not in self.seen:
            self.seen[key] = self._p_value(*key)
        return self.seen[key]

    def _rest(self, x: int, y: int, given: Sequence[int]) -> FloatArray:
        """Return the correlations of two blocks that others leave."""
        pair = np.concatenate([self.places[x], self.places[y]])
        rest: FloatArray = self.correlation[np.ix_(pair, pair)]
        if given:
            z = np.concatenate([self.places[i] for i in given])
            cross = self.correlation[np.ix_(z, pair)]
            rest = rest - cross.T @ np.linalg.solve(self.correlation[np.ix_(z, z)], cross)
        return rest

    def _p_value(self, x: int, y: int, given: tuple[int, ...]) -> float:
        p, q = len(self.places[x]), len(self.places[y])
        n_given = sum(len(self.places[i]) for i in given)
        rest = self._rest(x, y, given)
        log_lambda = (
            np.linalg.slogdet(rest)[1]
            - np.linalg.slogdet(rest[:p, :p])[1]
            - np.linalg.slogdet(rest[p:, p:])[1]
        )
        freedom = self.n_rows - 1 - n_given - (p + q + 1) / 2
        return float(scipy.stats.chi2.sf(-freedom * log_lambda, p * q))

    def correlation_left(self, x: int, y: int, given: Sequence[int]) -> float:
        """Return the largest canonical correlation of two blocks given others, from 0 to 1."""
        p = len(self.places[x])
        rest = self._rest(x, y, given)
        one, other = (np.linalg.cholesky(part) for part in (rest[:p, :p], rest[p:, p:]))
        across = np.linalg.solve(other, np.linalg.solve(one, rest[:p, p:]).T)
        return float(min(np.linalg.svd(across, compute_uv=False)[0], 1.0))


def implied_independences(
    data: pd.DataFrame,
    claims: Sequence[tuple[str, str, tuple[str, ...]]],
    *,
    max_rows: int = 10_000,
    seed: int = 0,
) -> list[tuple[float, float]]:
    """Test independences that a graph claims.

    Parameters
    ----------
    data : DataFrame
        At least 50 rows without a missing number.
    claims : sequence of (x, y, given)
        As :meth:`workbench.graph.causal_graph.CausalGraph.testable_implications` gives them.
    max_rows : int, default 10,000
        A random sample of this size is used where there are more.

    Returns
    -------
    list of (p-value, largest canonical correlation that is left)
        Not corrected for their number.

    Raises
    ------
    DataError
        When too few rows are left.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> a = rng.normal(size=400)
    >>> frame = pd.DataFrame({"a": a, "b": a + rng.normal(size=400), "c": rng.normal(size=400)})
    >>> (p_ab, _), (p_ac, _) = implied_independences(frame, [("a", "b", ()), ("a", "c", ())])
    >>> p_ab < 0.001 < 0.05 < p_ac
    True
    """
    names = list(dict.fromkeys(name for x, y, given in claims for name in (x, y, *given)))
    table, _ = usable_rows(data[names], max_rows, seed)
    columns = [encode_column(name, table[name]) for name in names]
    varying = [column for column in columns if not column.is_constant]
    place = {column.name: i for i, column in enumerate(varying)}
    # What is given is held fixed as a curve: a line would leave part of its influence behind.
    blocks = [block_of(column) for column in varying]
    test = BlockTest([*blocks, *map(_curve, varying)])
    found = []
    for x, y, given in claims:
        if x not in place or y not in place:
            found.append((1.0, 0.0))  # what does not vary depends on nothing
            continue
        known = [len(varying) + place[name] for name in given if name in place]
        p_value = test(place[x], place[y], known)
        found.append((p_value, test.correlation_left(place[x], place[y], known)))
    return found


def _curve(column: Column) -> FloatArray:
    """Standardised spline of a number, shape (n, k); the indicators of a category."""
    block = block_of(column)
    if not column.is_numeric:
        return block
    curve = column_basis(column, "flexible")(column.values)
    curve = curve[:, curve.std(axis=0) > 0]
    return np.column_stack([block, (curve - curve.mean(axis=0)) / curve.std(axis=0)])
