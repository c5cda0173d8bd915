"""Stata files: what their columns become, and what is refused."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from workbench.common.errors import DataError
from workbench.common.trial import Outcome
from workbench.tables.files import child_columns
from workbench.tables.files.column_types import stated
from workbench.tables.files.delimited import READING_NOTES, parse_table, read_table

FRAME = pd.DataFrame(
    {
        "zip": ["02121", "02467", ""],
        "sex": pd.Categorical(["Male", "Female", "Male"]),
        "age": np.array([30, 31, 32], dtype=np.int8),
        "income": [1.5, np.nan, 3.0],
        "seen": pd.to_datetime(["2024-03-01", "2024-03-02", None]),
    }
)


def written(frame: pd.DataFrame, **options: Any) -> bytes:
    stream = io.BytesIO()
    frame.to_stata(stream, write_index=False, convert_dates={"seen": "td"}, **options)
    return stream.getvalue()


SOUND = written(FRAME)


@pytest.mark.parametrize("version", [114, 117, 118, 119])
def test_a_stata_file_keeps_its_values(version: int) -> None:
    found = parse_table(written(FRAME, version=version), "t.dta")
    assert found["zip"].tolist()[:2] == ["02121", "02467"]
    assert found["sex"].tolist() == ["Male", "Female", "Male"] and found["sex"].dtype == "str"
    assert found["age"].tolist() == [30, 31, 32] and found["age"].dtype == "int64"
    assert found["income"].isna().tolist() == [False, True, False]
    assert found["seen"].fillna("gone").tolist() == ["2024-03-01", "2024-03-02", "gone"]
    assert found.attrs[READING_NOTES] == (
        ("", "'sex': the labels of the values are read, not their numbers."),
    )


def test_a_column_stated_to_hold_numbers_keeps_them() -> None:
    found = parse_table(SOUND, "t.dta", said=stated({"sex": "number"}))
    assert found["sex"].tolist() == [1, 0, 1]


def test_a_label_for_some_of_the_values_is_no_label(tmp_path: Path) -> None:
    labels = {"age": {30: "thirty"}}
    (tmp_path / "t.dta").write_bytes(written(FRAME, value_labels=labels))
    assert read_table(tmp_path / "t.dta")["age"].tolist() == [30, 31, 32]


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"a,b\n1,2\n", "cannot be read as a Stata file"),
        (SOUND[: len(SOUND) // 2], "cannot be read as a Stata file"),
        (written(FRAME.head(0).assign(sex="")), "holds no rows"),
    ],
)
def test_what_is_no_stata_table_is_refused(content: bytes, what: str) -> None:
    with pytest.raises(DataError, match=what):
        parse_table(content, "t.dta")


def test_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    for bound, what in (("max_bytes", "MB"), ("max_columns", "5 columns"), ("max_cells", "cells")):
        with pytest.raises(DataError, match=what):
            parse_table(SOUND, "t.dta", **{bound: 3})
    monkeypatch.setattr(child_columns, "taken_apart", lambda *_, **__: Outcome("memory"))
    with pytest.raises(DataError, match="took more memory than a table may"):
        parse_table(SOUND, "t.dta")


def test_a_damaged_stata_file_ends_in_words() -> None:
    rng = np.random.default_rng(0)
    for _ in range(12):
        changed = bytearray(SOUND)
        for place in rng.integers(0, len(SOUND), 4):
            changed[place] = rng.integers(256)
        try:
            parse_table(bytes(changed), "t.dta")
        except DataError as error:
            assert "t.dta" in str(error)
