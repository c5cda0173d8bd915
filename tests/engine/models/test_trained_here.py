"""Models trained on the spot: kinds, missing values, and outcomes they cannot learn."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import workbench as wb
from workbench.common.errors import DataError
from workbench.models.trained_here import default_kind, train_model


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    rng = np.random.default_rng(5)
    x = rng.normal(size=400)
    sex = np.where(rng.random(400) < 0.5, "f", "m").astype(object)
    y = x + (sex == "f") + 0.1 * rng.normal(size=400)
    frame = pd.DataFrame({"x": x, "sex": pd.Series(sex, dtype="str"), "member": x > 1, "y": y})
    frame["sick"] = np.where(y > 0.5, "yes", "no")
    frame["grade"] = pd.cut(y, 3, labels=["a", "b", "c"]).astype(str)
    frame.loc[::9, "x"] = np.nan
    frame.loc[::7, "sex"] = None
    return frame


@pytest.mark.parametrize("kind", ["linear", "forest", "mlp"])
def test_numbers_are_learned_with_missing_values(kind: str, table: pd.DataFrame) -> None:
    model = train_model(table, ["x", "sex", "member"], "y", kind)
    assert model.score(table[["x", "sex", "member"]], table["y"]) > 0.7
    box = wb.BlackBoxModel.wrap(model)
    assert box.output == "value" and set(box.features or ()) == {"x", "sex", "member"}


@pytest.mark.parametrize("kind", ["logistic", "forest", "mlp"])
def test_two_classes_are_learned(kind: str, table: pd.DataFrame) -> None:
    model = train_model(table, ["x", "sex"], "sick", kind)
    assert list(model.classes_) == ["no", "yes"]
    assert model.score(table[["x", "sex"]], table["sick"]) > 0.8


def test_the_default_follows_the_outcome(table: pd.DataFrame) -> None:
    assert default_kind(table["sick"]) == "logistic" and default_kind(table["y"]) == "linear"
    assert hasattr(train_model(table, ["x"], "sick"), "predict_proba")


@pytest.mark.parametrize("kind", ["forest", "mlp"])
def test_the_same_seed_gives_the_same_model(kind: str, table: pd.DataFrame) -> None:
    first, second, other = (
        train_model(table, ["x", "sex"], "y", kind, seed=seed).predict(table) for seed in (1, 1, 2)
    )
    np.testing.assert_array_equal(first, second)
    assert not np.array_equal(first, other)


def test_rows_without_an_outcome_are_left_out(table: pd.DataFrame) -> None:
    holes = table.assign(y=table["y"].where(np.arange(400) % 2 == 0))
    half = train_model(table.iloc[::2], ["member"], "y").predict(table)
    np.testing.assert_allclose(train_model(holes, ["member"], "y").predict(table), half)


@pytest.mark.parametrize(
    ("features", "outcome", "kind", "message"),
    [
        (["x"], "grade", None, "3 text values"),
        (["x"], "sick", "linear", "is text; linear regression needs numbers"),
        (["x"], "y", "logistic", "logistic regression needs two"),
        (["x"], "y", "tree", "no model kind 'tree'"),
        (["xx"], "y", None, "no column 'xx'"),
        (["x", "y"], "y", None, "cannot read it as well"),
        ([], "y", None, "at least one column"),
    ],
)
def test_what_cannot_be_trained(
    features: list[str], outcome: str, kind: str | None, message: str, table: pd.DataFrame
) -> None:
    with pytest.raises(DataError, match=message):
        train_model(table, features, outcome, kind)


def test_a_constant_outcome(table: pd.DataFrame) -> None:
    with pytest.raises(DataError, match="one value only"):
        train_model(table.assign(y=1.0), ["x"], "y")
