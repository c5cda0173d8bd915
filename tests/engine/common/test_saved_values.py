"""What a stranger wrote is checked against typed values, and refused in words."""

from __future__ import annotations

import math
from typing import Annotated, Any, Literal

import msgspec
import numpy as np
import pandas as pd
import pytest

from workbench.common.errors import DataError
from workbench.common.saved_values import (
    Count,
    MaybeNumber,
    Saved,
    check_between,
    check_fingerprint,
    check_known,
    frame_of,
    plain,
    read_values,
    rows_of,
)
from workbench.common.strict_json import JsonPart, parse_strictly


class Row(Saved, frozen=True):
    name: str
    value: MaybeNumber
    count: Count


class Document(Saved, frozen=True):
    kind: Literal["big", "small"]
    rows: Annotated[tuple[Row, ...], msgspec.Meta(max_length=2)]
    notes: dict[str, str]
    sure: bool | None = None


GOOD: dict[str, Any] = {
    "kind": "big",
    "rows": [{"name": "a", "value": None, "count": 1}],
    "notes": {"x": "y"},
}


def read(value: Any) -> Document:
    found: Document = read_values(JsonPart(value, "saved report"), Document)
    return found


def test_one_definition_writes_and_reads() -> None:
    frame = pd.DataFrame({"name": ["a", "b"], "value": [math.nan, 2.5], "count": [1, 2]})
    document = Document(kind="small", rows=rows_of(frame, Row), notes={"n": np.str_("x")})
    written = plain(document)
    assert written["rows"] == [
        {"name": "a", "value": None, "count": 1},
        {"name": "b", "value": 2.5, "count": 2},
    ]
    again = frame_of(read(written).rows, Row)
    pd.testing.assert_frame_equal(again, frame, check_dtype=False)
    assert again["value"].dtype == float


def test_a_column_that_the_document_does_not_know_is_not_written() -> None:
    with pytest.raises(TypeError, match="more"):
        rows_of(pd.DataFrame({"name": ["a"], "value": [1.0], "count": [1], "more": [1]}), Row)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"kind": "odd"}, r"'kind' is \"odd\"; one of 'big', 'small' is expected"),
        ({"rows": {}}, "'rows' is a object; a list is expected"),
        ({"rows": [{"name": "a", "value": None}]}, r"'rows\[0\]' lacks 'count'"),
        ({"rows": [GOOD["rows"][0] | {"count": -1}]}, "a whole number from 0 is expected"),
        ({"rows": [GOOD["rows"][0] | {"count": True}]}, "is true; a whole number"),
        ({"rows": [GOOD["rows"][0] | {"count": 2**60}]}, "a whole number from 0 is expected"),
        ({"rows": [GOOD["rows"][0] | {"value": "1"}]}, r"'rows\[0\].value' is \"1\"; a number is"),
        ({"rows": [GOOD["rows"][0] | {"value": 1e200}]}, r"at most 1e\+100"),
        ({"rows": [GOOD["rows"][0] | {"value": 10**400}]}, r"at most 1e\+100"),
        ({"rows": [GOOD["rows"][0] | {"odd": 1}]}, "has a key 'odd', which this version does not"),
        ({"rows": GOOD["rows"] * 3}, "holds 3 entries; at most 2 are expected"),
        ({"notes": {"x": 1}}, "'notes' holds a value of the wrong kind: a text is expected"),
        ({"sure": 0}, "'sure' is a number; true or false is expected"),
    ],
)
def test_what_is_not_of_its_kind_is_refused_in_words(change: dict[str, Any], words: str) -> None:
    with pytest.raises(DataError, match=words) as caught:
        read(GOOD | change)
    assert str(caught.value).startswith("The saved report's ")
    assert len(str(caught.value)) < 200


def test_what_is_no_document_at_all_is_refused() -> None:
    with pytest.raises(DataError, match="is a list; an object with keys is expected"):
        read([1])
    with pytest.raises(DataError, match="lacks 'kind'"):
        read({})


def test_lone_surrogates_become_question_marks_before_values_are_typed() -> None:
    notes = r'{"a\ud800": "b\udfff", "c": "\u00e9\ud83d\ude00"}'
    text = f'{{"kind": "big", "rows": [], "notes": {notes}}}'
    found: Document = read_values(parse_strictly(text, "saved report"), Document)
    assert found.notes == {"a?": "b?", "c": "é😀"}


def test_numbers_may_leave_their_range_by_rounding_only() -> None:
    check_between("x", 0.0, 1.0 + 1e-9, math.nan, None, high=1.0)
    with pytest.raises(DataError, match=r"'x' holds a number outside its range: 1\.1"):
        check_between("x", 0.0, 1.1, high=1.0)
    with pytest.raises(DataError, match="outside its range: inf"):
        check_between("x", 0.0, math.inf, high=1.0)


def test_names_and_fingerprints_are_checked() -> None:
    check_known("x", ["a"], {"a"})
    with pytest.raises(DataError, match="not in this report: 'b'"):
        check_known("x", ["a", "b"], {"a"})
    check_fingerprint("x", "0" * 64)
    with pytest.raises(DataError, match="SHA-256"):
        check_fingerprint("x", "0" * 63 + "g")


def test_an_empty_table_keeps_its_columns() -> None:
    assert list(frame_of((), Row).columns) == ["name", "value", "count"]
