"""What is said of the time that an audit will still take."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import workbench as wb
from workbench.auditing.outlook import (
    ASKED_BY_SHAP,
    LONG,
    OWN,
    TREE_SECONDS,
    USUAL,
    ExpectedStep,
    Outlook,
    expected_steps,
)
from workbench.auditing.whole_table import STEP
from workbench.case.asking.budget import Budget
from workbench.checks.registry import CHECK_NAMES
from workbench.methods.registry import METHOD_NAMES


class Clock:
    """Seconds that a test sets."""

    seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture(scope="module")
def case() -> wb.AuditCase:
    world = wb.datasets.loan(n=800, seed=0)
    model = wb.BlackBoxModel(
        lambda rows: rows["neighborhood_income"].to_numpy() / 100,
        features=["neighborhood_income"],
    )
    return wb.AuditCase(data=world.data, model=model, graph=world.graph, outcome="approved")


def test_every_step_that_an_audit_names_is_expected_in_its_order(case: wb.AuditCase) -> None:
    target = wb.UnlearningTarget.feature("zip_code")
    checks = ("subgroups", "graph")
    steps = expected_steps(case, target, METHOD_NAMES, checks, subgroups=1)
    told: list[str] = []
    wb.audit(
        case,
        target,
        checks=checks,
        subgroups={"rich": "neighborhood_income > 50"},
        progress=lambda step, share: told.append(step),
    )
    expected = [step.name for step in steps]
    heard = [name for name in dict.fromkeys(told) if name in expected]
    assert heard == [name for name in expected if name in heard]
    assert set(expected) == set(heard)


@pytest.mark.parametrize("method", ["cafe", "fuzzing", "permutation"])
def test_what_one_method_needs_is_expected_and_nothing_else(
    case: wb.AuditCase, method: str
) -> None:
    target = wb.UnlearningTarget.feature("zip_code")
    expected = [step.name for step in expected_steps(case, target, [method])]
    told: list[str] = []
    wb.audit(case, target, [method], progress=lambda step, share: told.append(step))
    assert [name for name in dict.fromkeys(told) if name in OWN] == expected


def test_subgroups_foretell_the_estimate_that_they_need(case: wb.AuditCase) -> None:
    target = wb.UnlearningTarget.feature("zip_code")
    expected = expected_steps(case, target, ["cafe"], subgroups=1)
    assert expected == expected_steps(case, target, ["debiased", "cafe"], subgroups=1)
    assert {"debiased", "paths"} <= {step.name for step in expected}


def test_a_slow_model_is_waited_for_by_the_rows_that_are_left() -> None:
    clock, account = Clock(), Budget()
    slow = wb.BlackBoxModel(lambda rows: rows["a"], features=["a"])
    account.ask(slow, pd.DataFrame({"a": [1.0] * 200}))
    outlook = Outlook([ExpectedStep("a", 1_000, 0.0, True)], account, clock)
    assert outlook.left().everything == 0.0, "so few rows, answered so quickly, say nothing yet"
    account.seconds = LONG  # ten milliseconds a row
    steps = [ExpectedStep("a", 1_000, 0.0, True), ExpectedStep("b", 3_000, 0.0, False)]
    outlook = Outlook(steps, account, clock)
    assert outlook.left().everything == pytest.approx(40.0)
    outlook.heard("a")
    clock.seconds = 4.0
    left = outlook.left()
    assert (left.verdict, left.everything) == (pytest.approx(6.0), pytest.approx(36.0))
    outlook.heard("words of a part of the step")
    outlook.heard("b")
    assert outlook.left().verdict == 0.0 and outlook.left().everything == pytest.approx(30.0)


def test_a_machine_that_is_slower_makes_the_rest_longer_and_never_less_than_nothing() -> None:
    clock = Clock()
    steps = [ExpectedStep("a", 0, 8.0, True), ExpectedStep("b", 0, 10.0, True)]
    outlook = Outlook(steps, Budget(), clock)
    outlook.heard("a")
    clock.seconds = 38.0  # not 8
    assert outlook.left().verdict == pytest.approx(10.0 * (USUAL + 38) / (USUAL + 8)), (
        "while it lasts"
    )
    outlook.heard("b")
    assert outlook.left().verdict == pytest.approx(10.0 * (USUAL + 38) / (USUAL + 8))
    clock.seconds = 500.0
    assert outlook.left().verdict == 0.0


def test_a_model_that_cannot_be_asked_is_not_asked(case: wb.AuditCase) -> None:
    logged = wb.AuditCase(
        data=case.data,
        model=wb.BlackBoxModel.from_predictions(case.predictions, case.reads),
        graph=case.graph,
        outcome=case.outcome,
    )
    steps = expected_steps(
        logged, wb.UnlearningTarget.feature("zip_code"), METHOD_NAMES, CHECK_NAMES
    )
    assert {step.rows for step in steps} == {0}
    assert "structural equations" not in [step.name for step in steps]


def test_the_rows_foretold_are_about_those_asked_where_most_rows_are_alike() -> None:
    rng = np.random.default_rng(0)
    f = (rng.random(4_000) < 0.1).astype(int)
    data = pd.DataFrame({"f": f, "m": rng.choice(list("pqrstu"), 4_000)})
    data = data.assign(**{f"rare {k}": (rng.random(len(f)) < 0.05).astype(int) for k in range(4)})
    graph = wb.CausalGraph([("f", "m")], nodes=list(data))
    model = wb.BlackBoxModel(lambda rows: rows["f"] / 2, features=list(data))
    alike = wb.AuditCase(data, model, graph)
    methods, target = ("debiased", "fuzzing"), wb.UnlearningTarget.feature("f")
    asked = wb.audit(alike, target, methods).provenance.queries
    expected = sum(step.rows for step in expected_steps(alike, target, methods))
    assert sum(asked.values()) <= expected <= 3 * sum(asked.values()), (asked, expected)


def test_shap_is_foretold_by_what_it_does_with_a_model() -> None:
    world = wb.datasets.loan(n=200, seed=0)
    reads, scores = ["income", "debt_ratio"], world.data["approved"]

    def expected(estimator: object) -> tuple[bool, bool]:
        fitted = estimator.fit(world.data[reads], scores)  # type: ignore[attr-defined]
        case = wb.AuditCase(world.data, fitted, world.graph, outcome="approved")
        (step,) = expected_steps(case, wb.UnlearningTarget.feature("income"), ["shap"])[-1:]
        assert step.name == "shap"
        return step.rows >= ASKED_BY_SHAP, step.own >= TREE_SECONDS

    assert expected(make_pipeline(StandardScaler(), LogisticRegression())) == (False, False)
    assert expected(RandomForestClassifier(3)) == (False, True)
    assert expected(KNeighborsClassifier()) == (True, False)


def test_rows_that_are_alike_to_the_model_are_foretold_once(case: wb.AuditCase) -> None:
    twice = wb.AuditCase(
        data=pd.concat([case.data, case.data], ignore_index=True),
        model=case.model,
        graph=case.graph,
        outcome=case.outcome,
    )
    target = wb.UnlearningTarget.feature("zip_code")
    once, both = (
        sum(step.rows for step in expected_steps(each, target, ["fuzzing"]) if step.own)
        for each in (case, twice)
    )
    assert both == pytest.approx(once, rel=0.1)


def test_a_table_larger_than_the_case_is_asked_about_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("workbench.case.audit_case.SAMPLE_ROWS", 500)
    world = wb.datasets.loan(n=2_000)
    reads = ["race", "neighborhood_income"]
    model = wb.BlackBoxModel(
        lambda rows: rows[reads[1]] / 400 + (rows["race"] == "Black") / 10, features=reads
    )
    table = wb.Table.pandas(world.data, 2)
    large = wb.AuditCase(data=table, model=model, graph=world.graph, outcome="approved")
    assert large.n_rows < table.n_rows
    for feature in ("zip_code", "race"):
        target = wb.UnlearningTarget.feature(feature)
        steps = {step.name: step for step in expected_steps(large, target, ["cafe"])}
        asked = wb.audit(large, target, ["cafe"]).provenance.queries[STEP]
        assert steps[STEP].decides and asked <= 1.2 * steps[STEP].rows <= 1.5 * asked, feature
