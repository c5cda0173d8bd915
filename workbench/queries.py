"""Questions to the black box, gathered into few large batches.

A question is a set of rows of the data with some columns changed. Questions wait until an answer
is needed; then all that wait go to the model together, in tables of at most 200,000 rows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pandas as pd

from workbench.case import AuditCase
from workbench.columns import Values
from workbench.effects import Effect, RowEffects
from workbench.errors import TargetError
from workbench.intervention import (
    Contrast,
    Intervention,
    Interventions,
    Variation,
    is_number,
    vary,
)
from workbench.progress import Progress, silent

__all__ = [
    "Answer",
    "Differences",
    "QueryBatch",
    "direct_differences",
    "mean_effect",
    "row_effects",
    "sample_places",
    "variations_of",
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
        scores = self.case.model.predict(pd.DataFrame(frame, index=index))
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


def variations_of(
    case: AuditCase,
    names: Sequence[str],
    positions: Positions,
    intervention: Interventions,
    seed: int,
) -> list[Variation]:
    """Resolve the intervention of every feature on the target's rows.

    Raises
    ------
    InterventionError
        When a level lies outside a feature's observed domain.
    TargetError
        When an intervention is given for a feature that is not in the target, or the seed is no
        whole number from 0.
    """
    if not is_number(seed, whole=True) or seed < 0:
        raise TargetError(f"The seed must be a whole number from 0, not {seed!r}.")
    if isinstance(intervention, Mapping):
        foreign = [name for name in intervention if name not in names]
        if foreign:
            raise TargetError(
                f"An intervention is given for {foreign[0]!r}, which is not in the target. "
                f"Features of the target: {', '.join(names)}."
            )
    return [
        vary(
            case.columns[name],
            intervention,
            positions,
            predictions=case.predictions,
            parents=[case.columns[p] for p in case.audit_graph.parents(name) if p in case.columns],
            seed=seed,
        )
        for name in names
    ]


def fixed_interventions(
    case: AuditCase,
    names: Sequence[str],
    positions: Positions,
    intervention: Interventions,
    seed: int,
) -> dict[str, Intervention]:
    """Return the interventions with their default levels written out.

    What is estimated on other rows or for other models then varies the features in the same way.

    Raises
    ------
    InterventionError, TargetError
        As :func:`variations_of`.
    """
    fixed: dict[str, Intervention] = {}
    for variation in variations_of(case, names, positions, intervention, seed):
        chosen = (
            intervention.get(variation.feature)
            if isinstance(intervention, Mapping)
            else intervention
        )
        if chosen is None:
            column = case.columns[variation.feature]
            low, high = variation.before[0], variation.after[0][0]
            levels = (low, high) if column.is_numeric else (column.levels[low], column.levels[high])
            chosen = Contrast(*(v.item() if isinstance(v, np.generic) else v for v in levels))
        fixed[variation.feature] = chosen
    return fixed


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


def mean_effect(rows: FloatArray, positions: Positions, n: int, *, sampled: bool = True) -> Effect:
    """Average row effects over the target's rows.

    Parameters
    ----------
    rows : ndarray, shape (rows of T,)
    n : int
        Rows of the whole data, the length of the influence column.
    sampled : bool
        Whether T stands for a larger population; named datapoints stand for themselves only.
    """
    value = float(rows.mean())
    influence = np.zeros(n)
    if sampled:
        influence[positions] = (rows - value) * (n / len(rows))
    return Effect(value, influence)


def sample_places(size: int, most: int | None, seed: int) -> Positions:
    """Choose at most `most` of `size` places at random, ascending; all of them when None."""
    if most is None or size <= most:
        return np.arange(size)
    return np.sort(np.random.default_rng([seed, size]).choice(size, most, replace=False))


def row_effects(total: list[FloatArray], direct: list[FloatArray]) -> RowEffects:
    """Summarise row effects over the draws of the intervention."""

    def mean(arrays: list[FloatArray]) -> FloatArray:
        return arrays[0] if len(arrays) == 1 else np.mean(arrays, axis=0)

    indirect = [t - d for t, d in zip(total, direct, strict=True)]
    return RowEffects(
        mean(total),
        mean(direct),
        mean([np.abs(a) for a in total]),
        mean([np.abs(a) for a in direct]),
        mean([np.abs(a) for a in indirect]),
    )
