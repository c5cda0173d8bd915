"""Which of a model's other inputs a regression of logged predictions holds, where it has hundreds.

A feature that no arrow touches is independent of the audited one, as the graph has it: leaving it
out widens the interval and moves nothing. A few that go most with the predictions are kept.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from workbench.case.audit_case import AuditCase
from workbench.common.arrays import FloatArray
from workbench.tables.column_bases import column_basis
from workbench.tables.columns import Column

__all__ = ["STRONGEST", "crowd_outside", "inputs_beside"]

FEW = 24
"""Inputs outside the graph that all stand in a regression; its time grows with their square."""
STRONGEST = 4
"""Of more than these, the ones that do."""


def inputs_beside(case: AuditCase, feature: str) -> tuple[str, ...]:
    """Return the model's inputs but the feature; of those outside the graph the strongest few.

    Parameters
    ----------
    case : AuditCase
    feature : str

    Returns
    -------
    tuple of str
        In the order in which the model reads them.
    """
    others = [name for name in case.reads if name != feature]
    outside = crowd_outside(case, feature)
    if not outside:
        return tuple(others)
    apart = set(outside)
    left = _left(case, [feature, *(name for name in others if name not in apart)])
    shares = {name: _share(case.columns[name], left) for name in outside}
    weaker = set(sorted(outside, key=lambda name: -shares[name])[STRONGEST:])
    return tuple(name for name in others if name not in weaker)


def crowd_outside(case: AuditCase, feature: str) -> tuple[str, ...]:
    """Return the other inputs outside the graph where not all stand in a regression; else none."""
    placed = {node for edge in case.graph.edges for node in edge}
    outside = tuple(name for name in case.reads if name != feature and name not in placed)
    return outside if len(outside) > FEW else ()


def _left(case: AuditCase, names: Sequence[str]) -> FloatArray:
    """Return what curves of some columns do not explain of the predictions."""
    columns = [case.columns[name] for name in names]
    curves = [column_basis(column, "coarse")(column.values) for column in columns]
    design = np.hstack([np.ones((case.n_rows, 1)), *curves])
    left: FloatArray = case.predictions - design @ np.linalg.lstsq(design, case.predictions)[0]
    return left


def _share(column: Column, left: FloatArray) -> float:
    """Return which share of the spread that is left a line, a bend or the levels take up."""
    if column.is_constant or not left.any():
        return 0.0
    if not column.is_numeric:
        sums = np.bincount(column.values, left, len(column.levels))
        counts = np.bincount(column.values, minlength=len(column.levels))
        return float((sums**2 / np.maximum(counts, 1)).sum() / (left @ left))
    away = np.nan_to_num(column.values - np.nanmean(column.values))
    bent = away**2 - (away**2).mean()
    return max(float((x @ left) ** 2 / (x @ x * (left @ left))) for x in (away, bent) if x.any())
