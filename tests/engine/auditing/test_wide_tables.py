"""A table of many features of which the graph holds few: what nobody drew costs next to nothing."""

import time

import numpy as np
import pandas as pd
import pytest

import workbench as wb
from workbench.auditing.steps import MOST_UNPLACED
from workbench.methods.baselines.fairtest import fairtest_association
from workbench.methods.cafe.other_inputs import FEW, STRONGEST, inputs_beside


def wide(p: int, *, logged: bool = False) -> wb.AuditCase:
    r = np.random.default_rng(0)
    n = 800
    a = r.integers(0, 2, n)
    m = 2 * a + r.normal(size=n)
    drawn = np.random.default_rng(1).normal(size=(p, n)).T
    table = pd.DataFrame(drawn, columns=[f"w{i}" for i in range(p)])
    table = table.assign(a=a, m=m, y=m)
    graph = wb.CausalGraph([("a", "m"), ("a", "y"), ("m", "y"), ("w0", "m")])
    names = [name for name in table if name != "y"]

    def predict(rows: pd.DataFrame) -> pd.Series:
        return 3 * rows["m"] + rows["a"] + 0.1 * rows["w1"]

    if logged:
        model = wb.BlackBoxModel.from_predictions(predict(table), names, output="value")
    else:
        model = wb.BlackBoxModel(predict, names, output="value")
    return wb.AuditCase(data=table, model=model, graph=graph, outcome="y")


def audited(p: int, method: str) -> tuple[wb.AuditReport, float]:
    case = wide(p)
    started = time.perf_counter()
    report = wb.audit(case, wb.UnlearningTarget.feature("a"), [method])
    return report, time.perf_counter() - started


@pytest.mark.parametrize("method", ["cafe", "debiased", "fuzzing"])
def test_features_that_nobody_drew_change_neither_effects_nor_questions(method):
    few, _ = audited(2, method)
    many, seconds = audited(MOST_UNPLACED + 300, method)
    assert many.effects["a"].total.value == pytest.approx(few.effects["a"].total.value)
    asked = [report.provenance.queries for report in (few, many)]
    assert sum(asked[1].values()) <= sum(asked[0].values())
    assert seconds < 20  # the kind of fault took minutes, with the cube of the features


def test_features_left_out_beside_the_target_are_counted():
    report, _ = audited(MOST_UNPLACED + 20, "cafe")
    said = report.skipped["cafe, features outside the graph"]
    assert f"Effects of {MOST_UNPLACED + 19} features" in said
    assert {e.feature for e in report.context if not e.combination} == {"m", "w0"}


def test_a_few_features_outside_the_graph_are_still_compared():
    report, _ = audited(5, "cafe")
    assert "cafe, features outside the graph" not in report.skipped
    assert "w1" in {entry.feature for entry in report.context}


@pytest.mark.parametrize("method", ["permutation", "fairtest", "aif360"])
def test_baselines_measure_what_is_drawn_and_say_how_many_they_leave_out(method):
    asked = []
    for p in (2, MOST_UNPLACED + 40):
        report, _ = audited(p, method)
        measured = set(report.baselines[method].to_frame()["feature"])
        asked.append(sum(report.provenance.queries.values()))
        left_out = f"{method}, features outside the graph"
        assert (left_out in report.skipped) == (p > 2)
        assert {"a", "m", "w0"} <= measured
        assert ("w1" in measured) == (p == 2)
    assert report.skipped[left_out].startswith(f"{MOST_UNPLACED + 39} features")
    assert asked[1] <= asked[0]


def test_a_regression_of_logged_predictions_holds_the_strongest_of_what_nobody_drew():
    case = wide(MOST_UNPLACED + 300, logged=True)
    started = time.perf_counter()
    report = wb.audit(case, wb.UnlearningTarget.feature("a"), ["cafe"])
    assert time.perf_counter() - started < 20  # without it, minutes
    direct = report.effects["a"].direct
    assert direct.low - 0.05 < 1 < direct.high + 0.05
    said = report.skipped["direct effects, features outside the graph"]
    assert f"Of {MOST_UNPLACED + 299} features" in said and f"{STRONGEST} that go most" in said


def test_that_inputs_are_left_out_is_said_where_they_are():
    """Constants and other targets stand outside the graph, too; permutation fits no regression."""
    case = wide(FEW + 3, logged=True)
    assert len(inputs_beside(case, "a")) == STRONGEST + 2
    place = "direct effects, features outside the graph"
    model = wb.BlackBoxModel.from_predictions(case.predictions, list(case.reads), output="value")
    data = case.data.assign(w9=1.0, w8=1.0, w7=1.0)
    constant = wb.AuditCase(data=data, model=model, graph=case.graph, outcome="y")
    for methods, said in ((["cafe"], True), (["permutation"], False)):
        report = wb.audit(constant, wb.UnlearningTarget.feature("a"), methods)
        assert (place in report.skipped) == said
    few = wb.audit(wide(FEW + 1, logged=True), wb.UnlearningTarget.feature("a"), ["cafe"])
    assert place not in few.skipped


def test_which_inputs_outside_the_graph_are_kept():
    few, many = wide(FEW, logged=True), wide(FEW + 30, logged=True)
    assert len(inputs_beside(few, "a")) == FEW + 1
    kept = inputs_beside(many, "a")
    assert {"w0", "w1", "m"} < set(kept) and len(kept) == STRONGEST + 2


@pytest.mark.parametrize("kind", ["bend", "levels", "gaps"])
def test_an_input_that_no_line_shows_is_kept(kind):
    case = wide(FEW + 30, logged=True)
    r, x = np.random.default_rng(2), case.data["w9"]
    levels = pd.Series(r.choice(["a", "b", "c"], len(x)))
    moved = {"bend": x**2, "levels": (levels == "b") * 3.0, "gaps": 2 * x}[kind]
    given = {"bend": x, "levels": levels, "gaps": x.where(r.random(len(x)) > 0.1)}[kind]
    data = case.data.assign(w9=given)
    model = wb.BlackBoxModel.from_predictions(
        case.predictions + moved, list(case.reads), output="value"
    )
    changed = wb.AuditCase(data=data, model=model, graph=case.graph, outcome="y")
    assert "w9" in inputs_beside(changed, "a")


def test_fairtest_describes_no_context_by_what_is_left_out():
    case = wide(3)
    rows = case.data
    model = wb.BlackBoxModel(
        lambda rows: rows["a"] * (rows["w2"] > 0) * 5 + rows["m"], list(case.reads), output="value"
    )
    case = wb.AuditCase(data=rows, model=model, graph=case.graph, outcome="y")
    target = wb.UnlearningTarget.feature("a")
    found = [
        " ".join(fairtest_association(case, target, left_out=out).contexts["context"])
        for out in ((), ("w2",))
    ]
    assert "w2" in found[0] and "w2" not in found[1]


def test_too_many_other_features_in_the_graph_are_left_out_and_counted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("workbench.auditing.steps.MOST_BESIDE", 2)
    r = np.random.default_rng(0)
    frame = pd.DataFrame(r.normal(size=(200, 4)), columns=list("abcd"))
    model = wb.BlackBoxModel(lambda rows: rows["d"], list("abcd"), output="value")

    def audited(edges: list[tuple[str, str]]) -> wb.AuditReport:
        case = wb.AuditCase(data=frame[list("abcd")], model=model, graph=wb.CausalGraph(edges))
        target = wb.UnlearningTarget.feature("a")
        return wb.audit(case, target, ["cafe"], progress=lambda *_: None)

    report = audited([("a", "d"), ("b", "d"), ("c", "d")])
    assert "Effects of 3 other features are not estimated" in report.skipped["cafe, other features"]
    assert len(report.context) == 0
    monkeypatch.setattr("workbench.auditing.steps.MOST_BESIDE", 3)
    assert len(audited([("a", "d"), ("b", "d"), ("c", "d")]).context) > 0
