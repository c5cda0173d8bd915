"""Steps: where an outcome jumps at a value of a number, which no spline follows.

A small tree finds them on some rows; whether they hold is for rows that it has not seen to say.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from workbench.common.arrays import FloatArray
from workbench.tables.columns import Column, Values

__all__ = ["Steps", "find_steps"]

LEAVES = 6
"""Leaves of the tree that looks for steps."""
LEAST_SHARE = 0.02
"""Share of the rows that must lie on either side of a step."""


@dataclass(frozen=True, eq=False)
class Steps:
    """One regressor for each of some values of a number: 1 where it lies above."""

    name: str
    edges: FloatArray

    @property
    def width(self) -> int:
        """Regressors it gives."""
        return len(self.edges)

    def __call__(self, values: Values) -> FloatArray:
        """Evaluate at values of shape (m,); return shape (m, width)."""
        out: FloatArray = (values[:, None] > self.edges[None, :]).astype(np.float64)
        return out


def find_steps(
    columns: Sequence[Column], values: Mapping[str, Values], residuals: FloatArray
) -> tuple[Steps, ...]:
    """Find where residuals jump along each number; none where a small tree finds no split."""
    from sklearn.tree import DecisionTreeRegressor

    numbers = [column for column in columns if column.is_numeric and not column.is_constant]
    least = max(20, int(LEAST_SHARE * len(residuals)))
    if not numbers or len(residuals) < 4 * least:
        return ()
    tree = DecisionTreeRegressor(max_leaf_nodes=LEAVES, min_samples_leaf=least, random_state=0)
    tree.fit(np.column_stack([values[c.name] / c.unit_for_trees for c in numbers]), residuals)
    found = []
    for place, column in enumerate(numbers):
        cuts = tree.tree_.threshold[tree.tree_.feature == place]
        edges = np.unique(cuts) * column.unit_for_trees
        if len(edges):
            found.append(Steps(column.name, edges))
    return tuple(found)
