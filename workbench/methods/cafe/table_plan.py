"""What an estimate over all rows of a table will take, said before it starts."""

from __future__ import annotations

import time
from dataclasses import dataclass

from workbench.case.audit_case import AuditCase
from workbench.case.intervention import Interventions
from workbench.case.target import UnlearningTarget
from workbench.common.map_reduce import On, engine_on
from workbench.methods.cafe.partition_sums import summed_on
from workbench.methods.cafe.table_memory import (
    bytes_of_message,
    bytes_of_worker,
    check_memory,
)
from workbench.methods.cafe.whole_table import prepared, table_of
from workbench.methods.profile.over_all_rows import MOST_ASKED, questions_at_levels

__all__ = ["TablePlan", "whole_table_plan"]

TIMED_ROWS = 10_000
"""Rows that the model is asked about to see how quick it is."""
PASSES = 2.5
"""Time of an estimate in times of the first pass: the second works more."""


@dataclass(frozen=True, eq=False)
class TablePlan:
    """What an estimate over all rows of a table will take, before it starts.

    Attributes
    ----------
    rows, partitions, questions : int
        `questions` is the most rows that the model may be asked about.
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
            f"Everything else rests on a random sample of the rows.",
        )

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
    started = time.perf_counter()
    summed_on(made.job, parts[0])
    took = time.perf_counter() - started
    passes = 2 if case.model.can_query and made.job.normals else int(case.model.can_query)
    at_levels = questions_at_levels(case, target, seed)
    at_levels = at_levels if at_levels <= MOST_ASKED else 0
    return TablePlan(
        rows,
        len(parts),
        rows * (passes + 2 * len(made.job.asked)),
        PASSES * took * rows / parts[0].rows / count,
        bytes_of_worker(made.job, most),
        bytes_of_message(made.job),
        words,
        at_levels,
        _seconds_to_answer(case) * at_levels / count if at_levels else 0.0,
    )


def _seconds_to_answer(case: AuditCase) -> float:
    """Return the seconds that the model takes for a row."""
    rows = case.data.iloc[:TIMED_ROWS][list(case.reads)]
    started = time.perf_counter()
    case.model.predict(rows.copy())
    return (time.perf_counter() - started) / len(rows)
