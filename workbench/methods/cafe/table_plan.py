"""What an estimate over all rows of a table will take, said before it starts."""

from __future__ import annotations

import time
from dataclasses import dataclass

from workbench.case.audit_case import AuditCase
from workbench.case.intervention import Interventions
from workbench.case.target import UnlearningTarget
from workbench.common.errors import DataError
from workbench.common.map_reduce import On, engine_on
from workbench.methods.cafe.design_matrix import KEPT_BYTES
from workbench.methods.cafe.partition_sums import summed_on
from workbench.methods.cafe.whole_table import prepared, table_of

__all__ = ["TablePlan", "whole_table_plan"]

PROGRAM = 200_000_000
"""Bytes of a process that has imported what it needs."""
CELL_COPIES = 4
"""Copies of a partition's cells that are held at a time: as read, encoded, asked, in parts."""
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
    """

    rows: int
    partitions: int
    questions: int
    seconds: float
    memory: int
    message: int
    words: str

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
            f"seconds and {self.memory / 1e6:,.0f} MB for each process. Everything else rests on "
            f"a random sample of the rows.",
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

    Raises
    ------
    AuditError
        As :func:`whole_table_effects`; also where a worker's share of the memory is too small.
    """
    parts = table_of(case).partitions
    made = prepared(case, target, intervention, "flexible", "query", "minimum-variance", seed)
    started = time.perf_counter()
    first = summed_on(made.job, parts[0])
    took = time.perf_counter() - started
    rows, most = sum(part.rows for part in parts), max(part.rows for part in parts)
    message = first.gram.nbytes + sum(a.nbytes for one in first.own for a in one)
    cells = len(made.job.case.needed) + 2 * len(made.job.normals) + len(made.job.asked) + 1
    width = len(first.gram)
    memory = PROGRAM + most * 8 * CELL_COPIES * cells + min(most * width * 8, KEPT_BYTES)
    memory += 2 * message
    with engine_on(on) as engine:
        words, count, share = engine.words, engine.count, engine.share
    if share is not None and memory > share:
        raise DataError(
            f"A worker needs about {memory / 1e6:,.0f} MB for a partition of {most:,} rows, and "
            f"has {share / 1e6:,.0f} MB. Give more memory, use fewer workers, or write the table "
            f"with smaller row groups."
        )
    passes = 2 if case.model.can_query and made.job.normals else int(case.model.can_query)
    return TablePlan(
        rows,
        len(parts),
        rows * (passes + 2 * len(made.job.asked)),
        PASSES * took * rows / parts[0].rows / count,
        memory,
        message,
        words,
    )
