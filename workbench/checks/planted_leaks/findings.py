"""How small a leak an audit would have caught: the counts, and their words."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import pandas as pd
import scipy

from workbench.common.wording import amount, rate, share, stated

__all__ = [
    "SHAPES",
    "JudgedBeside",
    "LeakRate",
    "LeakShape",
    "PlantedLeak",
    "PlantedLeaks",
    "Shape",
]

JudgedBeside = Literal["with retrained", "alone"]
Shape = Literal["additive", "U-shaped", "one level", "one group", "sign-changing"]
SHAPES: tuple[Shape, ...] = get_args(Shape)


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
        Interval of the rate (Clopper and Pearson 1934) at 1 − alpha of the audit.
    """

    feature: str
    comparison: JudgedBeside
    role: Literal["leak", "border", "no leak"]
    size: float
    found: int
    trials: int
    low: float
    high: float

    @classmethod
    def counted(
        cls,
        feature: str,
        comparison: JudgedBeside,
        role: Literal["leak", "border", "no leak"],
        size: float,
        *,
        found: int,
        trials: int,
        level: float,
    ) -> LeakRate:
        """Make it of what was counted, with an interval of a level."""
        low, high = _interval(found, trials, level)
        return cls(feature, comparison, role, size, found, trials, low, high)

    @property
    def rate(self) -> float:
        """Share of the trials."""
        return self.found / self.trials

    def told(self, level: float) -> str:
        """Write the rate with its interval, which has a level."""
        span = f"{rate(level)} interval {share(self.low)} to {share(self.high)}"
        return f"{self.found} of {self.trials} trials ({span})"


@dataclass(frozen=True)
class LeakShape:
    """How often the audit's verdict was "above" of leaks of one shape and size.

    Attributes
    ----------
    feature : str
    shape : {"additive", "U-shaped", "one level", "one group", "sign-changing"}
    where : str
        Whom it concerns, in words; "" for everybody.
    size : float
        Largest true effect on anybody, in the unit of the prediction.
    found, trials : int
    low, high : float
        Interval of the rate (Clopper and Pearson 1934) at 1 − alpha of the audit.
    n_rows : int
        Rows of data in which they were planted.
    """

    feature: str
    shape: Shape
    where: str
    size: float
    found: int
    trials: int
    low: float
    high: float
    n_rows: int

    @classmethod
    def counted(
        cls,
        feature: str,
        shape: Shape,
        where: str,
        size: float,
        *,
        found: int,
        trials: int,
        n_rows: int,
        level: float,
    ) -> LeakShape:
        """Make it of what was counted, with an interval of a level."""
        low, high = _interval(found, trials, level)
        return cls(feature, shape, where, size, found, trials, low, high, n_rows)

    @property
    def rate(self) -> float:
        """Share of the trials."""
        return self.found / self.trials

    @property
    def name(self) -> str:
        """The shape, and whom it concerns."""
        return f"{self.shape} ({self.where})" if self.where else self.shape


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
    shapes : tuple of LeakShape
        Leaks of every shape, judged by the audit's whole verdict; empty in reports of earlier
        versions.
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
    shapes: tuple[LeakShape, ...] = ()

    @property
    def level(self) -> float:
        """Coverage of each interval."""
        return 1 - self.alpha

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
        """Say what the audit would have caught, and how often it raised false alarms."""
        said = list(self._by_shape())
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
                f"{how}: a leak of {amount(shown.size, 2)} would have been found in "
                f"{shown.told(self.level)}; {_smallest(leak)}"
            )
            said.append(
                f"With no leak the audit raised a false alarm in {none.found} of {none.trials} "
                f"trials (at most {share(none.high)}, the upper end of its {rate(self.level)} "
                f"interval); with a leak exactly at the threshold of "
                f"{stated(self.threshold)} in {border.told(self.level)}, where at most "
                f"{rate(self.alpha)} is meant."
            )
        said.append(
            f"The leaks that are counted in these trials move the average and are judged by CAFÉ's "
            f"regression on one change. The planted leak is a 0/1 column that the target alone "
            f"causes, {100 * self.clarity:.0f} percentage points likelier after the intervention. "
            f"The audit's graph knows it: a leak along a way that the graph lacks is not measured "
            f"here. The retrained model is taken to differ by the leak alone: chance in its own "
            f"training makes leaks harder to find."
        )
        return tuple(said)

    def _by_shape(self) -> Iterator[str]:
        """Say of every feature what share of each shape would have been found, at two sizes."""
        for feature in dict.fromkeys(leak.feature for leak in self.shapes):
            own = [leak for leak in self.shapes if leak.feature == feature]
            sizes = sorted({leak.size for leak in own})
            for size in (sizes[0], sizes[-1]):
                of_size = [leak for leak in own if leak.size == size]
                counts = ", ".join(f"{x.name} {x.found} of {x.trials}" for x in of_size)
                yield (
                    f"Of leaks of {feature} of {amount(size, 2)}, the audit's verdict would have "
                    f"found, by shape: {counts}."
                )
        if self.shapes:
            rows = max(leak.n_rows for leak in self.shapes)
            sample = (
                f" This was tried on a sample of {rows:,} of {self.n_rows:,} rows; in all of them "
                f"leaks are found more easily."
                if rows < self.n_rows
                else ""
            )
            yield (
                "The size is the largest effect on anybody. Each leak passes through a column that "
                "the target causes, in a model that has no other use of it, as in the difference "
                "to a retrained model; the verdict is the audit's own, over values, people and "
                f"groups, with the debiased estimate.{sample}"
            )

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


def _interval(found: int, trials: int, level: float) -> tuple[float, float]:
    exact = scipy.stats.binomtest(found, trials).proportion_ci(level, method="exact")
    return float(exact.low), float(exact.high)


def _smallest(leak: PlantedLeak) -> str:
    if not np.isfinite(leak.smallest_80):
        return "no leak up to 100 times the threshold is found in 80 % of the trials."
    text = f"leaks from {amount(leak.smallest_80)} on are found in 80 % of the trials"
    if np.isfinite(leak.smallest_95):
        text += f", from {amount(leak.smallest_95)} on in 95 %"
    return text + "."
