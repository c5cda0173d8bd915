"""The rows of a table as they are: a model is asked about each once, for all passes over them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from workbench.case.audit_case import AuditCase
from workbench.case.partition import AnsweredPart, CaseOfPartitions
from workbench.common.arrays import FloatArray
from workbench.common.map_reduce import Engine
from workbench.common.progress import Progress
from workbench.tables.partitions.parts import Partition

__all__ = ["MOST_KEPT", "AsTheyAre"]

MOST_KEPT = 25_000_000
"""Rows whose answers are kept here, at 8 bytes each; a larger table is asked about in each pass."""

Kept = tuple[FloatArray, ...]


class AsTheyAre:
    """The partitions of a case's table, with the model's answers once it was asked.

    Every pass over the rows needs them. They are asked about in the first pass that does, and
    travel with the partitions from then on.

    Parameters
    ----------
    case : AuditCase
        Of a table.

    Attributes
    ----------
    queries : int
        Rows that the model was asked about for it, until now.
    """

    def __init__(self, case: AuditCase) -> None:
        table = case.table
        self._partitions: tuple[Partition, ...] = () if table is None else table.partitions
        self._rows = sum(part.rows for part in self._partitions)
        self._asks = case.model.can_query
        self.queries = 0

    def most_questions(self, passes: int) -> int:
        """Return the most rows that so many passes from now ask about as they are."""
        if not self._asks or self.queries:
            return 0
        return self._rows * (1 if self._rows <= MOST_KEPT else passes)

    def partitions(
        self, head: CaseOfPartitions, engine: Engine, progress: Progress
    ) -> Sequence[Partition]:
        """Return the partitions for the next pass; the model is asked now if it never was."""
        if self._asks and not self.queries and self._rows <= MOST_KEPT:
            found: Kept = engine.map_reduce(
                partial(_answered, head),
                self._partitions,
                _joined,
                lambda share: progress("all rows: as they are", share),
            )
            self._partitions = tuple(map(AnsweredPart, self._partitions, found))
            self.queries = self._rows
        return self._partitions


def _answered(head: CaseOfPartitions, partition: Partition) -> Kept:
    return (head.answers(partition),)


def _joined(one: Kept, other: Kept) -> Kept:
    return one + other
