"""What made an estimate, as a value."""

from __future__ import annotations

import ast
import itertools
from pathlib import Path

import pytest

from workbench.common.errors import DataError, TargetError
from workbench.methods.estimator import ASKED, ESTIMATOR_NAMES, Estimator, estimator_of

HOUSE = Path(__file__).parents[3]


def test_labels_say_what_is_not_the_default() -> None:
    assert Estimator("cafe").label == str(Estimator("cafe")) == "cafe"
    paper = Estimator("cafe", "linear", "paper", "parents")
    assert paper.label == "cafe (linear basis, direct as in the paper, adjusted for parents)"
    assert paper.name == "CAFÉ (linear basis, direct as in the paper, adjusted for parents)"
    dropped = Estimator("fuzzing", residuals="drop")
    assert (dropped.label, dropped.name) == (
        "fuzzing (residuals dropped)",
        "causal fuzzing (residuals dropped)",
    )


def test_every_label_leads_back_to_its_value() -> None:
    cafe = [
        Estimator("cafe", basis, direct, adjustment)
        for basis, direct, adjustment in itertools.product(
            ("flexible", "linear"),
            ("query", "regression", "paper"),
            ("minimum-variance", "parents"),
        )
    ]
    fuzzing = [Estimator("fuzzing", residuals=kept) for kept in ("abduct", "drop")]
    every = [*cafe, *fuzzing, Estimator("debiased"), ASKED]
    assert len({one.label for one in every}) == len(every) == 16
    assert [estimator_of(one.label) for one in every] == every
    assert {one.kind for one in every} == set(ESTIMATOR_NAMES)


@pytest.mark.parametrize("label", ["", "cafe ", "cafe (", "CAFÉ", "cafe (direct)", "shap"])
def test_a_label_of_no_estimator(label: str) -> None:
    with pytest.raises(DataError, match="No estimator is labelled"):
        estimator_of(label)


def test_options_that_do_not_exist() -> None:
    with pytest.raises(TargetError, match=r"No estimator is called 'shap'\. Known: 'cafe', "):
        Estimator("shap")  # type: ignore[arg-type]
    with pytest.raises(TargetError, match=r"basis='cubic' is unknown\. Use one of 'flexible', "):
        Estimator("cafe", "cubic")  # type: ignore[arg-type]
    with pytest.raises(TargetError, match="'fuzzing' has no option 'basis'"):
        Estimator("fuzzing", basis="linear")


def test_it_goes_by_its_kind_its_label_and_itself() -> None:
    linear = Estimator("cafe", "linear")
    assert all(linear.goes_by(name) for name in ("cafe", "cafe (linear basis)", linear))
    assert not any(linear.goes_by(name) for name in ("fuzzing", "caf", "", Estimator("cafe")))


def test_no_code_takes_a_label_apart() -> None:
    """An attribute called estimator or label is never split, stripped or searched."""
    taking = {"split", "partition", "startswith", "endswith", "removeprefix", "find", "replace"}
    found = [
        f"{path.name}:{node.lineno}"
        for room in ("workbench", "widgets")
        for path in (HOUSE / room).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if (
            isinstance(node, ast.Attribute)
            and node.attr in taking
            and "estimator" in ast.unparse(node.value)
        )
        or (
            isinstance(node, ast.Compare)
            and isinstance(node.ops[0], ast.In | ast.NotIn)
            and isinstance(node.left, ast.Constant)
            and isinstance(node.left.value, str)
            and ast.unparse(node.comparators[0]).endswith(".estimator")
        )
    ]
    assert found == []
