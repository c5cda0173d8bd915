"""How the features are varied: the default said, another one chosen, mistakes in words."""

from __future__ import annotations

from dataclasses import replace

import ipywidgets as W
import numpy as np
import pandas as pd
import pytest

import workbench as wb
from tests.widgets.widget_tree import HOSTILE, hostile_case, loan_case, part, parts, press, said
from widgets.session.session import AuditSession
from widgets.target.intervention_picker import InterventionPicker, intervention_words
from widgets.target.target_picker import TargetPicker

HOW = {"contrast": 0, "resample": 1, "shift": 2}


@pytest.fixture
def picker(session: AuditSession) -> InterventionPicker:
    session.live_wanted = False
    session.open(loan_case())
    session.target = wb.UnlearningTarget.features(["zip_code", "income"])
    return InterventionPicker(session)


def change(picker: InterventionPicker, name: str, how: str) -> None:
    button = part(picker, W.Button, tooltip=f"Change how {name} is varied")
    button.click()
    part(picker, W.Dropdown, description="How to vary it").index = HOW[how]


def shown(picker: InterventionPicker) -> bool:
    return picker.children[-1].layout.display != "none"


def test_the_default_is_said_as_the_engine_takes_it(
    picker: InterventionPicker, session: AuditSession
) -> None:
    effects = wb.cafe_effects(session.case, session.target)
    single = [entry for entry in effects if entry.feature in session.target.names]
    assert len(single) == 2
    for entry in single:
        assert entry.intervention.replace(" → ", " to ") in said(picker)
    assert "default: 25th to 75th percentile" in said(picker)
    assert not shown(picker)


def test_two_levels(picker: InterventionPicker, session: AuditSession) -> None:
    before = session.settings
    change(picker, "zip_code", "contrast")
    assert shown(picker) and "then the second" in said(picker)
    part(picker, W.Dropdown, description="From").value = 0
    part(picker, W.Dropdown, description="To").value = 2
    press(picker, "Vary it so")
    levels = session.case.columns["zip_code"].levels
    assert session.settings == replace(
        before, interventions={"zip_code": wb.Contrast(levels[0], levels[2])}
    )
    assert f"from {levels[0]} to {levels[2]}" in said(picker) and not shown(picker)


def test_two_numbers_within_the_observed_range(
    picker: InterventionPicker, session: AuditSession
) -> None:
    change(picker, "income", "contrast")
    part(picker, W.FloatText, description="From").value = 30.0
    part(picker, W.FloatText, description="To").value = 1e6
    press(picker, "Vary it so")
    assert "outside the observed range" in said(picker)
    assert session.settings.interventions == {}
    part(picker, W.FloatText, description="To").value = 60.0
    press(picker, "Vary it so")
    assert session.settings.interventions == {"income": wb.Contrast(30.0, 60.0)}


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_no_numbers(picker: InterventionPicker, session: AuditSession, value: float) -> None:
    change(picker, "income", "contrast")
    part(picker, W.FloatText, description="From").value = value
    press(picker, "Vary it so")
    change(picker, "income", "shift")
    part(picker, W.FloatText, description="Amount to add").value = value
    press(picker, "Vary it so")
    assert session.settings.interventions == {} and "Shift takes a number" in said(picker)


def test_the_same_level_twice(picker: InterventionPicker, session: AuditSession) -> None:
    change(picker, "zip_code", "contrast")
    part(picker, W.Dropdown, description="From").value = 1
    part(picker, W.Dropdown, description="To").value = 1
    press(picker, "Vary it so")
    assert "to the same level" in said(picker) and session.settings.interventions == {}


def test_resample(picker: InterventionPicker, session: AuditSession) -> None:
    change(picker, "zip_code", "resample")
    part(picker, W.BoundedIntText).value = 3
    part(picker, W.Checkbox).value = True
    press(picker, "Vary it so")
    assert session.settings.interventions == {"zip_code": wb.Resample(3, given="parents")}
    assert "similar causes, drawn 3 times" in said(picker)
    case = session.case
    orphan = next(f for f in case.features if not case.graph.parents(f))
    session.target = wb.UnlearningTarget.feature(orphan)
    change(picker, orphan, "resample")
    assert parts(picker, W.Checkbox) == []  # nothing to be similar in
    press(picker, "Vary it so")
    assert session.settings.interventions[orphan] == wb.Resample(10)


def test_shift_is_for_numbers(picker: InterventionPicker, session: AuditSession) -> None:
    change(picker, "income", "shift")
    part(picker, W.FloatText, description="Amount to add").value = -2.5
    press(picker, "Vary it so")
    assert session.settings.interventions == {"income": wb.Shift(-2.5)}
    assert "by -2.5 on every row" in said(picker)
    change(picker, "zip_code", "contrast")
    assert len(part(picker, W.Dropdown, description="How to vary it").options) == 2


def test_whole_numbers_stay_whole(session: AuditSession) -> None:
    frame = pd.DataFrame({"age": np.arange(20, 80)})
    model = wb.BlackBoxModel(lambda rows: rows["age"].to_numpy() / 100.0, features=["age"])
    session.open(wb.AuditCase(data=frame, model=model, graph=wb.CausalGraph(nodes=["age"])))
    session.target = wb.UnlearningTarget.feature("age")
    picker = InterventionPicker(session)
    change(picker, "age", "shift")
    part(picker, W.FloatText, description="Amount to add").value = 2.5
    press(picker, "Vary it so")
    assert "whole number" in said(picker)
    part(picker, W.FloatText, description="Amount to add").value = 3.0
    press(picker, "Vary it so")
    assert repr(session.settings.interventions["age"]) == "Shift(delta=3)"


def test_back_to_the_default(picker: InterventionPicker, session: AuditSession) -> None:
    other = {"income": wb.Shift(1.0)}
    session.settings = replace(
        session.settings, interventions={**other, "zip_code": wb.Resample(5)}
    )
    assert "drawn 5 times" in said(picker)
    change(picker, "zip_code", "resample")
    assert part(picker, W.BoundedIntText).value == 5
    press(picker, "Back to the default")
    assert session.settings.interventions == other
    change(picker, "zip_code", "contrast")
    assert part(picker, W.Button, description="Back to the default").disabled


def test_what_is_chosen_is_what_is_estimated(
    picker: InterventionPicker, session: AuditSession
) -> None:
    change(picker, "income", "contrast")
    part(picker, W.FloatText, description="From").value = 30.0
    part(picker, W.FloatText, description="To").value = 60.0
    press(picker, "Vary it so")
    session.live_wanted = True
    assert session.wait(60) and session.live is not None, session.live_problem
    found = {entry.feature: entry.intervention for entry in session.live}
    assert found["income"] == "30 → 60"


def test_another_case_begins_with_the_defaults(
    picker: InterventionPicker, session: AuditSession
) -> None:
    change(picker, "income", "shift")
    press(picker, "Vary it so")
    change(picker, "zip_code", "contrast")
    session.open(hostile_case())
    assert session.settings.interventions == {} and not shown(picker)


def test_many_features_are_reached_through_a_list(session: AuditSession) -> None:
    names = [f"f{i:02}" for i in range(15)]
    frame = pd.DataFrame(np.random.default_rng(0).normal(size=(50, 15)), columns=names)
    model = wb.BlackBoxModel(lambda rows: rows["f00"].to_numpy(), features=names)
    session.live_wanted = False
    session.open(wb.AuditCase(data=frame, model=model, graph=wb.CausalGraph(nodes=names)))
    session.target = wb.UnlearningTarget.datapoints([1, 2])
    picker = InterventionPicker(session)
    others = part(picker, W.Dropdown, description="Another feature")
    assert others.options == ("f12", "f13", "f14")
    others.value = "f14"
    next(b for b in parts(picker, W.Button, description="Change…") if not b.tooltip).click()
    part(picker, W.Dropdown, description="How to vary it").value = "shift"
    press(picker, "Vary it so")
    assert list(session.settings.interventions) == ["f14"]
    assert others.options == ("f12", "f13")  # it has a line of its own now
    assert part(picker, W.Button, tooltip="Change how f14 is varied")


def test_a_feature_without_a_default_can_still_be_chosen(session: AuditSession) -> None:
    """One level and gaps: nobody is set to "missing" unless the auditor says so."""
    frame = pd.DataFrame({"a": [0.0, 1.0, 2.0] * 20, "tick": ["yes", None, "yes"] * 20})
    model = wb.BlackBoxModel(lambda rows: rows["a"].to_numpy(), features=["a", "tick"])
    session.open(
        wb.AuditCase(data=frame, model=model, graph=wb.CausalGraph(nodes=["a", "tick"])), ("tick",)
    )
    target = TargetPicker(session)
    assert session.target is None and "no contrast to take by itself" in session.target_problem
    picker = part(target, InterventionPicker)
    change(picker, "tick", "contrast")
    assert part(picker, W.Dropdown, description="From").label == "yes"
    press(picker, "Vary it so")
    assert session.target == wb.UnlearningTarget.feature("tick")
    assert session.settings.interventions == {"tick": wb.Contrast("yes", None)}


def test_markup_is_text(session: AuditSession) -> None:
    session.open(hostile_case())
    session.target = wb.UnlearningTarget.features([HOSTILE, "level"])
    picker = InterventionPicker(session)
    change(picker, "level", "contrast")
    html = "".join(w.value for w in parts(picker, W.HTML))
    assert "<img" not in html and "<script" not in html and "&lt;img" in html


def test_words_of_each() -> None:
    case = loan_case()
    assert intervention_words(case, "income", wb.Shift(5)).startswith("by +5 on every row")
    assert intervention_words(case, "income", wb.Resample(1)).endswith("another row, drawn once")
    race = intervention_words(case, "race", None)
    assert race == "from Black to White (default: its two levels)"
    zip_code = intervention_words(case, "zip_code", None)
    assert zip_code.endswith("(default: the common levels whose predictions lie furthest apart)")
