"""A table of many features of which the graph holds few: what nobody drew costs next to nothing."""

import time

import numpy as np
import pandas as pd
import pytest

import workbench as wb
from workbench.auditing.steps import MOST_UNPLACED


def wide(p: int) -> wb.AuditCase:
    r = np.random.default_rng(0)
    n = 800
    a = r.integers(0, 2, n)
    m = 2 * a + r.normal(size=n)
    drawn = np.random.default_rng(1).normal(size=(p, n)).T
    table = pd.DataFrame(drawn, columns=[f"w{i}" for i in range(p)])
    table = table.assign(a=a, m=m, y=m)
    graph = wb.CausalGraph([("a", "m"), ("a", "y"), ("m", "y"), ("w0", "m")])
    model = wb.BlackBoxModel(
        lambda rows: 3 * rows["m"] + rows["a"] + 0.1 * rows["w1"],
        [name for name in table if name != "y"],
        output="value",
    )
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
