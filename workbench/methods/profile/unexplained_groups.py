"""Groups in which predictions go with a feature by more than the equations explain.

Where a mean is right, equations can still be wrong for groups, one way here and the other way
there: the feature may decide whether a mediator is known at all, how skewed it is, or how two of
them go together. Simulated effects at single rows then show no group. What the equations leave
unexplained does: a small tree on one half of the rows says where it goes with the feature, and the
other half tests that; the halves take turns.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy

from workbench.case.audit_case import AuditCase
from workbench.common.arrays import BoolArray, FloatArray, Positions
from workbench.methods.profile.found_groups import LEAVES, conditions_to, regressors_of
from workbench.methods.profile.profile import FEWEST_SOUGHT
from workbench.tables.columns import Column

__all__ = ["CHANCE", "UnexplainedGroup", "unexplained_group"]

FEWEST_IN_LEAF, LEAST_SHARE = 30, 0.02
"""Rows of one half, and their share, that can point to a group."""
MOST_LEVELS = 6
"""Levels of a category that are held against all others; the most frequent ones."""
CHANCE = 0.01
"""Error rate of finding such groups where the equations are right everywhere."""


@dataclass(frozen=True)
class UnexplainedGroup:
    """Where predictions go with a feature by more than the equations explain, and by how much.

    Attributes
    ----------
    condition : str
        The largest such group.
    value, low : float
        Mean over all such groups of the size beyond what is explained, and the bound below it
        that holds at 99 % over all contrasts tried. There is no bound above: only groups that pass
        a test are told of, and among these an interval lies too far from 0.
    """

    condition: str
    value: float
    low: float


def unexplained_group(
    case: AuditCase,
    feature: str,
    left: FloatArray,
    expected: Sequence[Column],
    positions: Positions,
    *,
    threshold: float,
    seed: int,
) -> UnexplainedGroup | None:
    """Look for groups in which what is left of the predictions goes with the feature.

    Parameters
    ----------
    left : ndarray, shape (n,)
        What redrawn mediators do not explain at each row of the data.
    expected : sequence of Column
        What is expected of the feature, given what it is adjusted for.
    positions : ndarray of int
        The target's rows.
    """
    names, told_by = regressors_of(case, feature, positions)
    if not names or len(positions) < FEWEST_SOUGHT:
        return None
    given = np.column_stack([np.ones(len(positions)), *(c.values[positions] for c in expected)])
    left = left[positions] - left[positions].mean()
    half = np.random.default_rng([seed, 61]).permutation(len(positions)) % 2 == 0
    contrasts = list(_contrasts(case.columns[feature], positions))
    surely = float(scipy.stats.norm.isf(CHANCE / max(len(contrasts), 1)))
    for contrast in contrasts:
        beside = contrast - given @ np.linalg.lstsq(given, contrast, rcond=None)[0]
        products, weights, said = [np.zeros(0)], [np.zeros(0)], []
        for seeking in (half, ~half):
            for tree, leaf, sign in _pointed_to(told_by, beside, left, seeking, threshold):
                inside = np.flatnonzero((tree.apply(told_by) == leaf) & ~seeking)
                if len(inside) < FEWEST_IN_LEAF:
                    continue
                there = beside[inside] - beside[inside].mean()
                products.append(sign * there * (left[inside] - left[inside].mean()))
                weights.append(there**2)
                said.append((len(inside), " and ".join(conditions_to(tree.tree_, leaf, names))))
        product, weight = np.concatenate(products), np.concatenate(weights)
        if not weight.sum() > 0:
            continue
        value = float(product.sum() / weight.sum())
        error = float(np.sqrt(((product - value * weight) ** 2).sum()) / weight.sum())
        if value > threshold and value > surely * error:
            return UnexplainedGroup(max(said)[1], value, value - surely * error)
    return None


def _contrasts(column: Column, positions: Positions) -> Iterator[FloatArray]:
    """Yield 0 and 1 by row: the upper half of a number, its ends, one level of a category."""
    values = column.values[positions]
    masks: list[BoolArray] = []
    if column.is_numeric:
        known = ~np.isnan(values)
        ranks = scipy.stats.rankdata(values, nan_policy="omit") / max(known.sum(), 1)
        masks = [ranks > 0.5, np.abs(ranks - 0.5) > 0.25, ~known]
    else:
        usual = np.argsort(-np.bincount(values), kind="stable")[:MOST_LEVELS]
        masks = [values == level for level in usual[len(usual) == 2 :]]
    seen: set[bytes] = set()
    for mask in masks:
        few = min(int(mask.sum()), int((~mask).sum()))
        key = min(mask.tobytes(), (~mask).tobytes())
        if few >= FEWEST_IN_LEAF and key not in seen:
            seen.add(key)
            yield mask.astype(np.float64)


def _pointed_to(
    told_by: FloatArray, beside: FloatArray, left: FloatArray, seeking: BoolArray, threshold: float
) -> Iterator[tuple[Any, int, float]]:
    """Yield a tree, each leaf where the slope exceeds the threshold, and the slope's sign."""
    from sklearn.tree import DecisionTreeRegressor

    there = np.where(np.abs(beside) > 1e-6, beside, 1e-6)
    least = max(FEWEST_IN_LEAF, int(LEAST_SHARE * seeking.sum()))
    tree = DecisionTreeRegressor(max_leaf_nodes=LEAVES, min_samples_leaf=least, random_state=0)
    slopes, weights = (left / there)[seeking], (there**2)[seeking]
    tree.fit(told_by[seeking], slopes, sample_weight=weights)
    if tree.tree_.node_count == 1:
        return
    leaves = tree.apply(told_by[seeking])
    for leaf in np.unique(leaves):
        slope = float(np.average(slopes[leaves == leaf], weights=weights[leaves == leaf]))
        if abs(slope) > threshold:
            yield tree, int(leaf), float(np.sign(slope))
