"""Models of other libraries: their names, classes and answers are found by themselves."""

from __future__ import annotations

from typing import Any

import catboost
import lightgbm
import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
import statsmodels.formula.api as smf
import xgboost
from sklearn.ensemble import VotingRegressor
from sklearn.linear_model import LinearRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import workbench as wb
from workbench.common.errors import ModelError

RNG = np.random.default_rng(0)
N = 400
DATA = pd.DataFrame(
    {
        "a": RNG.integers(0, 2, N),
        "m": RNG.normal(size=N),
        "c": pd.Categorical(RNG.choice(["x", "y", "z"], N)),
    }
)
NUMBERS = ["a", "m"]
VALUE = (DATA.m + DATA.a + (DATA.c == "x")).to_numpy()
YES = (RNG.normal(size=N) + DATA.m + DATA.a > 0.5).astype(int).to_numpy()
WORDS = np.where(YES, "yes", "no")
DEGREES = np.array(["low", "middle", "high"])[np.clip((DATA.m + 1).astype(int), 0, 2)]
FRAME = DATA.assign(value=VALUE, yes=YES)

XGB: Any = {"n_estimators": 5}
LGB: Any = {"n_estimators": 5, "verbose": -1}
CAT: Any = {"iterations": 5, "verbose": 0, "allow_writing_files": False}


def second(answers: Any) -> Any:
    return np.asarray(answers)[:, 1]


def cases() -> dict[str, tuple[Any, tuple[str, ...], str, Any]]:
    """A model, the columns it reads, what its answers are, and the library's own answers."""
    two, three = DATA[NUMBERS], DATA
    found: dict[str, tuple[Any, tuple[str, ...], str, Any]] = {}

    model: Any = xgboost.XGBClassifier(**XGB).fit(two, YES)
    found["XGBClassifier"] = (model, ("a", "m"), "probability", second(model.predict_proba(two)))
    booster = model.get_booster()
    found["xgboost.Booster"] = (
        booster,
        ("a", "m"),
        "probability",
        second(model.predict_proba(two)),
    )
    model = xgboost.XGBRegressor(enable_categorical=True, **XGB).fit(three, VALUE)
    found["XGBRegressor"] = (model, ("a", "m", "c"), "value", model.predict(three))
    found["its Booster"] = (model.get_booster(), ("a", "m", "c"), "value", model.predict(three))

    model = lightgbm.LGBMClassifier(**LGB).fit(two, WORDS)
    found["LGBMClassifier"] = (model, ("a", "m"), "probability", second(model.predict_proba(two)))
    found["lightgbm.Booster"] = (
        model.booster_,
        ("a", "m"),
        "probability",
        second(model.predict_proba(two)),
    )
    model = lightgbm.LGBMRegressor(**LGB).fit(three, VALUE)
    found["LGBMRegressor"] = (model, ("a", "m", "c"), "value", model.predict(three))
    found["its booster"] = (model.booster_, ("a", "m", "c"), "value", model.predict(three))

    model = catboost.CatBoostRegressor(**CAT).fit(two, VALUE)
    found["CatBoostRegressor"] = (model, ("a", "m"), "value", model.predict(two))
    model = catboost.CatBoostClassifier(cat_features=["c"], **CAT).fit(three, WORDS)
    found["CatBoostClassifier"] = (
        model,
        ("a", "m", "c"),
        "probability",
        second(model.predict_proba(three)),
    )
    model = catboost.CatBoost({"loss_function": "Logloss", **CAT}).fit(two, YES)
    own = second(model.predict(two, prediction_type="Probability"))
    found["CatBoost"] = (model, ("a", "m"), "probability", own)
    model = catboost.CatBoost({"loss_function": "RMSE", **CAT}).fit(two, VALUE)
    found["CatBoost of a number"] = (model, ("a", "m"), "value", model.predict(two))

    model = smf.ols("value ~ a + np.sin(m) + C(c)", FRAME).fit()
    found["OLS by formula"] = (model, ("a", "m", "c"), "value", model.predict(FRAME))
    model = smf.logit("yes ~ a + m", FRAME).fit(disp=0)
    found["Logit by formula"] = (model, ("a", "m"), "probability", model.predict(FRAME))
    model = sm.GLM(YES, sm.add_constant(two), family=sm.families.Binomial()).fit()
    found["GLM"] = (model, ("a", "m"), "probability", model.predict(sm.add_constant(two)))
    return found


CASES = cases()


@pytest.mark.parametrize("name", list(CASES))
def test_a_library_says_its_own_names_and_answers(name: str) -> None:
    model, reads, output, own = CASES[name]
    box = wb.BlackBoxModel.wrap(model)
    assert (box.features, box.output) == (reads, output)
    # Other columns, in another order, must not matter.
    rows = DATA.assign(other=1.0)[["other", "c", "m", "a"]]
    np.testing.assert_allclose(box.predict(rows), np.asarray(own, float), rtol=1e-6)


@pytest.mark.parametrize(
    ("outcome", "audited"),
    [("yes", 1), ("word", "yes"), ("said", True), ("I(word == 'yes')", True), ("part", None)],
)
def test_statsmodels_says_whose_probability_it_gives(outcome: str, audited: Any) -> None:
    """Of a text or of yes and no in a formula it predicts the first level: here "no" and False."""
    said = FRAME["m"] + np.random.default_rng(1).normal(size=len(FRAME)) > FRAME["m"].mean()
    frame = FRAME.assign(said=said, word=np.where(said, "yes", "no"), yes=said.astype(int))
    frame["part"] = 0.1 + 0.5 * said
    binomial = sm.families.Binomial()
    box = wb.BlackBoxModel.wrap(smf.glm(f"{outcome} ~ a + m", frame, family=binomial).fit())
    assert (box.output, box.audited_class) == ("probability", audited)
    answers = box.predict(frame)
    assert answers[said].mean() > answers[~said].mean() + 0.05
    if audited == "yes":
        turned = wb.BlackBoxModel.from_estimator(box.estimator, positive="no")
        np.testing.assert_allclose(turned.predict(frame), 1 - answers)


@pytest.mark.parametrize(
    "model",
    [
        xgboost.XGBRegressor(**XGB),
        lightgbm.LGBMRegressor(**LGB),
        catboost.CatBoostRegressor(**CAT),
    ],
    ids=lambda model: type(model).__name__,
)
def test_trained_on_an_array_it_knows_no_names(model: Any) -> None:
    fitted = model.fit(DATA[NUMBERS].to_numpy(), VALUE)
    box = wb.BlackBoxModel.wrap(fitted)
    assert box.features is None
    answers = box.reading(NUMBERS).predict(DATA)
    np.testing.assert_allclose(answers, fitted.predict(DATA[NUMBERS].to_numpy()), rtol=1e-6)


def test_boosters_trained_on_an_array_know_no_names() -> None:
    array = DATA[NUMBERS].to_numpy()
    for model in (
        xgboost.XGBRegressor(**XGB).fit(array, VALUE).get_booster(),
        lightgbm.LGBMRegressor(**LGB).fit(array, VALUE).booster_,
    ):
        box = wb.BlackBoxModel.wrap(model)
        assert box.features is None
        assert box.reading(NUMBERS).predict(DATA).shape == (N,)


@pytest.mark.parametrize(
    ("model", "labels"),
    [
        (lightgbm.LGBMClassifier(**LGB), DEGREES),
        (catboost.CatBoostClassifier(**CAT), DEGREES),
        (xgboost.XGBClassifier(**XGB), np.unique(DEGREES, return_inverse=True)[1]),
    ],
    ids=lambda value: type(value).__name__,
)
def test_one_of_three_classes_is_named(model: Any, labels: Any) -> None:
    fitted = model.fit(DATA[NUMBERS], labels)
    with pytest.raises(ModelError, match="has 3 classes"):
        wb.BlackBoxModel.wrap(fitted)
    for place, label in enumerate(fitted.classes_):
        box = wb.BlackBoxModel.from_estimator(fitted, positive=label)
        own = fitted.predict_proba(DATA[NUMBERS])[:, place]
        np.testing.assert_allclose(box.predict(DATA), own)


def test_a_booster_that_answers_labels_is_refused() -> None:
    matrix = xgboost.DMatrix(DATA[NUMBERS], np.unique(DEGREES, return_inverse=True)[1])
    booster = xgboost.train({"objective": "multi:softmax", "num_class": 3}, matrix, 2)
    with pytest.raises(ModelError, match="multi:softprob"):
        wb.BlackBoxModel.wrap(booster)
    hinge = xgboost.train({"objective": "binary:hinge"}, xgboost.DMatrix(DATA[NUMBERS], YES), 2)
    with pytest.raises(ModelError, match=r"class labels.*binary:logistic"):
        wb.BlackBoxModel.wrap(hinge)


@pytest.mark.parametrize("around", ["pipeline", "search", "vote", "ranker"])
def test_a_regressor_of_catboost_is_one_wherever_it_stands(around: str) -> None:
    fixed = {"iterations": 2, "verbose": 0, "allow_writing_files": False}
    model = catboost.CatBoostRegressor(**fixed)
    rows, value = DATA[NUMBERS], DATA[NUMBERS].sum(axis=1)
    if around == "pipeline":
        fitted = make_pipeline(StandardScaler(), model).fit(rows, value)
    elif around == "search":
        fitted = GridSearchCV(model, {"depth": [2]}, cv=2).fit(rows, value)
    elif around == "vote":
        fitted = VotingRegressor([("c", model), ("l", LinearRegression())]).fit(rows, value)
    else:
        groups = np.arange(len(rows)) // 10
        fitted = catboost.CatBoostRanker(**fixed).fit(rows, value, group_id=groups)
    box = wb.BlackBoxModel.wrap(fitted)
    assert (box.output, box.audited_class, box.features) == ("value", None, tuple(NUMBERS))
    np.testing.assert_allclose(box.predict(DATA), fitted.predict(rows))


def test_log_odds_are_named_as_such() -> None:
    matrix = xgboost.DMatrix(DATA[NUMBERS], YES)
    booster = xgboost.train({"objective": "binary:logitraw"}, matrix, 2)
    assert wb.BlackBoxModel.wrap(booster).output == "log-odds"


def test_a_model_of_catboost_without_training_is_refused() -> None:
    with pytest.raises(ModelError, match="not fitted"):
        wb.BlackBoxModel.wrap(catboost.CatBoostRegressor())


def test_a_boosted_model_is_audited_from_end_to_end() -> None:
    model = catboost.CatBoostRegressor(**CAT).fit(DATA, VALUE, cat_features=["c"])
    graph = wb.CausalGraph([("a", "value"), ("m", "value"), ("c", "value")])
    case = wb.AuditCase(data=FRAME, model=model, graph=graph, outcome="value")
    report = wb.audit(case, wb.UnlearningTarget.feature("c"), ["cafe", "fuzzing"])
    assert report.verdict is not None and report.verdict.decision == "above"


class Tensor:
    """What a tensor of PyTorch does that still carries its gradients."""

    def __array__(self, *_: Any, **__: Any) -> Any:
        raise RuntimeError("Can't call numpy() on Tensor that requires grad.")

    def __len__(self) -> int:
        return N


def test_a_tensor_with_gradients_ends_in_a_sentence() -> None:
    box = wb.BlackBoxModel(lambda rows: Tensor(), NUMBERS)
    with pytest.raises(ModelError, match=r"detach\(\)"):
        box.predict(DATA)


def test_what_a_refused_file_is_to_be_loaded_with_works(tmp_path: Any) -> None:
    two = DATA[NUMBERS]
    xgboost.XGBClassifier(**XGB).fit(two, YES).save_model(tmp_path / "m.ubj")
    lightgbm.LGBMRegressor(**LGB).fit(two, VALUE).booster_.save_model(tmp_path / "m.txt")
    catboost.CatBoostRegressor(**CAT).fit(two, VALUE).save_model(str(tmp_path / "m.cbm"))
    catboost.CatBoostClassifier(**CAT).fit(two, WORDS).save_model(str(tmp_path / "c.cbm"))
    for model, output in (
        (xgboost.Booster(model_file=str(tmp_path / "m.ubj")), "probability"),
        (lightgbm.Booster(model_file=str(tmp_path / "m.txt")), "value"),
        (catboost.CatBoost().load_model(str(tmp_path / "m.cbm")), "value"),
        (catboost.CatBoostClassifier().load_model(str(tmp_path / "c.cbm")), "probability"),
    ):
        box = wb.BlackBoxModel.wrap(model)
        assert (box.features, box.output) == (("a", "m"), output)
        assert box.predict(DATA).shape == (N,)
