"""Which output of an ONNX file is audited: the probabilities of a class, a score, or a refusal."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.cluster import KMeans
from sklearn.ensemble import IsolationForest, RandomForestClassifier, RandomForestRegressor
from sklearn.linear_model import (
    LinearRegression,
    LogisticRegression,
    RidgeClassifier,
    SGDClassifier,
)
from sklearn.svm import LinearSVC

from workbench.common.errors import ModelError
from workbench.models.files.onnx_files import onnx_classes, parse_onnx

skl2onnx = pytest.importorskip("skl2onnx")
pytest.importorskip("onnxruntime")

RNG = np.random.default_rng(0)
FEATURES = ["a", "Years in job"]
NUMBERS = RNG.normal(size=(120, 2)).astype(np.float32)
ROWS = pd.DataFrame(NUMBERS, columns=FEATURES)
VALUE = NUMBERS.sum(axis=1)
WORDS = np.where(VALUE > 0, "yes", "no")
CODES = np.digitize(VALUE, [-0.5, 0.5])
OPSETS = {"": 17, "ai.onnx.ml": 3}


def exported(model: Any, **options: Any) -> bytes:
    options = {"options": options} if options else {}
    written = skl2onnx.to_onnx(model, NUMBERS[:1], target_opset=OPSETS, **options)
    return bytes(written.SerializeToString())


def read(content: bytes, **chosen: Any) -> Any:
    return parse_onnx(content, "m.onnx", features=FEATURES, **chosen)


FORMS = [{}, {"zipmap": False}, {"zipmap": "columns"}]


@pytest.mark.parametrize("form", FORMS, ids=["maps", "table", "columns"])
@pytest.mark.parametrize(("labels", "named"), [(WORDS, "no"), (CODES, 2), (CODES, "0")])
def test_a_class_is_audited_in_whatever_form_its_column_comes(
    form: dict[str, Any], labels: Any, named: Any
) -> None:
    model = RandomForestClassifier(5, random_state=0).fit(NUMBERS, labels)
    content = exported(model, **form)
    classes = list(model.classes_)
    assert list(onnx_classes(content, "m.onnx") or ()) == classes
    place = [str(label) for label in classes].index(str(named))
    box = read(content, positive=named)
    np.testing.assert_allclose(box.predict(ROWS), model.predict_proba(NUMBERS)[:, place], atol=1e-5)
    assert box.output == "probability"


def test_labels_of_classes_and_leaves_beside_the_probabilities_are_left_alone() -> None:
    model = RandomForestClassifier(3, random_state=0).fit(NUMBERS, WORDS)
    content = exported(model, zipmap=False, decision_leaf=True)
    np.testing.assert_allclose(
        read(content).predict(ROWS), model.predict_proba(NUMBERS)[:, 1], atol=1e-5
    )


@pytest.mark.parametrize(
    ("model", "outcome", "options"),
    [
        (LinearSVC(), WORDS, {}),
        (RidgeClassifier(), WORDS, {"zipmap": False}),
        (SGDClassifier(random_state=0), CODES, {"zipmap": False}),
        (LogisticRegression(), WORDS, {"zipmap": False, "raw_scores": True}),
        (KMeans(3, n_init=1, random_state=0), None, {}),
        (LinearRegression(), np.column_stack([VALUE, VALUE]), {}),
    ],
    ids=["one score", "one score by word", "scores", "log-odds", "distances", "two outcomes"],
)
def test_scores_are_never_taken_for_probabilities_of_classes(
    model: Any, outcome: Any, options: dict[str, Any]
) -> None:
    content = exported(model.fit(NUMBERS, outcome), **options)
    with pytest.raises(ModelError, match=r"no probabilities of classes|which class it is about"):
        read(content, positive=1 if onnx_classes(content, "m.onnx") == (0, 1, 2) else None).predict(
            ROWS
        )


def test_the_score_of_an_outlier_detector_is_a_value_and_its_label_is_not_asked_for() -> None:
    model = IsolationForest(n_estimators=5, random_state=0).fit(NUMBERS)
    content = exported(model)
    box = read(content)
    np.testing.assert_allclose(box.predict(ROWS), model.decision_function(NUMBERS), atol=1e-5)
    assert (box.output, box.audited_class, onnx_classes(content, "m.onnx")) == ("value", None, None)
    with pytest.raises(ModelError, match="it has no class -1"):
        read(content, positive=-1)


def test_a_regression_in_32_bits_answers_as_before() -> None:
    model = RandomForestRegressor(5, random_state=0).fit(NUMBERS, VALUE)
    box = read(exported(model))
    np.testing.assert_allclose(box.predict(ROWS), model.predict(NUMBERS), atol=1e-5)
    assert box.audited_class is None


def test_catboosts_own_export(tmp_path: Path) -> None:
    catboost = pytest.importorskip("catboost")
    fixed = {"iterations": 3, "verbose": 0, "allow_writing_files": False}
    model = catboost.CatBoostClassifier(**fixed).fit(NUMBERS, WORDS)
    model.save_model(str(tmp_path / "m.onnx"), format="onnx")
    box = read((tmp_path / "m.onnx").read_bytes())
    assert box.audited_class == "yes"
    np.testing.assert_allclose(box.predict(ROWS), model.predict_proba(NUMBERS)[:, 1], atol=1e-5)
