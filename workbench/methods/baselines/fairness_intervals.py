"""Bootstrap intervals of group fairness metrics, from counts of group × outcome × decision.

The metrics are functions of that table alone, so that drawing it from a multinomial distribution
says what drawing rows would say, much sooner. The values themselves are AIF360's.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from workbench.common.arrays import FloatArray, Positions

__all__ = [
    "UNRECORDED",
    "drawn_tables",
    "interval_of",
    "metrics_of_tables",
    "recorded_of_tables",
]

UNRECORDED = 2
"""The outcome's code where none was recorded, after 0 and 1."""


def drawn_tables(table: Positions, resamples: int, rng: np.random.Generator) -> Positions:
    """Draw tables of as many rows, each row's cell as often as the table holds it."""
    n = int(table.sum())
    draws = resamples if n else 0
    shares = table.ravel() / max(n, 1)
    return rng.multinomial(n, shares, size=draws).reshape(-1, *table.shape)


def interval_of(
    metrics: Callable[[Positions], FloatArray], table: Positions, drawn: Positions
) -> tuple[FloatArray, FloatArray]:
    """95 % percentile interval of each metric; draws in which a metric has no value drop."""
    observed, values = metrics(table[None])[0], metrics(drawn)
    low, high = np.full((2, len(observed)), np.nan)
    for m in np.flatnonzero(~np.isnan(observed) & (len(drawn) > 0)):
        known = values[~np.isnan(values[:, m]), m]
        low[m], high[m] = np.quantile(known, [0.025, 0.975])
    return low, high


def metrics_of_tables(tables: Positions) -> FloatArray:
    """Compute the four metrics of many tables at once.

    Parameters
    ----------
    tables : ndarray, shape (draws, 2, 3, 2)
        Counts by privileged × outcome (0, 1, unrecorded) × decision.

    Returns
    -------
    ndarray, shape (draws, 4)
        In the order of ``METRICS``; NaN where a rate has no rows.

    Examples
    --------
    >>> table = [[[3, 1], [2, 2], [0, 0]], [[2, 2], [1, 3], [0, 0]]]
    >>> metrics_of_tables(np.array([table])).tolist()
    [[-0.25, 0.6, -0.25, -0.25]]
    """
    selected = _rate(tables[..., 1].sum(axis=2), tables.sum(axis=(2, 3)))
    by_outcome = _rate(tables[:, :, :2, 1], tables[:, :, :2].sum(axis=3))
    odds = by_outcome[:, 0] - by_outcome[:, 1]
    ratio = _rate(selected[:, 0], selected[:, 1])
    return np.column_stack([selected[:, 0] - selected[:, 1], ratio, odds[:, 1], odds.mean(axis=1)])


def recorded_of_tables(tables: Positions) -> FloatArray:
    """Compute the metrics of the recorded outcome itself, as if it were what was decided."""
    decided = np.zeros_like(tables)
    decided[:, :, UNRECORDED] = tables[:, :, :UNRECORDED].sum(axis=3)
    return metrics_of_tables(decided)


def _rate(part: npt.NDArray[Any], whole: npt.NDArray[Any]) -> FloatArray:
    rates = np.full(np.shape(whole), np.nan)
    np.divide(part, whole, out=rates, where=np.asarray(whole) != 0)
    return rates
