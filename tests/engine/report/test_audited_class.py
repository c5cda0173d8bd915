"""Whose probability a report speaks of: said in sentences, axes, tables, JSON and CSV."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression

import workbench as wb

OPEN = "nobody said which is meant"


def decisions(labels: tuple[Any, Any], n: int = 1_500) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    gender = rng.integers(0, 2, n)
    x = gender + rng.normal(size=n)
    decision = np.where(x + rng.normal(size=n) > 0.5, *labels)
    return pd.DataFrame({"gender": np.where(gender, "M", "F"), "x": x, "decision": decision})


def audited(data: pd.DataFrame, model: Any) -> wb.AuditReport:
    graph = wb.CausalGraph([("gender", "x"), ("x", "decision")])
    case = wb.AuditCase(data=data, model=model, graph=graph, outcome="decision")
    return wb.audit(case, wb.UnlearningTarget.feature("gender"), ("debiased", "cafe"))


@pytest.mark.parametrize(
    ("labels", "positive", "said", "warned"),
    [
        (("approved", "rejected"), None, "decision = rejected", True),
        (("approved", "rejected"), "approved", "decision = approved", False),
        ((1, 2), None, "decision = 2", False),
        (("no", "yes"), None, "decision = yes", False),
    ],
    ids=["second of two", "named", "coded", "plain"],
)
def test_every_form_of_a_report_names_the_class(
    labels: tuple[Any, Any], positive: Any, said: str, warned: bool
) -> None:
    data = decisions(labels)
    fitted = LogisticRegression().fit(data[["x"]], data["decision"])
    model = wb.BlackBoxModel.from_estimator(fitted, positive=positive)
    report = audited(data, model)
    effect = report.effects["gender"].total.value
    one = np.asarray(fitted.predict_proba(data[["x"]]))[
        :, list(fitted.classes_).index(positive if positive is not None else labels[1])
    ]
    apart = one[data["gender"] == "M"].mean() - one[data["gender"] == "F"].mean()
    assert np.sign(effect) == np.sign(apart), "the number is of the class that is named"
    page, saved = report.to_html(), report.to_json()
    for form in (page, report.to_csv()):
        assert f"predicted probability of {said}" in form
    code = report.to_code()
    assert f"# The model answers with the predicted probability of {said}." in code
    assert "from_estimator(model, positive=...)" in code
    assert json.loads(saved)["audited_class"] == said.removeprefix("decision = ")
    again = wb.AuditReport.from_json(saved)
    assert again.audited_class == report.audited_class and again.to_html() == page
    # No axis and no sentence speaks of a probability of nothing.
    assert "predicted probability," not in page and "predicted probability)" not in page
    assert (OPEN in page) == warned
    if warned:
        assert "positive=&#39;approved&#39;" in page or "positive='approved'" in page


def test_a_forest_names_its_class_and_a_function_has_none() -> None:
    data = decisions(("granted", "refused"))
    forest = RandomForestClassifier(20, random_state=0).fit(data[["x"]], data["decision"])
    assert audited(data, forest).audited_class == "refused"
    plain = wb.BlackBoxModel(lambda rows: 1 / (1 + np.exp(-rows["x"])), features=["x"])
    report = audited(data, plain)
    assert report.audited_class is None
    assert "predicted probability" in report.to_html() and OPEN not in report.to_html()


def test_a_report_from_before_the_class_was_kept_opens() -> None:
    data = decisions(("no", "yes"))
    report = audited(data, LogisticRegression().fit(data[["x"]], data["decision"]))
    old = json.loads(report.to_json())
    del old["audited_class"]
    assert wb.AuditReport.from_json(json.dumps(old)).audited_class is None


def test_a_class_that_the_outcome_does_not_have_is_not_said_to_be_one_of_its_values() -> None:
    data = decisions(("approved", "rejected"))
    codes = (data["decision"] == "approved").astype(int)
    report = audited(data, LogisticRegression().fit(data[["x"]], codes))
    page = report.to_html()
    assert "predicted probability of the class 1" in page and "decision = 1" not in page
    again = wb.AuditReport.from_json(report.to_json())
    assert again.to_html() == page
