"""The condition builder: what it writes, the language reads back; the text stays the truth."""

from __future__ import annotations

from typing import Any

import ipywidgets as W
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import workbench as wb
from tests.widgets.widget_tree import loan_case, part, parts, press, said
from widgets.parts.condition_text import column_facts, example_condition, joined
from widgets.parts.disclosure import Disclosure
from widgets.session.session import AuditSession
from widgets.target.condition_builder import ConditionBuilder
from workbench.case.condition import Condition
from workbench.common.errors import ConditionError

TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=12)


@pytest.fixture
def builder(session: AuditSession) -> ConditionBuilder:
    session.open(loan_case(), ("zip_code",))
    return ConditionBuilder(session)


def unfold(builder: ConditionBuilder) -> None:
    part(builder, Disclosure).opened = True


def choose(builder: ConditionBuilder, line: int, column: str, sign: str, *values: Any) -> None:
    """Set one line of the builder as a person would."""
    parts(builder, W.Dropdown, description="Column")[line].value = column
    parts(builder, W.Dropdown, description="Comparison")[line].value = sign
    row = part(builder, Disclosure).children[1].children[0].children[line]
    fields = [w for w in parts(row.children[2], W.Dropdown | W.FloatText | W.SelectMultiple)]
    for field, value in zip(fields, values, strict=True):
        field.value = value


def test_it_counts_as_is_typed(builder: ConditionBuilder, session: AuditSession) -> None:
    field = part(builder, W.Text, description="Condition")
    field.value = "race == 'Black'"
    count = int((session.case.data["race"] == "Black").sum())
    assert f"holds on {count:,} of 300 rows" in said(builder)
    assert builder.condition == "race == 'Black'"
    field.value = "race == 'Blak'"
    assert "Did you mean 'Black'?" in said(builder)
    field.value = "income > 1e9"
    assert "on 0 of 300 rows. Widen it" in said(builder)
    field.value = ""
    assert "rows" not in said(builder)


@pytest.mark.parametrize(("wanted", "words"), [(1, "One row"), (29, "29 rows are few"), (30, "")])
def test_few_rows_are_warned_about(
    builder: ConditionBuilder, session: AuditSession, wanted: int, words: str
) -> None:
    edge = float(session.case.data["income"].nsmallest(wanted).iloc[-1])
    builder.condition = f"income <= {edge!r}"
    assert f"on {wanted} of 300 rows" in said(builder)
    assert words in said(builder) and ("few" in said(builder)) == (wanted == 29)


def test_the_rows_write_the_text(builder: ConditionBuilder) -> None:
    unfold(builder)
    choose(builder, 0, "income", ">=", 40.5)
    assert builder.condition == ""  # nothing is written before it is asked for
    press(builder, "Write this condition")
    assert builder.condition == "income >= 40.5"
    choose(builder, 0, "race", "in", ("White", "Black"))
    press(builder, "Another line")
    choose(builder, 1, "credit_score", "between", 600.0, 700.0)
    press(builder, "Replace the condition")
    assert builder.condition == "race in ['White', 'Black'] and 600 <= credit_score <= 700"
    part(builder, W.Dropdown, description="Rows where").value = "or"
    press(builder, "Replace the condition")
    assert builder.condition == "race in ['White', 'Black'] or 600 <= credit_score <= 700"


def test_it_adds_to_what_stands_there(builder: ConditionBuilder) -> None:
    builder.condition = "income > 50 or race == 'Black'"
    unfold(builder)
    choose(builder, 0, "approved", "==", 1.0)
    press(builder, "Add it with “and”")
    assert builder.condition == "(income > 50 or race == 'Black') and approved == 1"
    press(builder, "Add it with “or”")
    assert builder.condition.endswith(") and approved == 1) or approved == 1")


def test_it_does_not_add_to_what_cannot_be_read(builder: ConditionBuilder) -> None:
    builder.condition = "income >"
    unfold(builder)
    press(builder, "Add it with “and”")
    assert builder.condition == "income >" and "cannot be read" in said(builder)


def test_mistakes_are_said_and_not_written(builder: ConditionBuilder) -> None:
    unfold(builder)
    choose(builder, 0, "income", "between", 70.0, 60.0)
    assert "runs backwards" in said(builder)
    assert part(builder, W.Button, description="Write this condition").disabled
    choose(builder, 0, "race", "in", ())
    assert "Choose at least one value" in said(builder)
    choose(builder, 0, "race", "==", "Black")
    assert not part(builder, W.Button, description="Write this condition").disabled
    choose(builder, 0, "income", ">", float("inf"))
    assert "not a number" in said(builder)


def test_lines_come_and_go(builder: ConditionBuilder) -> None:
    unfold(builder)
    for _ in range(20):
        press(builder, "Another line")
    assert len(parts(builder, W.Dropdown, description="Column")) == 10
    parts(builder, W.Button, description="Remove this line")[0].click()
    assert len(parts(builder, W.Dropdown, description="Column")) == 9


def test_values_fit_the_column() -> None:
    number = column_facts(pd.Series([17, 40, 90], name="age"))
    assert number is not None and (number.low, number.middle, number.high) == (17, 40, 90)
    assert ("is more than", ">") in number.comparisons
    text = column_facts(pd.Series(["b", None, "a"], name="level"))
    assert text is not None and text.levels == ("a", "b") and text.gaps
    assert ("is missing", "is None") in text.comparisons
    ordered = pd.Series(pd.Categorical(["low"], ["low", "high"], ordered=True), name="o")
    facts = column_facts(ordered)
    assert facts is not None and ("is at least", ">=") in facts.comparisons
    truth = column_facts(pd.Series([True, False], name="t"))
    assert truth is not None and truth.written("== True", []) == "t == True"
    dates = column_facts(pd.Series(pd.to_datetime(["2024-01-01"]), name="d"))
    assert dates is not None and [sign for _, sign in dates.comparisons] == [
        "is None",
        "is not None",
    ]
    many = column_facts(pd.Series([f"id {i}" for i in range(500)], name="id"))
    assert many is not None and many.levels == ()
    assert column_facts(pd.Series([1, 2, 3], name="a`b")) is None


@given(st.lists(TEXT, min_size=1, max_size=5, unique=True), TEXT)
def test_any_level_of_any_column_is_read_back(levels: list[str], name: str) -> None:
    frame = pd.DataFrame({name: pd.Series([*levels, None], dtype=object)})
    facts = column_facts(frame[name])
    if facts is None:  # the language has no way to write this name
        with pytest.raises(ConditionError):
            if Condition(f"`{name}` is None").columns == (name,):
                pytest.fail("it could have been written")
            raise ConditionError
        return
    for sign, wanted in (("==", [True]), ("in", [True]), ("!=", [False]), ("not in", [False])):
        mask = Condition(facts.written(sign, [levels[0]])).mask(frame)
        assert mask[:1].tolist() == wanted and not mask[-1]
    assert Condition(facts.written("in", levels)).mask(frame)[:-1].all()


@given(st.lists(st.floats(-1e300, 1e300), min_size=4, max_size=6, unique=True))
def test_any_number_is_read_back(values: list[float]) -> None:
    frame = pd.DataFrame({"x y": values})
    facts = column_facts(frame["x y"])
    assert facts is not None
    for value in values:
        found = Condition(facts.written("==", [value])).mask(frame)
        assert found.tolist() == [other == value for other in values]


@pytest.mark.parametrize("word", ["and", "or"])
def test_joining_keeps_the_meaning(word: Any) -> None:
    frame = pd.DataFrame(
        [[bool(i & 1), bool(i & 2), bool(i & 4)] for i in range(8)], columns=list("abc")
    )
    for first in ("a", "not a", "a or b", "a and b", "(a or b)", "not (a or b)"):
        both = [Condition(first).mask(frame), Condition("b or c").mask(frame)]
        expected = np.logical_and(*both) if word == "and" else np.logical_or(*both)
        assert (Condition(joined([first, "b or c"], word)).mask(frame) == expected).all()


def test_the_example_fits_the_table() -> None:
    case = loan_case()
    assert Condition(example_condition(case)).mask(case.data).any()
    frame = pd.DataFrame({"it's": ["a", "b"] * 20})
    model = wb.BlackBoxModel(lambda rows: np.zeros(len(rows)), features=["it's"])
    plain = wb.AuditCase(data=frame, model=model, graph=wb.CausalGraph(nodes=["it's"]))
    assert Condition(example_condition(plain)).mask(frame).any()
    assert Condition(example_condition(None)).text == "age > 50"


def test_columns_are_looked_at_when_first_wanted(builder: ConditionBuilder) -> None:
    assert parts(builder, W.Dropdown, description="Column") == []
    unfold(builder)
    assert len(parts(builder, W.Dropdown, description="Column")) == 1
