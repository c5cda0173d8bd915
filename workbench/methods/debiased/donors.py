"""Which rows lend their noise to a mediator that is drawn again.

Any row may give its noise to any other that is like it in what a feature is adjusted for: noise may
go with that, and the simulated effect, in which every row keeps its own, averages over it as it is.
Which row gives to which is drawn, so that each gets noise of the same distribution. But it is not
drawn row by row. Rows that are alike, in the feature too, are ranked by their predictions; such a
cell gives noise of every rank and gets noise of every rank, and a row's second draw has the
opposite rank of its first. So luck in the draws cancels within few rows.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from workbench.common.arrays import FloatArray, Positions
from workbench.tables.columns import Column

__all__ = ["donors"]


def donors(
    features: Sequence[Column],
    given: Sequence[Column],
    predictions: FloatArray,
    *,
    times: int,
    seed: int,
) -> list[Positions]:
    """Draw for every row the rows whose noise it takes; each gives its noise once per draw.

    Parameters
    ----------
    features : sequence of Column
        What keeps its value while the mediators are drawn again.
    given : sequence of Column
        What it is adjusted for, without these features.
    predictions : ndarray, shape (n,)
    times : int
        How many draws.

    Examples
    --------
    >>> from workbench.tables.columns import encode_column
    >>> rng = np.random.default_rng(0)
    >>> x, z, y = rng.normal(size=(3, 1000))
    >>> x, z = (encode_column(name, pd.Series(v)) for name, v in (("x", x), ("z", z)))
    >>> one, other = donors([x], [z], y, times=2, seed=0)
    >>> near = np.corrcoef(z.values, z.values[one])[0, 1]
    >>> np.array_equal(np.sort(one), np.arange(1000)), bool(near > 0.9)
    (True, True)
    """
    n = len(predictions)
    rng = np.random.default_rng([seed, 20])
    side = max(round(n ** (1 / 3)), 1)
    pools = _cut(np.zeros(n, dtype=np.intp), given, predictions, side)
    pieces = n / (side * (pools.max() + 1))
    cells = _cut(pools, features, predictions, round(pieces))
    gives, takes = (_ranks(cells, by, rng) for by in (predictions, rng.random(n)))
    drawn = []
    for turn in range(times):
        wanted = 1 - takes if turn % 2 else takes
        givers, takers = (
            np.lexsort((rng.random(n), np.floor(ranks * side), pools)) for ranks in (gives, wanted)
        )
        out = np.empty(n, dtype=np.intp)
        out[takers] = givers
        drawn.append(out)
    return drawn


def _cut(
    cells: npt.NDArray[np.intp], columns: Sequence[Column], predictions: FloatArray, pieces: int
) -> npt.NDArray[np.intp]:
    """Cut every cell in about so many by some columns; rows of one value stay together.

    Each column cuts in two at least. Where there are too many, those come first that predictions go
    with most.
    """
    values = [_in_order(column, predictions) for column in columns]
    ranks = [pd.Series(v).rank().to_numpy() for v in values if np.ptp(v) > 0]
    ranks.sort(key=lambda rank: -abs(np.cov(rank, predictions)[0, 1]) / rank.std())
    used = ranks[: int(np.log2(max(pieces, 1)))]
    for by in used:
        each = round(pieces ** (1 / len(used)))
        share = pd.Series(by).groupby(cells).rank(pct=True).to_numpy()
        cells = cells * each + np.ceil(share * each).astype(np.intp) - 1
    return np.unique(cells, return_inverse=True)[1].astype(np.intp)


def _in_order(column: Column, predictions: FloatArray) -> FloatArray:
    """Write a column as a number: gaps lowest, categories by their mean prediction."""
    if column.is_numeric:
        lowest = float(np.nanmin(column.values)) if len(column.values) else 0.0
        return np.where(np.isnan(column.values), lowest - 1.0, column.values)
    rows = np.maximum(np.bincount(column.values, minlength=len(column.levels)), 1)
    summed = np.bincount(column.values, predictions, minlength=len(column.levels))
    means: FloatArray = summed / rows
    return means[column.values]


def _ranks(cells: npt.NDArray[np.intp], by: FloatArray, rng: np.random.Generator) -> FloatArray:
    """Say where each row stands among those of its cell, between 0 and 1."""
    grouped = pd.Series(by).groupby(cells)
    rank = grouped.rank(method="first").to_numpy() - rng.random(len(by))
    out: FloatArray = rank / np.bincount(cells)[cells]
    return out
