"""Questions to the black box, gathered into few large batches.

A question is a set of rows of the data with some columns changed. Questions wait until an answer
is needed; then all that wait go to the model together, in tables of at most 200,000 rows.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from workbench.case.asking.known_answers import KnownAnswers
from workbench.case.audit_case import AuditCase
from workbench.case.intervention import Variation
from workbench.common.arrays import FloatArray, Positions
from workbench.common.progress import Progress, silent
from workbench.tables.columns import Values

__all__ = [
    "Answer",
    "Differences",
    "QueryBatch",
    "direct_differences",
    "rows_asked",
    "sample_places",
]


BATCH_ROWS = 200_000
"""Rows per call to the model: large enough to be efficient, small enough for memory."""
BATCH_CELLS = 20_000_000
"""Values per call, which bound the rows where the model reads more than a hundred columns."""


@dataclass(eq=False)
class Answer:
    """The model's scores for one question, fetched when first read.

    Attributes
    ----------
    positions : ndarray of int, shape (rows,)
    changes : mapping of str to ndarray
        What is changed of the features that the model reads.
    moved : ndarray of int
        Places of the rows that this changes; the others are as they were scored.
    """

    _batch: QueryBatch
    positions: Positions
    changes: Mapping[str, Values]
    moved: Positions
    _scores: FloatArray | None = None
    _asked: int = 0

    @property
    def scores(self) -> FloatArray:
        """Scores in the order of the question's rows, shape (rows,)."""
        if self._scores is None:
            self._batch.flush()
        assert self._scores is not None
        return self._scores

    @property
    def asked(self) -> int:
        """Rows that the model was asked about for this question, which no earlier one held."""
        if self._scores is None:
            self._batch.flush()
        return self._asked

    @cached_property
    def key(self) -> bytes:
        """What tells this question from every other about the same case."""
        digest = hashlib.blake2b(self.positions[self.moved].tobytes(), digest_size=16)
        for name in sorted(self.changes):
            digest.update(name.encode() + b"\0")
            digest.update(self.changes[name][self.moved].tobytes())
        return digest.digest()

    def put(self, scores: FloatArray, asked: int = 0) -> None:
        """Take the scores of the rows that are changed, and how many of them were asked about."""
        self._asked = asked
        if len(self.moved) == len(self.positions):
            self._scores = scores
        else:
            self._scores = self._batch.case.predictions[self.positions]
            self._scores[self.moved] = scores


@dataclass(eq=False)
class QueryBatch:
    """Collects questions about rows of a case and asks them together.

    A row that a question leaves as it is was scored already, and a question that was put before
    was answered: neither goes to the model again. Nor does a row of another question, once the
    model's answers were found to be a function of the row.

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
    _own: KnownAnswers = field(default_factory=KnownAnswers)

    @property
    def known(self) -> KnownAnswers:
        """Answers given before; within an audit, where questions are counted, to anyone."""
        return self._own if self.case.budget is None else self.case.answered

    def ask(self, positions: Positions, changes: Mapping[str, Values]) -> Answer:
        """Ask for the scores of rows after `changes` (encoded values by feature).

        A change to a feature that the model does not read needs no question: the score of the row
        as it is stands, exactly.
        """
        read = {name: values for name, values in changes.items() if name in self.case.reads}
        moved = np.zeros(len(positions), dtype=bool)
        for name, values in read.items():
            was = self.case.columns[name].values[positions]
            moved |= (values != was) & ((values == values) | (was == was))  # two NaN are the same
        answer = Answer(self, positions, read, np.flatnonzero(moved))
        if len(answer.moved):
            self._waiting.append(answer)
        else:
            answer.put(np.zeros(0))
        return answer

    def flush(self) -> None:
        """Put every waiting question to the model."""
        waiting, self._waiting = self._waiting, []
        total = sum(len(answer.moved) for answer in waiting) or 1
        most = min(BATCH_ROWS, BATCH_CELLS // max(len(self.case.reads), 1))
        done = 0
        group: list[Answer] = []
        fresh = self._not_known(waiting)
        for position, answer in enumerate(fresh):
            group.append(answer)
            size = sum(len(member.moved) for member in group)
            following = len(fresh[position + 1].moved) if position + 1 < len(fresh) else 0
            if following == 0 or size + following > most:
                self.progress(self.step, done / total)
                self._put(group)
                done += size
                self.progress(self.step, done / total)
                group = []
        for answer in waiting:
            if answer not in fresh:
                answer.put(self.known[answer.key])

    def _not_known(self, waiting: Sequence[Answer]) -> list[Answer]:
        """Return the questions that were never put, each once."""
        seen = set(self.known)
        fresh = []
        for answer in waiting:
            if answer.key not in seen:
                seen.add(answer.key)
                fresh.append(answer)
        return fresh

    def _put(self, group: list[Answer]) -> None:
        columns = self.case.columns
        rows = [answer.positions[answer.moved] for answer in group]
        places = np.concatenate(rows)
        changed = {
            name: np.concatenate(
                [
                    answer.changes[name][answer.moved]
                    if name in answer.changes
                    else columns[name].values[at]
                    for answer, at in zip(group, rows, strict=True)
                ]
            )
            for name in dict.fromkeys(name for answer in group for name in answer.changes)
        }

        put = np.zeros(len(places), dtype=bool)

        def ask(chosen: Positions | slice) -> FloatArray:
            put[chosen] = True
            new = {name: columns[name].decode(values[chosen]) for name, values in changed.items()}
            found = self.case.ask(_rows_with(self.case, places[chosen], new))
            self.asked += len(found)
            return found

        alike = self.known.rows
        scores = ask(slice(None)) if alike is None else alike.scores(places, changed, ask)
        start = 0
        for answer in group:
            its = slice(start, start + len(answer.moved))
            self.known[answer.key] = scores[its]
            answer.put(scores[its], int(put[its].sum()))
            start = its.stop


def _rows_with(case: AuditCase, places: Positions, new: Mapping[str, Any]) -> pd.DataFrame:
    """Return rows of what the model reads, with new columns in place of some.

    What is smaller comes first, the columns or the rows, so that neither is copied in vain.
    """
    kept = [name for name in case.reads if name not in new]
    few = 4 * len(places) < case.n_rows
    frame = case.data.take(places)[kept] if few else case.data[kept].take(places)
    for place, name in enumerate(case.reads):
        if name in new:
            frame.insert(place, name, new[name])
    return frame


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
        return rows_asked((self.before, *self.after))


def rows_asked(answers: Iterable[Answer]) -> int:
    """Return how many rows the model was asked about for some questions, each counted once."""
    return sum(answer.asked for answer in dict.fromkeys(answers))


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
