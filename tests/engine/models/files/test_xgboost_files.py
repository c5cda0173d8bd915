"""Models from XGBoost's own JSON: read as they were, and never asked when an index is forged."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import xgboost

import workbench as wb
from workbench.common.errors import ModelError, UntrustedModelError
from workbench.models.files import xgboost_files
from workbench.models.files.skops_files import model_classes, parse_model

RNG = np.random.default_rng(0)
DATA = pd.DataFrame({"a": RNG.integers(0, 2, 300), "m": RNG.normal(size=300)})
VALUE = (DATA.a + DATA.m).to_numpy()
YES = (VALUE > 0.5).astype(int)
THREE = np.digitize(VALUE, [0, 1])
FEW: Any = {"n_estimators": 4, "max_depth": 3}
MODELS = {
    "regression": (xgboost.XGBRegressor(**FEW), VALUE, "value"),
    "two classes": (xgboost.XGBClassifier(**FEW), YES, "probability"),
    "counts": (xgboost.XGBRegressor(objective="count:poisson", **FEW), YES, "value"),
    "a forest": (xgboost.XGBRFRegressor(**FEW), VALUE, "value"),
}


@pytest.fixture(autouse=True)
def no_child(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """A child process for each file takes seconds on a busy machine; the first test has its own."""
    if "child" not in request.node.name:
        monkeypatch.setattr(xgboost_files, "tried", lambda *_: "fine")


def saved(model: Any, path: Path) -> Path:
    model.save_model(path)
    return path


def test_it_is_tried_in_a_child_process_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = saved(xgboost.XGBRegressor(**FEW).fit(DATA, VALUE), tmp_path / "m.json")
    assert wb.read_model(path).features == ("a", "m")
    monkeypatch.setattr(xgboost_files, "tried", lambda *_: "crashed")
    with pytest.raises(ModelError, match="was not opened"):
        wb.read_model(path)


@pytest.mark.parametrize("name", list(MODELS))
def test_a_model_comes_back_as_it_was(name: str, tmp_path: Path) -> None:
    model, outcome, output = MODELS[name]
    fitted = model.fit(DATA, outcome)
    box = wb.read_model(saved(fitted, tmp_path / "m.json"))
    own = fitted.predict_proba(DATA)[:, 1] if output == "probability" else fitted.predict(DATA)
    assert (box.features, box.output, box.name) == (("a", "m"), output, "m.json")
    np.testing.assert_allclose(box.predict(DATA[["m", "a"]]), own, rtol=1e-6)


def test_each_of_three_classes(tmp_path: Path) -> None:
    fitted = xgboost.XGBClassifier(**FEW).fit(DATA, THREE)
    path = saved(fitted, tmp_path / "m.json")
    assert model_classes(path) == (0, 1, 2)
    for place in range(3):
        box = wb.read_model(path, positive=str(place))
        np.testing.assert_allclose(box.predict(DATA), fitted.predict_proba(DATA)[:, place])
    with pytest.raises(ModelError, match="by number"):
        wb.read_model(path, positive="high")


def test_trained_on_an_array_the_columns_are_said(tmp_path: Path) -> None:
    fitted = xgboost.XGBRegressor(**FEW).fit(DATA.to_numpy(), VALUE)
    path = saved(fitted, tmp_path / "m.json")
    assert wb.read_model(path).features is None
    box = wb.read_model(path, features=["a", "m"])
    np.testing.assert_allclose(box.predict(DATA), fitted.predict(DATA.to_numpy()), rtol=1e-6)


def content() -> dict[str, Any]:
    booster = xgboost.XGBRegressor(**FEW).fit(DATA, VALUE).get_booster()
    found: dict[str, Any] = json.loads(booster.save_raw("json"))
    return found


def tree(found: dict[str, Any]) -> Any:
    return found["learner"]["gradient_booster"]["model"]["trees"][0]


def model(found: dict[str, Any]) -> Any:
    return found["learner"]["gradient_booster"]["model"]


def put(owner: Callable[[Any], Any], *path: Any, value: Any) -> Callable[[Any], None]:
    def forge(found: Any) -> None:
        part = owner(found)
        for key in path[:-1]:
            part = part[key]
        part[path[-1]] = value

    return forge


FORGED = {
    "left": put(tree, "left_children", 0, value=10_000_000),
    "right": put(tree, "right_children", 0, value=-7),
    "a circle": put(tree, "left_children", 0, value=0),
    "half a leaf": put(tree, "left_children", 0, value=-1),
    "feature": put(tree, "split_indices", 0, value=1_000_000),
    "short": put(tree, "split_conditions", value=[0.5]),
    "no number": put(tree, "left_children", 0, value=1.5),
    "category": put(tree, "split_type", 0, value=1),
    "nodes": put(tree, "tree_param", "num_nodes", value="1"),
    "group": put(model, "tree_info", 0, value=5),
    "rounds": put(model, "iteration_indptr", -1, value=100),
    "trees": put(model, "gbtree_model_param", "num_trees", value="400"),
    "width": put(lambda f: f["learner"]["learner_model_param"], "num_feature", value="1"),
    "base": put(lambda f: f["learner"]["learner_model_param"], "base_score", value="[1,2,3]"),
}


@pytest.mark.parametrize("name", list(FORGED))
def test_a_forged_tree_is_never_loaded(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(xgboost_files, "tried", lambda *_: pytest.fail("it was opened"))
    found = content()
    FORGED[name](found)
    with pytest.raises(UntrustedModelError, match="was not used"):
        parse_model(json.dumps(found).encode(), "m.json")


def test_a_key_that_stands_twice_means_one_thing() -> None:
    found = content()
    bad = json.loads(json.dumps(found))
    FORGED["left"](bad)
    twice = json.dumps(bad)[:-1] + ", " + json.dumps(found)[1:]
    assert json.loads(twice) == found, "Python takes the last"
    box = parse_model(twice.encode(), "m.json")
    again = parse_model(json.dumps(found).encode(), "m.json")
    np.testing.assert_array_equal(box.predict(DATA), again.predict(DATA))


def test_categories_are_refused_with_what_to_do(tmp_path: Path) -> None:
    rows = DATA.assign(c=pd.Categorical(RNG.choice(list("xyz"), 300)))
    fitted = xgboost.XGBRegressor(enable_categorical=True, **FEW).fit(rows, VALUE)
    with pytest.raises(UntrustedModelError, match="Load it in Python"):
        wb.read_model(saved(fitted, tmp_path / "m.json"))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"", "no model of XGBoost"),
        (b"[1]", "no model of XGBoost"),
        (b"[" * 100_000, "no model of XGBoost"),
        (b'{"learner": null}', "no model of XGBoost"),
    ],
)
def test_what_is_no_such_file(text: bytes, message: str) -> None:
    with pytest.raises(ModelError, match=message):
        parse_model(text, "m.json")


def test_other_boosters_are_refused(tmp_path: Path) -> None:
    linear = xgboost.XGBRegressor(booster="gblinear", n_estimators=2).fit(DATA, VALUE)
    with pytest.raises(ModelError, match="not read here"):
        wb.read_model(saved(linear, tmp_path / "m.json"))
