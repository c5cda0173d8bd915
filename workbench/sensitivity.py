"""How the error of the structural equations moves a mean effect: the intervals of fuzzing.

A mean effect depends on the equations' coefficients. Its derivative by them is found on a sample
of the target's rows by nudging each node after the intervention and asking the model again; times
the coefficients' own influence functions it gives one influence value per row of the data.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from workbench.columns import Values
from workbench.mechanisms import NumericEquation
from workbench.propagation import Propagation
from workbench.queries import Answer

__all__ = ["SAMPLE_ROWS", "Nudge", "elsewhere", "nudged", "propagated_influence"]

FloatArray = npt.NDArray[np.float64]

SAMPLE_ROWS = 512
"""Rows on which derivatives are averaged."""
NUDGE = 0.25
"""Size of a nudge, in standard deviations of the node: wide enough to cross the steps of a tree."""

Outcome = Callable[[dict[str, Values]], Answer]
"""Asks for the scores that a state of the changed nodes leads to."""


@dataclass(frozen=True, eq=False)
class Nudge:
    """Questions about one node after one level of the intervention.

    Attributes
    ----------
    values : tuple of ndarray
        What the node is forced to: below and above its value, or each level of a category.
    answers : tuple of Answer
    sign : float
        +1 after the change, −1 before.
    """

    node: str
    causes: dict[str, Values]
    values: tuple[Values, ...]
    answers: tuple[Answer, ...]
    sign: float


def nudged(
    propagation: Propagation,
    state: Mapping[str, Values],
    outcome: Outcome,
    targets: Collection[str],
    nodes: Collection[str],
    *,
    sign: float,
) -> list[Nudge]:
    """Ask what the prediction would be if each moved node ended elsewhere.

    Parameters
    ----------
    state : mapping of str to ndarray
        The changed nodes after an intervention.
    outcome : callable
        Turns the state after a nudge was carried on into a question to the model.
    targets : collection of str
        The intervened features, which stay as set.
    nodes : collection of str
        The nodes that may move.
    """
    questions = []
    for node in nodes:
        if node not in state:
            continue
        values = elsewhere(propagation, node, state[node])
        fixed = {name: state[name] for name in targets}
        answers = tuple(
            outcome(propagation.carry_on(state, fixed, node, value, nodes)) for value in values
        )
        questions.append(Nudge(node, propagation.parents(node, state), values, answers, sign))
    return questions


def elsewhere(propagation: Propagation, node: str, value: Values) -> tuple[Values, ...]:
    """Values to force a node to: below and above a number, or every level of a category."""
    column = propagation.columns[node]
    if not column.is_numeric:
        return tuple(np.full(len(value), code, np.intp) for code in range(len(column.levels)))
    size = NUDGE * column.scale
    if column.integer:
        size = max(1.0, float(round(size)))
    return tuple(np.clip(value + step, column.low, column.high) for step in (-size, size))


def propagated_influence(propagation: Propagation, nudges: Sequence[Nudge], n: int) -> FloatArray:
    """Add up the influence of every row of the data through every equation, shape (n,)."""
    equations = propagation.equations
    gradients: dict[str, FloatArray] = {}
    for nudge in nudges:
        equation = equations.by_node[nudge.node]
        was = propagation.parents(nudge.node, {}) if equations.residuals == "abduct" else None
        if isinstance(equation, NumericEquation):
            low, high = nudge.answers
            width = nudge.values[1] - nudge.values[0]
            slope = np.divide(
                high.scores - low.scores, width, out=np.zeros_like(width), where=width > 0
            )
            gradient = equation.gradient(slope, nudge.causes, was)
        else:
            scores = np.stack([answer.scores for answer in nudge.answers], axis=1)
            gradient = equation.gradient(scores, nudge.causes, was)
        gradients[nudge.node] = gradients.get(nudge.node, 0.0) + nudge.sign * gradient
    out = np.zeros(n)
    for node, gradient in gradients.items():
        out += equations.by_node[node].influence(gradient)
    return out
