"""Columns of so many rare levels, such as numbers of customers, that nothing is adjusted for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from workbench.common.wording import share
from workbench.tables.columns import Column

__all__ = ["not_adjusted_for"]

LEVEL_ROWS = 20
"""A category of more than a level per so many rows has its rare levels pooled by the equations."""
RARE_LEVEL = 0.02
"""Levels below this share of the rows are rare."""
MOST_POOLED = 0.5
"""Where rare levels hold more than this share of the rows, hardly anything is adjusted for."""


def not_adjusted_for(
    feature: str, given: Iterable[str], columns: Mapping[str, Column]
) -> Iterator[str]:
    """Say for which columns a feature's effect is adjusted in name only, and what follows."""
    for name in given:
        column = columns.get(name)
        if column is None or column.is_numeric:
            continue
        counts = column.counts()
        n, levels = int(counts.sum()), len(column.levels)
        rare = float(counts[counts < RARE_LEVEL * n].sum()) / n
        if levels > max(2, n // LEVEL_ROWS) and rare > MOST_POOLED:
            yield (
                f"The effect of {feature} is hardly adjusted for {name}: {share(rare)} of the rows "
                f"are in levels too rare to compare ({levels:,} levels). What {name} gives to both "
                f"{feature} and the prediction counts as an effect of {feature}. Put its levels "
                f"into groups, or give what they stand for as a column."
            )
