"""Combinations of several features' levels, for their joint profile."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from workbench.methods.profile.answers import Assignment
from workbench.methods.profile.levels import TestedLevels

__all__ = ["combinations_of"]

FloatArray = npt.NDArray[np.float64]

DRAWN = 12
"""Combinations that are drawn from the rows."""


def combinations_of(
    chosen: Mapping[str, TestedLevels],
    donors: npt.NDArray[np.intp],
    means: Sequence[Mapping[str, FloatArray]],
    *,
    seed: int,
) -> tuple[Assignment, tuple[tuple[tuple[str, object], ...], ...]]:
    """Choose what several features are set to together.

    Combinations that rows hold, each feature at its nearest tested level, and the ends of the
    features' own profiles, where influences of several add up.

    Parameters
    ----------
    donors : ndarray of int
        Rows to draw from.
    means : sequence of mappings of str to ndarray
        Mean scores at each feature's levels, total and direct.

    Returns
    -------
    assignment : Assignment
    raw : tuple
        Per combination the features and the levels as an intervention names them.
    """
    rng = np.random.default_rng([seed, 83])
    rows = rng.choice(donors, size=min(DRAWN, len(donors)), replace=False)
    places = [tuple(_nearest(levels, row) for levels in chosen.values()) for row in rows]
    for part in ("total", "direct"):
        for end in (np.argmin, np.argmax):
            places.append(tuple(int(end(by_part[part])) for by_part in means))
    # The lows of some features with the highs of the others: where they pull apart.
    for turn in range(2):
        corner = []
        for k, by_part in enumerate(means):
            end = np.argmin if (k + turn) % 2 else np.argmax
            corner.append(int(end(by_part["total"])))
        places.append(tuple(corner))
    distinct = list(dict.fromkeys(places))
    names = tuple(chosen)
    tested = list(chosen.values())
    levels = tuple(
        {name: lv.values[k].item() for name, lv, k in zip(names, tested, place, strict=True)}
        for place in distinct
    )
    raw = tuple(
        tuple((name, lv.raw(k)) for name, lv, k in zip(names, tested, place, strict=True))
        for place in distinct
    )
    labels = tuple(
        "; ".join(
            f"{name} {lv.labels[k]}" for name, lv, k in zip(names, tested, place, strict=True)
        )
        for place in distinct
    )
    weights = np.full(len(distinct), 1 / len(distinct))
    origins = ("combination",) * len(distinct)
    return Assignment(names, levels, labels, origins, weights), raw


def _nearest(levels: TestedLevels, row: int) -> int:
    """Place of the tested level nearest to a row's value."""
    value = levels.column.values[row]
    same = np.flatnonzero(levels.values == value)
    if len(same):
        return int(same[0])
    if not levels.column.is_numeric or np.isnan(value):
        return int(np.argmax(levels.shares))
    return int(np.nanargmin(np.abs(levels.values - value)))
