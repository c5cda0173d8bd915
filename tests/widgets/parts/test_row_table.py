"""The table of rows without a browser: search, order, pages, choosing, and hostile messages."""

from __future__ import annotations

import json
import time
from typing import Any

import numpy as np
import pandas as pd
import pytest

from tests.widgets.widget_tree import HOSTILE
from widgets.parts.row_table import LISTED, PAGE_ROWS, RowTable
from widgets.parts.table_rows import TableRows, cell_text
from workbench.common.errors import TargetError


@pytest.fixture(scope="module")
def frame() -> pd.DataFrame:
    rng = np.random.default_rng(5)
    n = 95
    level = np.array(["low", "middle", "high"])[rng.integers(0, 3, n)]
    frame = pd.DataFrame(
        {
            "age": rng.integers(17, 90, n),
            "sex": np.where(rng.random(n) < 0.5, "Female", "Male"),
            "rank": pd.Categorical(level, categories=["low", "middle", "high"], ordered=True),
            "pay": rng.normal(size=n).round(3),
            "married": rng.random(n) < 0.5,
        }
    )
    frame.loc[[4, 9], "pay"] = np.nan
    frame.loc[11, "sex"] = None
    return frame


def tell(table: RowTable, kind: str, **more: Any) -> dict[str, Any]:
    """Play the page: send a message, return what is shown afterwards."""
    table._received(table, {"kind": kind, "edition": table.view["edition"], **more}, [])
    json.dumps(table.view)  # it must be able to travel
    return table.view


def labels(view: dict[str, Any]) -> list[int]:
    return [int(row["label"]) for row in view["rows"]]


def test_the_page_holds_twenty_rows(frame: pd.DataFrame) -> None:
    table = RowTable(frame)
    assert labels(table.view) == list(range(PAGE_ROWS))
    assert table.view["total"] == table.view["found"] == 95
    assert labels(tell(table, "page", first=20)) == list(range(20, 40))
    assert labels(tell(table, "page", first=94)) == list(range(80, 95))
    assert labels(tell(table, "page", first=0)) == list(range(20))


@pytest.mark.parametrize("descending", [False, True])
@pytest.mark.parametrize("name", ["age", "sex", "rank", "pay", "married"])
def test_it_sorts_as_pandas_does(frame: pd.DataFrame, name: str, descending: bool) -> None:
    table = RowTable(frame)
    place = list(frame.columns).index(name)
    view = tell(table, "sort", column=place)
    if descending:
        view = tell(table, "sort", column=place)
    assert (view["sorted"], view["descending"]) == (place, descending)
    expected = frame.sort_values(name, ascending=not descending, kind="stable").index
    found = labels(view)
    for first in range(20, 95, 20):
        found += labels(tell(table, "page", first=first))
    assert found == list(expected)
    assert found != list(range(95))


def test_labels_sort_both_ways(frame: pd.DataFrame) -> None:
    table = RowTable(frame.sample(frac=1, random_state=2))
    assert labels(table.view) != sorted(labels(table.view))
    assert labels(tell(table, "sort", column=-1)) == list(range(20))
    assert labels(tell(table, "sort", column=-1)) == list(range(94, 74, -1))


def test_a_search_is_text_in_any_column(frame: pd.DataFrame) -> None:
    table = RowTable(frame)
    view = tell(table, "search", text="FEMALE")
    assert view["found"] == int((frame["sex"] == "Female").sum())
    view = tell(table, "search", text="77")
    texts = frame.reset_index().map(cell_text)
    expected = texts.apply(lambda column: column.str.contains("77")).any(axis=1)
    assert view["found"] == int(expected.sum()) > 0
    assert tell(table, "search", text="")["found"] == 95


def test_a_search_is_a_condition_where_it_can_be_read(frame: pd.DataFrame) -> None:
    table = RowTable(frame)
    view = tell(table, "search", text="age > 50 and sex == 'Female'")
    wanted = frame[(frame["age"] > 50) & (frame["sex"] == "Female")]
    assert view["found"] == len(wanted)
    assert labels(view) == list(wanted.index[:20])
    assert view["says"].startswith("Rows where age > 50")
    view = tell(table, "sort", column=0)
    assert view["found"] == len(wanted)  # sorting keeps the search
    assert labels(view) == list(wanted.sort_values("age", kind="stable").index[:20])


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("sex == 'Femal'", "Did you mean 'Female'?"),
        ("age >", "cannot be read"),
        ("agee > 5", "Did you mean 'age'?"),
        ("zebra", "No row contains this text."),
        ("__import__('os').system('true')", "No row contains this text."),
        ("age.values == 3", "not in the condition language"),
        ("(" * 300 + "age > 1" + ")" * 300, "No row contains this text."),
    ],
)
def test_a_search_without_a_row_says_why(frame: pd.DataFrame, text: str, words: str) -> None:
    view = tell(RowTable(frame), "search", text=text)
    assert view["found"] == 0 and view["rows"] == []
    assert words in view["says"]


def test_rows_are_chosen_and_left_out(frame: pd.DataFrame) -> None:
    table = RowTable(frame)
    heard = []
    table.observe(lambda change: heard.append(change["new"]), "chosen")
    tell(table, "choose", rows=[7, 3], on=True)
    view = tell(table, "choose", rows=[3, 8], on=True)
    assert table.chosen == (7, 3, 8) and all(type(label) is int for label in table.chosen)
    assert [row["label"] for row in view["chosen"]] == ["7", "3", "8"]
    assert [row["at"] for row in view["rows"] if row["chosen"]] == [3, 7, 8]
    tell(table, "choose", rows=[3], on=False)
    assert table.chosen == (7, 8)
    tell(table, "clear")
    assert table.chosen == () and heard == [(7, 3), (7, 3, 8), (7, 8), ()]


def test_a_choice_survives_search_and_order_and_ends_with_the_table(frame: pd.DataFrame) -> None:
    table = RowTable(frame)
    tell(table, "choose", rows=[3], on=True)
    tell(table, "search", text="age > 50")
    tell(table, "sort", column=1)
    assert table.chosen == (3,)
    table.show(frame.head(5))
    assert table.chosen == () and table.view["total"] == 5


def test_no_more_rows_than_allowed(frame: pd.DataFrame) -> None:
    table = RowTable(frame, most=10)
    view = tell(table, "choose", rows=list(range(10)), on=True)
    assert view["count"] == 10
    view = tell(table, "choose", rows=[50], on=True)
    assert view["count"] == 10 and "At most 10 rows" in view["note"]
    view = tell(table, "labels", text="20-90")
    assert view["count"] == 10 and "more than 10 rows" in view["note"]


def test_a_long_choice_is_listed_in_part(frame: pd.DataFrame) -> None:
    table = RowTable(frame)
    view = tell(table, "choose", rows=list(range(90)), on=True)
    assert len(view["chosen"]) == LISTED and view["count"] == 90 == len(table.chosen)


def test_labels_are_typed(frame: pd.DataFrame) -> None:
    table = RowTable(frame)
    tell(table, "labels", text="3, 17, 20-25, 90 – 500")
    assert table.chosen == (3, 17, 20, 21, 22, 23, 24, 25, 90, 91, 92, 93, 94)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "Type the labels"),
        ("seven", "is not a number"),
        ("7000", "no row labelled 7000"),
        ("25-20", "Write 20-25"),
        ("1-2-3", "is not a number"),
        ("9" * 40, "is not a number"),
        ("³", "is not a number"),
        ("1," * 9_000 + "1" * 3_000, "too long a list"),
    ],
)
def test_labels_that_name_no_row(frame: pd.DataFrame, text: str, words: str) -> None:
    table = RowTable(frame)
    view = tell(table, "labels", text=text)
    assert words in view["note"] and table.chosen == ()


def test_labels_need_not_be_numbers(frame: pd.DataFrame) -> None:
    named = frame.head(3).set_index(pd.Index(["Ann", "<b>Bo</b>", "Cy"]))
    table = RowTable(named)
    tell(table, "labels", text="Cy, <b>Bo</b>")
    assert table.chosen == ("Cy", "<b>Bo</b>")
    assert "no row labelled Di" in tell(table, "labels", text="Di")["note"]
    days = frame.head(2).set_index(pd.to_datetime(["2024-01-01", "2024-01-02"]))
    assert TableRows(days, ("age",)).named("2024-01-02 00:00:00") == [1]


def test_values_that_nothing_can_be_done_with() -> None:
    frame = pd.DataFrame({"odd": [[1], [2], None], "mixed": [1, "a", 2.5]})
    table = RowTable(frame)
    assert tell(table, "search", text="[2]")["found"] == 1
    assert tell(table, "sort", column=0)["note"] == ""
    assert tell(table, "sort", column=1)["note"] == ""
    assert RowTable(None).view["total"] == 0
    assert tell(RowTable(None), "labels", text="1")["count"] == 0


def test_markup_travels_as_plain_text_and_is_cut() -> None:
    frame = pd.DataFrame({HOSTILE: ["<script>x</script>" * 50]}, index=[HOSTILE])
    view = RowTable(frame).view
    assert view["columns"] == [HOSTILE] and view["rows"][0]["label"] == HOSTILE
    assert len(view["rows"][0]["cells"][0]) == 60


STRANGE = [
    {},
    {"kind": None},
    {"kind": 3},
    {"kind": "eval", "text": "1"},
    {"kind": "search"},
    {"kind": "search", "text": 5},
    {"kind": "search", "text": ["a"]},
    {"kind": "search", "text": "a" * 100_000},
    {"kind": "sort", "column": "age"},
    {"kind": "sort", "column": 99},
    {"kind": "sort", "column": -2},
    {"kind": "sort", "column": 1.0},
    {"kind": "sort", "column": True},
    {"kind": "sort"},
    {"kind": "page", "first": 1.5},
    {"kind": "page", "first": "2"},
    {"kind": "page", "first": None},
    {"kind": "page", "first": True},
    {"kind": "choose", "rows": [95], "on": True},
    {"kind": "choose", "rows": [-1], "on": True},
    {"kind": "choose", "rows": [1.0], "on": True},
    {"kind": "choose", "rows": ["1"], "on": True},
    {"kind": "choose", "rows": [[1]], "on": True},
    {"kind": "choose", "rows": [True], "on": True},
    {"kind": "choose", "rows": 10**9, "on": True},
    {"kind": "choose", "rows": {"1": 1}, "on": True},
    {"kind": "choose", "rows": [1], "on": 1},
    {"kind": "choose", "rows": [1]},
    {"kind": "choose", "rows": list(range(1_001)), "on": True},
    {"kind": "choose", "rows": [0] * 1_000_000, "on": True},
    {"kind": "labels", "text": 7},
    {"kind": "labels", "text": "1," * 1_000_000},
]


@pytest.mark.parametrize("message", STRANGE, ids=lambda m: str(m)[:50])
def test_a_message_that_no_page_would_send_changes_nothing(
    frame: pd.DataFrame, message: dict[str, Any]
) -> None:
    table = RowTable(frame)
    tell(table, "choose", rows=[2], on=True)
    before = {k: v for k, v in table.view.items() if k != "note"}
    table._received(table, {"edition": before["edition"], **message}, [])
    assert {k: v for k, v in table.view.items() if k != "note"} == before
    assert table.view["note"] and "itself failed" not in table.view["note"]
    assert table.chosen == (2,)


@pytest.mark.parametrize("message", [None, [], "choose", 5, [{"kind": "clear"}]])
def test_a_message_that_is_no_message(frame: pd.DataFrame, message: Any) -> None:
    table = RowTable(frame)
    table._received(table, message, [])
    assert "does not have" in table.view["note"]


def test_pages_beyond_the_table_are_its_ends(frame: pd.DataFrame) -> None:
    table = RowTable(frame)
    assert tell(table, "page", first=-(10**30))["first"] == 0
    assert tell(table, "page", first=10**30)["first"] == 80
    assert tell(table, "search", text="no such text")["found"] == 0
    assert tell(table, "page", first=10**30)["first"] == 0


def test_a_message_about_another_table_is_not_heard(frame: pd.DataFrame) -> None:
    table = RowTable(frame)
    old = table.view["edition"]
    table.show(frame.head(30))
    table._received(table, {"kind": "choose", "rows": [3], "on": True, "edition": old}, [])
    assert table.chosen == ()


def test_what_the_page_writes_into_the_view_is_never_read(frame: pd.DataFrame) -> None:
    table = RowTable(frame)
    table.set_state({"view": {"edition": 1, "rows": "gone", "chosen": [1], "count": 10**9}})
    assert table.chosen == ()
    view = tell(table, "choose", rows=[5], on=True)
    assert table.chosen == (5,)
    assert view["count"] == 1 and len(view["rows"]) == 20


def test_the_choice_cannot_be_written_by_the_page(frame: pd.DataFrame) -> None:
    table = RowTable(frame)
    table.set_state({"chosen": [1, 2]})
    assert table.chosen == ()


def test_a_large_table_answers_at_once() -> None:
    """As large as Adult; a generous multiple of what it takes, on a machine that tests share."""
    rng = np.random.default_rng(0)
    n = 48_842
    frame = pd.DataFrame({f"n{i}": rng.integers(0, 10 ** (i + 1), n) for i in range(6)})
    for i in range(6):
        frame[f"t{i}"] = np.array([f"level {j}" for j in range(40)])[rng.integers(0, 40, n)]
    table = RowTable(frame)
    messages: list[dict[str, Any]] = [
        {"kind": "search", "text": "level 3"},
        {"kind": "search", "text": "n0 > 3 and t1 == 'level 5'"},
        {"kind": "sort", "column": 5},
        {"kind": "sort", "column": 11},
        {"kind": "page", "first": 40_000},
        {"kind": "choose", "rows": list(range(1000)), "on": True},
    ]
    for message in messages:
        start = time.process_time()
        tell(table, **message)
        assert time.process_time() - start < 0.6, message


def test_named_rows_refuse_too_many() -> None:
    rows = TableRows(pd.DataFrame({"a": range(5_000)}), ("a",))
    with pytest.raises(TargetError, match="more than 1,000"):
        rows.named("0-4999")
    assert len(rows.named("0-999")) == 1_000
