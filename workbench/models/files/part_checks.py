"""The parts of a model from a file that index arrays in compiled code, looked at before use.

Trees of decisions, trees of neighbours, splines and sparse tables follow numbers that they hold
without asking whether they point inside. Each is compared here with what it points into.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from workbench.common.errors import UntrustedModelError
from workbench.models.files.tree_checks import check_trees, parts_of

__all__ = ["check_parts"]

DISTANCES = {
    "EuclideanDistance64": "euclidean",
    "ManhattanDistance64": "manhattan",
    "ChebyshevDistance64": "chebyshev",
    "MinkowskiDistance64": "minkowski",
}
COUNTED = range(7, 11)
"""Places in the state of a tree of neighbours that count its work."""
METRIC, WEIGHTS = 11, 12


def check_parts(model: Any, name: str) -> None:
    """Look at every tree, spline and sparse table inside a fitted scikit-learn model.

    Splines are made again by their own constructor.

    Parameters
    ----------
    model : estimator
    name : str
        The file's name, for messages.

    Raises
    ------
    UntrustedModelError
        An index points outside what it indexes.

    Examples
    --------
    >>> from sklearn.neighbors import KNeighborsRegressor
    >>> check_parts(KNeighborsRegressor(1).fit([[0.0], [1.0]], [0.0, 1.0]), "model.skops")
    """
    from scipy.interpolate import BSpline
    from scipy.sparse import issparse
    from sklearn.neighbors import BallTree, KDTree

    check_trees(model, name)
    for part in parts_of(model):
        sound = True
        try:
            if isinstance(part, KDTree | BallTree):
                sound = _as_built_again(part)
            elif isinstance(part, BSpline):
                _make_again(part)
            elif issparse(part) and hasattr(part, "check_format"):
                part.check_format(full_check=True)
        except (ValueError, TypeError, IndexError, AttributeError, OverflowError):
            sound = False
        if not sound:
            raise UntrustedModelError(
                f"{name!r} was not used: a {type(part).__name__} in it is not as fitting leaves "
                f"it: its numbers point outside its own arrays. Asking it could crash or worse."
            )


def _as_built_again(tree: Any) -> bool:
    """Whether a tree of neighbours is the one that its own points give."""
    from sklearn.metrics import DistanceMetric

    state = tree.__getstate__()
    metric = state[METRIC]
    kind = DISTANCES[type(metric).__name__]
    power = metric.__reduce__()[2][0]
    distance = DistanceMetric.get_metric(kind, **({"p": power} if kind == "minkowski" else {}))
    if not _same(metric.__reduce__()[2], distance.__reduce__()[2]):
        return False
    again = type(tree)(
        np.asarray(state[0]), leaf_size=state[4], metric=distance, sample_weight=state[WEIGHTS]
    ).__getstate__()
    compared = [place for place in range(len(state)) if place not in (*COUNTED, METRIC)]
    return _same([state[place] for place in compared], [again[place] for place in compared])


def _same(one: Any, other: Any) -> bool:
    return all(
        (a is None and b is None) or np.array_equal(np.asarray(a), np.asarray(b))
        for a, b in zip(one, other, strict=True)
    )


def _make_again(spline: Any) -> None:
    from scipy.interpolate import BSpline

    if spline.axis != 0:
        raise ValueError("the splines of a fitted model run along their first axis")
    again = BSpline(spline.t, spline.c, spline.k, extrapolate=spline.extrapolate)
    vars(spline).clear()
    vars(spline).update(vars(again))
