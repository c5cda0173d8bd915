"""How the error of the structural equations moves the means of a profile.

As :mod:`workbench.methods.fuzzing.equation_error`, for weighted means: over the rows of a group,
or over the sizes of row effects, whose derivative has the row's sign.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from workbench.common.arrays import FloatArray
from workbench.methods.fuzzing.equation_error import Nudge
from workbench.methods.fuzzing.propagation import Propagation

__all__ = ["slope_of", "through_equations"]


def through_equations(
    sample: Propagation, asked: Sequence[Sequence[tuple[Nudge, FloatArray]]], n: int
) -> FloatArray:
    """Add up the influence of every row of the data through every equation.

    Parameters
    ----------
    sample : Propagation
        The s rows that were nudged.
    asked : sequence of sequences of (Nudge, ndarray of shape (s,))
        For each mean the nudges behind it, with the weight of every sampled row.

    Returns
    -------
    ndarray, shape (means, n)
    """
    out = np.zeros((len(asked), n))
    wanted: dict[str, dict[int, FloatArray]] = {}
    for place, nudges in enumerate(asked):
        for nudge, weights in nudges:
            gradients = wanted.setdefault(nudge.node, {})
            part = _gradient(sample, nudge, weights)
            gradients[place] = gradients.get(place, 0.0) + part
    for node, gradients in wanted.items():
        places = list(gradients)
        stacked = np.stack([gradients[place] for place in places])
        out[places] += sample.equations.by_node[node].influences(stacked)
    return out


def _gradient(sample: Propagation, nudge: Nudge, weights: FloatArray) -> FloatArray:
    """Differentiate the weighted mean score by the coefficients of the nudged node's equation."""
    equation = sample.equations.by_node[nudge.node]
    was = sample.parents(nudge.node, {}) if sample.equations.residuals == "abduct" else None
    observed = sample.observed(nudge.node)
    if not equation.column.is_numeric:
        scores: FloatArray = nudge.scores.T * weights[:, None]
        return equation.gradient(scores, nudge.causes, was, observed)
    return equation.gradient(slope_of(nudge) * weights, nudge.causes, was, observed)


def slope_of(nudge: Nudge) -> FloatArray:
    """Return what a unit of a number does to the prediction at each row, shape (m,)."""
    width = nudge.values[1] - nudge.values[0]
    rise = nudge.scores[1] - nudge.scores[0]
    slope: FloatArray = np.divide(rise, width, out=np.zeros_like(width), where=width > 0)
    return slope
