"""Groups of people whom a change reaches through other features, though the mean hides it.

A small tree on one half of the rows that were asked about finds where simulated total effects lie
above the threshold; the other half tests what was found, and the halves take turns
(``estimands.md``, "What 'below τ' must mean"). Means over a group need no assumption about how a
single row keeps its noise.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from workbench.case.audit_case import AuditCase
from workbench.case.condition import Condition
from workbench.case.condition_syntax import as_named
from workbench.common.arrays import BoolArray, FloatArray
from workbench.methods.profile.answers import Answers
from workbench.methods.profile.profile import FEWEST_SOUGHT, SOUGHT
from workbench.tables.columns import Column

__all__ = ["FEWEST_IN_GROUP", "LEAVES", "conditions_to", "found_groups", "regressors_of"]


FEWEST_IN_GROUP = 30
"""Rows of the sample that a group's own profile takes."""
FEWEST_TO_FIND = 10
"""Rows of one half that can point to a group, and of the other that can test it."""
FEWEST_BY_CHANCE = 30
"""The same where a category carries the change: which rows it moves is chance."""
PLAIN = 3.0
"""Mean size of row effects, in thresholds, that needs no group to show it."""
NEAR = 0.9
"""Mean effect, in thresholds, from which a group is tested: that it lies below must be shown."""
ERRORS_BY_CHANCE = 2.0
"""Errors by which a mean must exceed the threshold where a category carries the change."""
MOST_GROUPS = 2
"""Groups that one half may point to."""
LEAVES = 8
MOST_LEVELS = 12
"""Levels of a category that a group may be told by; the most frequent ones."""


def found_groups(
    case: AuditCase,
    feature: str,
    answers: Answers,
    *,
    threshold: float,
    followed: bool,
    seed: int,
) -> dict[str, tuple[Condition, BoolArray]]:
    """Look for groups that a change carried by other features moves by more than the threshold.

    Parameters
    ----------
    followed : bool
        Whether only numbers carry the change.

    Returns
    -------
    dict of str to (Condition, ndarray of bool, shape (m,))
        By name, with what holds for the rows; masks have rows of the half that took no part in
        finding that group.
    """
    total, before = answers.parts.get("total"), answers.before
    if total is None or not total.sampled or len(before) < FEWEST_SOUGHT:
        return {}
    if not case.carriers(feature) or total.scores.shape[1] != len(before):
        return {}
    names, regressors = regressors_of(case, feature, total.positions)
    if not names:
        return {}
    half = np.random.default_rng([seed, 59]).permutation(len(before)) % 2 == 0
    fewest = FEWEST_TO_FIND if followed else FEWEST_BY_CHANCE
    found: dict[str, tuple[Condition, BoolArray]] = {}
    for seeking in (half, ~half):
        scores = total.scores[:, seeking]
        low, high = _widest(scores)
        moved = scores[high] - scores[low]
        if abs(moved.mean()) > threshold or np.abs(moved).mean() > PLAIN * threshold:
            return {}
        least = max(fewest, int(0.01 * len(moved)))
        leaves = _pointed_to(regressors[seeking], moved, threshold, least, followed)
        for condition in (Condition(" and ".join(conditions_to(*leaf, names))) for leaf in leaves):
            mask = condition.mask(case.data)[total.positions] & ~seeking
            if mask.sum() >= fewest:
                found.setdefault(f"{SOUGHT}{condition.text}", (condition, mask))
    return found


def _pointed_to(
    regressors: FloatArray, moved: FloatArray, threshold: float, least: int, followed: bool
) -> list[tuple[Any, int]]:
    """Return a tree and the leaves that move most rows by about the threshold or more."""
    from sklearn.tree import DecisionTreeRegressor

    tree = DecisionTreeRegressor(max_leaf_nodes=LEAVES, min_samples_leaf=least, random_state=0)
    leaves = tree.fit(regressors, moved).apply(regressors)
    sizes: dict[int, float] = {}
    for leaf in np.unique(leaves) if tree.tree_.node_count > 1 else ():
        inside = moved[leaves == leaf]
        size, error = abs(float(inside.mean())), float(inside.std()) / np.sqrt(len(inside))
        if size > (NEAR * threshold + error if followed else threshold + ERRORS_BY_CHANCE * error):
            sizes[int(leaf)] = size * len(inside)
    chosen = sorted(sizes, key=lambda leaf: -sizes[leaf])[:MOST_GROUPS]
    return [(tree.tree_, leaf) for leaf in chosen]


def _widest(scores: FloatArray) -> tuple[int, int]:
    """Places of the two levels between which rows move most, whatever the sign."""
    low, high = np.triu_indices(len(scores), 1)
    sizes = [float(np.abs(scores[b] - scores[a]).mean()) for a, b in zip(low, high, strict=True)]
    place = int(np.argmax(sizes))
    return int(low[place]), int(high[place])


def regressors_of(
    case: AuditCase, feature: str, positions: npt.NDArray[np.intp]
) -> tuple[list[tuple[Column, int]], FloatArray]:
    """Columns that the feature does not cause; categories level by level."""
    graph = case.audit_graph
    caused = {feature, *(graph.descendants(feature) if feature in graph.nodes else ())}
    names: list[tuple[Column, int]] = []
    columns = []
    for name in case.features:
        column = case.columns[name]
        if name in caused or column.is_constant or "`" in name:  # which no condition can name
            continue
        values = column.values[positions]
        if column.is_numeric:
            if not np.isnan(values).any():
                names.append((column, -1))
                columns.append(values / column.unit_for_trees)
            continue
        usual = np.argsort(-column.counts(), kind="stable")[:MOST_LEVELS]
        for code in usual:
            if column.levels[code] is not None:
                names.append((column, int(code)))
                columns.append((values == code).astype(np.float64))
    return names, np.stack(columns, axis=1) if columns else np.zeros((len(positions), 0))


def conditions_to(tree: Any, leaf: int, names: list[tuple[Column, int]]) -> list[str]:
    """Say by which conditions a leaf is reached, from the root on."""
    left, right = tree.children_left, tree.children_right
    said: list[str] = []
    bounded: set[str] = set()
    at = leaf
    while at != 0:
        parent = int(np.flatnonzero((left == at) | (right == at))[0])
        column, code = names[int(tree.feature[parent])]
        over = bool(right[parent] == at)
        name = as_named(column.name)
        if code >= 0:
            said.append(f"{name} {'==' if over else '!='} {column.levels[code]!r}")
        else:
            # Of two bounds on the same side, that nearer to the leaf says more.
            bound = f"{name} {'>' if over else '<='}"
            if bound not in bounded:
                bounded.add(bound)
                cut = tree.threshold[parent] * column.unit_for_trees
                said.append(f"{bound} {float(f'{cut:.3g}'):g}")
        at = parent
    return list(dict.fromkeys(reversed(said)))
