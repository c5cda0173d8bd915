"""Models from files: what is read, what is refused, and that nothing in a refused file runs."""

from __future__ import annotations

import io
import json
import pickle
import warnings
import zipfile
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import skops.io
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import (
    GradientBoostingClassifier,
    GradientBoostingRegressor,
    HistGradientBoostingClassifier,
    RandomForestClassifier,
    RandomForestRegressor,
    StackingClassifier,
)
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import workbench as wb
from workbench.common.errors import ModelError, UntrustedModelError
from workbench.models.files import skops_files as model_files
from workbench.models.files.skops_files import ModelFileWarning, read_model
from workbench.models.trained_here import MODEL_KINDS, train_model


@pytest.fixture(scope="module")
def world() -> Any:
    return wb.datasets.loan(400, seed=1)


def saved(model: Any, folder: Path, name: str = "model.skops") -> Path:
    path = folder / name
    skops.io.dump(model, path)
    return path


@pytest.mark.parametrize("kind", MODEL_KINDS)
def test_every_sample_model_comes_back_as_it_was(kind: str, world: Any, tmp_path: Path) -> None:
    features = [*world.features, "zip_code"]
    model = train_model(world.data, features, "approved", kind, seed=3)
    box = read_model(saved(model, tmp_path))
    own = model.predict(world.data) if kind == "linear" else model.predict_proba(world.data)[:, 1]
    assert box.features is not None and set(box.features) == set(features)
    np.testing.assert_array_equal(box.predict(world.data), own)


@pytest.mark.parametrize(
    "estimator",
    [
        GradientBoostingClassifier(n_estimators=5),
        HistGradientBoostingClassifier(max_iter=5),
        CalibratedClassifierCV(LogisticRegression(max_iter=5_000), cv=2),
        StackingClassifier([("a", LogisticRegression(max_iter=5_000))], cv=2),
        GridSearchCV(LogisticRegression(max_iter=5_000), {"C": [1.0, 2.0]}, cv=2),
        make_pipeline(StandardScaler(), MLPClassifier((4,), solver="sgd", max_iter=1_000, tol=0.1)),
    ],
    ids=lambda e: type(e).__name__,
)
def test_usual_estimators_need_no_trust(estimator: Any, world: Any, tmp_path: Path) -> None:
    rows = world.data[list(world.features)]
    model = estimator.fit(rows, world.data["approved"])
    box = read_model(saved(model, tmp_path))
    np.testing.assert_array_equal(box.predict(rows), model.predict_proba(rows)[:, 1])


class Bomb:
    """Creates a file when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> Any:
        return (Path.touch, (self.path,))


@pytest.mark.parametrize("name", ["model.pkl", "model.pickle", "model.joblib", "model.skops"])
def test_a_pickle_is_refused_and_never_runs(name: str, tmp_path: Path) -> None:
    trace = tmp_path / "ran"
    content = pickle.dumps(Bomb(trace))
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(UntrustedModelError, match="runs whatever code its author put into it"):
        read_model(path)
    assert not trace.exists()
    pickle.loads(content)
    assert trace.exists(), "the bomb works, so the test above can fail"


def forged(path: Path, schema: dict[str, Any]) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("schema.json", json.dumps(schema))
    return path


def test_a_type_that_nobody_reviewed_is_named_and_not_built(tmp_path: Path) -> None:
    schema = {
        "__class__": "system",
        "__module__": "os",
        "__loader__": "FunctionNode",
        "content": {"module_path": "os", "function": "system"},
        "protocol": 1,
        "_skops_version": "0.16.0",
    }
    path = forged(tmp_path / "evil.skops", schema)
    with pytest.raises(UntrustedModelError) as error:
        read_model(path)
    assert "os.system" in str(error.value)
    assert "trusted=['os.system']" in str(error.value)
    assert "read_model('evil.skops'" in str(error.value)


class Home(LogisticRegression):
    """An estimator of one's own, which no list can know."""


def test_a_reviewed_type_can_be_allowed_in_python(world: Any, tmp_path: Path) -> None:
    rows = world.data[list(world.features)]
    path = saved(Home(max_iter=1_000).fit(rows, world.data["approved"]), tmp_path)
    own = f"{Home.__module__}.Home"
    with pytest.raises(UntrustedModelError, match="nobody here has reviewed") as error:
        read_model(path)
    assert own in str(error.value)
    assert read_model(path, trusted=[own]).features == world.features


def test_a_type_name_cannot_pass_for_more(tmp_path: Path) -> None:
    schema = {
        "__class__": "x']); import os\x1b[31m",
        "__module__": "odd",
        "__loader__": "TypeNode",
        "content": "",
        "protocol": 1,
    }
    with pytest.raises(UntrustedModelError) as error:
        read_model(forged(tmp_path / "odd.skops", schema))
    assert "\x1b" not in str(error.value) and "x']" not in str(error.value)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("m.skops", b"", "is not a skops file"),
        ("m.skops", b"hello", "is not a skops file"),
        ("m.skops", b"\x1f\x8b\x08rest", "pickle or another compressed file"),
        ("m.h5", b"", r"must end in \.skops or \.onnx.*the network itself is code"),
        ("m.pt", b"", "the network itself is code"),
        ("m.json", b"{}", "no model of XGBoost in JSON"),
        ("m.txt", b"", "no model of LightGBM as text"),
        ("m.cbm", b"", r"catboost\.CatBoost"),
        ("m.xyz", b"", r"skops\.io\.dump"),
        ("m.onnx", b"", "is not an ONNX file"),
    ],
)
def test_other_files_are_refused_in_words(
    name: str, content: bytes, message: str, tmp_path: Path
) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ModelError, match=message):
        read_model(tmp_path / name)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"Cannot read .*none\.skops"):
        read_model(tmp_path / "none.skops")


def test_a_zip_of_something_else(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "m.skops", "w") as archive:
        archive.writestr("readme.txt", "hello")
    with pytest.raises(ModelError, match=r"it has no schema\.json"):
        read_model(tmp_path / "m.skops")


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.999])
def test_a_truncated_file(share: float, world: Any, tmp_path: Path) -> None:
    model = train_model(world.data, world.features, "approved")
    path = saved(model, tmp_path)
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])
    with pytest.raises(ModelError, match="is not a skops file, or only a part of one"):
        read_model(path)


def test_a_damaged_part(world: Any, tmp_path: Path) -> None:
    path = saved(train_model(world.data, world.features, "approved"), tmp_path)
    content = bytearray(path.read_bytes())
    with zipfile.ZipFile(path) as archive:
        part = next(p for p in archive.infolist() if p.filename.endswith(".npy"))
    at = part.header_offset + 30 + len(part.filename) + part.file_size - 4
    content[at] ^= 0xFF
    path.write_bytes(bytes(content))
    with pytest.raises(ModelError, match=r"cannot be read as a model: BadZipFile"):
        read_model(path)


def test_a_zip_bomb_is_not_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(model_files, "SKOPS_BYTES", 1_000_000)
    path = tmp_path / "bomb.skops"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("schema.json", "{}")
        archive.writestr("zeros.npy", bytes(2_000_000))
    assert path.stat().st_size < 10_000
    with pytest.raises(ModelError, match="It was not opened"):
        read_model(path)


def test_a_zip_of_too_many_parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(model_files, "SKOPS_PARTS", 5)
    with zipfile.ZipFile(tmp_path / "many.skops", "w") as archive:
        for i in range(6):
            archive.writestr(f"{i}" if i else "schema.json", "{}")
    with pytest.raises(ModelError, match="would unpack to 6 files"):
        read_model(tmp_path / "many.skops")


def test_deep_nesting_is_an_error_in_words(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "deep.skops", "w") as archive:
        archive.writestr("schema.json", "[" * 200_000)
    with pytest.raises(ModelError, match="cannot be read as a model"):
        read_model(tmp_path / "deep.skops")


def test_something_that_predicts_nothing(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="holds a list, which predicts nothing"):
        read_model(saved([1, 2, 3], tmp_path))


def test_an_unfitted_model(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="not fitted"):
        read_model(saved(LogisticRegression(), tmp_path))


def test_another_version_is_one_sentence(world: Any, tmp_path: Path) -> None:
    path = saved(train_model(world.data, world.features, "approved"), tmp_path)
    edited = tmp_path / "older.skops"
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(edited, "w") as new:
        for part in old.infolist():
            text = old.read(part)
            if part.filename == "schema.json":
                import sklearn

                own = sklearn.__version__.encode()
                assert text.count(own) > 1, "several steps, several warnings"
                text = text.replace(own, b"1.2.0")
            new.writestr(part, text)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        box = read_model(edited)
    assert [w.category for w in caught] == [ModelFileWarning]
    assert "was written by scikit-learn 1.2.0 and read by" in str(caught[0].message)
    assert box.predict(world.data).shape == (400,)


def test_the_class_may_be_named_by_text(world: Any, tmp_path: Path) -> None:
    rows = world.data[list(world.features)]
    path = saved(LogisticRegression(max_iter=1_000).fit(rows, world.data["approved"]), tmp_path)
    both = read_model(path, positive="0").predict(rows) + read_model(path).predict(rows)
    np.testing.assert_allclose(both, 1.0)
    with pytest.raises(ModelError, match="no class 'yes'"):
        read_model(path, positive="yes")


# ---- forged trees: the indices that scikit-learn follows without looking --------------------


def tree_of(model: Any) -> Any:
    inner = model.estimators_[0]
    return (inner[0] if isinstance(inner, np.ndarray) else inner).tree_


@pytest.mark.parametrize(
    ("field", "value"),
    [
        *product(("left_child", "right_child"), (10_000_000, -7, 0)),
        *product(("feature",), (10_000_000, 5, -7)),
    ],
)
@pytest.mark.parametrize(
    "estimator", [RandomForestRegressor(3), GradientBoostingRegressor(n_estimators=3)]
)
def test_a_forged_tree_is_never_asked(
    estimator: Any, field: str, value: int, world: Any, tmp_path: Path
) -> None:
    rows = world.data[list(world.features)]
    model = estimator.fit(rows, world.data["approved"])
    tree = tree_of(model)
    state = tree.__getstate__()
    state["nodes"] = state["nodes"].copy()
    state["nodes"][field][0] = value
    tree.__setstate__(state)
    with pytest.raises(UntrustedModelError, match="nodes that point outside its own arrays"):
        read_model(saved(model, tmp_path))


def test_a_forged_histogram_tree_is_never_asked(world: Any, tmp_path: Path) -> None:
    rows = world.data[list(world.features)]
    model = HistGradientBoostingClassifier(max_iter=2).fit(rows, world.data["approved"])
    model._predictors[0][0].nodes["right"][0] = 4_000_000_000
    with pytest.raises(UntrustedModelError, match="point outside"):
        read_model(saved(model, tmp_path))


def test_a_narrow_forest_of_wide_trees_is_never_asked(world: Any, tmp_path: Path) -> None:
    rows = world.data[list(world.features)]
    model = RandomForestClassifier(3).fit(rows, world.data["approved"])
    model.n_features_in_ = 1
    model.feature_names_in_ = model.feature_names_in_[:1]
    with pytest.raises(UntrustedModelError, match="point outside"):
        read_model(saved(model, tmp_path))


def test_a_tree_outside_a_known_owner_is_never_asked(world: Any, tmp_path: Path) -> None:
    rows = world.data[list(world.features)]
    forest = RandomForestClassifier(3).fit(rows, world.data["approved"])
    model = LogisticRegression(max_iter=1_000).fit(rows, world.data["approved"])
    model.odd_ = tree_of(forest)
    with pytest.raises(UntrustedModelError, match="a Tree in it"):
        read_model(saved(model, tmp_path))


def test_the_sample_model_of_the_repository_is_read() -> None:
    folder = Path(__file__).resolve().parents[4] / "sample_data"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ModelFileWarning)  # it may be of an older scikit-learn
        box = read_model(folder / "loan_model.skops")
    scores = box.predict(pd.read_csv(io.BytesIO((folder / "loan.csv").read_bytes())))
    assert 0.2 < scores.mean() < 0.8


def test_a_file_whose_model_is_not_as_fitting_leaves_it_ends_in_a_sentence() -> None:
    content = (Path(__file__).parent / "damaged" / "classes.skops").read_bytes()
    with pytest.raises(ModelError, match="not as fitting leaves it"):
        model_files.parse_model(content, "m.skops")
