"""How well scores fit what happened: figures with influence columns, and their intervals.

Each measure takes the outcome and the scores of some rows, both of shape (m,), and is a smooth
function of means over them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import scipy

from workbench.common.arrays import FloatArray
from workbench.methods.effects import Effect

__all__ = ["CLASS_MEASURES", "VALUE_MEASURES", "Measure", "change", "interval", "nothing", "title"]

Measure = Callable[[FloatArray, FloatArray], Effect]

FEWEST_OF_A_CLASS = 5
"""Rows of either class that the AUC and the calibration slope need."""


def nothing(count: int) -> Effect:
    """Return what is known where nothing could be measured."""
    return Effect(np.nan, np.full(count, np.nan))


def _mean(values: FloatArray) -> Effect:
    value = float(values.mean())
    return Effect(value, (values - value) * _correction(len(values)))


def _correction(count: int) -> float:
    """Make up for the one mean that was fitted: the unbiased variance."""
    return float(np.sqrt(count / max(count - 1, 1)))


def _accuracy(truth: FloatArray, score: FloatArray) -> Effect:
    return _mean(((score > 0.5) == (truth == 1.0)).astype(np.float64))


def _auc(truth: FloatArray, score: FloatArray) -> Effect:
    yes = truth == 1.0
    positives, negatives = int(yes.sum()), int((~yes).sum())
    if min(positives, negatives) < FEWEST_OF_A_CLASS:
        return nothing(len(truth))
    # Share of the other class that each row is on the right side of, ties counted half.
    everywhere = scipy.stats.rankdata(score)
    placements = np.empty(len(truth))
    placements[yes] = (everywhere[yes] - scipy.stats.rankdata(score[yes])) / negatives
    placements[~yes] = 1 - (everywhere[~yes] - scipy.stats.rankdata(score[~yes])) / positives
    value = float(placements[yes].mean())
    influence = placements - value
    for inside, count in ((yes, positives), (~yes, negatives)):
        influence[inside] *= len(truth) / count * _correction(count)
    return Effect(value, influence)


def _brier(truth: FloatArray, score: FloatArray) -> Effect:
    return _mean((score - truth) ** 2)


def _offset(truth: FloatArray, score: FloatArray) -> Effect:
    return _mean(score - truth)


def _slope(truth: FloatArray, score: FloatArray) -> Effect:
    of_class = min(np.sum(truth == 1.0), np.sum(truth == 0.0))
    centred = score - score.mean()
    spread = float((centred**2).mean())
    if of_class < FEWEST_OF_A_CLASS or spread < 1e-18:
        return nothing(len(truth))
    rise = truth - truth.mean()
    slope = float((centred * rise).mean()) / spread
    influence = centred * (rise - slope * centred) / spread
    return Effect(slope, influence * _correction(len(truth)))


def _rmse(truth: FloatArray, score: FloatArray) -> Effect:
    squares = _mean((score - truth) ** 2)
    value = float(np.sqrt(squares.value))
    return Effect(value, squares.influence / (2 * value) if value else squares.influence)


def _mae(truth: FloatArray, score: FloatArray) -> Effect:
    return _mean(np.abs(score - truth))


def _r2(truth: FloatArray, score: FloatArray) -> Effect:
    left, whole = _mean((score - truth) ** 2), _mean((truth - truth.mean()) ** 2)
    if whole.value <= 0:
        return nothing(len(truth))
    ratio = left.value / whole.value
    return Effect(1 - ratio, (ratio * whole.influence - left.influence) / whole.value)


CLASS_MEASURES: Mapping[str, Measure] = {
    "accuracy": _accuracy,
    "auc": _auc,
    "brier": _brier,
    "calibration offset": _offset,
    "calibration slope": _slope,
}
VALUE_MEASURES: Mapping[str, Measure] = {"rmse": _rmse, "mae": _mae, "r2": _r2}
_TITLES = {"auc": "AUC", "rmse": "RMSE", "mae": "MAE", "r2": "R²", "brier": "Brier score"}


def title(metric: str, *, capital: bool = False) -> str:
    """Return a measure's name in a sentence."""
    name = _TITLES.get(metric, metric)
    return name[:1].upper() + name[1:] if capital else name


def interval(metric: str, effect: Effect, level: float) -> tuple[float, float]:
    """Return the interval of one figure."""
    z, count = float(scipy.special.ndtri(0.5 + level / 2)), len(effect.influence)
    if np.isnan(effect.value):
        return np.nan, np.nan
    if metric == "accuracy":
        centre = (effect.value + z**2 / (2 * count)) / (1 + z**2 / count)
        spread = effect.value * (1 - effect.value) / count + z**2 / (4 * count**2)
        half = z * float(np.sqrt(spread)) / (1 + z**2 / count)
        return centre - half, centre + half
    if metric == "auc":
        if not 0 < effect.value < 1:
            return np.nan, np.nan  # without one error these rows say nothing about its size
        slope = effect.value * (1 - effect.value)
        middle, half = scipy.special.logit(effect.value), z * effect.standard_error / slope
        return float(scipy.special.expit(middle - half)), float(scipy.special.expit(middle + half))
    if metric == "r2" and effect.value < 1:
        # Of the logarithm of the share left unexplained, which is nearer to normal.
        left = 1 - effect.value
        factor = float(np.exp(z * effect.standard_error / left))
        return 1 - left * factor, 1 - left / factor
    return effect.interval(level)


def change(
    metric: str, effect: Effect, before: Effect | None, level: float
) -> tuple[float, float, float]:
    """Return the change against the model before, with its paired interval."""
    if before is None:
        return np.nan, np.nan, np.nan
    if before is effect:
        same = 0.0 if not np.isnan(effect.value) else np.nan
        return same, same, same
    change = effect - before
    if metric != "accuracy" or np.isnan(change.value):
        return change.value, *change.interval(level)
    count = len(change.influence)
    by_row = change.influence / _correction(count) + change.value  # −1, 0 or 1
    padded = count + 2
    centre = change.value * count / padded
    spread = (np.sum(np.abs(by_row) > 0.5) + 1) / padded - centre**2
    half = float(scipy.special.ndtri(0.5 + level / 2) * np.sqrt(spread / padded))
    return change.value, min(centre - half, change.value), max(centre + half, change.value)
