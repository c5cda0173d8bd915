"""Levels of a number that may be shown: none of them is what a handful of people have."""

from __future__ import annotations

import numpy as np

from workbench.tables.columns import Column

__all__ = ["FEWEST_HOLDERS", "places_of", "rounding_step", "shown_level", "tells_in_full"]

FEWEST_HOLDERS = 5
"""Rows that must hold a value before it is shown as it is."""
FINENESS = 200
"""A step of rounding is at most this part of the distance from the 1st to the 99th percentile."""
NEAR = 40
"""No level is moved farther than this part of that distance."""


def rounding_step(column: Column) -> float:
    """Return a power of ten that levels of a number are rounded to, 1 at the least if whole."""
    step = float(10.0 ** np.floor(np.log10(column.spread / FINENESS)))
    return max(step, 1.0) if column.integer else step


def places_of(step: float) -> int:
    """Return the decimal places of numbers that are rounded to a power of ten."""
    return max(-int(np.log10(step)), 0)


def shown_level(column: Column, value: float) -> float:
    """Return a value as it is where at least five rows hold it, else rounded to what nobody has.

    Where numbers lie so close that all near values are somebody's, such as ages in a short table,
    it is rounded alone: there a value tells nothing of a person.

    Parameters
    ----------
    column : Column
        A number that varies.
    value : float
        One that fewer rows hold is rounded to a value that none of them, or many others, have.

    Examples
    --------
    >>> import pandas as pd
    >>> from workbench.tables.columns import encode_column
    >>> paid = pd.Series([250, 1364, *[1500] * 5, *range(2001, 9001, 7)])
    >>> marks = encode_column("marks", paid)
    >>> shown_level(marks, 1364.0), shown_level(marks, 1500.0), shown_level(marks, 1404.0)
    (1360.0, 1500.0, 1400.0)
    """
    if _holders(column, value) >= FEWEST_HOLDERS:
        return value
    step = rounding_step(column)
    middle = float(np.rint(value / step))
    reach = int(column.spread / NEAR / step)
    near = [_plain((middle + k) * step, step) for k in range(-reach, reach + 1)]
    inside = sorted(
        (v for v in near if column.low <= v <= column.high), key=lambda v: abs(v - value)
    )
    fit = (v for v in inside if not 0 < _holders(column, v) < FEWEST_HOLDERS)
    rounded = float(np.clip(_plain(middle * step, step), column.low, column.high))
    return next(fit, rounded)


def tells_in_full(column: Column, value: float) -> bool:
    """Whether a level's label has all digits of its value."""
    said = column.label(value).replace(",", "").replace("−", "-")
    try:
        return float(said) == value
    except ValueError:
        return False


def _plain(value: float, step: float) -> float:
    return float(round(value, places_of(step)))


def _holders(column: Column, value: float) -> int:
    return int((column.values == value).sum())
