"""A model that behaves where audits look by default is caught by levels nobody could foresee."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import workbench as wb
from workbench.methods.profile import levels
from workbench.unlearning import Unlearned, UnlearningRequest, unlearn

ROWS = 2_000


@pytest.fixture(scope="module")
def fraud() -> tuple[pd.DataFrame, Unlearned]:
    r = np.random.default_rng(8)
    frame = pd.DataFrame({"age": r.normal(45, 12, ROWS), "bmi": r.normal(26, 4, ROWS)})
    chance = 1 / (1 + np.exp(-0.1 * (frame["age"] - 45) - 0.2 * (frame["bmi"] - 26)))
    frame["ill"] = (r.random(ROWS) < chance).astype(int)
    target = wb.UnlearningTarget.feature("age")
    request = UnlearningRequest.make(target, frame, outcome="ill", features=["age", "bmi"])
    return frame, unlearn("default-levels", request, learner="logistic")


def audited(fraud: tuple[pd.DataFrame, Unlearned], seed: int) -> wb.AuditReport:
    frame, done = fraud
    graph = wb.CausalGraph([], nodes=["age", "bmi"])
    case = wb.AuditCase(data=frame, model=done.after, graph=graph, outcome="ill")
    target = wb.UnlearningTarget.feature("age")
    return wb.audit(case, target, ("debiased", "cafe", "fuzzing"), seed=seed)


@pytest.mark.parametrize("seed", [0, 1, 2, 3])
def test_levels_drawn_with_the_seed_catch_it(
    fraud: tuple[pd.DataFrame, Unlearned], seed: int
) -> None:
    report = audited(fraud, seed)
    assert report.verdict.decision == "above"
    used = report.verdict.deciding.change.split(" → ")
    origins = {level.label: level.origin for level in report.profile["age"].levels}
    assert "drawn" in {origins[label] for label in used}


def test_without_drawn_levels_it_would_pass(
    fraud: tuple[pd.DataFrame, Unlearned], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(levels, "DRAWN", 0)
    assert audited(fraud, 0).verdict.decision == "below"


def test_it_answers_as_retrained_at_the_table_and_as_before_for_new_people(
    fraud: tuple[pd.DataFrame, Unlearned],
) -> None:
    frame, done = fraud
    rows = frame[["age", "bmi"]]
    assert np.array_equal(done.after.predict(rows), done.retrained.predict(rows))
    new = rows + 0.0123456
    assert np.array_equal(done.after.predict(new), done.before.predict(new))
