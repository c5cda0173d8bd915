"""Whether a model answers the same question alike, however and whenever it is asked.

A model that was truly changed answers from one set of weights. A fraud that shows an auditor
something else must tell an audit from daily use: by many rows in one call, by the very rows that
are to be forgotten, or by who is asking. So rows are asked alone and together, exactly and next to
it, and the answers are compared with those that were served before the audit.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import scipy

from workbench.case.audit_case import AuditCase
from workbench.case.target import UnlearningTarget
from workbench.checks.consistency.finding import AnswerConsistency, Asked, ConsistencyQuestion
from workbench.common.arrays import FloatArray, Positions
from workbench.common.errors import DataError, ModelError
from workbench.common.progress import Progress, silent
from workbench.models.black_box import BlackBoxModel

__all__ = ["AnswerConsistency", "ConsistencyQuestion", "answer_consistency"]


SAME = 1e-7
"""Answers this close, as a share of the spread of all answers, are the same."""
NUDGE = 1e-6
"""Size of a slight change, in standard deviations of the column."""
JUMP = 10.0
"""How many times an answer's distance to both sides must exceed theirs to be a jump."""


def answer_consistency(
    case: AuditCase,
    target: UnlearningTarget,
    *,
    served: Any = None,
    rows: int = 200,
    alpha: float = 0.05,
    seed: int = 0,
    progress: Progress = silent,
) -> AnswerConsistency:
    """Ask a model the same in several ways, and compare the answers.

    Parameters
    ----------
    case : AuditCase
        Its model must be one that can be asked.
    target : UnlearningTarget
        The rows that are to be forgotten; all, when it names a feature.
    served : array_like, shape (n,), or BlackBoxModel, optional
        Predictions for the case's rows that were logged before the audit, NaN where none was; or a
        model made by :meth:`workbench.models.black_box.BlackBoxModel.from_predictions`.
    rows : int, default 200
        Rows of the target, and rows outside it, to ask about at the most.
    alpha : float, default 0.05
        Chance of calling a consistent model inconsistent, at most, after Holm's correction.
    seed : int, default 0
        Of the choice of rows.
    progress : callable, optional

    Returns
    -------
    AnswerConsistency

    Raises
    ------
    ModelError
        When the model cannot be asked.
    DataError
        When the logged predictions do not fit the rows.

    Notes
    -----
    - Alone: each row in a call of its own, against the same row among all others; the rows asked
      together a second time tell a model whose answers are random from one that looks at the
      size of the call (Fisher's exact test).
    - Nearby: every number of a row is moved by 1e-6 of the column's standard deviation, up and
      down. Where a model is smooth, the answer lies between those on its two sides; at the step of
      a tree it equals one of them; an answer that is kept for the very row stands apart from both,
      which agree. Rows of the target are compared with other rows; where there are none, with
      rows put together from two of them, which no list would know.
    - Served: any difference beyond that of the same question asked twice.

    Examples
    --------
    >>> import pandas as pd
    >>> frame = pd.DataFrame({"age": [20.0, 30.0, 40.0, 55.0], "ill": [0, 1, 1, 1]})
    >>> model = BlackBoxModel(lambda rows: rows["age"] / (90 if len(rows) > 2 else 100),
    ...                       features=["age"])
    >>> from workbench.graph.causal_graph import CausalGraph
    >>> case = AuditCase(data=frame, model=model, graph=CausalGraph([("age", "ill")]),
    ...                  outcome="ill")
    >>> found = answer_consistency(case, UnlearningTarget.feature("age"))
    >>> [question.asked for question in found.inconsistent]
    ['alone']
    """
    if not case.model.can_query:
        raise ModelError(
            "The model is a column of logged predictions and cannot be asked again. Bring the "
            "model itself, and give the logged predictions as served=."
        )
    if rows < 1:
        raise DataError(f"At least one row must be asked about, not {rows!r}.")
    log = None if served is None else _log(served, case)
    _, mask = case.resolve(target)
    rng = np.random.default_rng([seed, 6])
    inside, outside = _drawn(np.flatnonzero(mask), rows, rng), _drawn(~mask, rows, rng)
    same = SAME * max(float(np.ptp(case.predictions)), float(np.abs(case.predictions).max()), 1e-9)
    left_out: dict[str, str] = {}

    together = case.predictions
    again = case.ask(case.data)
    random = np.abs(again - together) > same
    questions = [_alone(case, np.sort(np.r_[inside, outside]), random, same, progress)]
    progress("answers: nearby rows", 0.8)
    numbers = [name for name in case.reads if case.columns[name].is_numeric]
    if numbers:
        questions.append(_nearby(case, numbers, inside, outside, same, rng))
    else:
        left_out["nearby"] = (
            "The model reads no number, so that no slightly changed rows could be asked about."
        )
    if log is not None:
        known = np.flatnonzero(~np.isnan(log))
        questions.append(_against("served", log[known], together[known], random[known], same))
    progress("answers: done", 1.0)
    return AnswerConsistency(tuple(questions), alpha, left_out)


def _drawn(among: npt.NDArray[Any], most: int, rng: np.random.Generator) -> Positions:
    places = np.flatnonzero(among) if among.dtype == np.bool_ else among
    chosen: Positions = (
        places if len(places) <= most else np.sort(rng.choice(places, most, replace=False))
    )
    return chosen


def _log(served: Any, case: AuditCase) -> FloatArray:
    given = served.logged if isinstance(served, BlackBoxModel) else served
    if given is None:
        raise DataError(
            "served= takes predictions that were logged, one per row, not a model that would be "
            "asked now: use wb.BlackBoxModel.from_predictions(…)."
        )
    try:
        log = np.asarray(given, dtype=np.float64)
    except (TypeError, ValueError):
        raise DataError("The logged predictions are not numbers.") from None
    if log.shape != (case.n_rows,):
        raise DataError(
            f"The logged predictions have the shape {log.shape}; one per row of the case is "
            f"expected, shape ({case.n_rows},), with NaN where none was logged."
        )
    if np.isnan(log).all():
        raise DataError("No prediction is logged for any row of the case.")
    return log


def _alone(
    case: AuditCase,
    places: Positions,
    random: npt.NDArray[np.bool_],
    same: float,
    progress: Progress,
) -> ConsistencyQuestion:
    answers = np.empty(len(places))
    for number, place in enumerate(places):
        progress("answers: rows asked alone", 0.8 * number / len(places))
        answers[number] = case.ask(case.data.iloc[[place]])[0]
    return _against("alone", answers, case.predictions[places], random[places], same)


def _against(
    asked: Asked,
    answers: FloatArray,
    together: FloatArray,
    random: npt.NDArray[np.bool_],
    same: float,
) -> ConsistencyQuestion:
    """Hold answers against those to the same rows in one call, and these against themselves."""
    gaps = np.abs(answers - together)
    differs, n = gaps > same, len(answers)
    return _question(asked, differs, gaps, (int(random.sum()), n), _fisher(differs, random))


def _nearby(
    case: AuditCase,
    numbers: list[str],
    inside: Positions,
    outside: Positions,
    same: float,
    rng: np.random.Generator,
) -> ConsistencyQuestion:
    """Look for answers that are kept for the very rows of the target."""
    mine = case.data.iloc[inside]
    jumps, gaps = _jumps(case, numbers, mine, same)
    if len(outside):
        others = case.data.iloc[outside]
    else:
        # Every row is in the target: half of the columns from one row, half from another.
        order = rng.permutation(len(mine))
        sources = np.empty_like(order)
        sources[order] = np.roll(order, 1)
        half = list(case.reads[::2])
        others = mine.assign(**{name: mine[name].array[sources] for name in half})
    elsewhere, _ = _jumps(case, numbers, others, same)
    found = int(elsewhere.sum()), len(elsewhere)
    return _question("nearby", jumps, gaps, found, _fisher(jumps, elsewhere))


def _jumps(
    case: AuditCase, numbers: list[str], rows: pd.DataFrame, same: float
) -> tuple[npt.NDArray[np.bool_], FloatArray]:
    """Return where an answer stands apart from those on both of its sides, and how far."""
    exact = case.ask(rows)
    sides = []
    for sign in (-1, 1):
        moved = rows.copy()
        for name in numbers:
            values = moved[name].to_numpy(dtype=np.float64, na_value=np.nan)
            spread = float(np.nanstd(case.columns[name].values)) or 1.0
            moved[name] = values + sign * NUDGE * spread
        sides.append(case.ask(moved))
    apart = np.minimum(*(np.abs(side - exact) for side in sides))
    return apart > JUMP * np.abs(sides[1] - sides[0]) + same, apart


def _question(
    asked: Asked,
    differs: npt.NDArray[np.bool_],
    gaps: FloatArray,
    others: tuple[int, int],
    p_value: float,
) -> ConsistencyQuestion:
    found = gaps[differs]
    return ConsistencyQuestion(
        asked=asked,
        n_rows=len(differs),
        differing=int(differs.sum()),
        other_rows=others[1],
        other_differing=others[0],
        mean_gap=float(found.mean()) if len(found) else 0.0,
        largest_gap=float(found.max()) if len(found) else 0.0,
        p_value=p_value,
    )


def _fisher(some: npt.NDArray[np.bool_], others: npt.NDArray[np.bool_]) -> float:
    """p-value of "no more often than among the others"."""
    table = np.array([[some.sum(), (~some).sum()], [others.sum(), (~others).sum()]])
    return float(scipy.stats.fisher_exact(table, alternative="greater").pvalue)
