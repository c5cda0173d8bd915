"""LightGBM's text and XGBoost's UBJ: read as they were, and never asked when an index is forged."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import lightgbm
import numpy as np
import pandas as pd
import pytest
import xgboost

import workbench as wb
from workbench.common.errors import ModelError, UntrustedModelError
from workbench.models.files import lightgbm_files, xgboost_files
from workbench.models.files.skops_files import model_classes, parse_model
from workbench.models.files.ubjson import from_ubjson

RNG = np.random.default_rng(0)
DATA = pd.DataFrame({"a": RNG.integers(0, 2, 300), "m": RNG.normal(size=300)})
VALUE = (DATA.a + DATA.m).to_numpy()
YES = (VALUE > 0.5).astype(int)
THREE = np.digitize(VALUE, [0, 1])
FEW: Any = {"n_estimators": 4, "num_leaves": 5, "verbose": -1}


@pytest.fixture(autouse=True)
def no_child(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """A child process for each file takes seconds on a busy machine; the first test has its own."""
    if "child" not in request.node.name:
        monkeypatch.setattr(lightgbm_files, "tried", lambda *_: "fine")
        monkeypatch.setattr(xgboost_files, "tried", lambda *_: "fine")


def text_of(model: Any, outcome: Any = VALUE) -> str:
    found: str = model.fit(DATA, outcome).booster_.model_to_string()
    return found


def test_it_is_tried_in_a_child_process_first(monkeypatch: pytest.MonkeyPatch) -> None:
    text = text_of(lightgbm.LGBMRegressor(**FEW)).encode()
    assert parse_model(text, "m.txt").features == ("a", "m")
    monkeypatch.setattr(lightgbm_files, "tried", lambda *_: "crashed")
    with pytest.raises(ModelError, match="was not opened"):
        parse_model(text, "m.txt")


@pytest.mark.parametrize(
    ("model", "outcome", "output"),
    [
        (lightgbm.LGBMRegressor(**FEW), VALUE, "value"),
        (lightgbm.LGBMClassifier(**FEW), YES, "probability"),
        (lightgbm.LGBMRegressor(objective="poisson", **FEW), YES, "value"),
        (lightgbm.LGBMRegressor(objective="quantile", alpha=0.3, **FEW), VALUE, "value"),
        (lightgbm.LGBMRegressor(boosting_type="dart", **FEW), VALUE, "value"),
        (
            lightgbm.LGBMRegressor(boosting_type="rf", bagging_freq=1, bagging_fraction=0.5, **FEW),
            VALUE,
            "value",
        ),
        (lightgbm.LGBMRegressor(min_child_samples=290, **FEW), VALUE, "value"),
    ],
    ids=["values", "two classes", "counts", "quantile", "dart", "forest", "no split"],
)
def test_lightgbm_comes_back_as_it_was(
    model: Any, outcome: Any, output: str, tmp_path: Path
) -> None:
    path = tmp_path / "m.txt"
    path.write_text(text_of(model, outcome))
    box = wb.read_model(path)
    own = model.predict_proba(DATA)[:, 1] if output == "probability" else model.predict(DATA)
    assert (box.features, box.output, box.name) == (("a", "m"), output, "m.txt")
    np.testing.assert_array_equal(box.predict(DATA[["m", "a"]]), own)


@pytest.mark.parametrize("library", ["lightgbm", "xgboost"])
def test_each_of_three_classes(library: str, tmp_path: Path) -> None:
    if library == "lightgbm":
        fitted: Any = lightgbm.LGBMClassifier(**FEW).fit(DATA, THREE)
        path = tmp_path / "m.txt"
        fitted.booster_.save_model(path)
    else:
        fitted = xgboost.XGBClassifier(n_estimators=4).fit(DATA, THREE)
        path = tmp_path / "m.ubj"
        fitted.save_model(path)
    assert model_classes(path) == (0, 1, 2)
    for place in range(3):
        box = wb.read_model(path, positive=str(place))
        np.testing.assert_allclose(box.predict(DATA), fitted.predict_proba(DATA)[:, place])


def put(pattern: str, value: str) -> Callable[[str], str]:
    return lambda text: re.sub(pattern, value, text, count=1, flags=re.M)


FORGED = {
    "left": put(r"^left_child=\S+", "left_child=1000000"),
    "leaf": put(r"^right_child=\S+", "right_child=-7000"),
    "a circle": put(r"^left_child=\S+", "left_child=0"),
    "feature": put(r"^split_feature=\S+", "split_feature=1000000"),
    "short": put(r"^threshold=\S+ ", "threshold="),
    "no number": put(r"^leaf_value=\S+", "leaf_value=x"),
    "no plain number": put(r"^leaf_value=\S+", "leaf_value=1_0"),
    "category": put(r"^decision_type=\S+", "decision_type=1"),
    "categories": put(r"^num_cat=0", "num_cat=3"),
    "linear": put(r"^is_linear=0", "is_linear=1"),
    "leaves": put(r"^num_leaves=\S+", "num_leaves=900"),
    "no leaf": put(r"^num_leaves=\S+", "num_leaves=0"),
    "width": put(r"^max_feature_idx=1", "max_feature_idx=0"),
    "classes": put(r"^num_class=1", "num_class=3"),
    "per round": put(r"^num_tree_per_iteration=1", "num_tree_per_iteration=0"),
    "twice": put(r"^left_child=", "left_child=5\nleft_child="),
    "objective": put(r"^objective=.*", "objective=lambdarank"),
}


@pytest.mark.parametrize("name", list(FORGED))
def test_a_forged_tree_is_never_loaded(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lightgbm_files, "tried", lambda *_: pytest.fail("it was opened"))
    text = text_of(lightgbm.LGBMRegressor(**FEW))
    bad = FORGED[name](text)
    assert bad != text
    with pytest.raises(UntrustedModelError, match="was not used"):
        parse_model(bad.encode(), "m.txt")


def test_categories_are_refused_with_what_to_do() -> None:
    rows = DATA.assign(c=pd.Categorical(RNG.choice(list("xyz"), 300)))
    fitted = lightgbm.LGBMRegressor(**FEW).fit(rows, (rows.c == "x") + VALUE)
    with pytest.raises(UntrustedModelError, match="Load it in Python"):
        parse_model(fitted.booster_.model_to_string().encode(), "m.txt")


def test_xgboost_in_binary_is_the_same_as_in_json(tmp_path: Path) -> None:
    rows = DATA.assign(m=DATA.m.where(DATA.m < 1))  # with values missing
    fitted = xgboost.XGBRegressor(n_estimators=4).fit(rows, VALUE)
    for name in ("m.ubj", "m.json"):
        fitted.save_model(tmp_path / name)
        box = wb.read_model(tmp_path / name)
        assert (box.features, box.output) == (("a", "m"), "value")
        np.testing.assert_array_equal(box.predict(rows), fitted.predict(rows))


def test_a_forged_index_in_binary_is_never_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(xgboost_files, "tried", lambda *_: pytest.fail("it was opened"))
    fitted = xgboost.XGBRegressor(n_estimators=4).fit(DATA, VALUE)
    raw = bytes(fitted.get_booster().save_raw("ubj"))
    place = raw.index(b"left_children[$l#L") + len(b"left_children[$l#L") + 8
    forged = raw[:place] + (10**6).to_bytes(4, "big") + raw[place + 4 :]
    with pytest.raises(UntrustedModelError, match="was not used"):
        parse_model(forged, "m.ubj")


COUNT = b"L" + (1).to_bytes(8, "big")


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[" * 100_000,
        b"[$d#L" + (2**62).to_bytes(8, "big"),
        b"[#L" + (2**62).to_bytes(8, "big"),
        b"[$Z#L" + (2**62).to_bytes(8, "big"),
        b"[$d#i\xff",
        b"S" + COUNT,
        b"{" + COUNT + b"\xffZ}",
        b"q",
        b"Z" * 2,
    ],
)
def test_damaged_binary_is_a_value_error(content: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        from_ubjson(content)
    with pytest.raises(ModelError, match="no model of XGBoost"):
        parse_model(content, "m.ubj")
