"""How small a leak an audit would have caught: the counts, and their words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from workbench.common.wording import share

__all__ = ["JudgedBeside", "LeakRate", "PlantedLeak", "PlantedLeaks"]

JudgedBeside = Literal["with retrained", "alone"]


@dataclass(frozen=True)
class LeakRate:
    """How often the audit said "above the threshold" of planted leaks of one size.

    Attributes
    ----------
    feature : str
    comparison : {"with retrained", "alone"}
        Whether the residue above a retrained model was judged, on shared rows, or the leaky model
        by itself.
    role : {"leak", "border", "no leak"}
        "border" is a leak just as large as the threshold; with "no leak" the model reads a column
        that looks alike and that the feature does not cause. Saying "above" is wrong of both.
    size : float
        True total effect of the leak, in the unit of the prediction.
    found, trials : int
    low, high : float
        95 % interval of the rate (Clopper and Pearson 1934).
    """

    feature: str
    comparison: JudgedBeside
    role: Literal["leak", "border", "no leak"]
    size: float
    found: int
    trials: int
    low: float
    high: float

    @property
    def rate(self) -> float:
        """Share of the trials."""
        return self.found / self.trials

    def counted(self) -> str:
        """Write the rate with its interval."""
        return f"{self.found} of {self.trials} trials ({share(self.low)} to {share(self.high)})"


@dataclass(frozen=True)
class PlantedLeak:
    """What was planted for one feature, and the smallest leak that the audit finds reliably.

    Attributes
    ----------
    feature, intervention : str
    adjustment : tuple of str
    comparison : {"with retrained", "alone"}
    smallest_80, smallest_95 : float
        The smallest leak from which on at least 80 % and 95 % of the trials find it; infinite
        beyond 100 thresholds.
    standard_error : float
        Typical one of a leak as large as the threshold.
    """

    feature: str
    intervention: str
    adjustment: tuple[str, ...]
    comparison: JudgedBeside
    smallest_80: float
    smallest_95: float
    standard_error: float


@dataclass(frozen=True, eq=False)
class PlantedLeaks:
    """The calibration of an audit by leaks of known size.

    Attributes
    ----------
    rates : tuple of LeakRate
    leaks : tuple of PlantedLeak
    threshold : float
        τ, in the unit of the prediction.
    alpha : float
        Error rate of saying "above".
    claims : int
        Claims for which the audit corrects.
    clarity : float
        How much likelier the column is after the intervention than before.
    repeats, seed, n_rows : int
    unit : str
    """

    rates: tuple[LeakRate, ...]
    leaks: tuple[PlantedLeak, ...]
    threshold: float
    alpha: float
    claims: int
    clarity: float
    repeats: int
    seed: int
    n_rows: int
    unit: str

    @property
    def decision(self) -> Literal["reliable", "not reliable"]:
        """Whether a leak of some size is found in at least 80 % of the trials, for each feature."""
        reliable = all(np.isfinite(leak.smallest_80) for leak in self.leaks)
        return "reliable" if reliable else "not reliable"

    @property
    def headline(self) -> str:
        """What would have been found of the leak that was planted first."""
        return self.sentences()[0]

    def of(self, feature: str, comparison: JudgedBeside = "with retrained") -> tuple[LeakRate, ...]:
        """Return the rates of one feature, the smallest leak first."""
        return tuple(r for r in self.rates if (r.feature, r.comparison) == (feature, comparison))

    def sentences(self) -> tuple[str, ...]:
        """Say what the audit would have caught, and how often it would have cried wolf."""
        said: list[str] = []
        for leak in self.leaks:
            own = self.of(leak.feature, leak.comparison)
            how = (
                f"In the difference to a retrained model, {leak.feature}"
                if leak.comparison == "with retrained"
                else f"In one model by itself, {leak.feature}"
            )
            shown = next((r for r in own if r.role == "leak" and r.rate >= 0.8), None)
            shown = shown or max((r for r in own if r.role == "leak"), key=lambda r: r.size)
            none, border = (next(r for r in own if r.role == x) for x in ("no leak", "border"))
            said.append(
                f"{how}: a leak of {shown.size:.2g} would have been found in {shown.counted()}; "
                f"{_smallest(leak)}"
            )
            said.append(
                f"With no leak the audit cried wolf in {none.found} of {none.trials} trials "
                f"(at most {share(none.high)}); with a leak exactly at the threshold of "
                f"{self.threshold:g} in {border.counted()}, where at most {share(self.alpha)} "
                f"is meant."
            )
        said.append(
            f"The planted leak is a 0/1 column that the target alone causes, "
            f"{100 * self.clarity:.0f} percentage points likelier after the intervention. The "
            f"audit's graph knows it: a leak along a way that the graph lacks is not measured "
            f"here. The retrained model is taken to differ by the leak alone: chance in its own "
            f"training makes leaks harder to find."
        )
        return tuple(said)

    def to_frame(self) -> pd.DataFrame:
        """Return one row per feature, comparison and size.

        Returns
        -------
        DataFrame
            feature, comparison, role, size, found, trials, rate, low, high.
        """
        records = [
            (r.feature, r.comparison, r.role, r.size, r.found, r.trials, r.rate, r.low, r.high)
            for r in self.rates
        ]
        names = "feature comparison role size found trials rate low high"
        return pd.DataFrame(records, columns=names.split())


def _smallest(leak: PlantedLeak) -> str:
    if not np.isfinite(leak.smallest_80):
        return "no leak up to 100 times the threshold is found in 80 % of the trials."
    text = f"leaks from {leak.smallest_80:.3g} on are found in 80 % of the trials"
    if np.isfinite(leak.smallest_95):
        text += f", from {leak.smallest_95:.3g} on in 95 %"
    return text + "."
