"""Subgroups whose effect differs from the whole, in numbers and in words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import pandas as pd

from workbench.common.wording import signed

__all__ = ["HiddenSubgroups"]


@dataclass(frozen=True, eq=False)
class HiddenSubgroups:
    """Subgroups whose effect was confirmed to differ from the whole.

    Attributes
    ----------
    table : DataFrame
        feature, part ("direct" or "indirect"), subgroup (a condition), value, low, high,
        whole (the same effect over all rows), difference with its interval, p_value (after
        Holm's correction), n_rows. Measured on the half of the rows that the search has not
        seen; the largest difference stands first.
    n_searched, n_tested : int
        Rows of either half.
    level : float
        Coverage of each interval.
    """

    table: pd.DataFrame
    n_searched: int
    n_tested: int
    level: float = 0.95

    @property
    def decision(self) -> Literal["found", "not found"]:
        """Whether any subgroup was confirmed."""
        return "not found" if self.table.empty else "found"

    @property
    def headline(self) -> str:
        """The finding in one careful sentence."""
        n = len(self.table)
        if n == 0:
            return self.sentences()[0]
        return (
            f"{n} subgroup{' has' if n == 1 else 's have'} an effect that differs from the whole, "
            f"confirmed on {self.n_tested:,} rows that the search had not seen."
        )

    def to_frame(self) -> pd.DataFrame:
        """Return one row per subgroup; see `table`."""
        return self.table

    def sentences(self) -> tuple[str, ...]:
        """Say the findings in words."""
        if self.table.empty:
            return (
                "No subgroup was found whose effect differs from the whole, at the precision of "
                f"{self.n_tested:,} rows.",
            )
        return tuple(
            f"Where {row['subgroup']}, the {row['part']} effect of {row['feature']} is "
            f"{signed(row['value'])}; over all rows of the half that confirms it, "
            f"{signed(row['whole'])}."
            for row in self.table.to_dict("records")
        )
