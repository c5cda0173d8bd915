"""Where in a table the few rows are that a feature moves, though most of the table does not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from workbench.common.wording import share, stated
from workbench.methods.profile.level_sums import PeopleSums
from workbench.methods.subgroup_search import Split
from workbench.tables.columns import Column

__all__ = ["MOST_LEVELS", "Gathered", "gathered_rows"]

MOST_LEVELS = 60
"""Levels of a category by which rows are counted."""
FEWEST_MOVED = 30
"""Moved rows below which no place is named."""
MOST_OF_THEM = 0.5
"""Share of the moved rows that a level holds, and of the level's rows that are moved, from which
it is named."""


@dataclass(frozen=True)
class Gathered:
    """A level of a category whose rows a feature moves, and few others.

    Attributes
    ----------
    feature, condition : str
        The condition tells the level, in the language of subgroups.
    moved, rows : int
        Rows with the level that are moved by more than the threshold, of how many.
    moved_in_all, rows_in_all : int
        The same of the whole target.
    """

    feature: str
    condition: str
    moved: int
    rows: int
    moved_in_all: int
    rows_in_all: int

    def sentence(self, threshold: float, people_share: float) -> str:
        """Say it, and how to have it judged."""
        them = f"{self.moved:,} of them are among the {self.rows:,} rows"
        if self.moved == self.rows == self.moved_in_all:
            them = f"They are the {self.rows:,} rows"
        return (
            f"Of all {self.rows_in_all:,} rows {self.feature} moves {self.moved_in_all:,} directly "
            f"by more than {stated(threshold)}, no more than the {share(people_share)} that the "
            f"verdict lets pass. {them} where {self.condition}. Named as a subgroup, these rows "
            f"are judged by themselves."
        )


def gathered_rows(
    feature: str, people: PeopleSums, columns: Mapping[str, Column], most: float
) -> Gathered | None:
    """Return the level that most of few moved rows hold, and hardly another row.

    Parameters
    ----------
    people : PeopleSums
    columns : mapping of str to Column
        The categories that `people` was counted by.
    most : float
        Share of the rows up to which the moved ones are few.
    """
    if not FEWEST_MOVED <= people.moved <= most * people.rows:
        return None
    found = [
        Gathered(feature, str(Split(name, "==", level)), moved, rows, people.moved, people.rows)
        for name, code, rows, moved in _counted(people.places)
        if moved >= max(FEWEST_MOVED, MOST_OF_THEM * people.moved, MOST_OF_THEM * rows)
        and (level := columns[name].levels[code]) is not None
        and "`" not in name  # which no condition can name
    ]
    return max(found, key=lambda one: (one.moved * one.moved / one.rows, one.moved), default=None)


def _counted(places: Mapping[str, np.ndarray]) -> Iterator[tuple[str, int, int, int]]:
    for name, counts in places.items():
        for code, (rows, moved) in enumerate(counts.astype(int).tolist()):
            yield name, code, rows, moved
