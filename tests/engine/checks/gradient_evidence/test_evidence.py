"""The gradient over the remaining rows: it tells kept from retrained, and says when it cannot."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import optimize
from sklearn.compose import make_column_transformer
from sklearn.ensemble import RandomForestClassifier
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

import workbench as wb
from workbench.checks.gradient_evidence import gradient_evidence
from workbench.checks.gradient_evidence.curvature import Curvature
from workbench.checks.gradient_evidence.training import linear_estimator, training_of

N = 400
SHARP: dict[str, Any] = {"solver": "newton-cholesky", "tol": 1e-10}


def table(seed: int = 0, n: int = N) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    a, b = rng.normal(size=(2, n))
    c = rng.choice(["x", "y", "z"], size=n)
    odds = a - 0.5 * b + (c == "x") - 0.3
    frame = pd.DataFrame({"a": a, "b": b, "c": c, "y": (rng.random(n) < 1 / (1 + np.exp(-odds)))})
    frame["label"] = np.where(frame["y"], "yes", "no")
    frame["amount"] = 2 * a + b + rng.normal(size=n)
    return frame


def fitted(frame: pd.DataFrame, **options: Any) -> LogisticRegression:
    return LogisticRegression(**(SHARP | options)).fit(frame[["a", "b"]], frame["label"])


def test_kept_and_retrained_are_told_apart_and_the_words_say_so() -> None:
    frame = table()
    kept, after = fitted(frame), fitted(frame.drop(index=17))
    found = gradient_evidence(after, frame, "label", [17])
    assert found.decision == "optimum"
    assert "a model that still held record 17 would lie about" in found.finding
    assert found.distance_retrained < 1e-10 < 1e-4 < found.records[0].distance
    held = gradient_evidence(kept, frame, "label", [17])
    assert held.decision == "optimum before" and "still holds" in held.finding
    assert held.gradient > 1e5 * found.gradient
    # what the kept model shows is the record's own gradient, and its distance the predicted one
    assert held.gradient == pytest.approx(held.records[0].gradient, rel=1e-6)
    assert held.distance_retrained == pytest.approx(held.records[0].distance, rel=0.05)
    assert found.to_frame()["times"].iloc[0] > 1e5


@pytest.mark.parametrize("erased", [[17, 20, 31], "mask", "target", "subgroup"])
def test_rows_are_named_by_label_mask_or_target(erased: Any) -> None:
    frame = table()
    named = {
        "mask": frame.index.isin([17, 20, 31]),
        "target": wb.UnlearningTarget.datapoints([17, 20, 31]),
        "subgroup": wb.UnlearningTarget.subgroup("a > 1"),
    }
    chosen = named[erased] if isinstance(erased, str) else erased
    gone = frame["a"] > 1 if isinstance(erased, str) and erased == "subgroup" else named["mask"]
    after = fitted(frame[~gone])
    found = gradient_evidence(after, frame, "label", chosen)
    assert (found.decision, found.n_erased) == ("optimum", int(np.sum(gone)))
    assert gradient_evidence(fitted(frame), frame, "label", chosen).decision == "optimum before"


OPTIONS: list[dict[str, Any]] = [
    {"C": 0.01},
    {"C": 100.0},
    {"fit_intercept": False},
    {"class_weight": "balanced"},
    {"class_weight": {"no": 1.0, "yes": 3.0}},
    {"solver": "liblinear", "tol": 1e-12, "intercept_scaling": 3.0},
    {"solver": "lbfgs", "tol": 1e-9, "max_iter": 1_000},
]


@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_every_way_of_training_has_its_own_objective(options: dict[str, Any]) -> None:
    frame = table()
    after = fitted(frame.drop(index=[3, 5]), **options)
    found = gradient_evidence(after, frame, "label", [3, 5])
    assert found.decision == "optimum", found
    assert found.distance_retrained < 1e-4
    assert gradient_evidence(fitted(frame, **options), frame, "label", [3, 5]).decision == (
        "optimum before"
    )


@pytest.mark.parametrize("model", [LogisticRegression(**SHARP), Ridge()], ids=str)
def test_sample_weights_count(model: Any) -> None:
    frame = table()
    weights = np.random.default_rng(1).uniform(0.5, 2, size=N)
    y, gone = ("amount" if isinstance(model, Ridge) else "label"), frame.index == 9
    after = model.fit(frame.loc[~gone, ["a", "b"]], frame.loc[~gone, y], weights[~gone])
    assert gradient_evidence(after, frame, y, [9], sample_weight=weights).decision == "optimum"
    assert gradient_evidence(after, frame, y, [9]).decision == "not optimum"


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("options", [{}, {"C": 0.05}, {"fit_intercept": False}], ids=str)
def test_the_bound_holds_from_anywhere(seed: int, options: dict[str, Any]) -> None:
    """Far away the curvature at the weights misleads; the bound never does, or says nothing."""
    frame = table(seed)
    rng = np.random.default_rng(seed)
    best = fitted(frame.drop(index=0), **options)
    bounded = 0
    for size in 10.0 ** np.arange(-8.0, 2.0):
        moved = fitted(frame, **options)
        moved.coef_ = best.coef_ + size * rng.normal(size=(1, 2))
        found = gradient_evidence(moved, frame, "label", [0])
        slack = 1 + 1e-6
        assert found.distance_retrained <= found.distance_bound * slack + 1e-12
        assert found.eigenvalue_floor <= found.smallest_eigenvalue
        bounded += np.isfinite(found.distance_bound)
    assert bounded >= 6  # it is not infinite all the time


def test_the_curvature_at_the_weights_alone_would_be_no_bound() -> None:
    frame = table()
    moved = fitted(frame)
    moved.coef_ = moved.coef_ + 30.0
    found = gradient_evidence(moved, frame, "label", [0])
    assert found.decision == "not optimum" and found.distance_bound == np.inf
    free = fitted(frame, fit_intercept=False, C=10.0)
    free.coef_ = free.coef_ * 0
    near = gradient_evidence(free, frame, "label", [0])
    assert near.distance_local != near.distance_bound


def test_the_eigenvalue_holds_on_the_whole_way() -> None:
    frame, counts = table(), np.ones(N)
    moved = fitted(frame)
    preparation, estimator = linear_estimator(moved)
    training = training_of(preparation, estimator, frame, frame["label"])
    end = training.weights_of(moved)
    fell = 0
    for direction in np.random.default_rng(0).normal(size=(12, 3)):
        start = end + 0.1 * direction
        seen = Curvature.of(training, training.at(start, counts), counts > 0, 0.0)
        assert 0 < seen.floor < seen.smallest
        way = [training.at(start + t * (end - start), counts).hessian for t in (0.25, 0.5, 1.0)]
        least = min(np.linalg.eigvalsh(hessian)[0] for hessian in way)
        assert least >= seen.floor
        assert np.linalg.norm(end - start) <= seen.bound
        fell += least < seen.smallest
    assert fell > 2  # the eigenvalue at the start alone would have been too large


def test_the_gradient_and_hessian_are_the_derivatives() -> None:
    frame = table()
    for model, y in ((fitted(frame, C=0.3), "label"), (Ridge(2.0), "amount")):
        model.fit(frame[["a", "b"]], frame[y])
        training = training_of(None, model, frame, frame[y])
        counts = np.random.default_rng(0).uniform(0, 2, N)
        x = np.column_stack([training.rows, np.ones(N)])

        def objective(w: np.ndarray, t: Any = training, x: Any = x, s: Any = counts) -> float:
            z, ridge = x @ w, 0.5 * t.penalty * (w[:2] @ w[:2])
            loss = (
                np.logaddexp(0, z) - t.outcome * z
                if t.loss == "logistic"
                else (0.5 * (z - t.outcome) ** 2)
            )
            return float(s @ loss) + ridge

        w = np.array([0.3, -0.2, 0.1])
        point = training.at(w, counts)
        numeric = optimize.approx_fprime(w, objective, 1e-6)
        assert point.gradient == pytest.approx(numeric, rel=1e-4, abs=1e-3)
        curve = optimize.approx_fprime(w, lambda v, t=training, s=counts: t.at(v, s).gradient, 1e-6)
        assert point.hessian == pytest.approx(curve, rel=1e-4, abs=1e-3)


def test_ridge_is_exact_one_step_leads_to_the_optimum() -> None:
    frame = table()
    kept = Ridge(3.0).fit(frame[["a", "b"]], frame["amount"])
    found = gradient_evidence(kept, frame, "amount", [1, 2, 3])
    assert found.decision == "optimum before"
    assert found.distance_retrained <= found.distance_bound == found.distance_local
    one = gradient_evidence(kept, frame, "amount", [1])
    # removing a row changes the Hessian itself a little: it is that over the remaining rows here
    assert one.distance_retrained == pytest.approx(one.records[0].distance, rel=1e-9)


def test_the_default_solver_hides_every_record_and_the_sharp_one_almost_none() -> None:
    frame = table(n=20_000)
    after = LogisticRegression(tol=1e-2).fit(frame[["a", "b"]][1:], frame["label"][1:])
    loose = gradient_evidence(after, frame, "label", [0])
    assert loose.decision == "cannot tell" and "tolerance hides" in loose.finding
    assert loose.hidden_share > 0.9
    for seen in (frame, frame[1:]):
        assert gradient_evidence(fitted(seen), frame, "label", [0]).hidden_share < 0.001


def test_a_truly_retrained_model_is_never_called_residual() -> None:
    """Solvers that stop early or by another rule leave a gradient; repeating them shows it."""
    frame = table(n=3_000)
    columns, left = ["a", "b"], frame.index != 0
    for options in (
        {"solver": "lbfgs", "tol": 1e-12},
        {"solver": "lbfgs", "max_iter": 2},
        {"solver": "sag", "tol": 1e-2, "random_state": 0},
        {"solver": "saga", "tol": 1e-5, "random_state": 0},
        {"solver": "liblinear", "tol": 1e-1},
        {"solver": "newton-cg", "tol": 1e-6},
    ):
        model = LogisticRegression(**options)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            after = model.fit(frame.loc[left, columns], frame.loc[left, "label"])
        found = gradient_evidence(after, frame, "label", [0])
        assert found.decision in ("optimum", "cannot tell"), (options, found)
    for solver in ("lsqr", "sparse_cg", "sag"):
        ridge = Ridge(solver=solver, tol=1e-3, random_state=0)
        ridge.fit(frame.loc[left, columns], frame.loc[left, "amount"])
        found = gradient_evidence(ridge, frame, "amount", [0])
        assert found.decision in ("optimum", "cannot tell"), (solver, found)


def test_weights_of_no_table_are_found_out_whatever_the_solver() -> None:
    frame = table()
    for options in ({}, {"solver": "lbfgs"}, {"solver": "saga", "tol": 1e-6, "max_iter": 5_000}):
        model = fitted(frame, **options)
        model.coef_ = model.coef_ * 1.1
        found = gradient_evidence(model, frame, "label", [0])
        assert found.decision == "not optimum" and "nor of the table before" in found.finding


def test_a_few_records_without_any_pull_do_not_leave_a_subgroup_open() -> None:
    frame = table(n=2_000)
    frame.loc[:2, "a"] = 40.0  # so well predicted that no weights could tell
    frame.loc[:2, "label"] = "yes"
    gone = frame.index[:100]
    after = fitted(frame.drop(index=gone))
    found = gradient_evidence(after, frame, "label", gone)
    assert found.decision == "optimum" and len(found.hidden_records) == 3
    assert "3 of the 100 records this could not be told" in found.finding
    alone = gradient_evidence(fitted(frame[3:]), frame, "label", [0, 1, 2])
    assert alone.decision == "cannot tell" and "3 of the records" in alone.finding


def test_a_pipeline_is_taken_as_given_and_says_so() -> None:
    frame = table()
    steps = make_column_transformer((StandardScaler(), ["a", "b"]), (OneHotEncoder(), ["c"]))
    kept = make_pipeline(steps, LogisticRegression(**SHARP)).fit(frame[["a", "b", "c"]], frame["y"])
    found = gradient_evidence(wb.BlackBoxModel.wrap(kept), frame, "y", [5])
    assert (found.decision, found.n_weights) == ("optimum before", 6)
    assert any("preparing steps" in text for text in found.sentences())
    again = make_pipeline(steps, LogisticRegression(**SHARP))
    again[-1].fit(steps.transform(frame.drop(index=5)), frame["y"].drop(index=5))
    assert gradient_evidence(again, frame, "y", [5]).decision == "optimum"
    # refitted as a whole, the scaler moved too: still the optimum for its own preparation
    whole = make_pipeline(steps, LogisticRegression(**SHARP))
    whole.fit(frame[["a", "b", "c"]].drop(index=5), frame["y"].drop(index=5))
    assert gradient_evidence(whole, frame, "y", [5]).decision == "optimum"


def test_one_forged_row_makes_the_old_ridge_optimal() -> None:
    """So the check holds only for a table committed to before: exhibit the row."""
    frame = table()
    gone = [1, 2, 3, 4]
    kept = Ridge().fit(frame[["a", "b"]], frame["amount"])
    assert gradient_evidence(kept, frame, "amount", gone).decision == "optimum before"
    training = training_of(None, kept, frame, frame["amount"])
    counts = 1.0 - frame.index.isin(gone)
    gradient = training.at(training.weights_of(kept), counts).gradient
    # (ŷ − y)·(x, 1) = −gradient fixes the forged residual and then its regressors
    residual = -gradient[-1]
    a, b = gradient[:2] / gradient[-1]
    fitted_value = kept.predict(pd.DataFrame({"a": [a], "b": [b]}))[0]
    row = {"a": a, "b": b, "amount": fitted_value - residual}
    forged = pd.concat([frame, pd.DataFrame([row], index=[N])])
    found = gradient_evidence(kept, forged, "amount", gone)
    assert found.decision == "optimum" and found.distance_retrained < 1e-10
    assert min(abs(frame["a"] - a)) > 1e-3  # it is none of the rows that were forgotten
    assert any("committed to before" in text for text in found.sentences())


def test_one_forged_row_makes_the_old_logistic_regression_optimal() -> None:
    frame = table()
    kept = fitted(frame, fit_intercept=False)
    training = training_of(None, kept, frame, frame["label"])
    weights = training.weights_of(kept)
    for gone in range(50):
        gradient = training.at(weights, 1.0 - (frame.index == gone)).gradient
        # a row x = t·gradient with label "yes" adds (p − 1)·t·gradient: −gradient at the root
        slope = float(weights @ gradient)

        def missing(t: float, slope: float = slope) -> float:
            return t / (1 + np.exp(t * slope)) - 1

        if frame.loc[gone, "label"] == "no" and slope < 0:
            break
    t = optimize.brentq(missing, 0, 1e3, xtol=1e-14)
    x = t * gradient
    forged = pd.concat(
        [frame, pd.DataFrame({"a": [x[0]], "b": [x[1]], "label": ["yes"]}, index=[N])]
    )
    assert gradient_evidence(kept, frame, "label", [gone]).decision == "optimum before"
    assert gradient_evidence(kept, forged, "label", [gone]).decision == "optimum"


@pytest.mark.parametrize(
    ("model", "words"),
    [
        (RandomForestClassifier(2, max_depth=2), "one optimum"),
        (LogisticRegression(l1_ratio=1.0, solver="saga"), "l2"),
        (LogisticRegression(C=np.inf), "l2"),
        (Ridge(alpha=0.0), "alpha=0"),
        (Ridge(positive=True), "positive"),
    ],
    ids=str,
)
@pytest.mark.filterwarnings("ignore")
def test_training_without_a_pinned_optimum_is_refused(model: Any, words: str) -> None:
    frame = table(n=100)
    y = "amount" if isinstance(model, Ridge) else "label"
    with pytest.raises(wb.ModelError, match=words):
        gradient_evidence(model.fit(frame[["a", "b"]], frame[y]), frame, y, [1])


def test_mistakes_are_named() -> None:
    frame = table(n=100)
    model = fitted(frame)
    three = LogisticRegression().fit(frame[["a", "b"]], frame["c"])
    with pytest.raises(wb.ModelError, match="3 classes"):
        gradient_evidence(three, frame, "c", [1])
    with pytest.raises(wb.ModelError, match="not fitted"):
        gradient_evidence(LogisticRegression(), frame, "label", [1])
    with pytest.raises(wb.DataError, match="nothing"):
        gradient_evidence(model, frame, "nothing", [1])
    with pytest.raises(wb.DataError, match="no class of the model"):
        gradient_evidence(model, frame.replace({"yes": "maybe"}), "label", [1])
    with pytest.raises(wb.DataError, match="lacks 'b'"):
        gradient_evidence(model, frame.drop(columns="b"), "label", [1])
    with pytest.raises(wb.TargetError, match="must remain"):
        gradient_evidence(model, frame, "label", np.ones(100, dtype=bool))
    with pytest.raises(wb.TargetError, match="no row labelled 1000"):
        gradient_evidence(model, frame, "label", [1000])
    with pytest.raises(wb.TargetError, match="datapoints or a subgroup"):
        gradient_evidence(model, frame, "label", wb.UnlearningTarget.feature("a"))
    with pytest.raises(wb.DataError, match="one class only"):
        gradient_evidence(model, frame, "label", (frame["label"] == "yes").to_numpy())
    with pytest.raises(wb.DataError, match="sample_weight"):
        gradient_evidence(model, frame, "label", [1], sample_weight=[1.0, -1.0])
    with pytest.raises(wb.DataError, match="missing or infinite"):
        gradient_evidence(model, frame.assign(a=frame["a"].where(frame.index > 3)), "label", [1])


def test_cancelling_stops_it() -> None:
    def stop(step: str, share: float) -> None:
        raise wb.AuditCancelled

    with pytest.raises(wb.AuditCancelled):
        gradient_evidence(fitted(table()), table(), "label", [1], progress=stop)
