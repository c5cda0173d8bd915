"""What unlearning cost: how well each model still predicts the recorded outcome.

Every figure is a smooth function of means over rows, so it has an influence column of its own, and
the change against the model before has a paired interval: what two models get wrong on the same
rows cancels. A drop too large to be the price of forgetting is a performance cliff.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import scipy

from workbench.case.recorded_outcome import RecordedOutcome
from workbench.checks.change.utility_measures import (
    CLASS_MEASURES,
    VALUE_MEASURES,
    change,
    interval,
    nothing,
    title,
)
from workbench.common.arrays import BoolArray, FloatArray
from workbench.common.errors import DataError, ModelError, listed
from workbench.common.multiple_testing import holm
from workbench.common.wording import amount, listing, rate, share, signed, span, stated
from workbench.models.black_box import Output

__all__ = ["BEFORE", "RETRAINED", "Cliff", "ModelUtility", "cliffs_in", "model_utility"]


BEFORE, RETRAINED = "before", "retrained"
"""The model that others are compared with, and the one that no advice to retrain is given for."""
ALL = "all rows"
FEWEST_ROWS = 20
"""Rows with an outcome that a group needs to be measured."""
POINTS, RELATIVE = 0.05, 0.10
"""Default cliffs: a fall of accuracy or AUC, and a relative rise of the RMSE."""
COLUMNS = [
    "model", "group", "n_rows", "metric", "value", "low", "high",
    "change", "change_low", "change_high",
]  # fmt: skip


@dataclass(frozen=True)
class Cliff:
    """A significant loss beyond the stated size.

    Attributes
    ----------
    change, low, high : float
        Change of the metric against the model before, with its paired interval.
    relative : float or None
        The change as a share of the value before; None for metrics that are shares themselves.
    """

    model: str
    group: str
    metric: str
    change: float
    low: float
    high: float
    relative: float | None = None

    def sentence(self, level: float) -> str:
        """Say it in words, with the level of its interval."""
        where = "on all rows" if self.group == ALL else f"in the group {self.group!r}"
        verb = "rose" if self.metric == "rmse" else "fell"
        much = f" ({share(self.relative)})" if self.relative is not None else ""
        return (
            f"Performance cliff: {title(self.metric)} of the model {self.model!r} {verb} by "
            f"{signed(self.change)}{much} {where} "
            f"({rate(level)} interval {span((self.low, self.high))})."
        )


@dataclass(frozen=True, eq=False)
class ModelUtility:
    """How well each model predicts, and what changed.

    Attributes
    ----------
    table : DataFrame
        model, group, n_rows (rows with an outcome), metric, value, low, high, change, change_low,
        change_high. The change is against the model "before", on the same rows; NaN without one.
    cliffs : tuple of Cliff
    cliff : float
        What counts as one: a fall of accuracy or AUC, or a relative rise of the RMSE.
    level : float
        Of the intervals.
    notes : tuple of str
        Which rows were used, and what was left out.
    """

    table: pd.DataFrame
    cliffs: tuple[Cliff, ...]
    cliff: float
    level: float
    notes: tuple[str, ...]

    def to_frame(self) -> pd.DataFrame:
        """Return one row per model, group and metric."""
        return self.table.copy()

    def sentences(self) -> tuple[str, ...]:
        """Say what was kept, what was lost, and what follows."""
        found = [*self._changes(), *(c.sentence(self.level) for c in self.cliffs)]
        fallen = {c.model for c in self.cliffs} - {RETRAINED}
        if fallen:
            found.append("Advice: retrain from a clean snapshot instead of repairing this model.")
            there = {(c.group, c.metric) for c in self.cliffs if c.model == RETRAINED}
            if any((c.group, c.metric) in there for c in self.cliffs if c.model in fallen):
                found.append(
                    "The retrained model has such a loss as well, so retraining will not bring "
                    "back all of it: part of the performance came from what was erased."
                )
        elif not self.cliffs and self.table["change"].notna().any():
            size = share(self.cliff) if self._has("rmse") else stated(self.cliff)
            found.append(f"No performance cliff (a significant loss beyond {size}) was found.")
        return (*found, *self.notes)

    def _has(self, metric: str) -> bool:
        return bool((self.table["metric"] == metric).any())

    def _changes(self) -> Iterator[str]:
        main = "rmse" if self._has("rmse") else "accuracy"
        rows = self.table[(self.table["group"] == ALL) & (self.table["metric"] == main)]
        for row in rows[rows["model"] != BEFORE].to_dict("records"):
            if not np.isnan(row["change"]):
                yield (
                    f"{title(main, capital=True)} of the model {row['model']!r}: "
                    f"{amount(row['value'])}, a change of {signed(row['change'])} "
                    f"({rate(self.level)} interval "
                    f"{span((row['change_low'], row['change_high']))}) against the model before."
                )


def model_utility(
    outcome: RecordedOutcome | pd.Series,
    scores: Mapping[str, npt.ArrayLike],
    *,
    output: Output,
    groups: Mapping[str, npt.ArrayLike] | None = None,
    rows: npt.ArrayLike | None = None,
    cliff: float | None = None,
    level: float = 0.95,
) -> ModelUtility:
    """Measure how well models predict the same rows, and the change against the one before.

    Parameters
    ----------
    outcome : RecordedOutcome or Series, shape (n,)
        What really happened; best from :func:`recorded_outcome`, which
        knows the class that the model scores. In a Series of two values the second in sorted order
        is taken for it. Rows without an outcome are left out.
    scores : mapping of str to ndarray, each shape (n,)
        By the model's name. "before" is what the others are compared with.
    output : {"probability", "log-odds", "value"}
        What a score is. The decision line is 0.5, or 0 of log-odds.
    groups : mapping of str to ndarray of bool, optional
        Rows of subgroups, by name; measured beside all rows.
    rows : ndarray of bool, optional
        The rows to measure on, all by default. Choose rows that no model was trained on: those
        that it was trained on flatter it.
    cliff : float, optional
        A loss that is significant and larger than this is a performance cliff. By default 0.05 of
        accuracy or AUC, and 0.10 of the RMSE before, in any group; significance is corrected for
        the number of comparisons (Holm, 5 %).
    level : float, default 0.95

    Returns
    -------
    ModelUtility

    Raises
    ------
    DataError
        When shapes do not fit, no row has an outcome, or a probability meets an outcome of more
        than two values.
    ModelError
        When scores are not finite.

    Notes
    -----
    Probabilities and log-odds: accuracy, AUC (DeLong, DeLong and Clarke-Pearson 1988), Brier score
    (Brier 1950), and calibration as two numbers: the offset (mean score − share of positives, 0 is
    right) and the slope of the outcome regressed on the score (Mincer and Zarnowitz 1969; 1 is
    right, below 1 the scores are too extreme). The expected calibration error is not among them:
    it depends on bins and is above zero for a perfectly calibrated model too, so neither it nor
    its change has an honest interval. Values: RMSE, MAE and R².

    Intervals are normal ones from influence functions, except that the accuracy has Wilson's
    (1927), its change that of Agresti and Min (2005), the AUC a logit and R² a logarithmic
    interval, because these hold in small groups too. Nothing is drawn at random.

    Examples
    --------
    >>> happened = pd.Series(["no", "yes"] * 50)
    >>> good, bad = np.tile([0.2, 0.9], 50), np.tile([0.2, 0.9, 0.7, 0.3], 25)
    >>> kept = model_utility(happened, {"before": good, "after": bad}, output="probability")
    >>> kept.table.query("metric == 'accuracy'")[["model", "value", "change"]].values.tolist()
    [['before', 1.0, 0.0], ['after', 0.5, -0.5]]
    >>> [found.metric for found in kept.cliffs]
    ['accuracy', 'auc']
    """
    known = outcome if isinstance(outcome, RecordedOutcome) else _recorded(outcome, output)
    size = len(known.values)
    if output != "value" and not known.binary:
        raise DataError(
            f"The scores are said to be a {output}, but the outcome has more than two values. Say "
            f"output='value', or bring the outcome that the model predicts."
        )
    if not 0.5 <= level < 1:
        raise DataError(f"The level of an interval lies between 0.5 and 1, not {level!r}.")
    line = (RELATIVE if output == "value" else POINTS) if cliff is None else cliff
    if not 0 < line < np.inf:
        raise DataError(f"A performance cliff is a loss above 0, not {line!r}.")
    given = {name: _score(name, values, size, output) for name, values in scores.items()}
    used = np.ones(size, dtype=bool) if rows is None else _mask("rows", rows, size)
    recorded = used & ~np.isnan(known.values)
    if not recorded.any():
        raise DataError("None of the rows to measure on has a recorded outcome.")
    masks = {ALL: recorded}
    for name, mask in (groups or {}).items():
        if name == ALL:
            raise DataError(f"A group cannot be called {ALL!r}: these are measured anyway.")
        masks[name] = recorded & _mask(name, mask, size)
    measures = VALUE_MEASURES if output == "value" else CLASS_MEASURES
    records: list[dict[str, Any]] = []
    for group, mask in masks.items():
        truth, count = known.values[mask], int(mask.sum())
        for metric, measure in measures.items():
            found = {
                name: measure(truth, score[mask]) if count >= FEWEST_ROWS else nothing(count)
                for name, score in given.items()
            }
            for name, effect in found.items():
                bounds = interval(metric, effect, level)
                changed = change(metric, effect, found.get(BEFORE), level)
                about = (name, group, count, metric, effect.value, *bounds, *changed)
                records.append(dict(zip(COLUMNS, about, strict=True)))
    table = pd.DataFrame(records, columns=COLUMNS)
    small = [group for group, mask in masks.items() if mask.sum() < FEWEST_ROWS]
    notes = _notes(used, recorded, rows is None, small)
    return ModelUtility(table, cliffs_in(table, line, level), line, level, notes)


def _recorded(outcome: Any, output: Output) -> RecordedOutcome:
    """Return a plain column as numbers; of two values the second counts as 1."""
    if not isinstance(outcome, pd.Series):
        raise DataError(f"The outcome is a {type(outcome).__name__}; a pandas Series is expected.")
    levels = sorted(outcome.dropna().unique().tolist())
    if len(levels) == 2 and output != "value":
        values = (outcome == levels[1]).to_numpy(dtype=np.float64, na_value=np.nan)
        values[outcome.isna().to_numpy()] = np.nan
        return RecordedOutcome(values, binary=True, positive=levels[1])
    if output != "value" and len(levels) < 2:
        raise DataError(
            "The outcome has fewer than two values here, so nothing says which class the scores "
            "are about. Use recorded_outcome(case)."
        )
    if not pd.api.types.is_numeric_dtype(outcome.dtype):
        raise DataError(
            f"The outcome holds {listed(levels, 4)}; numbers or two values are expected."
        )
    return RecordedOutcome(outcome.to_numpy(dtype=np.float64, na_value=np.nan), binary=False)


def _score(name: str, values: npt.ArrayLike, size: int, output: Output) -> FloatArray:
    score = np.asarray(values, dtype=np.float64)
    if score.shape != (size,):
        raise DataError(
            f"The scores of {name!r} have shape {score.shape}; one per row of the outcome, "
            f"({size},), is expected."
        )
    if not np.isfinite(score).all():
        raise ModelError(f"The scores of {name!r} hold NaN or infinity. Every row needs a score.")
    return scipy.special.expit(score) if output == "log-odds" else score


def _mask(name: str, values: npt.ArrayLike, size: int) -> BoolArray:
    mask = np.asarray(values)
    if mask.dtype != np.bool_ or mask.shape != (size,):
        raise DataError(
            f"{name!r} has shape {mask.shape} and type {mask.dtype}; one true or false per row, "
            f"shape ({size},), is expected."
        )
    return mask


def cliffs_in(table: pd.DataFrame, cliff: float, level: float) -> tuple[Cliff, ...]:
    """Return the losses that are beyond the size and no chance finding among all looked at."""
    watched = table[table["metric"].isin(["accuracy", "auc", "rmse"])]
    watched = watched[(watched["model"] != BEFORE) & watched["change"].notna()]
    signs = np.where(watched["metric"] == "rmse", 1.0, -1.0)
    losses = watched["change"].to_numpy() * signs
    widths = (watched["change_high"] - watched["change_low"]).to_numpy()
    errors = widths / (2 * scipy.special.ndtri(0.5 + level / 2))
    z = np.divide(losses, errors, out=np.where(losses > 0, 99.0, 0.0), where=errors > 0)
    corrected = holm([float(p) for p in scipy.stats.norm.sf(z)])
    found = []
    for row, loss, p_value in zip(watched.to_dict("records"), losses, corrected, strict=True):
        was = row["value"] - row["change"]
        relative = None
        if row["metric"] == "rmse":
            relative = row["change"] / was if was > 0 else np.inf
        size = loss if relative is None else relative
        if size > cliff and p_value <= 0.05:
            about = (row["model"], row["group"], row["metric"], row["change"])
            found.append(Cliff(*about, row["change_low"], row["change_high"], relative))
    return tuple(found)


def _notes(
    used: BoolArray, recorded: BoolArray, unchosen: bool, small: list[str]
) -> tuple[str, ...]:
    """Say which rows the figures are about."""
    which = "all rows" if unchosen else f"the {int(used.sum()):,} rows chosen"
    found = [f"Measured on {which}: {int(recorded.sum()):,} have a recorded outcome."]
    if unchosen:
        found.append(
            "If a model was trained on some of these rows, they flatter it; rows that no model has "
            "seen would be fairer."
        )
    if small:
        found.append(
            f"Not measured, with fewer than {FEWEST_ROWS} rows that have an outcome: "
            f"{listing(small)}."
        )
    return tuple(found)
