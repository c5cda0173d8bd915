"""Every estimator of scikit-learn, fitted, written by skops and read again; forged ones refused."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
import pytest
import skops.io
from scipy import stats
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.exceptions import ConvergenceWarning
from sklearn.feature_selection import SelectKBest, f_classif, mutual_info_classif
from sklearn.frozen import FrozenEstimator
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import RBF, DotProduct, Matern, WhiteKernel
from sklearn.linear_model import LogisticRegression, TweedieRegressor
from sklearn.metrics import get_scorer_names
from sklearn.model_selection import (
    GridSearchCV,
    RandomizedSearchCV,
    RepeatedStratifiedKFold,
    StratifiedShuffleSplit,
    TunedThresholdClassifierCV,
)
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import SplineTransformer
from sklearn.utils import all_estimators
from sklearn.utils._test_common.instance_generator import _construct_instances

from workbench.common.errors import UntrustedModelError
from workbench.models.black_box import BlackBoxModel
from workbench.models.files import skops_files

REFUSED = {
    "Birch": "skops itself cannot write it",
    "BisectingKMeans": "its way of clustering is a compiled function that nobody has reviewed",
}
"""Estimators of scikit-learn that no file can bring, and why."""

LABELS_ALONE = ("LabelBinarizer", "LabelEncoder", "MultiLabelBinarizer")
"""Transformers that are fitted on labels and nothing else."""

RNG = np.random.default_rng(0)
X = np.abs(RNG.normal(size=(60, 3))) + 0.1
LABELS, NUMBERS = (X[:, 0] > 0.7).astype(int), X @ [1.0, 2.0, 3.0]
TEXTS = ["red round apple", "green long bean"] * 30


@pytest.fixture(autouse=True)
def no_child(monkeypatch: pytest.MonkeyPatch) -> None:
    """No child process for each file: a third of a second, and its own tests are elsewhere."""
    monkeypatch.setattr(skops_files, "tried", lambda *_: "fine")


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        warnings.simplefilter("ignore", UserWarning)
        warnings.simplefilter("ignore", RuntimeWarning)
        warnings.simplefilter("ignore", FutureWarning)
        yield


def fitted(name: str, kind: type) -> tuple[Any, Any]:
    """An estimator fitted on the first of some tables that it takes, and that table."""
    made = FrozenEstimator(LogisticRegression().fit(X, LABELS)) if name == "FrozenEstimator" else ""
    estimator = made or next(iter(_construct_instances(kind)))
    square = X[:, :1] @ X[:, :1].T
    if name == "DummyClassifier":
        estimator.strategy = "prior"  # its own choice draws at random
    images = RNG.normal(size=(60, 12, 12))
    tables = {
        "FeatureHasher": [{"a": 1.0, "b": 2.0}] * 60,
        "MultiLabelBinarizer": [("a", "b"), ("b",)] * 30,
        "LabelBinarizer": LABELS,
        "LabelEncoder": LABELS,
        "PatchExtractor": images,
        "CountVectorizer": TEXTS,
        "TfidfVectorizer": TEXTS,
        "HashingVectorizer": TEXTS,
        "DictVectorizer": [{"a": 1.0, "b": 2.0}] * 60,
        "IsotonicRegression": X[:, :1],
        "KernelCenterer": square,
    }
    table = tables.get(name, X)
    for outcome in (LABELS, NUMBERS, np.c_[NUMBERS, NUMBERS], np.c_[LABELS, 1 - LABELS]):
        try:
            given = (table,) if name in LABELS_ALONE else (table, outcome)
            return estimator.fit(*given), table
        except (ValueError, IndexError) as error:
            reason = error
    raise AssertionError(f"{name} cannot be fitted here: {reason}")


def answers(estimator: Any, table: Any) -> Any:
    for method in ("predict_proba", "predict", "transform"):
        if hasattr(estimator, method):
            found = getattr(estimator, method)(table)
            return found.toarray() if hasattr(found, "toarray") else found
    return None


@pytest.mark.parametrize(("name", "kind"), all_estimators(), ids=lambda v: str(v)[:40])
def test_every_estimator_of_scikit_learn_is_read_or_listed(name: str, kind: type) -> None:
    estimator, table = fitted(name, kind)
    if name == "Birch":
        with pytest.raises(Exception, match="not supported"):
            skops.io.dumps(estimator)
        return
    content = skops.io.dumps(estimator)
    if name in REFUSED:
        with pytest.raises(UntrustedModelError, match="nobody here has reviewed"):
            skops_files._build("m.skops", content, ())
        return
    again = skops_files._build("m.skops", content, ())
    before, after = answers(estimator, table), answers(again, table)
    if before is not None:
        np.testing.assert_allclose(np.asarray(after), np.asarray(before), rtol=1e-9)


FRAME = pd.DataFrame(
    {
        "a": RNG.integers(0, 2, 300),
        "m": RNG.normal(size=300),
        "colour": pd.Series(RNG.choice(["red", "green", "blue"], 300), dtype="category"),
    }
)
YES = ((FRAME.m + FRAME.a) > 0.5).astype(int)
SIMPLE = LogisticRegression()
NUMBER_COLUMNS = ["a", "m"]

USUAL: dict[str, Any] = {
    "a number that is a category": HistGradientBoostingClassifier(
        max_iter=3, categorical_features=["a"]
    ),
    "neighbours": KNeighborsClassifier(),
    "neighbours, Manhattan, ball tree": KNeighborsClassifier(algorithm="ball_tree", p=1),
    "neighbours, Minkowski, weighted": KNeighborsClassifier(
        algorithm="kd_tree", p=3, weights="distance"
    ),
    "neighbours, Chebyshev": KNeighborsClassifier(algorithm="kd_tree", metric="chebyshev"),
    "neighbours by brute force": KNeighborsClassifier(algorithm="brute"),
    "search by ROC": GridSearchCV(SIMPLE, {"C": [1, 2]}, scoring="roc_auc"),
    "search by two scores": GridSearchCV(
        SIMPLE, {"C": [1, 2]}, scoring=["f1", "neg_log_loss"], refit="f1"
    ),
    "repeated folds": GridSearchCV(
        SIMPLE, {"C": [1, 2]}, cv=RepeatedStratifiedKFold(n_splits=2, n_repeats=1)
    ),
    "shuffled splits": GridSearchCV(SIMPLE, {"C": [1, 2]}, cv=StratifiedShuffleSplit(2)),
    "random search over a list": RandomizedSearchCV(SIMPLE, {"C": [1, 2, 3]}, n_iter=2),
    "best column": make_pipeline(SelectKBest(f_classif, k=1), SIMPLE),
    "best column by information": make_pipeline(SelectKBest(mutual_info_classif, k=1), SIMPLE),
    "splines": make_pipeline(SplineTransformer(extrapolation="periodic"), SIMPLE),
    "chosen threshold": TunedThresholdClassifierCV(SIMPLE),
}


@pytest.mark.parametrize("estimator", USUAL.values(), ids=list(USUAL))
def test_usual_models_answer_as_before(estimator: Any) -> None:
    rows = FRAME[NUMBER_COLUMNS]
    model = estimator.fit(rows, YES)
    box = skops_files.parse_model(skops.io.dumps(model), "m.skops")
    np.testing.assert_array_equal(box.predict(rows), model.predict_proba(rows)[:, 1])


def test_categories_of_a_frame_are_read_and_answer_as_before() -> None:
    model = HistGradientBoostingRegressor(max_iter=5, categorical_features="from_dtype")
    model.fit(FRAME, FRAME.m + 2 * (FRAME.colour == "red"))
    box = skops_files.parse_model(skops.io.dumps(model), "m.skops")
    np.testing.assert_array_equal(box.predict(FRAME), model.predict(FRAME))


@pytest.mark.parametrize("power", [0, 1, 1.5, 2, 3])
def test_tweedie_regressions_are_read(power: float) -> None:
    model = TweedieRegressor(power=power).fit(X, NUMBERS)
    box = skops_files.parse_model(skops.io.dumps(model), "m.skops", features=["a", "b", "c"])
    rows = pd.DataFrame(X, columns=["a", "b", "c"])
    np.testing.assert_allclose(box.predict(rows), model.predict(X), rtol=1e-12)


def test_kernels_of_gaussian_processes_are_read() -> None:
    kernel = Matern() * RBF() + WhiteKernel() + DotProduct() ** 2
    model = GaussianProcessRegressor(kernel, optimizer=None).fit(X, NUMBERS)
    again = skops_files._build("m.skops", skops.io.dumps(model), ())
    np.testing.assert_array_equal(again.predict(X), model.predict(X))


@pytest.mark.parametrize("scoring", get_scorer_names())
def test_every_scorer_by_name_is_reviewed(scoring: str) -> None:
    model = GridSearchCV(SIMPLE, {"C": [1]}, cv=2).fit(X, LABELS)
    from sklearn.metrics import get_scorer

    model.scorer_ = get_scorer(scoring)
    unknown = set(skops.io.get_untrusted_types(data=skops.io.dumps(model)))
    clusterings = {kind for kind in unknown if kind.startswith("sklearn.metrics.cluster.")}
    assert unknown - clusterings <= set(skops_files.REVIEWED_TYPES)


def test_what_runs_text_of_its_own_stays_refused() -> None:
    # A scipy distribution builds a part of itself by exec of its state.
    search = RandomizedSearchCV(SIMPLE, {"C": stats.loguniform(0.1, 1)}, n_iter=1).fit(X, LABELS)
    with pytest.raises(UntrustedModelError, match="scipy"):
        skops_files.parse_model(skops.io.dumps(search), "m.skops")


# ---- forged parts ---------------------------------------------------------------------------


def refused(model: Any) -> None:
    with pytest.raises(UntrustedModelError, match="point outside its own arrays"):
        skops_files.parse_model(skops.io.dumps(model), "m.skops", features=["a", "b", "c"])


@pytest.mark.parametrize("algorithm", ["kd_tree", "ball_tree"])
@pytest.mark.parametrize("place", [1, 2, 3])
def test_a_forged_tree_of_neighbours_is_never_asked(algorithm: str, place: int) -> None:
    model = KNeighborsRegressor(algorithm=algorithm, leaf_size=5).fit(X, NUMBERS)
    state = list(model._tree.__getstate__())
    forged = np.array(state[place])
    if place == 1:
        forged[0] = 10_000_000
    elif place == 2:
        forged["idx_end"][0] = 10_000_000
    else:
        forged = forged[:, :1].copy()
    state[place] = forged
    model._tree.__setstate__(tuple(state))
    refused(model)


def test_a_forged_distance_is_never_asked() -> None:
    model = KNeighborsRegressor(algorithm="kd_tree", p=3).fit(X, NUMBERS)
    metric = model._tree.__getstate__()[11]
    power, _, matrix = metric.__reduce__()[2]
    metric.__setstate__((power, np.ones(2), matrix))
    refused(model)


@pytest.mark.parametrize("forge", ["degree", "knots"])
def test_a_forged_spline_is_never_asked(forge: str) -> None:
    model = make_pipeline(SplineTransformer(), TweedieRegressor(power=0)).fit(X, NUMBERS)
    spline = model.steps[0][1].bsplines_[0]
    if forge == "degree":
        spline.k = 1_000
    else:
        spline._t = spline._t[:4]
    refused(model)


def test_a_forged_sparse_table_is_never_asked() -> None:
    model = LogisticRegression().fit(X, LABELS).sparsify()
    model.coef_.indices[0] = 10_000_000
    refused(model)


@pytest.mark.parametrize("forge", ["table", "column", "mapper"])
def test_a_forged_split_on_categories_is_never_asked(forge: str) -> None:
    model = HistGradientBoostingClassifier(max_iter=3, categorical_features=[True, False, False])
    model.fit(np.c_[RNG.integers(0, 5, 60), X[:, 1:]], RNG.integers(0, 2, 60))
    for stage in model._predictors:
        for predictor in stage:
            nodes = predictor.nodes
            nodes["is_categorical"][0] = 1
            if forge == "table":
                nodes["bitset_idx"][0] = 10_000_000
            elif forge == "column":
                nodes["feature_idx"][0] = 2
    if forge == "mapper":
        model._bin_mapper.is_categorical_ = np.zeros(3, dtype=bool)
    refused(model)


def test_the_model_of_a_forged_file_would_have_been_read_unforged() -> None:
    model = KNeighborsRegressor(algorithm="kd_tree", leaf_size=5).fit(X, NUMBERS)
    box = skops_files.parse_model(skops.io.dumps(model), "m.skops", features=["a", "b", "c"])
    assert isinstance(box, BlackBoxModel)
