"""What an audit with a limit on its questions will ask, decided before the first is put."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from workbench.common.wording import listing

__all__ = ["ALL_ROWS", "EVERY_LEVEL", "LEFT_OUT", "QuestionPlan"]

LEFT_OUT = "It asks about many more rows than max_queries= leaves for it."
"""Why a step is skipped where questions are limited."""
EVERY_LEVEL = "all rows at every level"
ALL_ROWS = "all rows of the table"
"""Steps that ask about every row of a table, of which the case holds a sample."""


@dataclass(frozen=True)
class QuestionPlan:
    """How the rows that a model may be asked about are shared among an audit's steps.

    Attributes
    ----------
    limit : int
        Rows that may be asked about.
    profile, effects : int
        The most that the profile takes, and the debiased estimate, its subgroups included.
    tables : int
        Tables of effects that share the latter: the target's own, and one for each subgroup.
    sample, n_rows : int
        Rows on which the debiased estimate asks, of how many.
    left_out : tuple of str
        Steps that are not done, because they would ask about many more.
    again : int
        Rows that are asked about again, to see whether the model answers the same.
    all_rows : int
        The most that passes over all rows of a table take, of which the case holds a sample.

    Examples
    --------
    >>> plan = QuestionPlan(10_000, 4_000, 6_000, 1, 450, 48_842, ("fuzzing", "paths"))
    >>> plan.sentences()[1]
    'Effects are asked about on a random sample of 450 of 48,842 rows and carried over to all.'
    >>> plan.sentences()[2]
    'Left out, because they ask about more: fuzzing and paths.'
    """

    limit: int
    profile: int
    effects: int
    tables: int
    sample: int
    n_rows: int
    left_out: tuple[str, ...] = ()
    again: int = 0
    all_rows: int = 0

    @property
    def per_table(self) -> int:
        """Rows that one table of effects may ask about."""
        return self.effects // self.tables

    def sentences(self) -> tuple[str, ...]:
        """Say what will be asked, and what is left out."""
        if not self.left_out:
            return self.asked()
        left_out = listing(self.left_out, most=20)
        return (*self.asked(), f"Left out, because they ask about more: {left_out}.")

    def asked(self) -> tuple[str, ...]:
        """Say what will be asked."""
        return tuple(self._asked())

    def _asked(self) -> Iterator[str]:
        shares = " and ".join(
            f"{rows:,} for the {what}"
            for what, rows in (
                ("profile", self.profile),
                ("effects", self.effects),
                ("passes over all rows of the table", self.all_rows),
            )
            if rows
        )
        if self.again:
            shares += f", and {self.again:,} to see whether it answers the same"
        yield f"The model may be asked about at most {self.limit:,} rows: up to {shares}."
        if self.sample < self.n_rows:
            yield (
                f"Effects are asked about on a random sample of {self.sample:,} of "
                f"{self.n_rows:,} rows and carried over to all."
            )
