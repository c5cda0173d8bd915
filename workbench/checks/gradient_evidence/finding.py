"""What the gradient says about an unlearning claim, in plain numbers and in words."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from workbench.common.wording import share

__all__ = ["CLEAR", "FEW", "ErasedRecord", "GradientEvidence", "OptimumDecision"]

OptimumDecision = Literal["optimum", "optimum before", "cannot tell", "not optimum"]

CLEAR = 10.0
"""How many times one gradient must exceed another before the difference is said to be seen."""
FEW = 0.05
"""Of many records to be forgotten, this share may be hidden without leaving the whole open."""


@dataclass(frozen=True)
class ErasedRecord:
    """What a model would show that still held one record to be forgotten.

    Attributes
    ----------
    label : hashable
        Index label.
    gradient : float
        Length of the record's own gradient at the claimed weights: what a model trained with it,
        and otherwise on the remaining rows, would have left of the gradient, to first order.
    distance : float
        How far from the retrained weights such a model would lie, by one Newton step.
    """

    label: Hashable
    gradient: float
    distance: float


@dataclass(frozen=True, eq=False)
class GradientEvidence:
    """Whether claimed weights are the optimum of the remaining rows, and how sharply that is known.

    Gradients are of the sum over rows, so that one record's gradient does not shrink with their
    number.

    Attributes
    ----------
    decision : {"optimum", "optimum before", "cannot tell", "not optimum"}
        "optimum before": of the table with the rows that were to be forgotten.
    learner : str
        "LogisticRegression" or "Ridge".
    solver : str
    tolerance : float
        At which the solver stops: largest entry of the gradient, per row. NaN for a solver that
        stops by another rule.
    n_remaining, n_erased, n_weights : int
    gradient, gradient_before : float
        Length of the gradient over the remaining rows, and over the table before.
    gradient_per_row : float
        Largest entry over the remaining rows, per row: to be compared with `tolerance`.
    together : float
        Length of the gradient of all erased records together.
    smallest_eigenvalue : float
        μ, of the Hessian over the remaining rows at the claimed weights.
    eigenvalue_floor : float
        No eigenvalue is smaller between these weights and the optimum; 0 when unknown.
    distance_local : float
        gradient / μ.
    distance_bound : float
        A distance from the optimum that cannot be exceeded; infinite when there is none.
    bound_argument : str
        What `distance_bound` rests on.
    distance_retrained : float
        Measured distance to the retrained weights; NaN when not retrained.
    gradient_retrained : float
        What the retraining itself left of the gradient.
    solver_per_row : float
        As `gradient_per_row`, of the same solver run again on the remaining rows with the model's
        own settings; NaN when not retrained.
    records : tuple of ErasedRecord
    hidden_rows : int
        Rows of the whole table, among `n_rows`, whose own gradient is smaller than `solved_to`: of
        these it could not be told whether the model holds them.
    n_rows : int
    prepared : bool
        Whether steps before the estimator were taken as given.
    """

    decision: OptimumDecision
    learner: str
    solver: str
    tolerance: float
    n_remaining: int
    n_erased: int
    n_weights: int
    gradient: float
    gradient_before: float
    gradient_per_row: float
    together: float
    smallest_eigenvalue: float
    eigenvalue_floor: float
    distance_local: float
    distance_bound: float
    bound_argument: str
    distance_retrained: float
    gradient_retrained: float
    solver_per_row: float
    records: tuple[ErasedRecord, ...]
    hidden_rows: int
    n_rows: int
    prepared: bool

    @property
    def solved_to(self) -> float:
        """What the solver left of the gradient, over whichever table it leaves less."""
        return min(self.gradient, self.gradient_before)

    @property
    def hidden_share(self) -> float:
        """Share of the table's records that the solver's tolerance hides."""
        return self.hidden_rows / self.n_rows

    @property
    def hidden_records(self) -> tuple[ErasedRecord, ...]:
        """The erased records that the remaining gradient hides."""
        return tuple(r for r in self.records if r.gradient < CLEAR * self.gradient)

    @property
    def finding(self) -> str:
        """What was found, in one or two sentences."""
        if self.decision == "optimum":
            hidden = len(self.hidden_records)
            seen = [r for r in self.records if r.gradient >= CLEAR * self.gradient]
            nearest = min(seen, key=lambda record: record.gradient)
            what = f"record {nearest.label}"
            rest = (
                f" Of {hidden:,} of the {self.n_erased:,} records this could not be told: their "
                f"own gradient is as small as what the solver left."
            )
            return (
                f"These weights are the optimum on the remaining data to within "
                f"{_power(self.distance_bound)}; a model that still held {what} would lie about "
                f"{_power(nearest.distance)} away, and its gradient would be "
                f"{_times(nearest.gradient, self.gradient)} as large." + (rest if hidden else "")
            )
        if self.decision == "optimum before":
            times = _times(self.gradient, self.gradient_before)
            return (
                f"These weights are not the optimum of the remaining data but that of the table "
                f"before: with the rows that were to be forgotten the gradient is {times} smaller. "
                f"The model still holds them."
            )
        if self.decision == "not optimum":
            usual = np.fmax(self.tolerance, self.solver_per_row)
            times = _times(self.gradient_per_row, float(usual))
            return (
                f"These weights are not the optimum of the remaining data, nor of the table "
                f"before: the gradient is {times} what the solver leaves."
            )
        if self.smallest_eigenvalue == 0:
            return "Cannot tell: the data leave some direction of the weights without curvature."
        nearest = min(self.records, key=lambda record: record.gradient)
        hidden = len(self.hidden_records)
        whose = "the record's" if self.n_erased == 1 else f"that of {hidden:,} of the records"
        if not hidden:
            whose = "what all records to be forgotten show together"
        return (
            f"Cannot tell: the solver's tolerance hides the answer. The gradient that it left "
            f"({self.gradient:.1e}) is not clearly below {whose} "
            f"(smallest {nearest.gradient:.1e})."
        )

    def sentences(self) -> tuple[str, ...]:
        """Say the finding, its precision, and what it leaves open."""
        said = [self.finding]
        if not np.isnan(self.distance_retrained):
            held = max(self.records, key=lambda record: record.distance)
            said.append(
                f"The weights lie {_power(self.distance_retrained)} from those of a model "
                f"retrained without these rows; a model that still held record {held.label} "
                f"would lie about {_power(held.distance)} away."
            )
        bound = (
            f"A bound that holds all the way to the optimum is {_power(self.distance_bound)}; it "
            f"rests on {self.bound_argument}."
            if np.isfinite(self.distance_bound)
            else "No bound holds all the way: the gradient is too large."
        )
        said.append(
            f"The gradient over the Hessian's smallest eigenvalue ({self.smallest_eigenvalue:.2g}) "
            f"gives a distance of {_power(self.distance_local)} from the optimum. {bound}"
        )
        said.append(
            f"Training was solved to a gradient of {self.solved_to:.1e}. {self.hidden_rows:,} of "
            f"{self.n_rows:,} records ({share(self.hidden_share)}) have a smaller one of their "
            f"own; whether the model holds one of those could not be told."
        )
        if self.prepared:
            said.append(
                "The preparing steps before the estimator were taken as given. Their means, scales "
                "and categories may still come from the rows that were to be forgotten."
            )
        said.append(
            "One forged row can make the old weights optimal for another table. This is evidence "
            "only about a table that was committed to before the request."
        )
        return tuple(said)

    def to_frame(self) -> pd.DataFrame:
        """Return one row per record to be forgotten, the hardest to see first.

        Returns
        -------
        DataFrame
            record, gradient, distance, times (its gradient over the one that remains).
        """
        ordered = sorted(self.records, key=lambda record: record.gradient)
        left = self.gradient or np.finfo(float).tiny
        return pd.DataFrame(
            [(r.label, r.gradient, r.distance, r.gradient / left) for r in ordered],
            columns=["record", "gradient", "distance", "times"],
        )


def _power(value: float) -> str:
    """Write a small number as people read it: one digit and the power of ten.

    Examples
    --------
    >>> _power(3.2e-10), _power(0.04), _power(float("inf"))
    ('3e-10', '0.04', 'no known distance')
    """
    return (
        f"{value:.0e}"
        if 0 < value < 1e-3
        else f"{value:.2g}"
        if np.isfinite(value)
        else "no known distance"
    )


def _times(large: float, small: float) -> str:
    """Say how many times larger one number is, to one digit."""
    if small == 0 or large / small > 1e12:
        return "over a trillion times"
    times = large / small
    for unit, word in ((1e9, "billion"), (1e6, "million")):
        if times >= unit:
            return (
                f"{times / unit:.2g} {word} times"
                if times < 100 * unit
                else f"{times / unit:.0f} {word} times"
            )
    digits = max(int(np.floor(np.log10(times))), 0)
    return f"{round(times, -digits):,.0f} times" if times >= 10 else f"{times:.1f} times"
