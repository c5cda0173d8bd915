"""Which rows could plausibly have had a level, given their own causes of the feature.

A row for which a level is implausible is left out of that level's comparison and counted: what
the model says about such a row is extrapolation (``estimands.md``, "What 'below τ' must mean").
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from workbench.case.audit_case import AuditCase
from workbench.common.arrays import BoolArray, FloatArray
from workbench.common.threads import one_thread
from workbench.methods.fuzzing.equations import CategoricalEquation, NumericEquation, fit_equation
from workbench.tables.columns import Column, Values

__all__ = ["Plausibility", "plausibility_of", "plausible_rows"]

FLOOR = 0.002
"""A level is implausible for a row where its chance, or the chance of one as far out, is below."""


@dataclass(frozen=True, eq=False)
class Plausibility:
    """How one feature goes with its causes, fitted on a case's rows and holding none of them.

    Attributes
    ----------
    equation : NumericEquation or CategoricalEquation
    low, high : float
        Of a number, how far below and above what its causes say it lies but for few rows.
    usual : ndarray, shape (levels,), or None
        Shares of a category's levels.
    """

    feature: str
    causes: tuple[str, ...]
    equation: NumericEquation | CategoricalEquation
    low: float
    high: float
    usual: FloatArray | None

    def at(
        self,
        levels: Sequence[Mapping[str, float | int]],
        columns: Mapping[str, Column],
        positions: npt.NDArray[np.intp],
    ) -> BoolArray:
        """Say for every level and row whether the row could have had the level."""
        observed = {name: columns[name].values[positions] for name in self.causes}
        plausible = np.ones((len(levels), len(positions)), dtype=bool)
        expected = None
        for place, level in enumerate(levels):
            set_causes: dict[str, Values] = {
                name: np.full(len(positions), level[name], dtype=values.dtype)
                for name, values in observed.items()
                if name in level
            }
            if set_causes or expected is None:
                here = self.equation.expected(observed | set_causes)
                expected = None if set_causes else here
            else:
                here = expected
            value = level[self.feature]
            if self.usual is None:
                if not np.isnan(value):
                    plausible[place] = (value - here >= self.low) & (value - here <= self.high)
                continue
            chances = np.diff(here, axis=1, prepend=0.0)[:, int(value)]
            # A level that is rare everywhere is not implausible for being rare.
            plausible[place] = chances >= min(FLOOR, 0.1 * self.usual[int(value)])
        return plausible


def plausible_rows(
    case: AuditCase,
    levels: Sequence[Mapping[str, float | int]],
    positions: npt.NDArray[np.intp],
) -> BoolArray:
    """Say for every level and row whether the row could have had the level.

    Parameters
    ----------
    levels : sequence of mappings of str to number
        Encoded levels of one or several features. A cause that is set itself counts as set.
    positions : ndarray of int, shape (m,)

    Returns
    -------
    ndarray of bool, shape (levels, m)
        All true for features without observed causes.
    """
    plausible = np.ones((len(levels), len(positions)), dtype=bool)
    for feature in levels[0] if levels else ():
        fitted = plausibility_of(case, feature)
        if fitted is not None:
            with one_thread():
                plausible &= fitted.at(levels, case.columns, positions)
    return plausible


def plausibility_of(case: AuditCase, feature: str) -> Plausibility | None:
    """Fit how a feature goes with its observed causes; None where it has none."""
    graph = case.audit_graph
    projected = graph.latent_projection()[0] if graph.latents else graph
    causes = [case.columns[p] for p in projected.parents(feature) if p in case.columns]
    if not causes:
        return None
    column = case.columns[feature]
    with one_thread():
        equation = fit_equation(column, causes)
        low, high = -np.inf, np.inf
        if isinstance(equation, NumericEquation):
            noise = column.values - equation.expected({c.name: c.values for c in causes})
            low, high = np.nanquantile(noise, (FLOOR, 1 - FLOOR))
    assert isinstance(equation, NumericEquation | CategoricalEquation)
    return Plausibility(
        feature,
        tuple(cause.name for cause in causes),
        replace(
            equation,
            column=column.without_rows(),
            parents=tuple(cause.without_rows() for cause in causes),
        ),
        float(low),
        float(high),
        None if column.is_numeric else column.counts() / len(column.values),
    )
