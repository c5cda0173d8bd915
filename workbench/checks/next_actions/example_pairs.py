"""Pairs of rows that show an influence: equal but for the target and what follows from it.

A real row is shown twice, with the feature at either level and its consequences carried along, and
with everything else as it is. The rows are personal data: pairs are for the auditor's screen and
never part of a saved report.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from workbench.case.asking.batches import QueryBatch
from workbench.case.audit_case import AuditCase
from workbench.case.decision_line import decision_line
from workbench.checks.next_actions.blocking import OPEN, Routes
from workbench.common.arrays import FloatArray, Positions
from workbench.common.wording import decimals_for
from workbench.methods.fuzzing.propagation import Propagation
from workbench.tables.columns import Column, Values

__all__ = ["ExamplePair", "example_pairs"]


FINALISTS = 200
"""Rows with the largest differences, among which different ones are chosen."""


@dataclass(frozen=True, eq=False)
class ExamplePair:
    """One row, twice: at either level of the feature, with the consequences.

    Attributes
    ----------
    feature : str
    label : hashable
        The row's index label. Personal data.
    before, after : mapping of str to object
        Only what differs between the two: the feature and its consequences.
    predictions : tuple of float
        Of the audited model, before and after.
    retrained : tuple of float or None
        Of the retrained model, where there is one.
    line : float
        Where a prediction becomes a decision.
    """

    feature: str
    label: Hashable
    before: dict[str, Any]
    after: dict[str, Any]
    predictions: tuple[float, float]
    retrained: tuple[float, float] | None
    line: float

    @property
    def crosses(self) -> bool:
        """Whether the audited model decides differently about the two."""
        low, high = sorted(self.predictions)
        return low <= self.line < high

    @cached_property
    def _places(self) -> int:
        return max(decimals_for(*self.predictions), 2)

    def to_frame(self) -> pd.DataFrame:
        """Return the two side by side: a row per changed feature, and the predictions."""
        one, other = dict(self.before), dict(self.after)
        one["prediction"], other["prediction"] = self.predictions
        if self.retrained is not None:
            one["retrained prediction"], other["retrained prediction"] = self.retrained
        index = pd.Index(list(one), name="feature")
        columns = {"one": list(one.values()), "other": list(other.values())}
        return pd.DataFrame(columns, index=index, dtype=object)

    def sentence(self) -> str:
        """Say it in words, without naming the row."""
        first, second = (f"{p:.{self._places}f}" for p in self.predictions)
        said = (
            f"Equal but for {self.feature} and what follows from it: {first} with "
            f"{self.feature} = {self.before[self.feature]}, {second} with "
            f"{self.after[self.feature]}"
        )
        if self.retrained is not None:
            first, second = (f"{p:.{self._places}f}" for p in self.retrained)
            said += f" (retrained model: {first} and {second})"
        return f"{said}. {'The decision changes.' if self.crosses else 'The decision stays.'}"


def example_pairs(
    case: AuditCase, routes: Routes, retrained: AuditCase | None = None, *, most: int = 5
) -> tuple[ExamplePair, ...]:
    """Choose the most telling rows: those whose decision changes, far apart from each other.

    Parameters
    ----------
    case : AuditCase
        With the audited model; its decision line holds.
    routes : Routes
        Of the effect that is to be shown: of the audited model, or of its difference to the
        retrained one. Of an intervention that draws, the first draw is shown.
    retrained : AuditCase, optional
    most : int, default 5

    Returns
    -------
    tuple of ExamplePair
        Pairs that cross the decision line first; none where nothing changes.
    """
    line, _ = decision_line(case)
    rows = Propagation(case.columns, routes.equations, routes.positions)
    states = [routes.state(OPEN, level, rows) for level in (0, 1)]
    scores = _ask(case, routes.positions, states)
    compared = None if retrained is None else _ask(retrained, routes.positions, states)
    moved = scores[1] - scores[0]
    if compared is not None:
        moved = moved - (compared[1] - compared[0])
    crossing = (scores > line).sum(axis=0) == 1
    if compared is not None:
        crossing &= (compared > line).sum(axis=0) != 1
    feature = routes.variation.feature
    real = np.abs(moved) > 1e-12
    real &= states[0][feature] != states[1][feature]
    if (crossing & real).any():
        real &= crossing
    candidates = np.flatnonzero(real)
    best = candidates[np.argsort(-np.abs(moved[candidates]), kind="stable")][:FINALISTS]
    chosen = _apart(case, routes.positions, best, most)
    pairs = []
    for place in chosen:
        before, after = _changed(case, states, place)
        asked = None if compared is None else (float(compared[0][place]), float(compared[1][place]))
        pairs.append(
            ExamplePair(
                feature=feature,
                label=case.data.index[routes.positions[place]],
                before=before,
                after=after,
                predictions=(float(scores[0][place]), float(scores[1][place])),
                retrained=asked,
                line=line,
            )
        )
    return tuple(pairs)


def _ask(case: AuditCase, positions: Positions, states: list[dict[str, Values]]) -> FloatArray:
    """Ask a model about both states, shape (2, m)."""
    batch = QueryBatch(case, step="example pairs")
    answers = [batch.ask(positions, state) for state in states]
    return np.stack([answer.scores for answer in answers])


def _apart(case: AuditCase, positions: Positions, best: Positions, most: int) -> list[int]:
    """Take the largest difference first, then rows that are most unlike those taken (Gower)."""
    if not len(best):
        return []
    columns = [case.columns[name] for name in case.features]
    chosen = [int(best[0])]
    nearest = np.full(len(best), np.inf)
    while len(chosen) < min(most, len(best)):
        distance = np.zeros(len(best))
        for column in columns:
            values = column.values[positions[best]]
            distance += _unlike(column, values, column.values[positions[chosen[-1]]])
        nearest = np.minimum(nearest, distance)
        if nearest.max() <= 0:
            break  # the rest are copies of those taken
        chosen.append(int(best[np.argmax(nearest)]))
    return chosen


def _unlike(column: Column, values: Values, other: Any) -> FloatArray:
    """Return how unlike values are to one of them, from 0 to about 1 each."""
    if not column.is_numeric:
        return np.where(values != other, 1.0, 0.0)
    gap = np.abs(values - other) / max(column.high - column.low, 1e-300)
    missing = np.isnan(values) != bool(np.isnan(other))
    unlike: FloatArray = np.where(np.isnan(gap), np.where(missing, 1.0, 0.0), gap)
    return unlike


def _changed(
    case: AuditCase, states: list[dict[str, Values]], place: int
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return what differs between the two states of one row, as the model is shown it."""
    before, after = {}, {}
    for name, values in states[0].items():
        one, other = values[[place]], states[1][name][[place]]
        if not np.array_equal(one, other, equal_nan=one.dtype.kind == "f"):
            column = case.columns[name]
            before[name], after[name] = column.decode(one)[0], column.decode(other)[0]
    return before, after
