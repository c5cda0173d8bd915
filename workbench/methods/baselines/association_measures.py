"""Measures of association as smooth functions of means: their errors follow by the delta method."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import scipy

from workbench.common.arrays import FloatArray
from workbench.methods.subgroup_search import Statistic

__all__ = ["correlation", "correlation_ratio_squared", "mutual_information"]


def correlation(x: FloatArray, y: FloatArray) -> Statistic:
    """Return Pearson's correlation of two numbers, of which `x` may be missing where not asked."""
    return Statistic(_products(x, y), _correlation)


def mutual_information(
    levels: npt.NDArray[np.intp], positive: npt.NDArray[np.bool_], n_levels: int
) -> Statistic:
    """Return the mutual information of category and decision over the smaller entropy (NMI)."""
    cells = np.eye(2 * n_levels)[levels * 2 + positive]
    return Statistic(cells, _nmi, _chance)


def correlation_ratio_squared(
    levels: npt.NDArray[np.intp], y: FloatArray, n_levels: int
) -> Statistic:
    """Return the share of the variance of a number `y`, standardised, that a category explains."""
    member = np.eye(n_levels)[levels]
    return Statistic(np.column_stack([member, member * y[:, None], y * y]), _ratio_squared)


def _products(x: FloatArray, y: FloatArray) -> FloatArray:
    """Return x, y, their squares and product, centred and scaled so that nothing cancels."""
    parts = []
    for values in (x, y):
        spread = float(np.nanstd(values)) or 1.0
        parts.append(np.nan_to_num((values - np.nanmean(values)) / spread))
    a, b = parts
    return np.column_stack([a, b, a * a, b * b, a * b])


def _correlation(m: FloatArray) -> FloatArray:
    across = m[..., 4] - m[..., 0] * m[..., 1]
    spread = (m[..., 2] - m[..., 0] ** 2) * (m[..., 3] - m[..., 1] ** 2)
    return np.where(spread > 1e-12, across / np.sqrt(np.maximum(spread, 1e-12)), 0.0)


def _entropy(shares: FloatArray) -> FloatArray:
    found: FloatArray = -scipy.special.xlogy(shares, np.maximum(shares, 0.0)).sum(axis=-1)
    return found


def _nmi(m: FloatArray) -> FloatArray:
    cells = np.maximum(m, 0.0).reshape(*m.shape[:-1], -1, 2)
    levels, decisions = _entropy(cells.sum(axis=-1)), _entropy(cells.sum(axis=-2))
    shared = levels + decisions - _entropy(cells.reshape(*m.shape[:-1], -1))
    least = np.minimum(levels, decisions)
    return np.where(least > 1e-9, shared / np.maximum(least, 1e-9), 0.0)


def _chance(shares: FloatArray, n: int) -> tuple[float, float]:
    """Return mean and variance of the NMI of n rows where nothing is associated."""
    cells = shares.reshape(-1, 2)
    levels, decisions = cells.sum(axis=1), cells.sum(axis=0)
    least = float(min(_entropy(levels), _entropy(decisions)))
    freedom = max(int((levels > 0).sum()) - 1, 0) * max(int((decisions > 0).sum()) - 1, 0)
    if least <= 1e-9:
        return 0.0, 0.0
    return freedom / (2 * n) / least, 2 * freedom / (2 * n * least) ** 2


def _ratio_squared(m: FloatArray) -> FloatArray:
    size = (m.shape[-1] - 1) // 2
    shares, sums, square = m[..., :size], m[..., size : 2 * size], m[..., -1]
    mean = sums.sum(axis=-1)
    between = np.where(shares > 1e-12, sums**2 / np.maximum(shares, 1e-12), 0.0).sum(axis=-1)
    found: FloatArray = (between - mean**2) / np.maximum(square - mean**2, 1e-12)
    return found
