"""The effects at single rows, summed up so that a report can be passed on without its rows.

What is kept is about groups of at least five rows: no smallest and no largest value, quantiles
only where five rows lie on either side, and a histogram whose first and last bin take in
everything beyond. Bins in between may hold fewer rows; they carry no label and no feature.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
import pandas as pd

from workbench.common.arrays import FloatArray
from workbench.methods.estimator import Estimator

__all__ = ["FEWEST", "MOST_BINS", "QUANTILES", "PartSummary", "RowSummary", "summarise_part"]


QUANTILES = (0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99)
"""Shares of the rows that lie below the quantiles of a summary."""
FEWEST = 5
"""Rows behind every number at the ends of a distribution."""
MOST_BINS = 40
TAIL = 0.005
"""Share of the rows on either side that the first and the last bin take in."""


@dataclass(frozen=True)
class PartSummary:
    """How one kind of effect is spread over the rows.

    Attributes
    ----------
    part : {"total", "direct", "indirect"}
    mean, mean_abs : float
        Mean of the row effects, and of their sizes, which do not cancel.
    quantiles : mapping of float to float
        By the share of rows below, for instance 0.05; those that fewer than five rows would
        show are left out.
    above, within, below : float
        Shares of the rows whose effect lies above +τ, within ±τ, below −τ.
    edges : tuple of float, length bins + 1
        Equally wide bins, at most 40, one of them around 0; ±τ are edges unless τ is much
        smaller than the effects. Two equal edges when every row has the same effect; empty for
        fewer than ten rows.
    counts : tuple of int, length bins
        Rows per bin; the first and the last take in the rows beyond.
    """

    part: str
    mean: float
    mean_abs: float
    quantiles: Mapping[float, float]
    above: float
    within: float
    below: float
    edges: tuple[float, ...]
    counts: tuple[int, ...]

    @property
    def is_constant(self) -> bool:
        """Whether every row has the same effect."""
        return len(self.edges) == 2 and self.edges[0] == self.edges[1]


@dataclass(frozen=True)
class RowSummary:
    """The distribution of the row effects behind an average.

    Attributes
    ----------
    feature : str
    estimator : Estimator
    intervention : str
    n_rows : int
    threshold : float
        τ, in the unit of the prediction.
    total, direct, indirect : PartSummary
    """

    feature: str
    estimator: Estimator
    intervention: str
    n_rows: int
    threshold: float
    total: PartSummary
    direct: PartSummary
    indirect: PartSummary

    def parts(self) -> Iterator[PartSummary]:
        """Iterate over total, direct and indirect."""
        yield from (self.total, self.direct, self.indirect)

    def to_frame(self) -> pd.DataFrame:
        """Return one row per part.

        Returns
        -------
        DataFrame
            Columns feature, estimator, part, n_rows, mean, mean_abs, below, within, above, then
            one per quantile ("q01" … "q99"), NaN where too few rows are behind it.
        """
        return pd.DataFrame(
            [
                {
                    "feature": self.feature,
                    "estimator": self.estimator.label,
                    "part": part.part,
                    "n_rows": self.n_rows,
                    "mean": part.mean,
                    "mean_abs": part.mean_abs,
                    "below": part.below,
                    "within": part.within,
                    "above": part.above,
                }
                | {f"q{100 * q:02.0f}": part.quantiles.get(q, math.nan) for q in QUANTILES}
                for part in self.parts()
            ]
        )

    def histogram(self, part: str = "total") -> pd.DataFrame:
        """Return the bins of one part: low, high, rows."""
        chosen = {p.part: p for p in self.parts()}[part]
        edges = np.asarray(chosen.edges, dtype=float)
        return pd.DataFrame(
            {"low": edges[:-1], "high": edges[1:], "rows": np.asarray(chosen.counts, dtype=int)}
        )


def summarise_part(
    part: str, values: FloatArray, sizes: FloatArray, threshold: float
) -> PartSummary:
    """Sum up the effects of one kind at the rows.

    Parameters
    ----------
    part : {"total", "direct", "indirect"}
    values : ndarray, shape (rows of T,)
        Means over the draws of the intervention.
    sizes : ndarray, shape (rows of T,)
        Means over the draws of the absolute values.
    threshold : float
        τ > 0.

    Examples
    --------
    >>> found = summarise_part("total", np.linspace(-0.1, 0.1, 101), np.zeros(101), 0.02)
    >>> round(found.above, 3), round(found.quantiles[0.25], 3), 0.01 in found.quantiles
    (0.396, -0.05, False)
    """
    n = len(values)
    known = [q for q in QUANTILES if n * min(q, 1 - q) >= FEWEST]
    edges, counts = _histogram(values, threshold)
    above, below = int(np.sum(values > threshold)), int(np.sum(values < -threshold))
    return PartSummary(
        part,
        float(values.mean()),
        float(sizes.mean()),
        MappingProxyType(dict(zip(known, np.quantile(values, known).tolist(), strict=True))),
        above / n,
        (n - above - below) / n,
        below / n,
        edges,
        counts,
    )


def _histogram(values: FloatArray, threshold: float) -> tuple[tuple[float, ...], tuple[int, ...]]:
    n = len(values)
    low, high = float(values.min()), float(values.max())
    rounding = 1e-9 * max(abs(low), abs(high), threshold)
    if high - low <= rounding:
        middle = float(values.mean()) if low != high else low
        return (middle, middle), (n,)
    if n < 2 * FEWEST:
        return (), ()
    beyond = max(FEWEST, math.ceil(TAIL * n)) - 1
    ordered = np.partition(values, [beyond, n - 1 - beyond])
    low, high = float(ordered[beyond]), float(ordered[n - 1 - beyond])
    spread = high - low if high - low > rounding else 0.0
    step = _step(spread / (MOST_BINS - 2), threshold)
    first, last = math.floor(low / step + 0.5), math.floor(high / step + 0.5)
    edges = (np.arange(first, last + 2) - 0.5) * step
    counts, _ = np.histogram(np.clip(values, edges[0], edges[-1]), edges)
    return tuple(edges.tolist()), tuple(counts.tolist())


def _step(least: float, threshold: float) -> float:
    """Choose a bin's width: the smallest from `least` on that is an odd part or multiple of 2τ.

    One bin is then centred at 0, where unmoved rows stand, and ±τ are edges as long as the width
    is at most 2τ.
    """
    whole = 2 * threshold
    if least <= 0:
        return whole
    if least <= whole:
        return whole / (2 * math.floor((whole / least - 1) / 2) + 1)
    return whole * (2 * math.ceil((least / whole - 1) / 2) + 1)
