"""Named subgroups: kept in the session, used, edited, deleted."""

from __future__ import annotations

from html import escape

import ipywidgets as W
import pytest

from tests.widgets.widget_tree import HOSTILE, hostile_case, loan_case, part, parts, press, said
from widgets.session.session import AuditSession
from widgets.target.condition_builder import ConditionBuilder
from widgets.target.named_subgroups import NamedSubgroups
from widgets.target.target_picker import TargetPicker
from workbench.common.errors import AuditError


@pytest.fixture
def field(session: AuditSession) -> ConditionBuilder:
    session.open(loan_case(), ("zip_code",))
    return ConditionBuilder(session)


@pytest.fixture
def named(session: AuditSession, field: ConditionBuilder) -> NamedSubgroups:
    return NamedSubgroups(session, field)


def keep(named: NamedSubgroups, field: ConditionBuilder, name: str, condition: str) -> None:
    field.condition = condition
    part(named, W.Text).value = name
    press(named, "Keep under this name")


def test_a_condition_is_kept_and_counted(
    named: NamedSubgroups, field: ConditionBuilder, session: AuditSession
) -> None:
    keep(named, field, "  Black   applicants ", " race == 'Black' ")
    assert session.subgroups == {"Black applicants": "race == 'Black'"}
    count = int((session.case.data["race"] == "Black").sum())
    assert f"{count} rows" in said(named)
    assert "A run also reports each named subgroup" in said(named)
    assert part(named, W.Text).value == ""


@pytest.mark.parametrize(
    ("name", "condition", "words"),
    [
        ("", "income > 5", "Give the subgroup a name"),
        ("   ", "income > 5", "Give the subgroup a name"),
        ("x" * 61, "income > 5", "at most 60"),
        ("a\x07b", "income > 5", "cannot be shown"),
        ("rich", "income >", "cannot be read"),
        ("rich", "income > 1e9", "holds on no row"),
        ("code", "__import__('os').system('true')", "not in the condition language"),
        ("taken", "income > 5", "already"),
        ("another", "race == 'White'", "kept already, under 'taken'"),
    ],
)
def test_what_is_not_kept(
    named: NamedSubgroups,
    field: ConditionBuilder,
    session: AuditSession,
    name: str,
    condition: str,
    words: str,
) -> None:
    session.subgroups = {"taken": "race == 'White'"}
    keep(named, field, name, condition)
    assert words in said(named)
    assert session.subgroups == {"taken": "race == 'White'"}


def test_the_longest_name_and_the_last_place(
    named: NamedSubgroups, field: ConditionBuilder, session: AuditSession
) -> None:
    for i in range(19):
        named.keep(f"group {i}", f"income > {i}")
    keep(named, field, "x" * 60, "income > 19.5")
    assert len(session.subgroups) == 20
    keep(named, field, "one more", "income > 20.5")
    assert "At most 20" in said(named) and len(session.subgroups) == 20
    named.keep("renamed", "income > 0", instead_of="group 0")  # no new one
    assert next(iter(session.subgroups)) == "renamed"


def test_edit_renames_in_place(
    named: NamedSubgroups, field: ConditionBuilder, session: AuditSession
) -> None:
    session.subgroups = {"a": "income > 30", "b": "income > 40"}
    parts(named, W.Button, description="Edit")[0].click()
    assert field.condition == "income > 30" and part(named, W.Text).value == "a"
    part(named, W.Text).value = "c"
    field.condition = "income > 35"
    press(named, "Save the changes")
    assert list(session.subgroups.items()) == [("c", "income > 35"), ("b", "income > 40")]
    assert part(named, W.Button, description="Keep under this name")
    parts(named, W.Button, description="Edit")[1].click()
    part(named, W.Text).value = "c"
    press(named, "Save the changes")
    assert "already" in said(named) and list(session.subgroups) == ["c", "b"]
    press(named, "Stop editing")
    assert part(named, W.Text).value == ""


def test_delete_also_ends_its_editing(
    named: NamedSubgroups, field: ConditionBuilder, session: AuditSession
) -> None:
    session.subgroups = {"a": "income > 30", "b": "income > 40"}
    parts(named, W.Button, description="Edit")[0].click()
    parts(named, W.Button, description="Delete")[0].click()
    assert session.subgroups == {"b": "income > 40"}
    assert part(named, W.Button, description="Keep under this name")


def test_use_makes_it_the_target(session: AuditSession) -> None:
    picker = TargetPicker(session)
    session.open(loan_case(), ("zip_code",))
    session.subgroups = {"rich": "income > 60"}
    press(picker, "Use")
    assert session.target is not None and session.target.condition is not None
    assert session.target.condition.text == "income > 60"
    assert part(picker, W.RadioButtons).value == "subgroup"


def test_another_case_has_none(
    named: NamedSubgroups, field: ConditionBuilder, session: AuditSession
) -> None:
    keep(named, field, "rich", "income > 60")
    session.open(hostile_case())
    assert session.subgroups == {} and parts(named, W.Button, description="Use") == []


def test_one_that_no_longer_fits_says_so(named: NamedSubgroups, session: AuditSession) -> None:
    session.subgroups = {"gone": "nobody > 3"}
    assert "cannot be counted" in said(named)


def test_markup_in_names_is_text(session: AuditSession) -> None:
    session.open(hostile_case())
    named = NamedSubgroups(session, ConditionBuilder(session))
    named.keep(HOSTILE, "level == '<script>x</script>'")
    html = "".join(w.value for w in parts(named, W.HTML))
    assert escape(HOSTILE) in html and "<img" not in html and "<script" not in html


def test_without_a_case_nothing_is_kept(session: AuditSession) -> None:
    named = NamedSubgroups(session, ConditionBuilder(session))
    with pytest.raises(AuditError, match="Choose data"):
        named.keep("a", "income > 3")
