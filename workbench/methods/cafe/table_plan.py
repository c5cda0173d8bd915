"""What an estimate over all rows of a table will take, said before it starts."""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np

from workbench.case.asking.as_they_are import AsTheyAre
from workbench.case.audit_case import AuditCase
from workbench.case.intervention import Interventions
from workbench.case.partition import AnsweredPart
from workbench.case.target import UnlearningTarget
from workbench.common.map_reduce import On, engine_on
from workbench.common.wording import rows_said
from workbench.methods.cafe.partition_sums import summed_on
from workbench.methods.cafe.table_memory import (
    bytes_of_message,
    bytes_of_worker,
    check_memory,
)
from workbench.methods.cafe.whole_table import most_questions, prepared, table_of
from workbench.methods.profile.over_all_rows import MOST_ASKED, questions_at_levels

__all__ = ["TablePlan", "whole_table_plan"]

TIMED_ROWS = 10_000
"""Rows that the model is asked about to see how quick it is."""
TIMED_SHARE = 100
"""Of a limited account no more than one row in so many is spent on that."""
PASSES = 2.5
"""Time of an estimate in times of the first pass: the second works more."""


@dataclass(frozen=True, eq=False)
class TablePlan:
    """What an estimate over all rows of a table will take, before it starts.

    Attributes
    ----------
    rows, partitions, questions : int
        `questions` is the most rows that the model may be asked about, each of the table's once
        as it is.
    seconds : float
        By the clock, from one partition that was timed.
    memory : int
        Bytes that one worker will need, about.
    message : int
        Bytes of what a worker sends back for one partition.
    words : str
        Where the work will be done.
    at_levels : int
        About how many rows an audit asks about at the levels of its profile; 0 where it asks of
        the sample alone.
    seconds_at_levels : float
    timed : int
        Rows that the model was asked about for this plan, to see how quick it is.
    """

    rows: int
    partitions: int
    questions: int
    seconds: float
    memory: int
    message: int
    words: str
    at_levels: int = 0
    seconds_at_levels: float = 0.0
    timed: int = 0

    def sentences(self) -> tuple[str, ...]:
        """Say it."""
        asked = (
            f"asks the model about {self.questions:,} rows at the most"
            if self.questions
            else "asks the model nothing"
        )
        return (
            f"CAFÉ reads all {self.rows:,} rows of the table twice, in {self.partitions:,} "
            f"partitions, {self.words}; it {asked} and takes some {max(self.seconds, 1):,.0f} "
            f"seconds and {self.memory / 1e6:,.0f} MB for each process.{self._of_levels()} "
            f"Everything else rests on a random sample of the rows.{self._of_timing()}",
        )

    def _of_timing(self) -> str:
        if not self.timed:
            return ""
        return f" To time the model it was asked about {rows_said(self.timed)}, which come on top."

    def _of_levels(self) -> str:
        if not self.at_levels:
            return ""
        return (
            f" Direct effects are asked of all rows at every level tested, some "
            f"{self.at_levels:,} questions in some {max(self.seconds_at_levels, 1):,.0f} seconds; "
            f"a limit on the questions (--max-queries, max_queries=) leaves that out."
        )


def whole_table_plan(
    case: AuditCase,
    target: UnlearningTarget,
    *,
    intervention: Interventions = None,
    seed: int = 0,
    on: On = None,
) -> TablePlan:
    """Say what :func:`whole_table_effects` will take; one partition is read and timed for it.

    Beside it stands what an audit of all levels asks of all rows.

    Parameters
    ----------
    case, target, intervention, seed, on
        As for :func:`workbench.whole_table_effects`.

    Returns
    -------
    TablePlan

    Raises
    ------
    AuditError
        As :func:`whole_table_effects`; also where a worker's share of the memory is too small.

    Examples
    --------
    >>> import numpy as np
    >>> import pandas as pd
    >>> import workbench as wb
    >>> a = np.random.default_rng(0).normal(size=400)
    >>> table = wb.Table.pandas(pd.DataFrame({"a": a, "b": 2 * a}), 3)
    >>> case = wb.AuditCase(data=table, model=lambda rows: 3 * rows["b"], features=["b"],
    ...                     graph=wb.CausalGraph([("a", "b")]))
    >>> plan = whole_table_plan(case, wb.UnlearningTarget.feature("a"))
    >>> plan.rows, plan.partitions, plan.words
    (400, 3, 'in one process')
    """
    parts = table_of(case).partitions
    made = prepared(case, target, intervention, "flexible", "query", "minimum-variance", seed)
    rows, most = sum(part.rows for part in parts), max(part.rows for part in parts)
    with engine_on(on) as engine:
        words, count, share = engine.words, engine.count, engine.share
    check_memory(made.job, most, share, count)
    first = parts[0]
    if case.model.can_query:  # the work alone: the model is timed on fewer rows
        first = AnsweredPart(first, np.zeros(first.rows))
    started = time.perf_counter()
    summed_on(made.job, first)
    took = time.perf_counter() - started
    questions = most_questions(case, case.resolve(target)[0], AsTheyAre(case))
    at_levels = questions_at_levels(case, target, seed)
    at_levels = at_levels if at_levels <= MOST_ASKED else 0
    timed, per_row = _time_of_answers(case) if questions else (0, 0.0)
    return TablePlan(
        rows,
        len(parts),
        questions,
        (PASSES * took * rows / first.rows + per_row * questions) / count,
        bytes_of_worker(made.job, most),
        bytes_of_message(made.job),
        words,
        at_levels,
        per_row * at_levels / count,
        timed,
    )


def _time_of_answers(case: AuditCase) -> tuple[int, float]:
    """Return how many rows the model was asked about, and the seconds that it took for each."""
    left = None if case.budget is None else case.budget.left
    most = TIMED_ROWS if left is None else min(TIMED_ROWS, left // TIMED_SHARE)
    rows = case.data.iloc[:most][list(case.reads)]
    if not len(rows):
        return 0, 0.0
    started = time.perf_counter()
    case.ask(rows.copy())
    return len(rows), (time.perf_counter() - started) / len(rows)
