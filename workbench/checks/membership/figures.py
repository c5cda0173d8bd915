"""How well scores tell two groups of records apart, with intervals."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import scipy

from workbench.checks.membership.signals import FloatArray
from workbench.common.arrays import Positions

__all__ = [
    "AttackFigures",
    "Estimate",
    "attack_figures",
    "clopper_pearson",
    "delong_auc",
    "logit_interval",
    "placements",
]


@dataclass(frozen=True)
class Estimate:
    """A number between 0 and 1 with its interval.

    Attributes
    ----------
    value, low, high : float
        The interval has the level that its evidence states.
    """

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.value:.3f} ({self.low:.3f} to {self.high:.3f})"


@dataclass(frozen=True)
class AttackFigures:
    """One attack's success at telling some records from records that were never trained on.

    Attributes
    ----------
    n_records, n_unseen : int
        Records of the group, and records never trained on.
    auc : Estimate
        The chance that a record of the group scores higher than one never trained on; 0.5 is
        guessing. DeLong's interval.
    tpr_1, tpr_01 : Estimate
        Share of the group found when 1 % and 0.1 % of the others are accused wrongly.
        Clopper-Pearson intervals, given the threshold. Where fewer than 100 (1,000) records were
        never trained on, the threshold lies above all of them.
    balanced_accuracy : Estimate
        Mean of the shares told right in either group, at the threshold that tells most apart; the
        interval holds for that threshold as if it had been known, so it is a little optimistic.
    """

    n_records: int
    n_unseen: int
    auc: Estimate
    tpr_1: Estimate
    tpr_01: Estimate
    balanced_accuracy: Estimate


def attack_figures(
    scores: FloatArray,
    unseen: FloatArray,
    *,
    level: float = 0.95,
    strata: tuple[Positions, Positions] | None = None,
) -> AttackFigures:
    """Compare the scores of some records with those of records never trained on.

    Parameters
    ----------
    scores : ndarray, shape (m,)
    unseen : ndarray, shape (n,)
    level : float, default 0.95
        Coverage of the intervals.
    strata : pair of ndarray of int, optional
        See :func:`delong_auc`; only the AUC heeds it.

    Examples
    --------
    >>> figures = attack_figures(np.arange(3.0, 9.0), np.arange(6.0))
    >>> round(figures.auc.value, 3), figures.tpr_1.value, figures.balanced_accuracy.value
    (0.875, 0.5, 0.75)
    """
    return AttackFigures(
        len(scores),
        len(unseen),
        delong_auc(scores, unseen, level=level, strata=strata),
        _true_positives(scores, unseen, 0.01, level),
        _true_positives(scores, unseen, 0.001, level),
        _balanced_accuracy(scores, unseen, level),
    )


def delong_auc(
    scores: FloatArray,
    unseen: FloatArray,
    *,
    level: float = 0.95,
    strata: tuple[Positions, Positions] | None = None,
) -> Estimate:
    """Return the area under the ROC curve with DeLong's interval (DeLong et al. 1988).

    Parameters
    ----------
    scores, unseen : ndarray, shapes (m,) and (n,)
    level : float, default 0.95
    strata : pair of ndarray of int, shapes (m,) and (n,), optional
        Records are compared within a stratum only; each stratum weighs as many records of the
        first group as it holds. Every stratum of the first group needs one of the second.

    Notes
    -----
    The interval is taken on the logit scale, where it stays within 0 and 1. At an AUC of exactly 0
    or 1 DeLong's variance is 0; the interval is then that of as many tosses as the smaller group
    has records.
    """
    above, shares = placements(scores, unseen, strata)
    value = float(above.mean())
    fewer = min(len(scores), len(unseen))
    if value in (0.0, 1.0):
        hits = clopper_pearson(round(value * fewer), fewer, level)
        return Estimate(value, hits.low, hits.high)
    variance = float(above.var(ddof=1)) / len(above) if len(above) > 1 else value * (1 - value)
    for weight, below in shares:
        variance += weight**2 * (float(below.var(ddof=1)) / len(below) if len(below) > 1 else 0.25)
    return logit_interval(value, math.sqrt(variance), level)


def logit_interval(value: float, error: float, level: float) -> Estimate:
    """Return a share strictly between 0 and 1 with an interval that stays within them.

    Parameters
    ----------
    error : float
        The standard error of `value`.
    """
    half = _normal(level) * error / (value * (1 - value))
    middle = math.log(value / (1 - value))
    return Estimate(
        value, float(scipy.special.expit(middle - half)), float(scipy.special.expit(middle + half))
    )


def placements(
    scores: FloatArray, unseen: FloatArray, strata: tuple[Positions, Positions] | None = None
) -> tuple[FloatArray, list[tuple[float, FloatArray]]]:
    """Place each record among those of the other group; a tie counts half.

    Returns
    -------
    ndarray, shape (m,)
        Share of the unseen records of its stratum that a record scores above.
    list of (float, ndarray)
        Per stratum its weight, and for each of its unseen records the share of records above it.
    """
    mine, theirs = strata or (np.zeros(len(scores), np.intp), np.zeros(len(unseen), np.intp))
    above = np.empty(len(scores))
    shares = []
    for stratum in np.unique(mine):
        chosen, others = mine == stratum, unseen[theirs == stratum]
        own = scores[chosen]
        above[chosen] = _midranks(others, own) / len(others)
        shares.append((len(own) / len(scores), 1 - _midranks(own, others) / len(own)))
    return above, shares


def clopper_pearson(hits: int, trials: int, level: float = 0.95) -> Estimate:
    """Return a share with its exact interval (Clopper and Pearson 1934).

    Examples
    --------
    >>> print(clopper_pearson(0, 10))
    0.000 (0.000 to 0.308)
    """
    tail = (1 - level) / 2
    low = float(scipy.stats.beta.ppf(tail, hits, trials - hits + 1)) if hits else 0.0
    high = float(scipy.stats.beta.ppf(1 - tail, hits + 1, trials - hits)) if hits < trials else 1.0
    return Estimate(hits / trials, low, high)


def _true_positives(scores: FloatArray, unseen: FloatArray, rate: float, level: float) -> Estimate:
    allowed = math.floor(rate * len(unseen))
    threshold = np.partition(unseen, len(unseen) - 1 - allowed)[len(unseen) - 1 - allowed]
    return clopper_pearson(int(np.sum(scores > threshold)), len(scores), level)


def _balanced_accuracy(scores: FloatArray, unseen: FloatArray, level: float) -> Estimate:
    cuts = np.unique(np.concatenate([scores, unseen]))
    found = 1 - np.searchsorted(np.sort(scores), cuts) / len(scores)
    spared = np.searchsorted(np.sort(unseen), cuts) / len(unseen)
    best = int(np.argmax(found + spared))
    value = float(found[best] + spared[best]) / 2
    # Agresti-Coull shares keep a spread where a group is told right without exception.
    parts = [
        (share * n + 2) / (n + 4)
        for share, n in ((float(found[best]), len(scores)), (float(spared[best]), len(unseen)))
    ]
    spread = math.sqrt(
        sum(
            share * (1 - share) / (n + 4)
            for share, n in zip(parts, (len(scores), len(unseen)), strict=True)
        )
    )
    half = _normal(level) * spread / 2
    return Estimate(value, max(value - half, 0.0), min(value + half, 1.0))


def _midranks(ordered: FloatArray, asked: FloatArray) -> FloatArray:
    """Count the values below each asked one, ties half."""
    ordered = np.sort(ordered)
    low = np.searchsorted(ordered, asked, side="left")
    counts: FloatArray = (low + np.searchsorted(ordered, asked, side="right")) / 2
    return counts


def _normal(level: float) -> float:
    return float(scipy.stats.norm.ppf((1 + level) / 2))
