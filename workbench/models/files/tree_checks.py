"""The trees of a model from a file, looked at node by node before they are asked.

scikit-learn follows a tree's indices without checking them: a forged file could make it read
outside its arrays. Every index is compared here with what it points into.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from workbench.common.errors import UntrustedModelError

__all__ = ["check_trees", "parts_of"]


def check_trees(model: Any, name: str) -> None:
    """Look at every tree inside a fitted scikit-learn model.

    Parameters
    ----------
    model : estimator
    name : str
        The file's name, for messages.

    Raises
    ------
    UntrustedModelError
        An index of a tree points outside what it indexes, or leads back.

    Examples
    --------
    >>> from sklearn.tree import DecisionTreeRegressor
    >>> check_trees(DecisionTreeRegressor().fit([[0.0], [1.0]], [0.0, 1.0]), "model.skops")
    """
    from sklearn.ensemble._forest import BaseForest
    from sklearn.ensemble._gb import BaseGradientBoosting
    from sklearn.ensemble._hist_gradient_boosting.gradient_boosting import (
        BaseHistGradientBoosting,
    )
    from sklearn.ensemble._hist_gradient_boosting.predictor import TreePredictor
    from sklearn.tree import BaseDecisionTree
    from sklearn.tree._tree import Tree

    owned: set[int] = set()
    parts = list(parts_of(model))
    for part in parts:
        sound = True
        if isinstance(part, BaseDecisionTree) and hasattr(part, "tree_"):
            tree = part.tree_
            owned.add(id(tree))
            sound = isinstance(tree, Tree) and _sound_tree(tree, part.n_features_in_)
        elif isinstance(part, BaseForest | BaseGradientBoosting) and hasattr(part, "estimators_"):
            # An ensemble checks the width of a row once, and then trusts its trees.
            own = np.asarray(part.estimators_, dtype=object)
            width, trees = part.n_features_in_, own.ravel()
            sound = all(
                isinstance(tree, BaseDecisionTree) and tree.n_features_in_ == width
                for tree in trees
            )
            if isinstance(part, BaseGradientBoosting):
                columns = getattr(part, "n_trees_per_iteration_", None)
                sound = sound and own.ndim == 2 and own.shape[1] == columns
        elif isinstance(part, BaseHistGradientBoosting) and hasattr(part, "_predictors"):
            for predictor in (tree for stage in part._predictors for tree in stage):
                owned.add(id(predictor))
                sound = sound and isinstance(predictor, TreePredictor)
                sound = sound and _sound_predictor(predictor, part)
        if not sound:
            raise _forged(name, type(part).__name__)
    for part in parts:
        if isinstance(part, Tree | TreePredictor) and id(part) not in owned:
            raise _forged(name, type(part).__name__)


def parts_of(model: Any) -> Iterator[Any]:
    """Yield every object that a model holds, the model included, each once."""
    waiting, seen = [model], set()
    while waiting:
        part = waiting.pop()
        if part is None or isinstance(part, str | bytes | int | float | type) or id(part) in seen:
            continue
        seen.add(id(part))
        yield part
        if isinstance(part, dict):
            waiting.extend(part.values())
        elif isinstance(part, list | tuple | set):
            waiting.extend(part)
        elif isinstance(part, np.ndarray):
            waiting.extend(part.ravel().tolist() if part.dtype == object else ())
        else:
            waiting.extend(getattr(part, "__dict__", {}).values())


def _sound_tree(tree: Any, width: int) -> bool:
    left, right = tree.children_left, tree.children_right
    split = left != -1
    if not np.array_equal(split, right != -1):
        return False
    return _sound_nodes(split, left, right, tree.feature, width)


def _sound_predictor(predictor: Any, model: Any) -> bool:
    nodes, width = predictor.nodes, model.n_features_in_
    split = nodes["is_leaf"] == 0
    left, right = nodes["left"].astype(np.int64), nodes["right"].astype(np.int64)
    if not _sound_nodes(split, left, right, nodes["feature_idx"], width):
        return False
    chosen = split & (nodes["is_categorical"] != 0)
    return not chosen.any() or _sound_categories(predictor, model, nodes[chosen])


def _sound_categories(predictor: Any, model: Any, nodes: npt.NDArray[Any]) -> bool:
    """Whether nodes that split on categories find their tables, of 256 bits each."""
    tables = predictor.raw_left_cat_bitsets
    marked = np.asarray(model._bin_mapper.is_categorical_)
    return bool(
        tables.ndim == 2
        and (tables.dtype, tables.shape[1]) == (np.uint32, 8)
        and (nodes["bitset_idx"] < len(tables)).all()
        and marked.shape == (model.n_features_in_,)
        and (marked[nodes["feature_idx"]] != 0).all()
    )


def _sound_nodes(
    split: npt.NDArray[np.bool_],
    left: npt.NDArray[np.int64],
    right: npt.NDArray[np.int64],
    feature: npt.NDArray[np.int64],
    width: int,
) -> bool:
    """Whether children come after their parent, inside the array, and features exist."""
    n = len(split)
    place = np.arange(n)[split]
    onward = all(
        bool(((child[split] > place) & (child[split] < n)).all()) for child in (left, right)
    )
    inside = bool(((feature[split] >= 0) & (feature[split] < width)).all())
    return n > 0 and onward and inside


def _forged(name: str, kind: str) -> UntrustedModelError:
    return UntrustedModelError(
        f"{name!r} was not used: a {kind} in it has nodes that point outside its own arrays. "
        f"Asking it could crash or worse. Bring the model from Python, if you know where it comes "
        f"from: wb.AuditCase(model=model)."
    )
