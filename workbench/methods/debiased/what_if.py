"""What follows for one row when a feature is changed, step by step through the graph.

The row keeps its own noise, as in every estimate here; where a consequence is a category, what it
becomes is drawn several times. It is the story of one row by fitted equations: it has no interval,
and no verdict rests on it. The values are somebody's: they are shown, and never part of a report.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from workbench.case.asking.batches import QueryBatch
from workbench.case.audit_case import AuditCase
from workbench.common.errors import ModelError, TargetError, listed
from workbench.methods.fuzzing.propagation import Equations, Propagation
from workbench.tables.columns import Column, Values

__all__ = ["Consequence", "WhatIf", "what_if"]

DRAWS = 40
"""Draws of the noise of categories, which is known only as an interval."""


@dataclass(frozen=True)
class Consequence:
    """A feature that was changed, or that follows, and what the model answers by then.

    Attributes
    ----------
    node : str
    because : tuple of str
        The causes that have moved; none for the feature that was changed itself.
    before, after : object
        The row's value, and what it becomes: a mean for a number, the likeliest category.
    share : float
        Of the draws in which a category becomes `after`; 1.0 for a number.
    answer : float
        What the model answers when it is told this change and those before it.
    read : bool
        Whether the model sees it.
    """

    node: str
    because: tuple[str, ...]
    before: Any
    after: Any
    share: float
    answer: float
    read: bool


@dataclass(frozen=True)
class WhatIf:
    """One row with a feature changed, and its consequences, causes first.

    Attributes
    ----------
    answer : float
        What the model answers about the row as it is.
    steps : tuple of Consequence
        The feature that was changed, then what follows.
    drawn : int
        Draws that `answer` of the steps is the mean of; 1 where nothing is drawn.
    """

    feature: str
    answer: float
    steps: tuple[Consequence, ...]
    drawn: int

    @property
    def after(self) -> float:
        """What the model answers when everything has followed."""
        return self.steps[-1].answer


def what_if(
    case: AuditCase, position: int, feature: str, value: Any, equations: Equations
) -> WhatIf:
    """Change a feature of one row and follow the change to the model's answer.

    Parameters
    ----------
    position : int
        The row's place in the data, from 0.
    value : object
        A category, or a number in the observed range.
    equations : Equations
        Fitted for this feature, and perhaps for others.

    Raises
    ------
    TargetError
        There is no such row or feature, or the equations are not of it.
    InterventionError
        The value was never observed.
    ModelError
        The model cannot be asked.

    Examples
    --------
    >>> import pandas as pd
    >>> from workbench.graph.causal_graph import CausalGraph
    >>> from workbench.methods.debiased.equations import better_equations
    >>> x = np.random.default_rng(0).normal(size=400)
    >>> frame = pd.DataFrame({"x": x, "m": 2 * x + 1})
    >>> case = AuditCase(data=frame, model=lambda rows: rows["m"], features=["m"],
    ...                  graph=CausalGraph([("x", "m")]))
    >>> found = what_if(case, 7, "x", 0.5, better_equations(case, ["x"], []))
    >>> [step.node for step in found.steps], round(found.after, 3)
    (['x', 'm'], 2.0)
    """
    if not case.model.can_query:
        raise ModelError(
            "The model is a column of logged predictions and cannot be asked about a changed row. "
            "Bring the model itself."
        )
    if feature not in case.features:
        raise TargetError(f"{feature!r} is no feature. Features: {listed(case.features)}.")
    if not 0 <= position < case.n_rows:
        raise TargetError(f"There is no row {position}; rows are 0 to {case.n_rows - 1:,}.")
    equations.check_cover(case, [feature])
    column = case.columns[feature]
    carriers = equations.carriers(case, feature)
    drawn = 1 if all(case.columns[node].is_numeric for node in carriers) else DRAWS
    rows = Propagation(case.columns, equations, np.full(drawn, position), drawn)
    changed = np.full(drawn, column.encode(value), dtype=column.values.dtype)
    state = rows.carry({feature: changed}, through=carriers)
    told = equations.as_recorded(state, rows.positions, [feature])
    batch = QueryBatch(case, step="what if")
    order = [feature, *(node for node in carriers if node in state)]
    answers = [
        batch.ask(rows.positions, {node: told[node] for node in order[: place + 1]})
        for place in range(len(order))
    ]
    parents = {node: [p.name for p in equations.by_node[node].parents] for node in order[1:]}
    steps = tuple(
        Consequence(
            node,
            tuple(cause for cause in parents.get(node, ()) if cause in state),
            _value(case.columns[node], case.columns[node].values[[position]])[0],
            *_value(case.columns[node], told[node]),
            float(asked.scores.mean()),
            node in case.reads,
        )
        for node, asked in zip(order, answers, strict=True)
    )
    return WhatIf(feature, float(case.predictions[position]), steps, drawn)


def _value(column: Column, drawn: Values) -> tuple[Any, float]:
    """Return what a column becomes, and in which share of the draws."""
    if column.is_numeric:
        return float(np.mean(drawn)), 1.0
    codes, counts = np.unique(drawn, return_counts=True)
    place = int(np.argmax(counts))
    return column.levels[int(codes[place])], float(counts[place] / len(drawn))
