"""One effect in the model before, after and retrained, and the differences between them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
import scipy

from workbench.common.against_threshold import p_within, without_rounding
from workbench.common.arrays import FloatArray
from workbench.common.wording import signed
from workbench.methods.effects import Effect
from workbench.methods.estimator import ASKED, Estimator

__all__ = ["ChangeFinding", "ChangePart", "Difference", "RowGaps", "row_gaps"]

ChangePart = Literal["total", "direct", "indirect", "prediction"]


@dataclass(frozen=True)
class Difference:
    """A difference of models with what is uncertain about it.

    Attributes
    ----------
    value : float
        In the unit of the prediction.
    row_error : float
        Standard error from the rows, which the models share.
    training_error : float
        Standard error from the chance in training, known from several retrained models; else 0.
    freedom : float
        Degrees of freedom behind `training_error`; infinite without it.
    """

    value: float
    row_error: float
    training_error: float = 0.0
    freedom: float = np.inf

    @property
    def standard_error(self) -> float:
        """Both sources together."""
        return float(np.hypot(self.row_error, self.training_error))

    @property
    def degrees(self) -> float:
        """Welch's degrees of freedom (Welch 1947): only the training's part is uncertain itself."""
        if self.training_error == 0:
            return np.inf
        return self.freedom * (self.standard_error / self.training_error) ** 4

    def interval(self, level: float = 0.95) -> tuple[float, float]:
        """Return the two-sided interval at `level`.

        Examples
        --------
        >>> Difference(0.1, 0.02).interval() == Difference(0.1, 0.0, 0.02).interval()
        True
        >>> low, high = Difference(0.1, 0.0, 0.02, freedom=2).interval()
        >>> round(high - low, 3)  # two degrees of freedom only
        0.172
        """
        half = float(scipy.stats.t.ppf(0.5 + level / 2, self.degrees)) * self.standard_error
        return self.value - half, self.value + half

    def p_above(self, threshold: float) -> float:
        """p-value of "the difference lies within ±τ", largest at the border."""
        return p_within(self.value, self.standard_error, threshold, self.degrees)


@dataclass(frozen=True, eq=False)
class ChangeFinding:
    """One effect in every model.

    Attributes
    ----------
    feature : str
        The feature, or "the target's rows" for the mean prediction there.
    part : {"total", "direct", "indirect", "prediction"}
    estimator : Estimator
        ASKED for what the model itself answers.
    after : Effect
        In the audited model.
    before : Effect or None
        In the model before unlearning, where it was given.
    retrained : tuple of Effect
        In every model retrained without the target; may be empty.
    honest : bool
        Whether all of these were retrained indeed: beside one that was not, nothing is a residue.
    """

    feature: str
    part: ChangePart
    estimator: Estimator
    after: Effect
    before: Effect | None = None
    retrained: tuple[Effect, ...] = ()
    honest: bool = True

    @cached_property
    def world(self) -> Effect | None:
        """What a model retrained without the target carries: the mean over such models."""
        if not self.retrained:
            return None
        count = len(self.retrained)
        total = self.retrained[0]
        for effect in self.retrained[1:]:
            total = total + effect
        return Effect(total.value / count, total.influence / count)

    @cached_property
    def removed(self) -> Difference | None:
        """Before − after: how much influence unlearning removed; negative when it added some."""
        if self.before is None:
            return None
        gone = self.before - self.after
        return Difference(without_rounding(gone.value), without_rounding(gone.standard_error))

    @cached_property
    def residue(self) -> Difference | None:
        """After − retrained: what is left above what a retrained model still carries."""
        world = self.world
        if world is None or not self.honest:
            return None
        left = self.after - world
        value, row_error = without_rounding(left.value), without_rounding(left.standard_error)
        count = len(self.retrained)
        if count < 2:
            return Difference(value, row_error)
        # The audited model is one more draw of the training, if it was unlearned truly.
        spread = float(np.std([effect.value for effect in self.retrained], ddof=1))
        error = without_rounding(spread * float(np.sqrt(1 + 1 / count)))
        return Difference(value, row_error, error, count - 1)

    @property
    def name(self) -> str:
        """What it is about, in words."""
        if self.part == "prediction":
            return f"mean prediction on {self.feature}"
        by = "" if self.estimator == ASKED else f" ({self.estimator})"
        return f"{self.feature}, {self.part} effect{by}"


@dataclass(frozen=True)
class RowGaps:
    """How far predictions at the target's rows lie from the retrained models', row by row.

    Mean absolute differences to the mean of the retrained models, in the unit of the prediction:
    unlike means they do not cancel. `chance` is how far one retrained model lies from the mean of
    the others, the gap that honest unlearning would show; NaN with fewer than two.
    """

    n_rows: int
    before: float
    after: float
    chance: float

    def sentence(self) -> str:
        """Say it in words."""
        said = (
            f"At the {self.n_rows:,} rows of the target, the audited model's predictions lie "
            f"{signed(self.after).lstrip('+')} from the retrained model's on average"
        )
        others = []
        if np.isfinite(self.before):
            others.append(f"the model before lay {signed(self.before).lstrip('+')} away")
        if np.isfinite(self.chance):
            others.append(f"retrained models lie {signed(self.chance).lstrip('+')} from each other")
        return f"{said} ({'; '.join(others)})." if others else f"{said}."


def row_gaps(
    after: FloatArray,
    before: FloatArray | None,
    retrained: Sequence[FloatArray],
) -> RowGaps:
    """Measure how far predictions at some rows lie from those of the retrained models.

    Parameters
    ----------
    after, before : ndarray, shape (rows,)
    retrained : sequence of ndarray, shape (rows,)
        At least one.

    Examples
    --------
    >>> round(row_gaps(np.array([0.5, 0.7]), None, [np.array([0.5, 0.5])]).after, 12)
    0.1
    """
    centre = np.mean(retrained, axis=0)
    chance = [
        np.abs(one - np.mean([*retrained[:k], *retrained[k + 1 :]], axis=0)).mean()
        for k, one in enumerate(retrained)
        if len(retrained) > 1
    ]
    return RowGaps(
        len(after),
        float("nan") if before is None else float(np.abs(before - centre).mean()),
        float(np.abs(after - centre).mean()),
        float(np.mean(chance)) if chance else float("nan"),
    )
