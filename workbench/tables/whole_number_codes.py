"""Whole numbers that name kinds instead of counting: regions 1 to 20, drugs 1 to 4, zip codes.

Smoothed as quantities, such codes lose their effects without a word. Their mark is that what
depends on them jumps from each number to the next as it does between any two. A quantity's effect
does not, be it curved, a step, or a spike at one value.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

import numpy as np
import numpy.typing as npt
import scipy

from workbench.common.arrays import FloatArray
from workbench.tables.column_bases import column_basis
from workbench.tables.columns import Column

__all__ = ["MOST", "MOST_SEEN", "named_like_code", "without_order"]

FEWEST, MOST = 6, 200
"""Distinct numbers between which a missing order can be seen, and that can be levels."""
MOST_SEEN = 2_000
"""Distinct numbers up to which a missing order is looked for, to be said."""
ROWS_PER_LEVEL = 8
"""Rows that a level has on average at the least."""
SET_ASIDE = 0.2
"""Share of the levels, the oddest, that are set aside: a quantity may have a few spikes."""
LEFT_EXPLAINED = 0.05
"""Share of what a smooth curve leaves unexplained that the levels explain: less is no code."""
SURE = 1e-6
"""p-value of the lack of fit; many columns are looked at."""
JUMPS = 0.25
"""Squared jumps between neighbours, as a share of those between any two levels: 1 without order."""
CODE_NAME = re.compile(
    r"(?i)(^|[^a-z])(zip|zipcode|postcode|postal|plz|fips|icd|naics|sic|code|id|region|district|"
    r"state|county|country|branch|shop|store|drug|category|group|class|type|kind)([^a-z]|$)"
)


def named_like_code(name: str) -> bool:
    """Whether a column's name says that it holds codes.

    Examples
    --------
    >>> named_like_code("zip_code"), named_like_code("region"), named_like_code("width")
    (True, True, False)
    """
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name)
    return bool(CODE_NAME.search(spaced))


def without_order(column: Column, responses: Iterable[FloatArray], most: int = MOST) -> bool:
    """Whether some response jumps between a column's whole numbers as if they had no order.

    Parameters
    ----------
    responses : iterable of ndarray, shape (n,)
        What may depend on the column.
    most : int
        Distinct numbers; a column of more is not looked at.
    """
    if not column.is_numeric or not column.integer:
        return False
    present = ~np.isnan(column.values)
    levels, codes = np.unique(column.values[present], return_inverse=True)
    if not FEWEST <= len(levels) <= most or len(codes) < ROWS_PER_LEVEL * len(levels):
        return False
    smooth = np.column_stack([np.ones(len(levels)), column_basis(column, "flexible")(levels)])
    return any(_jumps(response[present], codes, smooth) for response in responses)


def _jumps(response: FloatArray, codes: npt.NDArray[np.intp], smooth: FloatArray) -> bool:
    """Hold the mean response at each number against a smooth curve, given at each number."""
    known = np.isfinite(response)
    y, at = response[known], codes[known]
    counts = np.bincount(at)
    held = np.flatnonzero(counts)
    spread = float(y.std()) if len(y) else 0.0
    if spread == 0 or len(held) < FEWEST:
        return False
    y = (y - y.mean()) / spread
    every = np.bincount(at, weights=y) / np.maximum(counts, 1)
    within = float(((y - every[at]) ** 2).sum())
    counts, means, design = counts[held], every[held], smooth[held]
    # Rows of one number are alike: they are fitted as one, with the weight of all.
    weights, accuracy = np.sqrt(counts), len(y) * np.finfo(np.float64).eps
    found = np.linalg.lstsq(design * weights[:, None], means * weights, rcond=accuracy)
    gains = counts * (means - design @ found[0]) ** 2
    more, rest = len(held) - found[2], len(y) - len(held)
    if more < 1 or rest < 1:
        return False
    noise = max(within / rest, 1e-12)
    if scipy.special.fdtrc(more, rest, float(gains.sum()) / more / noise) >= SURE:
        return False
    kept = np.sort(np.argsort(gains)[: len(gains) - int(SET_ASIDE * len(gains))])
    gained = float(gains[kept].sum()) - noise * len(kept)
    if gained < LEFT_EXPLAINED * (gained + within):
        return False
    return float((np.diff(means[kept]) ** 2).mean()) >= JUMPS * 2 * float(means[kept].var())
