"""What asking in several ways found, in plain numbers and in words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import pandas as pd
import scipy

from workbench.common.multiple_testing import holm
from workbench.common.wording import share, signed

__all__ = ["AnswerConsistency", "Asked", "ConsistencyQuestion"]

Asked = Literal["alone", "nearby", "served"]


@dataclass(frozen=True)
class ConsistencyQuestion:
    """One way to ask again, and how often the answer was another.

    Attributes
    ----------
    asked : {"alone", "nearby", "served"}
    n_rows, differing : int
        Rows asked, and rows whose answer differs.
    other_rows, other_differing : int
        The same where no fraud would make a difference: rows asked twice in the same way, or
        rows outside the target (put together from its rows where there are none outside).
    mean_gap, largest_gap : float
        Of the answers that differ, in the unit of the prediction; 0 when none does.
    p_value : float
        Of "the answer does not depend on how it is asked", before correction.
    """

    asked: Asked
    n_rows: int
    differing: int
    other_rows: int
    other_differing: int
    mean_gap: float
    largest_gap: float
    p_value: float

    @property
    def share(self) -> float:
        """Share of the rows whose answer differs."""
        return self.differing / self.n_rows

    def interval(self, level: float = 0.95) -> tuple[float, float]:
        """Return the exact interval of the share (Clopper and Pearson 1934).

        Examples
        --------
        >>> question = ConsistencyQuestion("alone", 10, 0, 10, 0, 0.0, 0.0, 1.0)
        >>> tuple(round(end, 3) for end in question.interval())
        (0.0, 0.308)
        """
        found = scipy.stats.binomtest(self.differing, self.n_rows).proportion_ci(
            level, method="exact"
        )
        return float(found.low), float(found.high)

    def sentence(self) -> str:
        """Say it in words."""
        low, high = self.interval()
        what = {
            "alone": "asked alone and again among many",
            "nearby": "asked as they are and very slightly changed",
            "served": "compared with the predictions that were served before",
        }[self.asked]
        verb = "jumps" if self.asked == "nearby" else "differs"
        said = (
            f"{self.n_rows:,} rows were {what}: the answer {verb} for {share(self.share)} of them "
            f"({share(low)} to {share(high)})"
        )
        if self.differing:
            said += f", by {signed(self.mean_gap).lstrip('+')} on average"
        if self.other_rows and self.asked == "nearby":
            said += f"; at other rows for {share(self.other_differing / self.other_rows)}"
        elif self.other_differing:
            said += (
                f"; asked twice in the same way it differs for "
                f"{share(self.other_differing / self.other_rows)}"
            )
        return f"{said}."


@dataclass(frozen=True, eq=False)
class AnswerConsistency:
    """Whether a model's answers depend on how they are asked for.

    Attributes
    ----------
    questions : tuple of ConsistencyQuestion
    alpha : float
        Chance of calling a consistent model inconsistent, at most.
    left_out : mapping of str to str
        What could not be asked, and why.
    """

    questions: tuple[ConsistencyQuestion, ...]
    alpha: float
    left_out: Mapping[str, str]

    @cached_property
    def inconsistent(self) -> tuple[ConsistencyQuestion, ...]:
        """The questions whose answer depends on how it was asked, after Holm's correction."""
        corrected = holm([question.p_value for question in self.questions])
        return tuple(
            question
            for question, p in zip(self.questions, corrected, strict=True)
            if p <= self.alpha
        )

    @property
    def decision(self) -> Literal["inconsistent", "not found"]:
        """Whether any answer was found to depend on how it was asked."""
        return "inconsistent" if self.inconsistent else "not found"

    @property
    def finding(self) -> str:
        """The finding in words."""
        found = {question.asked for question in self.inconsistent}
        said = []
        if "served" in found:
            said.append(
                "The audited model is not the one that served the predictions in the log, or "
                "answers an auditor differently"
            )
        if "alone" in found:
            said.append(
                "The model answers the same row differently when it is asked alone than among "
                "many, so that an audit in batches does not show what a single person gets"
            )
        if "nearby" in found:
            said.append(
                "At the target's rows the answer jumps when a value is changed very slightly, as "
                "if these very rows were treated apart; an audit of them does not show the model"
            )
        if said:
            return ". ".join(said) + "."
        if self.logged:
            return (
                "The answers did not depend on how they were asked for, and agree with those "
                "served before, as far as this check can see."
            )
        return (
            "The answers did not depend on how they were asked for, as far as this check can see. "
            "No predictions served before the audit were at hand: a model that can tell an "
            "auditor from its users would not be caught."
        )

    @property
    def logged(self) -> bool:
        """Whether predictions that were served before could be compared."""
        return any(question.asked == "served" for question in self.questions)

    def sentences(self) -> tuple[str, ...]:
        """Return the finding, each question, and what could not be asked."""
        return (
            self.finding,
            *(question.sentence() for question in self.questions),
            *self.left_out.values(),
        )

    def to_frame(self) -> pd.DataFrame:
        """Return one row per question.

        Returns
        -------
        DataFrame
            asked, n_rows, differing, share, low, high (95 %), other_rows, other_differing,
            mean_gap, largest_gap, p_value (before correction), inconsistent (after it).
        """
        records = []
        for question in self.questions:
            low, high = question.interval()
            records.append(
                {
                    "asked": question.asked,
                    "n_rows": question.n_rows,
                    "differing": question.differing,
                    "share": question.share,
                    "low": low,
                    "high": high,
                    "other_rows": question.other_rows,
                    "other_differing": question.other_differing,
                    "mean_gap": question.mean_gap,
                    "largest_gap": question.largest_gap,
                    "p_value": question.p_value,
                    "inconsistent": question in self.inconsistent,
                }
            )
        return pd.DataFrame(records)
