"""Combinations of several features' levels, for their joint profile."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from workbench.case.audit_case import AuditCase
from workbench.case.intervention import Contrast
from workbench.common.arrays import FloatArray, Positions
from workbench.methods.profile.answers import Assignment
from workbench.methods.profile.levels import TestedLevels
from workbench.methods.profile.ranges import Range, contrasts_of

__all__ = ["MOST_COMBINATIONS", "combinations_of", "drawn_combinations", "one_change"]


DRAWN = 12
"""Combinations that are drawn from the rows."""
FEW_FEATURES = 3
"""Up to so many features, a combination of their tested levels is nobody's record."""
HELD_BY = 5
"""Rows that hold a combination of more features which is taken from them: of fewer rows it would be
the record of one person, or nearly so."""
TRIES = 20
"""Draws of a mixed combination, before one that some row holds is left out."""
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

    Combinations that rows hold, each feature at its nearest tested level; where a drawn row's is
    one of many features and held by fewer than :data:`HELD_BY`, levels of different rows are
    mixed, so that no single row is passed on. Beside them the ends of the features' own
    profiles, where influences of several add up or pull apart.

    Parameters
    ----------
    donors : ndarray of int
        Rows to draw from.
    means : sequence of mappings of str to ndarray
        Mean scores at each feature's levels, total and direct.
    """
    rng = np.random.default_rng([seed, 83])
    rows = rng.choice(donors, size=min(DRAWN, len(donors)), replace=False)
    held = np.stack([_nearest(levels) for levels in tested.values()], axis=1)
    count = Counter(map(tuple, held.tolist()))
    everyone = len(tested) <= FEW_FEATURES
    places = []
    for row in rows:
        place = tuple(held[row].tolist())
        if everyone or count[place] >= HELD_BY:
            places.append(place)
            continue
        for _ in range(TRIES):
            mixed = rng.choice(donors, size=len(tested))
            place = tuple(held[mixed, np.arange(len(tested))].tolist())
            if not 0 < count[place] < HELD_BY:
                places.append(place)
                break
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


def _nearest(levels: TestedLevels) -> Positions:
    """Places of the tested levels nearest to every row's value, shape (n,)."""
    values, column = levels.values, levels.column
    usual = int(np.argmax(levels.shares))
    places: Positions = np.full(len(column.values), usual)
    gaps = np.full(len(column.values), np.inf)
    for place, level in enumerate(values):
        if not column.is_numeric:
            places[column.values == level] = place
        elif np.isnan(level):
            places[np.isnan(column.values)] = place
        else:
            gap = np.abs(column.values - level)
            nearer = gap < gaps  # never where a value is missing
            places[nearer], gaps[nearer] = place, gap[nearer]
    return places
