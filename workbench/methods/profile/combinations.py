"""Combinations of several features' levels, for their joint profile."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from workbench.case.audit_case import AuditCase
from workbench.case.intervention import Contrast
from workbench.common.arrays import FloatArray
from workbench.methods.profile.answers import Assignment
from workbench.methods.profile.levels import TestedLevels
from workbench.methods.profile.ranges import Range, contrasts_of

__all__ = ["MOST_COMBINATIONS", "combinations_of", "drawn_combinations", "one_change"]


DRAWN = 12
"""Combinations that are drawn from the rows."""
MOST_COMBINATIONS = DRAWN + 6
"""With the ends of the features' own profiles."""


def drawn_combinations(
    tested: Mapping[str, TestedLevels],
    donors: npt.NDArray[np.intp],
    means: Sequence[Mapping[str, FloatArray]],
    *,
    seed: int,
) -> list[tuple[int, ...]]:
    """Choose what several features are set to together, as places among their levels.

    Combinations that rows hold, each feature at its nearest tested level, and the ends of the
    features' own profiles, where influences of several add up or pull apart.

    Parameters
    ----------
    donors : ndarray of int
        Rows to draw from.
    means : sequence of mappings of str to ndarray
        Mean scores at each feature's levels, total and direct.
    """
    rng = np.random.default_rng([seed, 83])
    rows = rng.choice(donors, size=min(DRAWN, len(donors)), replace=False)
    places = [tuple(_nearest(levels, row) for levels in tested.values()) for row in rows]
    for part in ("total", "direct"):
        for end in (np.argmin, np.argmax):
            places.append(tuple(int(end(by_part[part])) for by_part in means))
    for turn in range(2):
        ends = [np.argmin if (k + turn) % 2 else np.argmax for k in range(len(means))]
        corner = [int(end(m["total"])) for end, m in zip(ends, means, strict=True)]
        places.append(tuple(corner))
    return places


def one_change(
    case: AuditCase, tested: Mapping[str, TestedLevels], range_: Range
) -> list[tuple[int, ...]]:
    """Return the two combinations that named contrasts go between."""
    ends: list[list[int]] = [[], []]
    for name, levels in tested.items():
        contrast = contrasts_of(range_, name)[0]  # type: ignore[arg-type]
        assert isinstance(contrast, Contrast)
        for side, level in zip(ends, (contrast.a, contrast.b), strict=True):
            side.append(levels.values.tolist().index(case.columns[name].encode(level)))
    return [tuple(side) for side in ends]


def combinations_of(
    tested: Mapping[str, TestedLevels], places: Sequence[tuple[int, ...]]
) -> tuple[Assignment, tuple[tuple[tuple[str, object], ...], ...]]:
    """Return combinations of levels to ask about, and as an intervention names them."""
    distinct = list(dict.fromkeys(places))
    named = [list(zip(tested.items(), place, strict=True)) for place in distinct]
    levels = tuple({name: lv.values[k].item() for (name, lv), k in combo} for combo in named)
    raw = tuple(tuple((name, lv.raw(k)) for (name, lv), k in combo) for combo in named)
    labels = tuple(
        "; ".join(f"{name} {lv.labels[k]}" for (name, lv), k in combo) for combo in named
    )
    weights = np.full(len(distinct), 1 / len(distinct))
    origins = ("combination",) * len(distinct)
    return Assignment(tuple(tested), levels, labels, origins, weights), raw


def _nearest(levels: TestedLevels, row: int) -> int:
    """Place of the tested level nearest to a row's value."""
    value = levels.column.values[row]
    same = np.flatnonzero(levels.values == value)
    if len(same):
        return int(same[0])
    if not levels.column.is_numeric or np.isnan(value):
        return int(np.argmax(levels.shares))
    return int(np.nanargmin(np.abs(levels.values - value)))
