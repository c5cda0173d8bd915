"""Questions to the black box, gathered into few large batches.

A question is a set of rows of the data with some columns changed. Questions wait until an answer
is needed; then all that wait go to the model together, in tables of at most 200,000 rows.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pandas as pd

from workbench.case.audit_case import AuditCase
from workbench.case.intervention import Variation
from workbench.common.progress import Progress, silent
from workbench.tables.columns import Values

__all__ = [
    "Answer",
    "Differences",
    "QueryBatch",
    "direct_differences",
    "sample_places",
]

FloatArray = npt.NDArray[np.float64]
Positions = npt.NDArray[np.intp]

BATCH_ROWS = 200_000
"""Rows per call to the model: large enough to be efficient, small enough for memory."""


@dataclass(eq=False)
class Answer:
    """The model's scores for one question, fetched when first read."""

    _batch: QueryBatch
    positions: Positions
    changes: Mapping[str, Values]
    _scores: FloatArray | None = None

    @property
    def scores(self) -> FloatArray:
        """Scores in the order of the question's rows, shape (rows,)."""
        if self._scores is None:
            self._batch.flush()
        assert self._scores is not None
        return self._scores


@dataclass(eq=False)
class QueryBatch:
    """Collects questions about rows of a case and asks them together.

    Attributes
    ----------
    asked : int
        Rows the model was asked about so far.
    """

    case: AuditCase
    progress: Progress = silent
    step: str = "asking the model"
    asked: int = 0
    _waiting: list[Answer] = field(default_factory=list)

    def ask(self, positions: Positions, changes: Mapping[str, Values]) -> Answer:
        """Ask for the scores of rows after `changes` (encoded values by feature).

        A change to a feature that the model does not read needs no question: the score of the row
        as it is stands, exactly.
        """
        read = {name: values for name, values in changes.items() if name in self.case.reads}
        answer = Answer(self, positions, read)
        if not read:
            answer._scores = self.case.predictions[positions]
        else:
            self._waiting.append(answer)
        return answer

    def flush(self) -> None:
        """Put every waiting question to the model."""
        waiting, self._waiting = self._waiting, []
        total = sum(len(answer.positions) for answer in waiting) or 1
        done = 0
        group: list[Answer] = []
        for position, answer in enumerate(waiting):
            group.append(answer)
            size = sum(len(member.positions) for member in group)
            following = len(waiting[position + 1].positions) if position + 1 < len(waiting) else 0
            if following == 0 or size + following > BATCH_ROWS:
                self._put(group)
                done += size
                self.progress(self.step, done / total)
                group = []

    def _put(self, group: list[Answer]) -> None:
        columns = self.case.columns
        frame = {}
        for name in self.case.reads:
            parts = [
                answer.changes.get(name, columns[name].values[answer.positions]) for answer in group
            ]
            frame[name] = columns[name].decode(
                parts[0] if len(parts) == 1 else np.concatenate(parts)
            )
        index = self.case.data.index[np.concatenate([answer.positions for answer in group])]
        scores = self.case.ask(pd.DataFrame(frame, index=index))
        self.asked += len(scores)
        start = 0
        for answer in group:
            answer._scores = scores[start : start + len(answer.positions)]
            start += len(answer.positions)


@dataclass(frozen=True, eq=False)
class Differences:
    """Differences between the scores after and before, one array per draw."""

    after: tuple[Answer, ...]
    before: Answer

    @property
    def per_draw(self) -> list[FloatArray]:
        """Score differences, each of shape (rows,)."""
        return [after.scores - self.before.scores for after in self.after]

    @property
    def queries(self) -> int:
        """Rows the model was asked about."""
        asked = [answer for answer in (self.before, *self.after) if answer.changes]
        return sum(len(answer.positions) for answer in asked)


def direct_differences(batch: QueryBatch, positions: Positions, *varied: Variation) -> Differences:
    """Ask what changes when only the varied features do, every other feature as observed.

    An exact query of the model, with no estimation (``estimands.md``, "Effects").
    """
    before = {v.feature: v.before for v in varied}
    draws = max(len(v.after) for v in varied)
    return Differences(
        tuple(batch.ask(positions, {v.feature: v.draw(k) for v in varied}) for k in range(draws)),
        batch.ask(positions, before),
    )


def sample_places(size: int, most: int | None, seed: int) -> Positions:
    """Choose at most `most` of `size` places at random, ascending; all of them when None."""
    if most is None or size <= most:
        return np.arange(size)
    return np.sort(np.random.default_rng([seed, size]).choice(size, most, replace=False))
