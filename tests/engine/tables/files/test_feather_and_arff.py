"""Feather and ARFF files: what their columns become, and what is refused."""

from __future__ import annotations

import io
import sys

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from workbench.common.errors import DataError
from workbench.common.trial import Outcome
from workbench.tables.files import child_columns
from workbench.tables.files.column_types import stated
from workbench.tables.files.delimited import parse_table
from workbench.tables.files.limits import text_limits

FRAME = pd.DataFrame(
    {
        "zip": ["02121", "02467", None],
        "sex": pd.Categorical([" Male", "Female", " Male"]),
        "age": [30, 31, 32],
        "income": [1.5, np.nan, 3.0],
        "member": [True, False, True],
    }
)


def feather(frame: pd.DataFrame, compression: str = "lz4") -> bytes:
    stream = io.BytesIO()
    frame.to_feather(stream, compression=compression)
    return stream.getvalue()


@pytest.mark.parametrize("compression", ["lz4", "zstd", "uncompressed"])
@pytest.mark.parametrize("ending", [".feather", ".arrow"])
def test_a_feather_file_keeps_its_values(compression: str, ending: str) -> None:
    found = parse_table(feather(FRAME, compression), f"t{ending}")
    expected = FRAME.assign(sex=FRAME["sex"].astype("str"))
    pd.testing.assert_frame_equal(found, expected)


def test_types_can_be_stated_of_a_feather_file() -> None:
    found = parse_table(feather(FRAME), "t.feather", said=stated({"age": "category"}))
    assert found["age"].dtype == "category"


def damaged() -> bytes:
    content = bytearray(feather(FRAME))
    content[len(content) // 2 : len(content) // 2 + 40] = bytes(40)
    return bytes(content)


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"a,b\n1,2\n", "not a Feather or Arrow file"),
        (feather(FRAME)[:-10], "its end is missing"),
        (feather(FRAME.head(0)), "holds no rows"),
        (b"ARROW1" + bytes(60) + b"ARROW1", "cannot be read as Feather"),
        (b"FEA1" + bytes(60), "first version"),
        (feather(pd.DataFrame({"a": [[1, 2]], "b": [1]})), "lists or tables of their own"),
        (feather(pd.DataFrame({"a": [b"x"], "b": [1]})), "only numbers, text"),
    ],
)
def test_what_is_no_feather_table_is_refused(content: bytes, what: str) -> None:
    with pytest.raises(DataError, match=what):
        parse_table(content, "t.feather")


def test_a_damaged_feather_file_ends_in_words() -> None:
    content = feather(FRAME)
    rng = np.random.default_rng(0)
    for _ in range(6):
        changed = bytearray(content)
        for place in rng.integers(8, len(content) - 8, 8):
            changed[place] = rng.integers(256)
        try:
            parse_table(bytes(changed), "t.feather")
        except DataError as error:
            assert "t.feather" in str(error)


def test_a_feather_bomb_is_refused() -> None:
    content = feather(pd.DataFrame({"a": np.zeros(3_000_000), "b": np.zeros(3_000_000)}), "zstd")
    assert len(content) < 100_000
    with pytest.raises(DataError, match="at most 1,000,000 cells"):
        parse_table(content, "t.feather", max_bytes=1_000_000, max_cells=1_000_000)


def test_a_long_text_that_repeats_is_measured() -> None:
    batch = pa.table({"a": pa.array(["x" * 100_000] * 400).dictionary_encode(), "b": range(400)})
    stream = io.BytesIO()
    with pa.ipc.new_file(stream, batch.schema) as file:
        file.write_table(batch)
    with pytest.raises(DataError, match="takes more than"):
        parse_table(stream.getvalue(), "t.feather", max_bytes=1_000_000, max_cells=1_000)


ARFF = b"""% a comment
@RELATION people
@ATTRIBUTE sex {' Male','Female','?x'}
@ATTRIBUTE zip {02121,02467}
@ATTRIBUTE age NUMERIC
@ATTRIBUTE income REAL
@DATA
' Male',02121,30,1.5
'Female',?,31,?
"""


def test_an_arff_file_keeps_its_values() -> None:
    found = parse_table(ARFF, "t.arff")
    assert found["sex"].tolist() == [" Male", "Female"]
    assert found["zip"].tolist()[0] == "02121" and found["zip"].isna().tolist() == [False, True]
    assert found["age"].tolist() == [30, 31] and found["age"].dtype == "int64"
    assert found["income"].isna().tolist() == [False, True]


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"a,b\n1,2\n", "cannot be read as ARFF"),
        (ARFF.replace(b"REAL", b"STRING"), "Free text and sparse rows are not read"),
        (ARFF.partition(b"' Male',02121")[0], "holds no rows"),
        (ARFF.replace(b"' Male',02121,30,1.5", b"'Other',02121,30,1.5"), "'?Other'?"),
        (ARFF.replace(b"@ATTRIBUTE age", b"@ATTRIBUTE zip"), "zip"),
        pytest.param(
            ARFF.replace(b"'?x'", b"x" * 1_000_000) + b"'Female',?,31,?\n" * 2_000,
            "took more memory than a table may",
            marks=pytest.mark.skipif(sys.platform != "linux", reason="limits of Linux"),
        ),
    ],
)
def test_what_is_no_arff_table_is_refused(content: bytes, what: str) -> None:
    with pytest.raises(DataError, match=what):
        parse_table(content, "t.arff")


def test_an_arff_file_that_takes_long_ends_in_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(child_columns, "taken_apart", lambda *_, **__: Outcome("time"))
    with pytest.raises(DataError, match="took more time than a table may"):
        parse_table(ARFF, "t.arff")


def test_dates_of_an_arff_file_are_text() -> None:
    dates = ARFF.replace(b"income REAL", b'seen DATE "yyyy-MM-dd"').replace(b"1.5", b"2024-03-01")
    assert parse_table(dates, "t.arff")["seen"].fillna("gone").tolist() == ["2024-03-01", "gone"]


def test_what_reading_a_text_may_take_grows_with_the_text() -> None:
    small, large = text_limits(bytes(250_000)), text_limits(bytes(40_000_000))
    assert small.seconds < 20 and small.memory < 1.1e9
    assert large.seconds > 200 and large.memory > 2.5e9
