"""How the error of the structural equations moves a mean effect: the intervals of fuzzing.

A mean effect depends on the equations' coefficients. Its derivative by them is found on a sample
of the target's rows by nudging each node after the intervention and asking the model again; times
the coefficients' own influence functions it gives one influence value per row of the data.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from workbench.case.asking.batches import Answer
from workbench.common.arrays import FloatArray
from workbench.methods.fuzzing.propagation import Propagation
from workbench.tables.columns import Values

__all__ = ["SAMPLE_ROWS", "Nudge", "elsewhere", "nudged", "propagated_influences"]


SAMPLE_ROWS = 256
"""Rows on which derivatives are averaged."""
NUDGE = 0.25
"""Size of a nudge, in standard deviations of the node: wide enough to cross the steps of a tree."""

Outcome = Callable[[dict[str, Values], Propagation], Answer]
"""Asks for the scores that a state of the changed nodes leads to."""


@dataclass(frozen=True, eq=False)
class Nudge:
    """A question about one node after one level of the intervention.

    Attributes
    ----------
    causes : dict of str to ndarray, each shape (m,)
        Values of the node's causes after the intervention.
    values : ndarray, shape (ends, m)
        What the node is forced to: below and above its value, or each level of a category.
    answer : Answer
        Scores of the rows, one block of m per end.
    sign : float
        +1 after the change, −1 before.
    """

    node: str
    causes: dict[str, Values]
    values: Values
    answer: Answer
    sign: float

    @property
    def scores(self) -> FloatArray:
        """Scores at every end, shape (ends, m)."""
        return self.answer.scores.reshape(self.values.shape)


def nudged(
    propagation: Propagation,
    state: Mapping[str, Values],
    outcomes: Sequence[Outcome],
    targets: Collection[str],
    nodes: Collection[str],
    *,
    sign: float,
) -> list[list[Nudge]]:
    """Ask what the prediction would be if each moved node ended elsewhere.

    Parameters
    ----------
    state : mapping of str to ndarray
        The changed nodes after an intervention.
    outcomes : sequence of callable
        Each turns the state after a nudge was carried on into a question to the model.
    targets : collection of str
        The intervened features, which stay as set.
    nodes : collection of str
        The nodes that may move.

    Returns
    -------
    list of list of Nudge
        One list per outcome.
    """
    questions: list[list[Nudge]] = [[] for _ in outcomes]
    for node in nodes:
        if node not in state:
            continue
        values = elsewhere(propagation, node, state[node])
        # All ends at once: the rows come again for each.
        rows = propagation.tiled(len(values))
        again = {name: np.tile(array, len(values)) for name, array in state.items()}
        carried = rows.carry_on(again, targets, node, values.ravel(), nodes)
        causes = propagation.parents(node, state)
        for asked, outcome in zip(questions, outcomes, strict=True):
            asked.append(Nudge(node, causes, values, outcome(carried, rows), sign))
    return questions


def elsewhere(propagation: Propagation, node: str, value: Values) -> Values:
    """Give values to force a node to, shape (ends, m).

    Below and above a number, or every level of a category.
    """
    column = propagation.columns[node]
    if not column.is_numeric:
        codes = np.arange(len(column.levels), dtype=np.intp)
        return np.repeat(codes[:, None], len(value), axis=1)
    size = NUDGE * column.scale
    if column.integer:
        size = max(1.0, float(round(size)))
    return np.clip(np.stack([value - size, value + size]), column.low, column.high)


def propagated_influences(
    requests: Sequence[tuple[Propagation, Sequence[Nudge]]], n: int
) -> list[FloatArray]:
    """Add up the influence of every row of the data through every equation.

    Parameters
    ----------
    requests : sequence of (Propagation, sequence of Nudge)
        The nudges behind each mean effect, all of the same equations.

    Returns
    -------
    list of ndarray, each shape (n,)
    """
    out = [np.zeros(n) for _ in requests]
    wanted: dict[str, dict[int, FloatArray]] = {}
    for place, (propagation, nudges) in enumerate(requests):
        for nudge in nudges:
            gradients = wanted.setdefault(nudge.node, {})
            part = nudge.sign * _gradient(propagation, nudge)
            gradients[place] = gradients.get(place, 0.0) + part
    for node, gradients in wanted.items():
        equation = requests[0][0].equations.by_node[node]
        influences = equation.influences(np.stack(list(gradients.values())))
        for place, influence in zip(gradients, influences, strict=True):
            out[place] += influence
    return out


def _gradient(propagation: Propagation, nudge: Nudge) -> FloatArray:
    """Differentiate the mean score by the coefficients of the nudged node's equation."""
    equations = propagation.equations
    equation = equations.by_node[nudge.node]
    was = propagation.parents(nudge.node, {}) if equations.residuals == "abduct" else None
    observed = propagation.observed(nudge.node)
    if not equation.column.is_numeric:
        return equation.gradient(nudge.scores.T, nudge.causes, was, observed)
    width = nudge.values[1] - nudge.values[0]
    rise = nudge.scores[1] - nudge.scores[0]
    slope = np.divide(rise, width, out=np.zeros_like(width), where=width > 0)
    return equation.gradient(slope, nudge.causes, was, observed)
