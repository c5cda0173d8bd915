"""Whether a model's answers are a function of the row: asked twice, and in another order.

A model may draw at random, or look at the rows beside the one that it is asked about. Then no
question has one answer, and a difference between two answers is not yet an influence.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
import scipy

from workbench.case.asking.known_rows import KnownRows, one_cell_each
from workbench.case.audit_case import AuditCase
from workbench.common.arrays import FloatArray
from workbench.common.wording import share, signed, stated

__all__ = [
    "ASKED_ROWS",
    "MOST_CALLS",
    "Unsteady",
    "changed_meanwhile",
    "planned_rows",
    "remember_rows",
    "unsteady_answers",
]


ASKED_ROWS = 200
MOST_CALLS = 5
"""Times that each of the rows is asked about, where the first answers differ."""
SHARE_OF_LIMIT = 40
"""The questions may take one part in so many of what may be asked."""
SAME = 1e-5
"""Answers this close, as a share of the spread of all answers, are the same: models that compute
in single precision round otherwise in batches of another size."""
FEWEST = 10
COMPANY_PARTS = 20
"""Part of the threshold that company may change answers by: as much as rounding does in batches."""


@dataclass(frozen=True)
class Unsteady:
    """How much a model's answers to the same row differ.

    Attributes
    ----------
    n_rows, differing : int
        Rows asked again, and rows that got another answer.
    difference : float
        Between two answers about the same row, in 95 % of the rows at the most; in the unit of
        the prediction.
    call_error : float
        By how much the mean of all answers in a call is off, beyond what comes from its rows: what
        all answers of one call have in common.
    cause : {"noise", "company"}
        "noise": the very same question was answered otherwise; "company": only in another order,
        among other rows, or under other labels.
    largest : float
        The largest difference between two answers about the same row.
    """

    n_rows: int
    differing: int
    difference: float
    call_error: float
    cause: Literal["noise", "company"]
    largest: float = 0.0

    def sentence(self) -> str:
        """Say it in words."""
        how, again = (
            ("asked the very same once more", "asked again")
            if self.cause == "noise"
            else ("asked in another order, among other rows and under other labels", "so asked")
        )
        most = f", and by {signed(self.largest).lstrip('+')} at most" if self.largest else ""
        return (
            f"The model's answer is not a function of the row: of {self.n_rows:,} rows {how}, "
            f"{share(self.differing / self.n_rows)} got another answer, by up to "
            f"{signed(self.difference).lstrip('+')} in 95 % of them{most}. Intervals are wider by "
            f"what the answers of one call have in common; {again}, this audit gives other "
            f"numbers."
        )

    def moves_rows(self, threshold: float) -> bool:
        """Whether rows move by more than a threshold although nothing of them was changed."""
        return self.largest > threshold

    def withholds(self, threshold: float) -> str:
        """Say why nothing firm can be said at a threshold; "" where it can."""
        if self.cause == "company" and self.difference > threshold / COMPANY_PARTS:
            return (
                "The model's answer to a row depends on the rows beside it, on its place among "
                "them or on its label. An audit sets a feature in many rows at once, and what "
                "these answer together is not what one of them would: nothing firm is said of such "
                "a model."
            )
        if self.difference <= threshold:
            return ""
        return (
            f"Two answers of the model about the same row differ by up to "
            f"{signed(self.difference).lstrip('+')}, more than the threshold of "
            f"{stated(threshold)}: "
            f"nothing firm is said of so unsteady a model."
        )


def planned_rows(limit: int) -> int:
    """Return about how many rows to ask again where `limit` may be asked about; 0 for too few."""
    rows = min(ASKED_ROWS, limit // (MOST_CALLS * SHARE_OF_LIMIT))
    return rows if rows >= FEWEST else 0


def unsteady_answers(
    case: AuditCase, *, moved: Sequence[str] = (), rows: int | None = None, seed: int = 0
) -> Unsteady | None:
    """Ask about a sample of rows again, and in another order.

    Twice the sample is asked; of a model whose answers differ, five times.

    Parameters
    ----------
    moved : sequence of str, optional
        Features that the audit will set: half of the sample gets other rows' values of them, since
        a model may be steady in the rows that it knows alone.
    rows : int, optional
        How many rows to ask about. By default 200, fewer where the budget is small.

    Returns
    -------
    Unsteady or None
        None where every row got the answer that it had, or nothing can be asked.

    Examples
    --------
    >>> import pandas as pd
    >>> from workbench.models.black_box import BlackBoxModel
    >>> from workbench.graph.causal_graph import CausalGraph
    >>> frame, rng = pd.DataFrame({"a": np.arange(50.0)}), np.random.default_rng(0)
    >>> steady = BlackBoxModel(lambda rows: rows["a"], ["a"])
    >>> noisy = BlackBoxModel(lambda rows: rows["a"] + rng.normal(size=len(rows)), ["a"])
    >>> case = AuditCase(data=frame, model=steady, graph=CausalGraph([], nodes=["a"]))
    >>> unsteady_answers(case), unsteady_answers(case.with_model(noisy)).cause
    (None, 'noise')
    """
    n_rows = _rows_to_ask(case, rows)
    if not n_rows:
        return None
    rng = np.random.default_rng([seed, 11])
    chosen = np.sort(rng.choice(case.n_rows, n_rows, replace=False))
    asked, own = _sample(case, chosen, moved, rng)
    known, same = case.predictions[chosen][own], _same(case)
    first, mixed = case.ask(asked), _ask_mixed(case, asked, rng)
    gap = np.abs(first - mixed)
    gap[own] = np.ptp(np.array([known, first[own], mixed[own]]), axis=0)
    if (gap <= same).all():
        return None
    again = case.ask(asked)
    answers = [first, mixed, again, _ask_mixed(case, asked, rng), case.ask(asked)]
    noisy = bool((np.abs(again - first) > same).any())
    return _measured(np.array(answers), known, own, same, "noise" if noisy else "company")


def changed_meanwhile(
    case: AuditCase, *, rows: int | None = None, seed: int = 0
) -> Unsteady | None:
    """Ask about a sample of rows once more at an audit's end: a model may change while it is asked.

    A quota that runs out, a new version behind an address, what was learned from the questions.

    Parameters
    ----------
    rows, seed
        As for :func:`unsteady_answers`.

    Returns
    -------
    Unsteady or None
        None where every row got the answer that it had at the beginning, or nothing can be asked.
    """
    n_rows = _rows_to_ask(case, rows)
    if not n_rows:
        return None
    chosen = np.sort(np.random.default_rng([seed, 12]).choice(case.n_rows, n_rows, replace=False))
    known, own = case.predictions[chosen], np.ones(n_rows, bool)
    now = case.ask(case.data[list(case.reads)].iloc[chosen])
    if (np.abs(now - known) <= _same(case)).all():
        return None
    return _measured(now[np.newaxis], known, own, _same(case), "noise")


def remember_rows(case: AuditCase) -> None:
    """Let a row be asked about once, of a model whose answers are a function of the row."""
    if all(one_cell_each(case.data[name]) for name in case.reads):
        read = {name: case.columns[name] for name in case.reads}
        case.answered.rows = KnownRows(read, case.predictions)


def _measured(
    answers: FloatArray,
    known: FloatArray,
    own: npt.NDArray[np.bool_],
    same: float,
    cause: Literal["noise", "company"],
) -> Unsteady:
    """Say how much answers differ, from some calls about the same rows.

    Parameters
    ----------
    answers : array, shape (calls, n_rows)
    known : array
        What the rows that stand as they were have been answered before.
    own : array of bool, shape (n_rows,)
        Which rows these are.
    """
    before = np.full((1, answers.shape[1]), np.nan)
    before[0, own] = known
    table = np.concatenate([before, answers])
    pairs = np.abs(table[:-1] - table[1:])
    pairs = pairs[np.isfinite(pairs)]
    spread = np.nanmax(table, axis=0) - np.nanmin(table, axis=0)
    return Unsteady(
        answers.shape[1],
        int((spread > same).sum()),
        float(np.quantile(pairs, 0.95)),
        _call_error(table if own.all() else answers),
        cause,
        float(pairs.max()),
    )


def _same(case: AuditCase) -> float:
    known = case.predictions
    return SAME * max(float(np.ptp(known)), float(np.abs(known).max()), 1e-9)


def _rows_to_ask(case: AuditCase, rows: int | None) -> int:
    """Return about how many rows to ask: so many, or what the budget allows; 0 for too few."""
    if not case.model.can_query:
        return 0
    if rows is None:
        left = None if case.budget is None else case.budget.left
        rows = ASKED_ROWS if left is None else planned_rows(left)
    n_rows = min(rows, case.n_rows)
    return n_rows if n_rows >= FEWEST else 0


def _sample(
    case: AuditCase,
    rows: npt.NDArray[np.intp],
    moved: Sequence[str],
    rng: np.random.Generator,
) -> tuple[pd.DataFrame, npt.NDArray[np.bool_]]:
    """Return the rows, every second one with other rows' values of what is moved, and the rest."""
    reads = list(case.reads)
    own = np.ones(len(rows), bool)
    own[1::2] = not set(moved) & set(reads)
    others = np.where(own, rows, rng.integers(0, case.n_rows, len(rows)))
    asked = case.data[reads].iloc[rows]
    if own.all():
        return asked, own
    mixed = {name: case.data[name].iloc[others].array for name in reads if name in set(moved)}
    return asked.assign(**mixed), own


def _ask_mixed(case: AuditCase, asked: pd.DataFrame, rng: np.random.Generator) -> FloatArray:
    """Ask about the rows in another order, labelled again."""
    order = rng.permutation(len(asked))
    answers = np.empty(len(asked))
    answers[order] = case.ask(asked.iloc[order].reset_index(drop=True))
    return answers


def _call_error(answers: FloatArray) -> float:
    """Estimate by how much a call's mean is off, from some calls about the same rows.

    Enlarged so that a normal interval holds although there are few calls.
    """
    calls, n_rows = answers.shape
    within = (answers - answers.mean(axis=1, keepdims=True) - answers.mean(axis=0)) + answers.mean()
    variance = float((within**2).sum()) / ((calls - 1) * max(n_rows - 1, 1))
    between = float(answers.mean(axis=1).var(ddof=1)) - variance / n_rows
    few = float(scipy.special.stdtrit(calls - 1, 0.975) / scipy.special.ndtri(0.975))
    return few * float(np.sqrt(max(between, 0.0)))
