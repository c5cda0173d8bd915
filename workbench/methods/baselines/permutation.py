"""Permutation importance: how much worse the model scores when a column is shuffled."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import scipy

from workbench.case.asking.batches import Answer, QueryBatch
from workbench.case.audit_case import AuditCase
from workbench.case.audit_request import AuditRequest
from workbench.case.recorded_outcome import recorded_outcome
from workbench.case.target import UnlearningTarget
from workbench.common.arrays import FloatArray
from workbench.common.errors import AuditError, ModelError
from workbench.common.progress import Progress, silent
from workbench.methods.attribution import Attribution, by_feature
from workbench.methods.method import Baseline

__all__ = ["METHOD", "permutation_importance"]

STEP = "Permutation importance"
Scorer = Callable[[FloatArray, FloatArray], tuple[float, FloatArray]]


def permutation_importance(
    case: AuditCase,
    target: UnlearningTarget,
    *,
    n_repeats: int = 2,
    max_rows: int | None = 10_000,
    left_out: Collection[str] = (),
    seed: int = 0,
    progress: Progress = silent,
) -> Attribution:
    """Shuffle one column at a time over the target's rows and see how much worse the model does.

    Equal to :func:`sklearn.inspection.permutation_importance` with the same seed; rows that a
    shuffle leaves as they are, and those that the audit has asked about, are not asked about again.
    With a recorded outcome the scorer is ROC AUC (binary outcome) or R² (numeric outcome); without
    one, or when it does not vary on these rows, the values are the mean absolute change of the
    prediction.

    Parameters
    ----------
    n_repeats : int, default 2
        Shuffles per feature.
    max_rows : int or None, default 10,000
        A seeded sample of the target's rows is used when there are more; None uses all.
    left_out : iterable of str, optional
        Features that are not measured, such as the many that nobody drew into the graph.
    seed : int, default 0
    progress : callable, optional

    Returns
    -------
    Attribution
        Values are decreases of the score, with the interval of a mean over rows and shuffles.

    Raises
    ------
    ModelError
        When the model is a column of logged predictions.
    AuditError
        When `n_repeats` or `max_rows` is less than 1.

    Examples
    --------
    >>> import pandas as pd
    >>> from workbench.graph.causal_graph import CausalGraph
    >>> frame = pd.DataFrame({"a": [0.1, 0.9, 0.4, 0.8], "b": [1.0, 2.0, 3.0, 4.0]})
    >>> case = AuditCase(frame, lambda rows: rows["a"], CausalGraph([("b", "a")]), features=["a"])
    >>> permutation_importance(case, UnlearningTarget.feature("a")).values["b"]
    np.float64(0.0)
    """
    for name, number in (("n_repeats", n_repeats), ("max_rows", max_rows)):
        if number is not None and number < 1:
            raise AuditError(f"Permutation importance needs {name} of at least 1, not {number}.")
    if not case.model.can_query:
        raise ModelError(
            "Permutation importance asks the model about shuffled rows, but this model is a "
            "column of logged predictions. Bring the model itself, or leave this method out."
        )
    _, mask = case.resolve(target)
    rows, y, scoring = _judged(case, np.flatnonzero(mask), max_rows, seed)
    measured = [name for name in case.features if name not in left_out]
    shuffling = [name for name in case.reads if name not in left_out]
    if len(rows) < 2:
        nothing = by_feature(measured, dict.fromkeys(shuffling, float("nan")))
        sentence = "Not computed: one row has no other value to be shuffled with."
        return Attribution(
            "permutation", nothing, None, None, scoring.unit, sentence, len(rows), 0, False
        )

    batch = QueryBatch(case, progress, STEP)
    shuffled = _Shuffled(batch, rows, y, scoring, n_repeats, seed)
    asked = {name: shuffled.asked(name) for name in shuffling}
    found = {name: shuffled.without(questions) for name, questions in asked.items()}
    sentence = (
        f"Permutation importance, scored {scoring.basis}, on {len(rows):,} of {mask.sum():,} rows, "
        f"{n_repeats} shuffle{'s' if n_repeats > 1 else ''} per feature, {batch.asked:,} rows "
        f"asked."
    )
    values, half = (
        by_feature(measured, {name: entry[k] for name, entry in found.items()}) for k in (0, 1)
    )
    return Attribution(
        "permutation",
        values,
        values - half,
        values + half,
        scoring.unit,
        sentence,
        len(rows),
        batch.asked,
        exact=False,
    )


class _Shuffled:
    """The model's score with one column shuffled, in scikit-learn's own order of drawing."""

    def __init__(
        self,
        batch: QueryBatch,
        rows: npt.NDArray[np.intp],
        y: FloatArray,
        scoring: _Scoring,
        repeats: int,
        seed: int,
    ) -> None:
        self.batch, self.rows, self.y, self.scoring = batch, rows, y, scoring
        self.repeats = repeats
        # Legacy draws, so that the values equal sklearn.inspection.permutation_importance's.
        self.seed = np.random.RandomState(seed).randint(np.iinfo(np.int32).max + 1)
        self.whole, self.own = scoring.score(batch.case.predictions[rows], y)

    def asked(self, name: str) -> list[tuple[Answer, npt.NDArray[np.intp]]]:
        """Ask about the rows in each shuffle; return the answers and which row lends its value."""
        draws, order = np.random.RandomState(self.seed), np.arange(len(self.rows))
        donor = order.copy()
        values = self.batch.case.columns[name].values[self.rows]
        found = []
        for _ in range(self.repeats):
            draws.shuffle(order)
            donor = donor[order]
            found.append((self.batch.ask(self.rows, {name: values[donor]}), donor))
        return found

    def without(self, asked: list[tuple[Answer, npt.NDArray[np.intp]]]) -> tuple[float, float]:
        """Return by how much the score falls, and half the width of its 95 % interval."""
        falls, influences = [], []
        for answer, _ in asked:
            score, influence = self.scoring.score(answer.scores, self.y)
            falls.append(self.whole - score)
            influences.append(self.own - influence)
        return float(np.mean(falls)), 1.959964 * _error(influences, [donor for _, donor in asked])


def _error(influences: list[FloatArray], donors: list[npt.NDArray[np.intp]]) -> float:
    """Return the standard error of a mean over shuffles: from the rows and from the shuffles.

    A row takes part twice, with a value that it is lent and with the one that it lends: as in a
    U-statistic with two arguments both count, and what is drawn by chance in one shuffle counts
    once per shuffle. With h the terms of one shuffle and V their variance, the variance of the sum
    of both parts holds V / shuffles too much.
    """
    n = len(influences[0])
    lent = np.mean(influences, axis=0)
    lends = np.zeros(n)
    for influence, order in zip(influences, donors, strict=True):
        lends[order] += influence / len(influences)
    by_chance = float(np.mean([np.var(one) for one in influences])) / len(influences)
    spread = max(float(np.var(lent + lends)) - by_chance, by_chance)
    return float(np.sqrt(spread / n))


@dataclass(frozen=True)
class _Scoring:
    """A score of predictions against the truth, with the influence of every row on it."""

    score: Scorer
    unit: str
    basis: str


def _judged(
    case: AuditCase, rows: npt.NDArray[np.intp], limit: int | None, seed: int
) -> tuple[npt.NDArray[np.intp], FloatArray, _Scoring]:
    """Choose the rows, what the scores are judged against there, and by which scorer."""
    outcome = recorded_outcome(case)
    if outcome is not None:
        known = _sample(rows[~np.isnan(outcome.values[rows])], limit, seed)
        y = outcome.values[known]
        if len(known) > 1 and np.ptp(y) > 0:
            ranks = outcome.binary and case.output != "value"
            scorer, score = (_roc_auc, "ROC AUC") if ranks else (_r_squared, "R²")
            basis = f"by {score} against {case.outcome!r}"
            return known, y, _Scoring(scorer, f"decrease in {score}", basis)
    rows = _sample(rows, limit, seed)
    why = "no outcome is recorded" if outcome is None else "the outcome does not vary here"
    basis = f"against the model's own predictions because {why}"
    unit = "mean absolute change of the prediction"
    return rows, case.predictions[rows], _Scoring(_against_itself, unit, basis)


def _sample(rows: npt.NDArray[np.intp], limit: int | None, seed: int) -> npt.NDArray[np.intp]:
    if limit is None or len(rows) <= limit:
        return rows
    return np.sort(np.random.default_rng(seed).choice(rows, limit, replace=False))


def _roc_auc(scores: FloatArray, y: FloatArray) -> tuple[float, FloatArray]:
    """ROC AUC; a row's influence is how many of the other class it is ranked rightly against."""
    upper = y == y.max()
    n, above, below = len(y), int(upper.sum()), int((~upper).sum())
    everywhere, placed = scipy.stats.rankdata(scores), np.empty(n)
    placed[upper] = (everywhere[upper] - scipy.stats.rankdata(scores[upper])) / below
    placed[~upper] = 1 - (everywhere[~upper] - scipy.stats.rankdata(scores[~upper])) / above
    value = float(placed[upper].mean())
    return value, (placed - value) * np.where(upper, n / above, n / below)


def _r_squared(scores: FloatArray, y: FloatArray) -> tuple[float, FloatArray]:
    """R²: one less the share of the outcome's variance that is left."""
    left, spread = (y - scores) ** 2, (y - y.mean()) ** 2
    share = float(left.mean() / spread.mean())
    return 1 - share, (share * spread - left) / spread.mean()


def _against_itself(scores: FloatArray, y: FloatArray) -> tuple[float, FloatArray]:
    """Return how near the predictions stay to the model's own, as a score: larger is nearer."""
    away = np.abs(scores - y)
    return -float(away.mean()), away.mean() - away


def _run(asked: AuditRequest) -> Attribution:
    return permutation_importance(
        asked.case,
        asked.target,
        left_out=asked.left_out,
        seed=asked.seed,
        progress=asked.progress,
    )


METHOD = Baseline(
    name="permutation",
    title="permutation importance",
    label="Permutation importance",
    cost="seconds; it asks the model about two copies of up to 10,000 rows for every feature",
    run=_run,
    asks=True,
    by_feature=True,
)
