"""What models are good for: figures against scikit-learn, intervals against simulation, cliffs."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import special
from sklearn import metrics
from sklearn.linear_model import LinearRegression

import workbench as wb
from workbench.case.recorded_outcome import recorded_outcome
from workbench.checks.change.utility import ModelUtility, model_utility
from workbench.checks.change.utility_measures import CLASS_MEASURES, VALUE_MEASURES
from workbench.common.errors import DataError, ModelError

Draw = tuple[pd.Series, dict[str, np.ndarray]]


def classes(seed: int, n: int, worse: float = 0.0) -> Draw:
    """An outcome with a calibrated model, and one with noise on its log-odds."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=n)
    happened = pd.Series(np.where(rng.random(n) < special.expit(1.5 * x - 1), "yes", "no"))
    after = special.expit(1.2 * x + worse * rng.normal(size=n) - 0.7)
    return happened, {"before": special.expit(1.5 * x - 1), "after": after}


def values(seed: int, n: int, worse: float = 0.5) -> Draw:
    rng = np.random.default_rng(seed)
    x = rng.normal(size=n)
    happened = pd.Series(2 * x + rng.normal(size=n))
    return happened, {"before": 2 * x, "after": 1.8 * x + worse * rng.normal(size=n) + 0.2}


def figure(kept: ModelUtility, model: str, metric: str, group: str = "all rows") -> pd.Series:
    table = kept.table
    chosen = (table["model"] == model) & (table["metric"] == metric) & (table["group"] == group)
    (row,) = table[chosen].to_dict("records")
    return pd.Series(row)


def test_figures_are_those_of_scikit_learn() -> None:
    happened, scores = classes(0, 400, 1.0)
    yes, after = happened == "yes", scores["after"]
    kept = model_utility(happened, scores, output="probability")
    line = LinearRegression().fit(after[:, None], yes)
    expected = {
        "accuracy": metrics.accuracy_score(yes, after > 0.5),
        "auc": metrics.roc_auc_score(yes, np.round(after, 2)),
        "brier": metrics.brier_score_loss(yes, after),
        "calibration offset": after.mean() - yes.mean(),
        "calibration slope": line.coef_[0],
    }
    ties = model_utility(happened, {"after": np.round(after, 2)}, output="probability")
    for metric, value in expected.items():
        found = figure(ties if metric == "auc" else kept, "after", metric)["value"]
        assert found == pytest.approx(value), metric
    happened, scores = values(0, 400)
    kept = model_utility(happened, scores, output="value")
    for metric, value in {
        "rmse": metrics.root_mean_squared_error(happened, scores["after"]),
        "mae": metrics.mean_absolute_error(happened, scores["after"]),
        "r2": metrics.r2_score(happened, scores["after"]),
    }.items():
        assert figure(kept, "after", metric)["value"] == pytest.approx(value), metric


@pytest.mark.parametrize(
    ("draw", "measures"), [(classes, CLASS_MEASURES), (values, VALUE_MEASURES)]
)
def test_standard_errors_are_those_of_the_jackknife(draw, measures) -> None:
    """Leaving out each row in turn, which knows nothing of influence functions."""
    happened, scores = draw(2, 400, 0.7)
    truth, score = happened.to_numpy(), scores["after"]
    if measures is CLASS_MEASURES:  # one class much rarer than the other
        yes = np.flatnonzero(truth == "yes")[20:]
        truth, score = np.delete(truth == "yes", yes).astype(float), np.delete(score, yes)
    n = len(truth)
    for metric, measure in measures.items():
        without = [measure(np.delete(truth, i), np.delete(score, i)).value for i in range(n)]
        error = np.sqrt((n - 1) / n * np.sum((np.array(without) - np.mean(without)) ** 2))
        found = measure(truth, score).standard_error
        assert found == pytest.approx(error, rel=0.06), metric


@pytest.mark.parametrize(
    ("draw", "output", "n"),
    [(classes, "probability", 60), (classes, "probability", 400), (values, "value", 200)],
)
def test_intervals_cover_what_endless_rows_would_show(draw, output, n) -> None:
    happened, scores = draw(1, 400_000, 0.7)
    truth = model_utility(happened, scores, output=output).table.set_index(["model", "metric"])
    runs = 200
    hits: dict[tuple[str, str, str], list[bool]] = {}
    for seed in range(runs):
        happened, scores = draw(seed + 10, n, 0.7)
        for row in model_utility(happened, scores, output=output).table.to_dict("records"):
            exact = truth.loc[(row["model"], row["metric"])]
            about = row["model"], row["metric"]
            inside = row["low"] <= exact["value"] <= row["high"]
            hits.setdefault((*about, "value"), []).append(inside)
            if row["model"] == "after":
                inside = row["change_low"] <= exact["change"] <= row["change_high"]
                hits.setdefault((*about, "change"), []).append(inside)
    rates = {about: float(np.mean(found)) for about, found in hits.items()}
    # Three standard errors of 200 draws below 95 %; skewed figures of 60 rows may lose a bit more.
    least = 0.904 if n >= 200 else 0.89
    assert min(rates.values()) >= least, rates
    assert np.mean(list(rates.values())) == pytest.approx(0.95, abs=0.02)


def test_the_paired_interval_is_narrower_than_that_of_two_audits() -> None:
    happened, scores = classes(3, 2_000, 0.3)
    kept = model_utility(happened, scores, output="probability")
    for metric in ("accuracy", "auc", "brier", "calibration offset"):
        before, after = figure(kept, "before", metric), figure(kept, "after", metric)
        paired = after["change_high"] - after["change_low"]
        apart = np.hypot(before["high"] - before["low"], after["high"] - after["low"])
        assert paired < 0.8 * apart, metric


def test_a_cliff_in_a_subgroup_raises_the_advice() -> None:
    happened, scores = classes(4, 4_000)
    old = np.arange(4_000) % 10 == 0
    scores["after"] = np.where(old, 1 - scores["before"], scores["before"])
    scores["retrained"] = scores["before"].copy()
    groups = {"old": old, "young": ~old}
    kept = model_utility(happened, scores, output="probability", groups=groups)
    assert {(c.model, c.group) for c in kept.cliffs} >= {("after", "old")}
    assert {c.model for c in kept.cliffs} == {"after"}
    assert not [c for c in kept.cliffs if c.group == "young"]
    text = " ".join(kept.sentences())
    assert "retrain from a clean snapshot" in text
    assert "not bring" not in text
    scores["retrained"] = scores["after"]
    both = model_utility(happened, scores, output="probability", groups=groups)
    assert "not bring back all of it" in " ".join(both.sentences())


def test_a_small_or_a_chance_loss_is_no_cliff() -> None:
    happened, scores = classes(5, 4_000)
    kept = model_utility(happened, scores, output="probability")
    assert not kept.cliffs
    assert any(text.startswith("No performance cliff") for text in kept.sentences())
    # Two and a half points of so many rows are certain, and still small.
    truth = pd.Series(np.arange(100_000) % 2)
    before = np.where(truth == 1, 0.9, 0.1)
    after = np.where(np.arange(100_000) % 40 < 1, 1 - before, before)
    fallen = model_utility(truth, {"before": before, "after": after}, output="probability")
    assert figure(fallen, "after", "accuracy")["change_high"] < -0.02
    assert not fallen.cliffs
    closer = model_utility(
        truth, {"before": before, "after": after}, output="probability", cliff=0.02
    )
    assert closer.cliffs


def test_false_alarms_among_many_groups_are_rare() -> None:
    """Forty small groups in which two models are equally good."""
    alarms = 0
    for seed in range(30):
        rng = np.random.default_rng(seed)
        truth = pd.Series(rng.integers(0, 2, 2_400))
        scores = {name: rng.random(2_400) for name in ("before", "after")}
        groups = {f"g{k}": np.arange(2_400) % 40 == k for k in range(40)}
        kept = model_utility(truth, scores, output="probability", groups=groups)
        alarms += bool(kept.cliffs)
    assert alarms <= 5, f"{alarms} of 30"


def test_a_rise_of_the_error_is_a_cliff_in_relative_size() -> None:
    happened, scores = values(6, 4_000, worse=0.8)
    kept = model_utility(
        happened * 1_000, {k: v * 1_000 for k, v in scores.items()}, output="value"
    )
    (cliff,) = kept.cliffs
    assert cliff.metric == "rmse"
    assert cliff.relative is not None and 0.1 < cliff.relative < 0.6
    assert "95 % interval" in cliff.sentence(0.95)
    assert not model_utility(happened, scores, output="value", cliff=0.9).cliffs


def test_the_positive_class_is_the_one_the_model_scores() -> None:
    """An outcome with gaps, and a model of the first class in sorted order."""
    happened, scores = classes(7, 500)
    frame = pd.DataFrame({"x": special.logit(scores["before"]), "paid": happened})
    frame.loc[:99, "paid"] = None
    from sklearn.linear_model import LogisticRegression

    fitted = LogisticRegression().fit(frame.loc[100:, ["x"]], frame.loc[100:, "paid"])
    model = wb.BlackBoxModel.from_estimator(fitted, positive="no")
    case = wb.AuditCase(frame, model, wb.CausalGraph([("x", "paid")]), outcome="paid")
    known = recorded_outcome(case)
    assert known is not None
    kept = model_utility(known, {"after": case.predictions}, output=case.output)
    assert figure(kept, "after", "accuracy")["value"] > 0.7
    assert figure(kept, "after", "auc")["n_rows"] == 400
    assert np.isnan(figure(kept, "after", "auc")["change"])


def test_log_odds_are_probabilities_in_another_coat() -> None:
    happened, scores = classes(8, 300)
    odds = {name: special.logit(p) for name, p in scores.items()}
    one = model_utility(happened, scores, output="probability").table
    other = model_utility(happened, odds, output="log-odds").table
    pd.testing.assert_frame_equal(one, other)


def test_held_out_rows_are_used_and_named() -> None:
    happened, scores = classes(9, 600)
    held = np.arange(600) >= 400
    kept = model_utility(happened, scores, output="probability", rows=held)
    alone = model_utility(
        happened[held], {k: v[held] for k, v in scores.items()}, output="probability"
    )
    pd.testing.assert_frame_equal(kept.table, alone.table)
    assert "the 200 rows chosen" in " ".join(kept.notes)
    assert "flatter" in " ".join(alone.notes)
    assert "flatter" not in " ".join(kept.notes)


def test_tiny_groups_and_perfect_models_claim_nothing_certain() -> None:
    happened, scores = classes(10, 200)
    tiny = np.arange(200) < 7
    kept = model_utility(happened, scores, output="probability", groups={"tiny": tiny})
    assert kept.table[kept.table["group"] == "tiny"]["value"].isna().all()
    assert "tiny" in " ".join(kept.notes)
    perfect = np.where(happened == "yes", 0.8, 0.2)
    kept = model_utility(
        happened, {"before": perfect, "after": perfect + 0.01}, output="probability"
    )
    assert figure(kept, "after", "accuracy")["low"] < 0.99
    change = figure(kept, "after", "accuracy")
    assert change["change_low"] < 0 < change["change_high"]
    assert np.isnan(figure(kept, "after", "auc")["low"])
    assert figure(kept, "before", "auc")["change"] == 0


@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        ({"output": "value", "outcome": pd.Series(["a", "b", "c"])}, DataError, "two values"),
        ({"outcome": pd.Series([1.0, 2.0, 3.0])}, DataError, "more than two values"),
        ({"outcome": pd.Series([1.0, 1.0, 1.0])}, DataError, "fewer than two"),
        ({"outcome": [0, 1, 1]}, DataError, "Series is expected"),
        ({"scores": {"after": np.zeros(2)}}, DataError, "one per row"),
        ({"scores": {"after": np.array([0.1, np.nan, 0.2])}}, ModelError, "NaN"),
        ({"rows": np.array([1, 0, 1])}, DataError, "true or false"),
        ({"rows": np.zeros(3, dtype=bool)}, DataError, "None of the rows"),
        ({"groups": {"all rows": np.ones(3, dtype=bool)}}, DataError, "cannot be called"),
        ({"cliff": 0.0}, DataError, "above 0"),
        ({"level": 95}, DataError, "between"),
    ],
)
def test_mistakes_are_explained(change, error, words) -> None:
    arguments = {
        "outcome": pd.Series([0, 1, 1]),
        "scores": {"after": np.array([0.1, 0.7, 0.9])},
        "output": "probability",
        **change,
    }
    outcome, scores = arguments.pop("outcome"), arguments.pop("scores")
    with pytest.raises(error, match=words):
        model_utility(outcome, scores, **arguments)
