"""Tables from files: types of columns, and what is refused."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import workbench as wb
from workbench.common.errors import AuditError, DataError
from workbench.tables.files.column_types import stated
from workbench.tables.files.delimited import READING_NOTES, parse_csv, parse_table, read_table


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
        ((" left ", "c"), "text", [" left ", "c"]),
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
    with pytest.raises(DataError, match="at most 3 cells"):
        parse_csv(b"a,b\n1,2\n3,4\n", "t.csv", max_cells=3)


@pytest.mark.parametrize("row", [b"1,2\n", b'1,"2"\n'])
def test_cells_are_counted_while_they_are_read_and_no_further(row: bytes) -> None:
    """A bomb of .csv.gz had been counted to its end; the line that is no row is never reached."""
    content = gzip.compress(b"a,b\n" + row * 6 + b"1,2,3\n")
    with pytest.raises(DataError, match="at most 5 cells"):
        parse_table(content, "t.csv.gz", max_cells=5)


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"Cannot read .*none\.csv': No such file"):
        read_table(tmp_path / "none.csv")
    with pytest.raises(DataError, match=r"must end in '\.csv'"):
        read_table(tmp_path / "table.xls")
    (tmp_path / "t.parquet").write_bytes(b"PAR1 no")
    with pytest.raises(AuditError, match=r"its end is missing|needs the package"):
        read_table(tmp_path / "t.parquet")


def test_a_world_comes_back_from_csv(tmp_path: Path) -> None:
    data = wb.datasets.loan(200, seed=2).data
    data.to_csv(tmp_path / "loan.csv", index=False)
    pd.testing.assert_frame_equal(
        read_table(tmp_path / "loan.csv"), data, check_dtype=False, rtol=1e-12
    )


def notes(table: pd.DataFrame) -> str:
    return " ".join(sentence for _, sentence in table.attrs.get(READING_NOTES, ()))


def test_words_for_missing_are_values_of_text_unless_somebody_says_so() -> None:
    text = b"alley,x\nNone,1\nGrvl,2\nNA,3\n,4\n"
    plain = parse_csv(text, "t.csv")
    assert plain["alley"].tolist()[:3] == ["None", "Grvl", "NA"] and plain["alley"].isna()[3]
    assert "'NA', 'None' is read as a value" in notes(plain)
    said = parse_csv(text, "t.csv", said=stated(missing={"alley": ("None", "")}))
    assert said["alley"].isna().tolist() == [True, False, False, True]
    everywhere = parse_csv(text, "t.csv", said=stated(missing=("NA", "3")))
    assert everywhere["alley"].isna()[2] and everywhere["x"].isna().tolist()[2]


@pytest.mark.parametrize(
    ("content", "column", "values", "said"),
    [
        (b"a;b\n1,5;x\n2,25;y\n", "a", [1.5, 2.25], "decimal comma"),
        (b'a,b\n"1,5",x\n"-2,25",y\n', "a", [1.5, -2.25], "decimal comma"),
        (b"a;b\n1.234,5;x\n7;y\n", "a", [1234.5, 7.0], "decimal comma"),
        (b"a;b\n1,234;1,5\n2,345;2,5\n", "a", [1.234, 2.345], "decimal comma"),
        (b'a,b\n"1,234.5",x\n12,y\n', "a", [1234.5, 12.0], "between their thousands"),
        (b"a\tb\n1 234\tx\n12\ty\n", "a", [1234, 12], "between their thousands"),
        (b"a,b\n1,x\n.,y\n", "a", [1.0, None], "'.' in a is read as a missing number"),
        (b"a,b\n1,x\n?,y\n", "a", [1.0, None], "'?' in a is read as a missing number"),
        (b"sep=;\na;b\n1;x\n", "a", [1], "says what separates"),
        (b",a,b\n0,1,x\n1,2,y\n", "a", [1, 2], "taken as row names"),
        (b'"a" "b"\n'.replace(b" ", b",") + b'"1",5,x\n"2",6,y\n', "a", [5, 6], "row names"),
        ("a,b\n1,Müller\n".encode("latin-1"), "b", ["Müller"], "Windows-1252"),
        ("a,b\n1,Müller\n".encode("utf-16"), "b", ["Müller"], "UTF-16"),
    ],
)
def test_what_is_plain_is_read_and_said(
    content: bytes, column: str, values: list[Any], said: str
) -> None:
    table = parse_csv(content, "t.csv")
    read = [None if pd.isna(value) else value for value in table[column]]
    assert read == values
    assert said in notes(table)


def test_a_comma_that_may_mean_either_leaves_the_text() -> None:
    table = parse_csv(b'a,b\n"1,234",x\n"2,345",y\n', "t.csv")
    assert table["a"].tolist() == ["1,234", "2,345"]
    assert "State it: --decimal , (decimal=" in notes(table)
    comma = parse_csv(b'a,b\n"1,234",x\n"2,345",y\n', "t.csv", said=stated(decimal=","))
    point = parse_csv(b'a,b\n"1,234",x\n"2,345",y\n', "t.csv", said=stated(decimal="."))
    assert comma["a"].tolist() == [1.234, 2.345] and point["a"].tolist() == [1234, 2345]


def test_unnamed_columns_that_are_no_row_names_are_refused() -> None:
    with pytest.raises(DataError, match="its values repeat, so that they are no row names"):
        parse_csv(b",a,b\n1,1,x\n1,2,y\n", "t.csv")


def test_other_scripts_are_not_taken_for_western_european() -> None:
    content = "a,b\n1,Привет\n".encode("cp1251")
    with pytest.raises(DataError, match=r"encoding='cp1251'"):
        parse_csv(content, "t.csv")
    assert parse_csv(content, "t.csv", encoding="cp1251")["b"].tolist() == ["Привет"]
    with pytest.raises(DataError, match="'no-such' is unknown"):
        parse_csv(content, "t.csv", encoding="no-such")


def test_types_are_taken_as_stated(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("zip,region,code,member\n02121,1,7,yes\n10001,2,8,no\n")
    types = {"zip": "number", "region": "category", "code": "text", "member": "yes/no"}
    table = read_table(tmp_path / "t.csv", types=types)
    assert table["zip"].tolist() == [2121, 10001] and table["code"].tolist() == ["7", "8"]
    assert table["region"].dtype == "category" and table["region"].cat.categories.tolist() == [1, 2]
    assert table["member"].tolist() == [True, False]
    with pytest.raises(DataError, match="stated to be a number, but holds 'yes'"):
        read_table(tmp_path / "t.csv", types={"member": "number"})
    with pytest.raises(DataError, match="Did you mean 'region'"):
        read_table(tmp_path / "t.csv", types={"regoin": "text"})
    with pytest.raises(DataError, match="The type 'txt' of 'zip' is unknown"):
        read_table(tmp_path / "t.csv", types={"zip": "txt"})


def test_a_table_schema_beside_the_file_states_types(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("zip,age\n02121,30\n10001,-9\n")
    (tmp_path / "t.schema.json").write_text(
        '{"fields": [{"name": "zip", "type": "integer"}, {"name": "age", "type": "integer"}],'
        ' "missingValues": ["", "-9"]}'
    )
    table = read_table(tmp_path / "t.csv")
    assert table["zip"].tolist() == [2121, 10001] and table["age"].isna().tolist() == [False, True]
    assert read_table(tmp_path / "t.csv", types={"zip": "text"})["zip"][0] == "02121"
    (tmp_path / "t.schema.json").write_text('{"columns": []}')
    with pytest.raises(DataError, match="Frictionless Table Schema"):
        read_table(tmp_path / "t.csv")


def test_packed_text_is_bounded_and_parquet_takes_stated_types() -> None:
    import gzip

    packed = gzip.compress(b"a,b\n1,2\n")
    assert parse_table(packed, "t.csv.gz").to_dict("list") == {"a": [1], "b": [2]}
    with pytest.raises(DataError, match="at most 0 MB"):
        parse_table(gzip.compress(b"a,b\n" + b"1,2\n" * 9999), "t.csv.gz", max_bytes=1000)
    with pytest.raises(DataError, match="no gzip file"):
        parse_table(packed[:20], "t.csv.gz")
    pytest.importorskip("pyarrow")
    import io

    stream = io.BytesIO()
    pd.DataFrame({"zip": ["02121", "NA"], "n": [1, 2]}).to_parquet(stream)
    said = stated({"zip": "number", "n": "category"}, missing="NA")
    table = parse_table(stream.getvalue(), "t.parquet", said=said)
    assert table["zip"].tolist()[0] == 2121 and table["zip"].isna()[1]
    assert table["n"].dtype == "category"


@pytest.mark.parametrize("mark", [" .", "n/a ", "  -"])
def test_a_stated_mark_holds_with_blanks_around_it(mark: str) -> None:
    text = f"a,b\nx,1\n{mark},{mark}\ny,2\n".encode()
    for said in (stated(missing=mark.strip()), stated(missing={"a": mark.strip()})):
        assert parse_csv(text, "t.csv", said=said)["a"].isna().tolist() == [False, True, False]
    assert parse_csv(text, "t.csv")["a"].tolist() == ["x", mark, "y"]


@pytest.mark.parametrize("kind", [{}, {"b": "number"}])
def test_a_stated_mark_that_is_a_number_holds_in_all_its_spellings(kind: dict[str, str]) -> None:
    table = parse_csv(b"a,b\nx,-999.0\ny,1.5\n", "t.csv", said=stated(kind, missing="-999"))
    assert table["b"].isna().tolist() == [True, False]
