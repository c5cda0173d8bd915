"""Whether names of classes say which is meant, and models held beside each other at one class."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression

import workbench as wb
from workbench.models.audited_class import left_open, of_the_class_of


@pytest.fixture(scope="module")
def frame() -> pd.DataFrame:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"x": rng.normal(size=400)})
    frame["decision"] = np.where(frame.x + rng.normal(size=400) > 0, "approved", "rejected")
    return frame


@pytest.fixture(scope="module")
def fitted(frame: pd.DataFrame) -> Any:
    return LogisticRegression().fit(frame[["x"]], frame["decision"])


@pytest.mark.parametrize(
    ("classes", "open_"),
    [
        (("granted", "refused"), True),
        (("F", "M"), True),
        (("no ", "YES"), False),
        (("-1", "1"), False),
        ((0, 1), False),
        ((False, True), False),
        (("high", "low", "mid"), False),
        ((), False),
    ],
)
def test_two_texts_leave_it_open_unless_their_meaning_says_it(
    classes: tuple[Any, ...], open_: bool
) -> None:
    assert left_open(classes) is open_


def case_of(frame: pd.DataFrame, model: Any) -> wb.AuditCase:
    graph = wb.CausalGraph([("x", "decision")])
    return wb.AuditCase(data=frame, model=model, graph=graph, outcome="decision")


def without_estimator(fitted: Any) -> wb.BlackBoxModel:
    """As a model from a file is, of which only the classes are known."""
    box = wb.BlackBoxModel(
        lambda rows: fitted.predict_proba(rows)[:, 1], ["x"], output="probability"
    )
    return box.of_class("rejected", named=False, among=("approved", "rejected"))


@pytest.mark.parametrize("kind", ["estimator", "wrapped", "from a file", "three classes"])
def test_a_model_beside_another_answers_with_the_same_class(
    frame: pd.DataFrame, fitted: Any, kind: str
) -> None:
    case = case_of(frame, wb.BlackBoxModel.from_estimator(fitted, positive="approved"))
    other: Any = fitted
    if kind == "wrapped":
        other = wb.BlackBoxModel.wrap(fitted)
    elif kind == "from a file":
        other = without_estimator(fitted)
    elif kind == "three classes":
        more = np.where(frame.x > 1.5, "open", frame["decision"])
        other = LogisticRegression().fit(frame[["x"]], more)
    beside = case.with_model(other)
    assert beside.model.audited_class == "approved"
    fit = other if kind == "three classes" else fitted
    np.testing.assert_allclose(beside.predictions, fit.predict_proba(frame[["x"]])[:, 0])


def test_what_was_named_otherwise_is_not_compared(frame: pd.DataFrame, fitted: Any) -> None:
    case = case_of(frame, wb.BlackBoxModel.from_estimator(fitted, positive="approved"))
    other = wb.BlackBoxModel.from_estimator(fitted, positive="rejected")
    with pytest.raises(wb.ModelError, match=r"'rejected'.*'approved'.*positive="):
        case.with_model(other)
    target = wb.UnlearningTarget.feature("x")
    with pytest.raises(wb.ModelError, match="The model 'before': It answers"):
        wb.audit(case, target, ("cafe",), compare={"before": other})


def test_classes_of_other_names_are_left_as_they_are(frame: pd.DataFrame, fitted: Any) -> None:
    first = wb.BlackBoxModel.from_estimator(fitted, positive="approved")
    coded = LogisticRegression().fit(frame[["x"]], frame["decision"] == "approved")
    assert of_the_class_of(coded, first).audited_class is True
    plain = wb.BlackBoxModel(lambda rows: rows["x"] * 0 + 0.5, ["x"])
    assert of_the_class_of(plain, first) is plain


def test_what_was_taken_for_the_audited_class_is_said(frame: pd.DataFrame, fitted: Any) -> None:
    case = case_of(frame, wb.BlackBoxModel.from_estimator(fitted, positive="approved"))
    target = wb.UnlearningTarget.feature("x")
    refused = LogisticRegression().fit(frame[["x"]], frame["decision"] == "rejected")
    said = "its True was taken for 'approved'"
    report = wb.audit(case, target, ("cafe",), compare={"before": refused})
    assert said in report.to_html().replace("&#39;", "'")
    named = wb.BlackBoxModel.from_estimator(refused, positive=False)
    for other in (named, fitted):
        report = wb.audit(case, target, ("cafe",), compare={"before": other})
        assert "was taken for" not in report.to_html()
    with pytest.raises(wb.TargetError, match="'x' is not one"):
        wb.audit(case, "x", ("cafe",), compare={"before": fitted})  # type: ignore[arg-type]


def test_what_was_unlearned_here_follows_the_audited_class(frame: pd.DataFrame) -> None:
    target = wb.UnlearningTarget.datapoints([0, 1])
    request = wb.unlearning.UnlearningRequest.make(
        target, frame, outcome="decision", features=["x"]
    )
    done = wb.unlearning.unlearn("retrain", request, learner="logistic")
    assert done.after.audited_class == "rejected"
    sure = LogisticRegression().fit(frame[["x"]], frame["decision"])
    case = case_of(frame, wb.BlackBoxModel.from_estimator(sure, positive="approved"))
    answers = case.with_model(done.retrained).predictions
    assert np.corrcoef(answers, case.predictions)[0, 1] > 0.99
