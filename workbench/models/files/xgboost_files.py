"""A model from JSON or UBJ that XGBoost wrote: every index of its trees is looked at before use.

XGBoost follows a tree's indices without asking whether they point inside. So the file is read here
(UBJ is JSON in bytes), each tree is checked, and XGBoost is handed what was checked, written again:
a key that stands twice in the file cannot mean one thing here and another there.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from workbench.common.errors import MissingPackageError, ModelError, UntrustedModelError, listed
from workbench.common.limits import MODEL_FEATURES, ONNX_BYTES
from workbench.common.trial import tried
from workbench.models.files.onnx_checks import not_survived
from workbench.models.files.ubjson import from_ubjson

__all__ = ["checked_xgboost", "xgboost_booster"]

TRIAL = Path(__file__).with_name("trial_xgboost.py")
OBJECTIVES = (
    "binary:logistic",
    "binary:logitraw",
    "count:poisson",
    "multi:softprob",
    "reg:absoluteerror",
    "reg:gamma",
    "reg:logistic",
    "reg:pseudohubererror",
    "reg:squarederror",
    "reg:squaredlogerror",
    "reg:tweedie",
)
BY_NODE = (
    "left_children",
    "right_children",
    "parents",
    "split_indices",
    "split_conditions",
    "default_left",
    "base_weights",
    "loss_changes",
    "sum_hessian",
)


def xgboost_booster(content: bytes, name: str) -> Any:
    """Return the checked model as XGBoost holds it.

    Raises
    ------
    UntrustedModelError
        An index points outside its tree.
    ModelError
        It is no such file, or holds what is not read here.
    MissingPackageError
        xgboost is not installed.
    """
    sound = json.dumps(checked_xgboost(content, name)).encode()
    try:
        import xgboost
    except ImportError:
        raise MissingPackageError(
            f"Reading {name!r} needs xgboost. Install it: pip install 'cafe-workbench[xgboost]'"
        ) from None
    if (ending := tried(TRIAL, sound)) != "fine":
        raise not_survived(name, ending)
    try:
        return xgboost.Booster(model_file=bytearray(sound))
    except (xgboost.core.XGBoostError, ValueError, TypeError, OSError) as error:
        reason = str(error).splitlines()[0][:200] if str(error) else "damaged"
        raise ModelError(f"{name!r} cannot be read as a model of XGBoost: {reason}.") from None


def checked_xgboost(content: bytes, name: str) -> dict[str, Any]:
    """Return the file's JSON when every tree in it is sound."""
    if len(content) > ONNX_BYTES:
        raise ModelError(f"{name!r} is too large for a model here.")
    try:
        binary = name.lower().endswith(".ubj")
        found = from_ubjson(content) if binary else json.loads(content)
        learner = found["learner"]
        booster, param = learner["gradient_booster"], learner["learner_model_param"]
        model, objective = booster.get("model"), learner["objective"]["name"]
        width, classes = int(param["num_feature"]), int(param["num_class"])
        targets = int(param.get("num_target", 1))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise ModelError(
            f"{name!r} is no model of XGBoost in JSON or UBJ. Write one by "
            f"booster.save_model('model.json')."
        ) from None
    if booster.get("name") != "gbtree" or objective not in OBJECTIVES or targets != 1:
        raise ModelError(
            f"{name!r} holds a booster or an objective that is not read here: only trees "
            f"(gbtree) for {listed(OBJECTIVES, limit=len(OBJECTIVES))}. Load it in Python."
        )
    try:
        sound = (
            0 < width <= MODEL_FEATURES
            and 0 <= classes <= 10_000
            and _sound_names(learner.get("feature_names", []), width)
            and _sound_base(param.get("base_score", "0.5"), classes)
            and _sound_model(model, width, max(classes, 1))
        )
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError):
        sound = False
    if not sound:
        raise UntrustedModelError(
            f"{name!r} was not used: its trees split on categories, or are not as XGBoost writes "
            f"them, so that asking it could read outside them. Load it in Python, if you know "
            f"where it comes from: wb.BlackBoxModel.wrap(xgboost.Booster(model_file=path))."
        )
    return {"learner": learner, "version": found.get("version", [3, 0, 0])}


def _sound_names(names: Any, width: int) -> bool:
    return isinstance(names, list) and (
        not names
        or (len(names) == width == len(set(names)) and all(isinstance(n, str) for n in names))
    )


def _sound_base(text: Any, classes: int) -> bool:
    base = json.loads(text)
    values = base if isinstance(base, list) else [base]
    return len(values) in (1, max(classes, 1)) and all(isinstance(v, int | float) for v in values)


def _sound_model(model: Mapping[str, Any], width: int, groups: int) -> bool:
    trees, groups_of = model["trees"], model["tree_info"]
    param = model["gbtree_model_param"]
    rounds = model.get("iteration_indptr")
    categories = model.get("cats", {}).get("enc", [])
    return (
        int(param["num_trees"]) == len(trees) == len(groups_of)
        and int(param.get("num_parallel_tree", 1)) >= 1
        and all(_index(group, groups) for group in groups_of)
        and not any(part.get("values") or part.get("offsets") for part in categories)
        and (rounds is None or _rising(rounds, len(trees)))
        and all(_sound_tree(tree, width) for tree in trees)
    )


def _index(value: Any, end: int) -> bool:
    return type(value) is int and 0 <= value < end


def _rising(places: Any, end: int) -> bool:
    return (
        isinstance(places, list)
        and all(_index(place, end + 1) for place in places)
        and places == sorted(places)
        and (places[0], places[-1]) == (0, end)
    )


def _sound_tree(tree: Mapping[str, Any], width: int) -> bool:
    """Whether children come after their parent, inside the tree, and features exist."""
    param = tree["tree_param"]
    n = int(param["num_nodes"])
    if n < 1 or int(param["num_feature"]) != width or int(param["size_leaf_vector"]) > 1:
        return False
    if any(not isinstance(tree[key], list) or len(tree[key]) != n for key in BY_NODE):
        return False
    if any(tree.get("split_type", [])) or len(tree.get("split_type", [])) not in (0, n):
        return False
    if any(tree.get(key) for key in CATEGORIES):
        return False
    for place, (left, right, feature) in enumerate(
        zip(tree["left_children"], tree["right_children"], tree["split_indices"], strict=True)
    ):
        leaf = (left, right) == (-1, -1)
        inside = all(_index(child, n) and child > place for child in (left, right))
        if not (leaf or inside) or not _index(feature, width):
            return False
    return True


CATEGORIES = ("categories", "categories_nodes", "categories_segments", "categories_sizes")
