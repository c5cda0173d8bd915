"""Which rows could plausibly have had a level, given their own causes of the feature.

A row for which a level is implausible is left out of that level's comparison and counted: what
the model says about such a row is extrapolation (``estimands.md``, "What 'below τ' must mean").
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from workbench.case.audit_case import AuditCase
from workbench.common.threads import one_thread
from workbench.methods.fuzzing.equations import NumericEquation, fit_equation
from workbench.tables.columns import Column

__all__ = ["plausible_rows"]

FLOOR = 0.002
"""A level is implausible for a row where its chance, or the chance of one as far out, is below."""


def plausible_rows(
    case: AuditCase,
    levels: Sequence[Mapping[str, float | int]],
    positions: npt.NDArray[np.intp],
) -> npt.NDArray[np.bool_]:
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
    graph = case.audit_graph
    projected = graph.latent_projection()[0] if graph.latents else graph
    for feature in levels[0] if levels else ():
        causes = [case.columns[p] for p in projected.parents(feature) if p in case.columns]
        if causes:
            with one_thread():
                plausible &= _given_causes(case, feature, causes, levels, positions)
    return plausible


def _given_causes(
    case: AuditCase,
    feature: str,
    causes: Sequence[Column],
    levels: Sequence[Mapping[str, float | int]],
    positions: npt.NDArray[np.intp],
) -> npt.NDArray[np.bool_]:
    column = case.columns[feature]
    equation = fit_equation(column, causes)
    observed = {cause.name: cause.values[positions] for cause in causes}
    plausible = np.ones((len(levels), len(positions)), dtype=bool)
    expected = None
    low, high = -np.inf, np.inf
    if isinstance(equation, NumericEquation):
        noise = column.values - equation.expected({c.name: c.values for c in causes})
        low, high = np.nanquantile(noise, (FLOOR, 1 - FLOOR))
    usual = None if column.is_numeric else column.counts() / len(column.values)
    for place, level in enumerate(levels):
        set_causes = {
            name: np.full(len(positions), level[name], dtype=values.dtype)
            for name, values in observed.items()
            if name in level
        }
        if set_causes or expected is None:
            here = equation.expected(observed | set_causes)
            expected = None if set_causes else here
        else:
            here = expected
        value = level[feature]
        if usual is None:
            if not np.isnan(value):
                plausible[place] = (value - here >= low) & (value - here <= high)
            continue
        chances = np.diff(here, axis=1, prepend=0.0)[:, int(value)]
        # A level that is rare everywhere is not implausible for being rare.
        plausible[place] = chances >= min(FLOOR, 0.1 * usual[int(value)])
    return plausible
