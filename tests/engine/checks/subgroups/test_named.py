"""Effects in named subgroups: the right rows, the same interventions, honest differences."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import workbench as wb
from workbench.case.condition import Condition
from workbench.checks.subgroups.named import effects_where


def quiet(step: str, share: float) -> None:
    assert 0 <= share <= 1


@pytest.fixture(scope="module")
def case() -> wb.AuditCase:
    world = wb.datasets.loan(n=1_500, seed=0)
    names = list(world.features)
    model = make_pipeline(StandardScaler(), LogisticRegression())
    model.fit(world.data[names], world.data[world.outcome])
    return wb.AuditCase(data=world.data, model=model, graph=world.graph, outcome=world.outcome)


def audit(case: wb.AuditCase, target: wb.UnlearningTarget, **options: Any) -> wb.AuditReport:
    return wb.audit(case, target, options.pop("methods", ["cafe"]), progress=quiet, **options)


ZIP = wb.UnlearningTarget.feature("zip_code")


def test_a_subgroup_says_what_the_subgroup_itself_would_say(case: wb.AuditCase) -> None:
    report = audit(case, ZIP, subgroups={"rich": "income > 60"})
    alone = wb.debiased_effects(case, wb.UnlearningTarget.subgroup("income > 60", ["zip_code"]))
    found = report.subgroups["rich"]
    # The audit has asked about many of these rows before.
    said, say = (table.to_frame().drop(columns="queries") for table in (found, alone))
    pd.testing.assert_frame_equal(said, say)
    assert found["zip_code"].queries < alone["zip_code"].queries
    assert found["zip_code"].n_rows == int((case.data["income"] > 60).sum())
    assert found["zip_code"].intervention == report.effects["zip_code"].intervention
    assert report.subgroup_conditions == {"rich": "income > 60"}
    assert "subgroups" in report.provenance.seconds
    # What is not asked for is not estimated.
    assert audit(case, ZIP).subgroups == {}
    assert audit(case, ZIP).subgroup_frame().empty


@pytest.mark.parametrize("intervention", [None, wb.Resample(2)])
def test_a_target_of_some_rows_is_cut_by_the_condition(
    case: wb.AuditCase, intervention: Any
) -> None:
    target = wb.UnlearningTarget.subgroup("income > 60", ["zip_code"])
    report = audit(case, target, subgroups={"b": "race == 'Black'"}, intervention=intervention)
    data = case.data
    both = int(((data["income"] > 60) & (data["race"] == "Black")).sum())
    assert report.subgroups["b"]["zip_code"].n_rows == both
    assert len(report.subgroups["b"].index) == both


def test_or_in_either_condition_keeps_its_meaning(case: wb.AuditCase) -> None:
    target = wb.UnlearningTarget.subgroup("income > 70 or race == 'Black'", ["zip_code"])
    report = audit(case, target, subgroups={"x": "income > 50 or employment_years > 5"})
    d = case.data
    mask = (d["income"] > 70) | (d["race"] == "Black")
    mask &= (d["income"] > 50) | (d["employment_years"] > 5)
    assert report.subgroups["x"]["zip_code"].n_rows == int(mask.sum())


def test_named_datapoints_stay_named_datapoints(case: wb.AuditCase) -> None:
    rows = list(case.data.index[[3, 5, 8, 13, 21, 34]])
    rich = case.data.loc[rows, "income"] > case.data.loc[rows, "income"].median()
    cut = f"income > {float(case.data.loc[rows, 'income'].median())!r}"
    report = audit(case, wb.UnlearningTarget.datapoints(rows, ["income"]), subgroups={"rich": cut})
    found = report.subgroups["rich"]
    assert sorted(found.index) == sorted(np.array(rows)[rich])
    assert found["income"].direct.standard_error == 0.0  # these rows stand for themselves


def test_a_group_too_small_is_named_with_the_reason(case: wb.AuditCase) -> None:
    groups = {"nobody": "income > 1e9", "one": f"income == {float(case.data['income'].max())!r}"}
    report = audit(case, ZIP, subgroups=groups)
    assert report.subgroups == {}
    assert "none of the target's rows" in report.skipped["subgroup nobody"]
    assert "holds for 1 of" in report.skipped["subgroup one"]
    assert report.verdict is not None


def test_subgroups_are_estimated_as_the_whole_is_judged(case: wb.AuditCase) -> None:
    report = audit(case, ZIP, methods=["fuzzing"], subgroups={"rich": "income > 60"})
    assert report.methods == ("debiased", "fuzzing")
    assert {entry.estimator.kind for entry in report.subgroups["rich"]} == {"debiased"}


@pytest.mark.parametrize(
    ("groups", "error", "words"),
    [
        ({"ok": "income > 60", "bad": "income >"}, wb.ConditionError, "Subgroup 'bad'"),
        ({"bad": "__import__('os').system('true')"}, wb.ConditionError, "Subgroup 'bad'"),
        ({"typo": "incme > 3"}, wb.ConditionError, "Did you mean 'income'"),
        ({"": "income > 3"}, wb.TargetError, "named by a text"),
        ({"x" * 201: "income > 3"}, wb.TargetError, "named by a text"),
        ({"n": 3}, wb.ConditionError, "Subgroup 'n'"),
        (["income > 3"], wb.TargetError, "conditions by name"),
        ({str(i): "income > 3" for i in range(501)}, wb.TargetError, "too many"),
    ],
)
def test_a_slip_is_found_before_anything_runs(
    case: wb.AuditCase, groups: Any, error: type[Exception], words: str
) -> None:
    asked: list[str] = []
    with pytest.raises(error, match=words):
        wb.audit(case, ZIP, subgroups=groups, progress=lambda step, _: asked.append(step))
    assert asked == []


def test_the_code_repeats_the_subgroups(case: wb.AuditCase) -> None:
    groups = {'it\'s "rich"': "income > 60", "Ärzte": "race == 'Black'"}
    report = audit(case, ZIP, subgroups=groups)
    names = {"wb": wb, "case": case, "target": ZIP}
    again = eval(report.call, names)  # our own text, as a notebook would run it
    assert again.subgroup_conditions == groups
    pd.testing.assert_frame_equal(again.subgroup_frame(), report.subgroup_frame())


def test_progress_goes_up_and_a_cancel_is_heard(case: wb.AuditCase) -> None:
    heard: list[float] = []

    def listen(step: str, share: float) -> None:
        if step == "subgroups":
            heard.append(share)
            if share > 0.5:
                raise wb.AuditCancelled

    with pytest.raises(wb.AuditCancelled):
        groups = {str(i): f"income > {40 + i}" for i in range(4)}
        wb.audit(case, ZIP, ["cafe"], subgroups=groups, progress=listen)
    assert heard == sorted(heard)


def test_the_frame_compares_with_the_whole_through_shared_noise(case: wb.AuditCase) -> None:
    groups = {"nearly all": "income > 15", "rich": "income > 60"}
    report = audit(case, wb.UnlearningTarget.features(["zip_code", "income"]), subgroups=groups)
    frame = report.subgroup_frame().set_index(["subgroup", "feature"])
    assert len(frame) == 8  # two features, their sum and both set together, twice
    row = frame.loc[("rich", "income")]
    difference = report.subgroups["rich"]["income"].total - report.effects["income"].total
    assert row["total_difference"] == difference.value
    assert (row["total_difference_low"], row["total_difference_high"]) == difference.interval()
    # A group that is nearly everybody hardly differs, and its interval knows.
    near = frame.loc[("nearly all", "income")]
    whole = report.effects["income"].total.standard_error
    assert near["total_difference_high"] - near["total_difference_low"] < whole


def test_the_interval_of_a_difference_covers_it() -> None:
    """The whole is 0.7, the group 1.0: 95 % intervals of the difference hold 0.3 that often."""
    rng = np.random.default_rng(0)
    model = wb.BlackBoxModel(lambda rows: 0.5 * rows["m"] + rows["z"], features=["m", "z"])
    graph = wb.CausalGraph([("z", "f"), ("f", "m"), ("g", "m")])
    hits, runs = 0, 60
    for _ in range(runs):
        z, g = rng.normal(size=600), rng.random(600) < 0.5
        f = (rng.random(600) < 1 / (1 + np.exp(-z))).astype(int)
        m = f * np.where(g, 2.0, 0.8) + rng.normal(size=600)
        data = pd.DataFrame({"z": z, "g": g.astype(int), "f": f, "m": m})
        case = wb.AuditCase(data=data, model=model, graph=graph)
        target, levels = wb.UnlearningTarget.feature("f"), wb.Contrast(0, 1)
        whole = wb.cafe_effects(case, target, intervention=levels)["f"].total
        group = effects_where(
            case, target, Condition("g == 1"), intervention=levels, progress=quiet
        )["f"].total
        low, high = (group - whole).interval()
        hits += low <= 0.3 <= high
    # 60 draws of 0.95: below 52 once in a thousand.
    assert hits >= 52
