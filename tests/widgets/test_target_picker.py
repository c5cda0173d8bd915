"""Step 3 without a browser: features, subgroups, rows."""

from __future__ import annotations

from html import escape
from typing import Any

import ipywidgets as W
import pytest

import workbench as wb
from tests.widgets.widget_tree import (
    loan_case,
    part,
    parts,
    said,
)
from widgets.session import AuditSession
from widgets.target_picker import TargetPicker


@pytest.fixture
def picker(session: AuditSession) -> TargetPicker:
    picker = TargetPicker(session)
    session.open(loan_case(), ("zip_code",))
    return picker


def rows_of(picker: TargetPicker) -> Any:
    return part(picker, W.RadioButtons)


def test_several_features(picker: TargetPicker, session: AuditSession) -> None:
    part(picker, W.Checkbox, description="race").value = True
    assert session.target == wb.UnlearningTarget.features(["race", "zip_code"])
    for box in parts(picker, W.Checkbox):
        box.value = False
    assert session.target is None
    assert "No feature is ticked" in session.target_problem


def test_a_subgroup_is_counted_live(picker: TargetPicker, session: AuditSession) -> None:
    rows_of(picker).value = "subgroup"
    condition = part(picker, W.Text, description="Condition")
    assert session.target is None and "Write a condition" in said(picker)
    condition.value = "race == 'Black'"
    count = int((session.case.data["race"] == "Black").sum())
    assert f"on {count:,} of 300 rows" in said(picker)
    assert session.target == wb.UnlearningTarget.subgroup("race == 'Black'", ["zip_code"])


@pytest.mark.parametrize(
    "text", ["race ==", "income > 1e9", "__import__('os')", "income.values", "nobody > 3", "@x"]
)
def test_a_bad_condition_is_no_target(
    picker: TargetPicker, session: AuditSession, text: str
) -> None:
    rows_of(picker).value = "subgroup"
    part(picker, W.Text, description="Condition").value = text
    assert session.target is None
    assert session.target_problem and escape(session.target_problem) in said(picker)


def test_few_rows_are_warned_about(picker: TargetPicker, session: AuditSession) -> None:
    least = float(session.case.data["income"].nsmallest(5).iloc[-1])
    rows_of(picker).value = "subgroup"
    part(picker, W.Text, description="Condition").value = f"income <= {least!r}"
    assert "5 rows are few" in said(picker)


def test_one_row(picker: TargetPicker, session: AuditSession) -> None:
    rows_of(picker).value = "row"
    label = part(picker, W.Text, description="Row")
    assert session.target is None
    label.value = "7"
    assert session.target == wb.UnlearningTarget.datapoints([7], ["zip_code"])
    label.value = "7000"
    assert session.target is None and "no row labelled 7000" in session.target_problem
    label.value = "seven"
    assert "is not a number" in session.target_problem


def test_ticks_survive_an_edit_of_the_graph(picker: TargetPicker, session: AuditSession) -> None:
    part(picker, W.Checkbox, description="zip_code").value = False
    part(picker, W.Checkbox, description="race").value = True
    session.edit_graph(session.case.graph.remove_edge("race", "zip_code"))
    assert session.target == wb.UnlearningTarget.feature("race")
    part(picker, W.Checkbox, description="income").value = True
    session.edit_graph(session.case.graph.remove_node("race"))
    assert session.target == wb.UnlearningTarget.feature("income")
