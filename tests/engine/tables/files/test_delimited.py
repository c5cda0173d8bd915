"""Tables from files: types of columns, and what is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import workbench as wb
from workbench.common.errors import AuditError, DataError
from workbench.tables.files.delimited import parse_csv, read_table


def column(*cells: str) -> pd.Series:
    text = "a,b\n" + "".join(f"{cell},x\n" for cell in cells)
    return parse_csv(text.encode(), "t.csv")["a"]


@pytest.mark.parametrize(
    ("cells", "kind", "values"),
    [
        (("1", "2"), "i", [1, 2]),
        (("1.5", "2"), "f", [1.5, 2.0]),
        (("-1e3", " 2 "), "f", [-1000.0, 2.0]),
        (("true", "False"), "b", [True, False]),
        (("02121", "10001"), "text", ["02121", "10001"]),
        (("0", "0.5"), "f", [0.0, 0.5]),
        (("1234567890123456", "2"), "text", ["1234567890123456", "2"]),
        (("yes", "1"), "text", ["yes", "1"]),
        (('"a,b"', "c"), "text", ["a,b", "c"]),
        ((" left ", "c"), "text", ["left", "c"]),
    ],
)
def test_a_column_gets_the_type_of_its_values(
    cells: tuple[str, ...], kind: str, values: list[Any]
) -> None:
    found = column(*cells)
    assert found.tolist() == values
    assert isinstance(found.dtype, pd.StringDtype) if kind == "text" else found.dtype.kind == kind


def test_missing_cells() -> None:
    assert np.isnan(column("1", "", "NA").to_numpy()[1:]).all()
    text = column("02121", "", "null")
    assert text.isna().tolist() == [False, True, True]
    flags = column("true", "", "false")
    assert flags.isna().tolist() == [False, True, False] and flags.dtype == "boolean"
    assert column("", "").isna().all()


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_separators(separator: str) -> None:
    text = separator.join("ab") + "\r\n" + separator.join("12") + "\r\n\r\n"
    assert parse_csv(text.encode(), "t.csv").to_dict("list") == {"a": [1], "b": [2]}


def test_a_byte_order_mark_is_no_part_of_a_name() -> None:
    assert list(parse_csv("\ufeffa,b\n1,2\n".encode(), "t.csv").columns) == ["a", "b"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "'t.csv' is empty"),
        (b" \n\n", "'t.csv' is empty"),
        (b"a,b\n", "has a header and no row below it"),
        (b"a,b\n1,2\n1,2,3\n", "Line 3 of 't.csv' has 3 cells, but the header names 2 columns"),
        (b"a,b\n1,2\n\n1\n", "Line 4 of 't.csv' has 1 cells"),
        (b"a,b,a\n1,2,3\n", "several columns named 'a'"),
        (b"a,,c\n1,2,3\n", "Column 2 of 't.csv' has no name"),
        (b"a\n1\n", "names one column only"),
        (b"a,b\n1,\xff\n", r"not UTF-8 text \(line 2\)"),
        (b"PK\x03\x04sheet", "not a text file"),
        (b"a,b\n1,\x00\n", "not a text file"),
        (b"a,b\n" + b'1,"' + b"x" * 200_000 + b"\n", "Line .* cannot be read: field larger"),
        (("x" * 300 + ",b\n1,2\n").encode(), "a name of 300 characters"),
        ((",".join(f"c{i}" for i in range(3000)) + "\n").encode(), "has 3,000 columns"),
    ],
)
def test_what_is_no_table_is_refused_in_words(content: bytes, message: str) -> None:
    with pytest.raises(DataError, match=message):
        parse_csv(content, "t.csv")


def test_sizes_are_bounded() -> None:
    with pytest.raises(DataError, match="at most 0 MB are read"):
        parse_csv(b"a,b\n1,2\n", "t.csv", max_bytes=5)
    with pytest.raises(DataError, match="2 rows of 2 columns; at most 3 cells"):
        parse_csv(b"a,b\n1,2\n3,4\n", "t.csv", max_cells=3)


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"Cannot read .*none\.csv': No such file"):
        read_table(tmp_path / "none.csv")
    with pytest.raises(DataError, match=r"must end in \.csv"):
        read_table(tmp_path / "table.xlsx")
    (tmp_path / "t.parquet").write_bytes(b"PAR1 no")
    with pytest.raises(AuditError, match=r"its end is missing|needs the package"):
        read_table(tmp_path / "t.parquet")


def test_a_world_comes_back_from_csv(tmp_path: Path) -> None:
    data = wb.datasets.loan(200, seed=2).data
    data.to_csv(tmp_path / "loan.csv", index=False)
    pd.testing.assert_frame_equal(
        read_table(tmp_path / "loan.csv"), data, check_dtype=False, rtol=1e-12
    )
