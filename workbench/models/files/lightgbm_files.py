"""A model from the text that LightGBM wrote: every index of its trees is looked at before use.

LightGBM follows a tree's indices without asking whether they point inside, and takes sizes on
trust. So the text is read here, and LightGBM is handed what was checked, written again.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from workbench.common.errors import MissingPackageError, ModelError, UntrustedModelError
from workbench.common.limits import MODEL_FEATURES, ONNX_BYTES
from workbench.common.trial import tried
from workbench.models.files.onnx_checks import not_survived

__all__ = ["checked_lightgbm", "lightgbm_booster"]

TRIAL = Path(__file__).with_name("trial_lightgbm.py")
OBJECTIVES = (
    "binary", "cross_entropy", "fair", "gamma", "huber", "mape", "multiclass", "multiclassova",
    "poisson", "quantile", "regression", "regression_l1", "tweedie",
)  # fmt: skip
BY_SPLIT = (
    "split_feature", "split_gain", "threshold", "decision_type", "left_child", "right_child",
    "internal_value", "internal_weight", "internal_count",
)  # fmt: skip
BY_LEAF = ("leaf_value", "leaf_weight", "leaf_count")
HEAD = (
    "version", "num_class", "num_tree_per_iteration", "label_index", "max_feature_idx",
    "objective", "feature_names", "feature_infos",
)  # fmt: skip
NUMBER = re.compile(r"[-+]?(\d+\.?\d*(e[-+]?\d+)?|\.\d+|inf|nan)", re.IGNORECASE | re.ASCII)


def lightgbm_booster(content: bytes, name: str) -> Any:
    """Return the checked model as LightGBM holds it.

    Raises
    ------
    UntrustedModelError
        An index points outside its tree.
    ModelError
        It is no such file, or holds what is not read here.
    MissingPackageError
        lightgbm is not installed.
    """
    sound = checked_lightgbm(content, name)
    try:
        import lightgbm
    except ImportError:
        raise MissingPackageError(
            f"Reading {name!r} needs lightgbm. Install it: pip install 'cafe-workbench[lightgbm]'"
        ) from None
    if (ending := tried(TRIAL, sound.encode())) != "fine":
        raise not_survived(name, ending)
    try:
        return lightgbm.Booster(model_str=sound)
    except (lightgbm.basic.LightGBMError, ValueError, TypeError) as error:
        reason = str(error).splitlines()[0][:200] if str(error) else "damaged"
        raise ModelError(f"{name!r} cannot be read as a model of LightGBM: {reason}.") from None


def checked_lightgbm(content: bytes, name: str) -> str:
    """Return the text written again when every tree in it is sound."""
    if len(content) > ONNX_BYTES:
        raise ModelError(f"{name!r} is too large for a model here.")
    try:
        text = content.decode().replace("\r\n", "\n")
    except UnicodeDecodeError:
        text = ""
    if not text.startswith("tree\n"):
        raise ModelError(
            f"{name!r} is no model of LightGBM as text. Write one by "
            f"booster.save_model('model.txt')."
        )
    before, _, _ = text.partition("\nend of trees")
    head, *trees = re.split(r"\n\s*Tree=\d+\n", before)
    try:
        told = _lines(head.removeprefix("tree\n"))
        top = _checked_head(told)
        width = int(told["max_feature_idx"]) + 1
        per_round = int(told["num_tree_per_iteration"])
        if len(trees) % per_round:
            raise ValueError("a round is not whole")
        written = [
            f"Tree={place}\n{_checked_tree(_lines(tree), width)}\n\n"
            for place, tree in enumerate(trees)
        ]
    except (ValueError, KeyError, OverflowError):
        raise UntrustedModelError(
            f"{name!r} was not used: its trees split on categories, hold linear models, or are not "
            f"as LightGBM writes them, so that asking it could read outside them. Load it in "
            f"Python, if you know where it comes from: "
            f"wb.BlackBoxModel.wrap(lightgbm.Booster(model_file=path))."
        ) from None
    sizes = " ".join(str(len(tree.encode())) for tree in written)
    return f"{top}tree_sizes={sizes}\n\n{''.join(written)}end of trees\n\n"


def _lines(text: str) -> dict[str, str]:
    """Return what stands after each key; a key that stands twice could mean two things."""
    found: dict[str, str] = {}
    for line in filter(None, text.split("\n")):
        key, _, value = line.partition("=")
        if key in found:
            raise ValueError("a key stands twice")
        found[key] = value
    return found


def _checked_head(told: Mapping[str, str]) -> str:
    width, classes = int(told["max_feature_idx"]) + 1, int(told["num_class"])
    names, infos = told["feature_names"].split(" "), told["feature_infos"].split(" ")
    objective, *settings = told["objective"].split(" ")
    sound = (
        0 < width <= MODEL_FEATURES
        and 0 < classes <= 10_000
        and int(told["num_tree_per_iteration"]) == classes
        and len(names) == width == len(set(names)) == len(infos)
        and objective in OBJECTIVES
        and (classes == 1) == (objective not in ("multiclass", "multiclassova"))
        and (classes == 1 or f"num_class:{classes}" in settings)
        and all(re.fullmatch(r"sqrt|[a-z_]+:[\w.+-]+", setting) for setting in settings)
    )
    if not sound:
        raise ValueError("a head that does not fit")
    # Python reads 1_0 as ten, and C++ as one: numbers are written again.
    numbers = {key: int(told[key]) for key in HEAD[1:5]}
    if not re.fullmatch(r"v\d", told["version"], re.ASCII):
        raise ValueError("an unknown version")
    averaged = "average_output\n" if "average_output" in told else ""
    return "tree\n" + "".join(f"{key}={numbers.get(key, told[key])}\n" for key in HEAD) + averaged


def _checked_tree(told: Mapping[str, str], width: int) -> str:
    """Write a tree again whose children come after their parent, inside it, on known features."""
    leaves = int(told["num_leaves"])
    if leaves < 1 or int(told["num_cat"]) or int(told.get("is_linear", "0")):
        raise ValueError("a tree of another kind")
    values = {key: told.get(key, "").split() for key in (*BY_SPLIT, *BY_LEAF)}
    for key, numbers in values.items():
        wanted = leaves if key in BY_LEAF else leaves - 1
        if not (len(numbers) == wanted or (leaves == 1 and not numbers and key != "leaf_value")):
            raise ValueError("an array of another length")
        if not all(NUMBER.fullmatch(number) for number in numbers):
            raise ValueError("no number")
    for feature, kind in zip(values["split_feature"], values["decision_type"], strict=True):
        if not 0 <= int(feature) < width or int(kind) not in range(0, 16, 2):
            raise ValueError("an unknown feature, or a split on categories")
    for children in (values["left_child"], values["right_child"]):
        for place, child in enumerate(map(int, children)):
            if not (place < child < leaves - 1 or -leaves <= child < 0):
                raise ValueError("a child outside the tree")
    lines = [f"num_leaves={leaves}", "num_cat=0"]
    lines += [f"{key}={' '.join(numbers)}" for key, numbers in values.items()]
    return "\n".join([*lines, "is_linear=0", f"shrinkage={float(told['shrinkage'])!r}", ""])
