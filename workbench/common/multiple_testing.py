"""Many tests at once: p-values corrected so that any false rejection is rare."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate

import numpy as np

__all__ = ["holm"]


def holm(p_values: Sequence[float]) -> tuple[float, ...]:
    """Return the p-values corrected for their number (Holm 1979), in the same order.

    Rejecting where the corrected value is at most alpha rejects any true hypothesis with
    probability at most alpha, however the tests depend on each other.

    Examples
    --------
    >>> holm([0.01, 0.04, 0.03])
    (0.03, 0.06, 0.06)
    """
    order = np.argsort(p_values, kind="stable")
    steps = (p_values[place] * (len(order) - i) for i, place in enumerate(order))
    corrected = dict(zip(order.tolist(), accumulate(steps, max), strict=True))
    return tuple(min(float(corrected[place]), 1.0) for place in range(len(order)))
