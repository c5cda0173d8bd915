"""Targets: rows × features, checked when made and again against the data."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import workbench as wb
import workbench.case.target
from workbench.case.target import UnlearningTarget
from workbench.common.errors import ConditionError, TargetError

FRAME = pd.DataFrame({"age": [20, 60, 70], "bmi": [1.0, 2.0, 3.0]}, index=["a", "b", "c"])


def test_kinds_and_rows() -> None:
    made = {
        "feature": UnlearningTarget.feature("age"),
        "features": UnlearningTarget.features(["age", "bmi"]),
        "datapoints": UnlearningTarget.datapoints(["c", "a"]),
        "subgroup": UnlearningTarget.subgroup("age > 50", ["bmi"]),
    }
    rows = {"feature": 3, "features": 3, "datapoints": 2, "subgroup": 2}
    for kind, target in made.items():
        assert target.kind == kind
        mask = target.mask(FRAME)
        assert mask.dtype == bool and mask.sum() == rows[kind]
    assert made["datapoints"].mask(FRAME).tolist() == [True, False, True]
    assert UnlearningTarget.features("age") == UnlearningTarget.feature("age")
    assert len({*made.values(), UnlearningTarget.feature("age")}) == 4


@pytest.mark.parametrize(
    "target",
    [
        UnlearningTarget(),
        UnlearningTarget.feature('it\'s "age"'),
        UnlearningTarget.features(["age", "bmi"]),
        UnlearningTarget.datapoints("a"),
        UnlearningTarget.datapoints(["a", 3, ("x", 1)], features=["age"]),
        UnlearningTarget.datapoints(np.array([3, 4])),
        UnlearningTarget.subgroup("age > 50"),
        UnlearningTarget.subgroup("sex == 'it\\'s'", ["bmi"]),
    ],
)
def test_code_makes_the_same_target(target: UnlearningTarget) -> None:
    class wb:
        UnlearningTarget = workbench.case.target.UnlearningTarget

    # our own output, from values written in this file
    assert eval(target.to_code(), {"wb": wb}) == target


@pytest.mark.parametrize(
    ("target", "words"),
    [
        (UnlearningTarget(), "all features"),
        (UnlearningTarget.features(["age", "bmi"]), "age, bmi"),
        (UnlearningTarget.datapoints(7), "all features of row 7"),
        (UnlearningTarget.datapoints(range(7), ["age"]), "age of rows 0, 1, 2, 3, 4 and 2 more"),
        (UnlearningTarget.subgroup("age > 50", ["bmi"]), "bmi where age > 50"),
    ],
)
def test_words(target: UnlearningTarget, words: str) -> None:
    assert target.describe() == words


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: UnlearningTarget.features([]), "names no feature. Name at least one column"),
        (lambda: UnlearningTarget.features(["a", "a"]), "names a feature twice: 'a', 'a'"),
        (lambda: UnlearningTarget.feature(3), "named by text, not by 3"),
        (lambda: UnlearningTarget.features(3), "named by text, not by 3"),
        (lambda: UnlearningTarget.feature(["a", "b"]), r"For several features use .*features\("),
        (lambda: UnlearningTarget.datapoints([]), "names no datapoint"),
        (lambda: UnlearningTarget.datapoints([1, 1]), "named twice"),
        (lambda: UnlearningTarget.datapoints([[1], [2]]), "named by its index label"),
        (lambda: UnlearningTarget.datapoints(np.array([True, False])), r"data.index\[mask\]"),
        (lambda: UnlearningTarget.datapoints(1, []), "names no feature"),
        (lambda: UnlearningTarget(names=("a", "a")), "names a feature twice"),
        (
            lambda: UnlearningTarget(rows=(1,), condition=UnlearningTarget.subgroup("a").condition),
            "either datapoints or a condition",
        ),
    ],
)
def test_refused_when_made(make, message: str) -> None:
    with pytest.raises(TargetError, match=message):
        make()


def test_a_malformed_condition() -> None:
    with pytest.raises(ConditionError, match="cannot be read"):
        UnlearningTarget.subgroup("age >", ["bmi"])


def test_an_empty_subgroup() -> None:
    with pytest.raises(
        TargetError, match="subgroup is empty: none of the 3 rows satisfies 'age > "
    ):
        UnlearningTarget.subgroup("age > 100").mask(FRAME)


@pytest.mark.parametrize("label", ["d", 0, 1.0, ("a",), None, pd.Timestamp("2020-01-01")])
def test_an_unknown_row(label: object) -> None:
    with pytest.raises(TargetError, match=r"no row labelled .* runs from 'a' to 'c'"):
        UnlearningTarget(rows=("a", label)).mask(FRAME)


@pytest.mark.parametrize(
    ("index", "labels", "expected"),
    [
        (pd.RangeIndex(3), [2, 0], [True, False, True]),
        (pd.Index([5, 3, 1]), np.array([3]), [False, True, False]),
        (pd.Index([0.5, 1.0, 2.0]), [1], [False, True, False]),
        (pd.Index([3, "3", None], dtype=object), ["3"], [False, True, False]),
        (
            pd.date_range("2020-01-01", periods=3),
            [pd.Timestamp("2020-01-02")],
            [False, True, False],
        ),
        (
            pd.MultiIndex.from_tuples([("a", 1), ("a", 2), ("b", 1)]),
            [("b", 1), ("a", 1)],
            [True, False, True],
        ),
        (pd.CategoricalIndex(["x", "y", "z"]), ["z"], [False, False, True]),
    ],
)
def test_labels_of_every_kind_of_index(index: pd.Index, labels, expected: list[bool]) -> None:
    frame = FRAME.set_axis(index)
    assert UnlearningTarget.datapoints(labels).mask(frame).tolist() == expected
    with pytest.raises(TargetError, match="no row labelled"):
        UnlearningTarget.datapoints(["nowhere"]).mask(frame)


def test_labels_that_name_several_rows() -> None:
    with pytest.raises(TargetError, match=r"duplicates. Reset it first: data.reset_index"):
        UnlearningTarget.datapoints("a").mask(FRAME.set_axis(["a", "a", "b"]))


def test_features_are_checked_against_the_known_ones() -> None:
    target = UnlearningTarget.features(["bmi", "agee"])
    with pytest.raises(TargetError, match=r"names 'agee', .* Did you mean 'age'\? Features: 'age'"):
        target.resolve_names(["age", "bmi"], ["bmi"])
    assert UnlearningTarget.datapoints("a").resolve_names(["age", "bmi"], ["bmi"]) == ("bmi",)
    assert UnlearningTarget.feature("age").resolve_names(["age", "bmi"], ["bmi"]) == ("age",)


def test_targets_join_where_one_target_can_say_it() -> None:
    feature, both = UnlearningTarget.feature("a"), UnlearningTarget.features(["a", "b"])
    assert feature | UnlearningTarget.feature("b") == both
    assert feature | UnlearningTarget() == UnlearningTarget()
    old, young = (UnlearningTarget.subgroup(text, ["a"]) for text in ("b > 3", "b < 1"))
    joined = old | young
    assert joined.condition is not None and joined.condition.text == "(b > 3) or (b < 1)"
    frame = pd.DataFrame({"a": [0, 0, 0], "b": [0, 2, 4]})
    assert joined.mask(frame).tolist() == [True, False, True]
    assert old | feature == feature
    rows = UnlearningTarget.datapoints([1, 2]) | UnlearningTarget.datapoints([2, 3])
    assert rows.rows == (1, 2, 3)
    assert old | old == old
    assert eval(joined.to_code(), {"wb": wb}) == joined


def test_rows_by_label_and_by_condition_are_not_joined() -> None:
    one = UnlearningTarget.subgroup("b > 3", ["a"])
    with pytest.raises(TargetError, match="by label, another does not"):
        one | UnlearningTarget.datapoints([1], ["a"])
    with pytest.raises(TypeError):
        one | "a"  # type: ignore[operator]
