"""Tables from Parquet files: types of columns, and bombs that are never unpacked here."""

from __future__ import annotations

import datetime as dt
import decimal
import io
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import workbench as wb
from workbench.common.errors import AuditError, DataError, MissingPackageError
from workbench.tables.files.delimited import parse_table, read_table

pa = pytest.importorskip("pyarrow")
pq = pytest.importorskip("pyarrow.parquet")

PAGE_LIMITS = {"max_bytes": 30_000_000, "max_columns": 200, "max_cells": 5_000_000}
"""What the page allows."""


def written(table: Any, **options: Any) -> bytes:
    buffer = io.BytesIO()
    pq.write_table(table, buffer, **options)
    return buffer.getvalue()


def column(values: Any, **options: Any) -> pd.Series:
    return parse_table(written(pa.table({"a": values}), **options), "t.parquet")["a"]


DAY, TIME = dt.date(2020, 1, 2), dt.datetime(2020, 1, 2, 3, 4, 5)


@pytest.mark.parametrize(
    ("values", "kind", "expected"),
    [
        (pa.array([1, 2], pa.int8()), "i", [1, 2]),
        (pa.array([1, 2], pa.uint32()), "i", [1, 2]),
        (pa.array([1, None]), "f", [1.0, None]),
        (pa.array([1.5, None], pa.float32()), "f", [1.5, None]),
        (pa.array([10**15, 1]), "text", ["1000000000000000", "1"]),
        (pa.array([2**64 - 1], pa.uint64()), "text", ["18446744073709551615"]),
        (pa.array([True, False]), "b", [True, False]),
        (pa.array([True, None]), "boolean", [True, None]),
        (pa.array(["02121", None, ""]), "text", ["02121", None, ""]),
        (pa.array(["x", "y"], pa.large_string()), "text", ["x", "y"]),
        (pa.array(["x", "y", "x"]).dictionary_encode(), "text", ["x", "y", "x"]),
        (pa.array([5, 6, 5]).dictionary_encode(), "i", [5, 6, 5]),
        (pa.array([decimal.Decimal("1.25"), None]), "f", [1.25, None]),
        (pa.array([DAY, None]), "text", ["2020-01-02", None]),
        (pa.array([TIME, None]), "text", ["2020-01-02 03:04:05", None]),
        (pa.nulls(2), "text", [None, None]),
    ],
    ids=lambda value: str(getattr(value, "type", "")),
)
@pytest.mark.parametrize("groups", [1, 1000], ids=["many row groups", "one"])
def test_a_column_gets_the_type_it_would_have_from_csv(
    values: Any, kind: str, expected: list[Any], groups: int
) -> None:
    found = column(values, row_group_size=groups)
    assert [None if pd.isna(v) else v for v in found] == expected
    if kind in ("text", "boolean"):
        assert found.dtype == {"text": "str", "boolean": "boolean"}[kind]
    else:
        assert found.dtype.kind == kind


@pytest.mark.parametrize(
    "options",
    [
        {"compression": "none"},
        {"compression": "zstd", "data_page_version": "2.0"},
        {"use_dictionary": False, "compression": "gzip"},
        {"column_encoding": "BYTE_STREAM_SPLIT", "use_dictionary": False},
        {"row_group_size": 37, "data_page_size": 100},
    ],
    ids=str,
)
def test_a_world_comes_back_however_it_was_written(options: dict[str, Any], tmp_path: Path) -> None:
    data = wb.datasets.loan(200, seed=2).data
    if "column_encoding" in options:
        data = data.select_dtypes("number").astype(float)
    pq.write_table(pa.Table.from_pandas(data), tmp_path / "loan.PARQUET", **options)
    pd.testing.assert_frame_equal(
        read_table(tmp_path / "loan.PARQUET"), data.reset_index(drop=True), check_dtype=False
    )


def test_stored_row_labels_are_left_out() -> None:
    frame = pd.DataFrame({"a": [1, 2], "b": ["x", "y"]}, index=["r", "q"])
    found = parse_table(written(pa.Table.from_pandas(frame)), "t.parquet")
    assert found.to_dict("list") == {"a": [1, 2], "b": ["x", "y"]}
    assert found.index.tolist() == [0, 1]


# ---- bombs ----------------------------------------------------------------------------------


def peak(content: bytes, message: str, **limits: int) -> int:
    """Refuse some content; return the most memory that Arrow held meanwhile."""
    pool = pa.proxy_memory_pool(pa.default_memory_pool())
    before = pa.default_memory_pool()
    pa.set_memory_pool(pool)
    try:
        with pytest.raises(DataError, match=message):
            parse_table(content, "bomb.parquet", **(limits or PAGE_LIMITS))
    finally:
        pa.set_memory_pool(before)
    return int(pool.max_memory())


def test_fifty_million_rows_in_a_few_kilobytes() -> None:
    rows = np.zeros(50_000_000, np.int8)
    content = written(pa.table({"a": rows}), compression="zstd", row_group_size=10**8)
    assert len(content) < 200_000
    assert peak(content, "50,000,000 rows of 1 columns; at most 5,000,000 cells") < 1_000_000


def test_one_long_text_in_every_row() -> None:
    text = pa.DictionaryArray.from_arrays(np.zeros(400_000, np.int32), ["x" * 100_000])
    content = written(pa.table({"a": text}), compression="zstd")
    assert len(content) < 100_000
    assert peak(content, "takes more than 110 MB once it is unpacked") < 30_000_000


def test_a_text_longer_than_a_cell() -> None:
    assert peak(written(pa.table({"a": ["x" * 200_000, "y"]})), "a text of 200,000 bytes") < 10**6


def test_long_texts_that_differ_end_in_the_child_process() -> None:
    texts = [f"{row}" + "x" * 100_000 for row in range(400)]
    content = written(pa.table({"a": texts}), use_dictionary=False, compression="zstd")
    assert len(content) < 200_000
    limits = {"max_bytes": 1_000_000, "max_columns": 5, "max_cells": 1_000}
    assert peak(content, "took more memory than a table may", **limits) < 1_000_000


def test_an_encoding_that_makes_much_of_little() -> None:
    table = pa.table({"a": ["x" * 100_000] * 2_000})
    content = written(table, use_dictionary=False, column_encoding={"a": "DELTA_BYTE_ARRAY"})
    assert len(content) < 200_000 < table.nbytes / 100
    peak(content, "bomb.parquet")  # pyarrow 26 does not decode it into a dictionary


# ---- what is not a table -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is not a Parquet file"),
        (b"a,b\n1,2\n", "is not a Parquet file"),
        (b"PAR1", "its end is missing"),
        (b"PAR1PAR1", "its end is missing"),
        (b"PAR1" + b"\0" * 20 + b"\xff\xff\xff\x7fPAR1", "its end is missing"),
        (b"PAR1" + b"\0" * 20 + b"\x08\0\0\0PAR1", "cannot be read as Parquet"),
        (b"PARE" + b"\0" * 20 + b"PARE", "is encrypted"),
    ],
)
def test_what_is_no_parquet_file(content: bytes, message: str) -> None:
    with pytest.raises(DataError, match=message):
        parse_table(content, "t.parquet")


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (pa.array([[1], [2]]), "hold lists or tables of their own: 'a'"),
        (pa.array([{"x": 1, "y": 2}]), "hold lists or tables"),
        (pa.array([{"x": 1}]), "hold lists or tables"),
        (pa.array([b"x"]), "holds binary; only numbers, text"),
        (pa.array([dt.timedelta(1)]), "holds duration"),
        (pa.array([dt.time(1)]), "holds time64"),
        (pa.array([], pa.int64()), "holds no rows"),
    ],
    ids=lambda value: str(getattr(value, "type", "")),
)
def test_columns_that_are_no_plain_values(values: Any, message: str) -> None:
    with pytest.raises(DataError, match=message):
        column(values)


def test_names_are_checked() -> None:
    twice = pa.Table.from_arrays([pa.array([1]), pa.array([2])], names=["a", "a"])
    with pytest.raises(DataError, match="several columns named 'a'"):
        parse_table(written(twice), "t.parquet")
    with pytest.raises(DataError, match="a name of 300 characters"):
        parse_table(written(pa.table({"x" * 300: [1]})), "t.parquet")
    with pytest.raises(DataError, match="3 columns; at most 2 fit"):
        parse_table(written(pa.table({c: [1] for c in "abc"})), "t.parquet", max_columns=2)
    with pytest.raises(DataError, match="at most 0 MB are read"):
        parse_table(written(pa.table({"a": [1]})), "t.parquet", max_bytes=5)


def test_a_parquet_file_under_another_name() -> None:
    with pytest.raises(DataError, match=r"is a Parquet file. Let its name end in \.parquet"):
        parse_table(written(pa.table({"a": [1]})), "t.csv")
    with pytest.raises(DataError, match=r"must end in .*\.parquet.*\. In the spread"):
        parse_table(b"a,b\n1,2\n", "t.xls")


def described(depth: int) -> bytes:
    """A file without rows that describes one column nested so deep."""

    def text(name: bytes) -> bytes:
        return bytes([len(name)]) + name

    root = b"\x48" + text(b"s") + b"\x15\x02\x00"
    group = b"\x35\x00\x18" + text(b"a") + b"\x15\x02\x00"
    leaf = b"\x15\x02\x25\x00\x18" + text(b"x") + b"\x00"
    count, digits = depth + 2, b""
    while count > 0x7F:
        digits, count = digits + bytes([count & 0x7F | 0x80]), count >> 7
    schema = b"\x19\xfc" + digits + bytes([count]) + root + group * depth + leaf
    footer = b"\x15\x04" + schema + b"\x16\x02\x19\x0c\x00"
    return b"PAR1" + footer + len(footer).to_bytes(4, "little") + b"PAR1"


@pytest.mark.parametrize("depth", [1, 50, 9_000, 100_000, 600_000])
def test_deep_nesting_is_an_error_in_words(depth: int) -> None:
    if depth == 1:
        names = pq.ParquetFile(io.BytesIO(described(depth))).schema_arrow.names
        assert names == ["a"], "the file is well made"
    with pytest.raises(DataError, match=r"cannot be read|hold lists"):
        parse_table(described(depth), "t.parquet")


def test_damaged_files_are_errors_in_words() -> None:
    table = pa.table({"a": np.arange(300), "b": [f"text {i % 7}" for i in range(300)]})
    content = written(table, compression="zstd")
    generator = np.random.default_rng(0)
    refused = 0
    for place in generator.choice(len(content) - 4, size=40, replace=False) + 4:
        damaged = bytearray(content)
        damaged[place] = generator.integers(256)
        try:
            parse_table(bytes(damaged), "t.parquet", **PAGE_LIMITS)
        except AuditError:
            refused += 1
    assert refused > 5


def test_without_pyarrow_it_is_said_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    content = written(pa.table({"a": [1]}))
    monkeypatch.setitem(__import__("sys").modules, "pyarrow", None)
    with pytest.raises(MissingPackageError, match="needs the package pyarrow"):
        parse_table(content, "t.parquet")


def test_a_file_that_ends_the_process_ends_in_a_sentence() -> None:
    # One byte changed: pyarrow calls abort() on it, which no except clause sees.
    content = (Path(__file__).parent / "damaged" / "histogram.parquet").read_bytes()
    with pytest.raises(DataError, match="reading it ended the process that tried"):
        parse_table(content, "t.parquet")
