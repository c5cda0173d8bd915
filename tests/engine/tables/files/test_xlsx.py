"""Excel workbooks: what their cells become, and what is refused."""

from __future__ import annotations

import datetime
import io
import sys
import zipfile
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import openpyxl
import pandas as pd
import pytest

import workbench as wb
from workbench.common import trial
from workbench.common.errors import DataError
from workbench.common.trial import Limits, Outcome
from workbench.tables.files import xlsx
from workbench.tables.files.column_types import stated
from workbench.tables.files.delimited import READING_NOTES, parse_table, read_table


def workbook(*rows: tuple[Any, ...], sheets: tuple[str, ...] = ("Sheet",)) -> bytes:
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    book.active.title = sheets[0]
    for title in sheets[1:]:
        book.create_sheet(title).append(("another", "sheet"))
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def column(*cells: Any, **said: Any) -> tuple[pd.Series, list[str]]:
    content = workbook(("x", "n"), *[(cell, 1) for cell in cells])
    table = parse_table(content, "t.xlsx", said=stated(**said))
    return table["x"], [text for _, text in table.attrs.get(READING_NOTES, ())]


@pytest.mark.parametrize(
    ("cells", "values", "dtype"),
    [
        ((1, 2), [1, 2], "int64"),
        ((1, 2.5), [1.0, 2.5], "float64"),
        ((True, False), [True, False], "bool"),
        (("02121", "02467"), ["02121", "02467"], "str"),
        (("1", "2"), ["1", "2"], "str"),
        ((" Male", "Male\u00a0"), [" Male", "Male\u00a0"], "str"),
        (("None", "NA"), ["None", "NA"], "str"),
        (
            (datetime.date(2024, 3, 1), datetime.datetime(2024, 3, 1, 8, 30)),
            ["2024-03-01", "2024-03-01 08:30:00"],
            "str",
        ),
    ],
)
def test_cells_keep_their_values(cells: tuple[Any, ...], values: list[Any], dtype: str) -> None:
    found, notes = column(*cells)
    assert found.tolist() == values and found.dtype == dtype
    assert not notes or "other cells" in notes[0]


def test_gaps_among_numbers() -> None:
    found, notes = column(1, None, 3)
    assert found.dtype == "float64" and np.isnan(found[1]) and not notes
    found, notes = column(1.5, "NA", "#DIV/0!")
    assert found.isna().tolist() == [False, True, True]
    assert any("'NA' in x is read as a missing number" in note for note in notes)
    assert any("formula that failed" in note for note in notes)
    found, _ = column(1, "n.v.", missing={"x": "n.v."})
    assert found.tolist()[0] == 1.0 and np.isnan(found[1])


def test_numbers_among_texts_are_text_and_it_is_said() -> None:
    found, notes = column(5, "five", 2.5)
    assert found.tolist() == ["5", "five", "2.5"]
    assert "all are read as text" in notes[0] and "'five'" in notes[0]


def test_a_type_can_be_stated() -> None:
    assert column("1", "2", types={"x": "number"})[0].tolist() == [1, 2]
    assert column(1, 2, types={"x": "text"})[0].tolist() == ["1", "2"]
    assert column("yes", "no", types={"x": "yes/no"})[0].tolist() == [True, False]
    assert column(1, 2, types={"x": "category"})[0].dtype == "category"


def test_the_first_sheet_is_read_and_said() -> None:
    table = parse_table(workbook(("a", "b"), (1, 2), sheets=("Data", "More")), "t.xlsx")
    assert table.to_dict("list") == {"a": [1], "b": [2]}
    assert table.attrs[READING_NOTES] == (("", "Of the sheets 'Data', 'More', the first is read."),)


def test_row_names_of_pandas_are_left_out(tmp_path: Path) -> None:
    data = wb.datasets.loan(60, seed=1).data
    data.to_excel(tmp_path / "loan.xlsx")
    found = read_table(tmp_path / "loan.xlsx")
    pd.testing.assert_frame_equal(found, data, check_dtype=False, rtol=1e-12)
    assert "row names" in found.attrs[READING_NOTES][0][1]


def test_blank_rows_and_columns_at_the_edges_are_no_cells() -> None:
    content = workbook((None, None, None), ("a", "b", None), (1, 2, None), (None,), (3, 4, None))
    assert parse_table(content, "t.xlsx").to_dict("list") == {"a": [1, 3], "b": [2, 4]}


def test_a_million_blanks_behind_a_formula_cost_no_more_than_reading_them() -> None:
    plain = workbook(("a", "b"), (1, 2), (3, 4))
    content = patched(plain, b"<v>4</v>", b"<f>A3+1</f>" + b" " * 1_000_000 + b"<v>4</v>")
    assert parse_table(content, "t.xlsx")["b"].tolist() == [2, 4]


def test_formulas_give_the_values_they_last_had() -> None:
    plain = workbook(("a", "b"), (1, 2), (3, 4))
    calculated = patched(plain, b"<v>4</v>", b"<f>A3+1</f><v>4</v>")
    assert parse_table(calculated, "t.xlsx")["b"].tolist() == [2, 4]
    with pytest.raises(DataError, match="never calculated"):
        parse_table(workbook(("a", "b"), (1, "=A2+1")), "t.xlsx")


def patched(content: bytes, old: bytes, new: bytes, part: str = "sheet1.xml") -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as file, zipfile.ZipFile(stream, "w", 8) as out:
        for info in file.infolist():
            data = file.read(info)
            if info.filename.endswith(part):
                assert old in data
                data = data.replace(old, new)
            out.writestr(info.filename, data)
    return stream.getvalue()


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"a,b\n1,2\n", "not an Excel workbook"),
        (b"\xd0\xcf\x11\xe0" + bytes(600), "protected by a password"),
        (workbook(("a", "b"), (1, 2))[:-40], "not an Excel workbook"),
        (workbook(("a", "b")), "a header and no row"),
        (workbook((None,)), "is empty"),
        (workbook(("a", "a"), (1, 2)), "several columns named 'a'"),
        (workbook(("Title of it all", None), ("a", "b"), (1, 2)), "Column 2 of .* has no name"),
        (patched(workbook(("a", "b"), (1, 2)), b"<sheetData>", b"<sheetDat>"), "cannot be read"),
        (
            patched(workbook(("a", "b"), (1, 2)), b'<row r="2"', b'<row r="99999999999"'),
            "names rows beyond",
        ),
        (patched(workbook(("a", "b"), (1, 2)), b"<v>2<", b"<v>" + b"9" * 400 + b"<"), "300 digits"),
    ],
)
def test_what_is_no_table_is_refused(content: bytes, what: str) -> None:
    with pytest.raises(DataError, match=what):
        parse_table(content, "t.xlsx")


def test_bounds() -> None:
    wide = workbook(tuple(f"c{i}" for i in range(12)), tuple(range(12)))
    with pytest.raises(DataError, match="12 columns; at most 10 fit"):
        parse_table(wide, "t.xlsx", max_columns=10)
    with pytest.raises(DataError, match="cells"):
        parse_table(wide, "t.xlsx", max_cells=20)
    with pytest.raises(DataError, match="at most 0 MB"):
        parse_table(wide, "t.xlsx", max_bytes=1000)


def test_a_workbook_that_unpacks_to_too_much_is_not_opened() -> None:
    stream = io.BytesIO(workbook(("a", "b"), (1, 2)))
    with zipfile.ZipFile(stream, "a", 8) as file:
        file.writestr("xl/media/zeros.xml", bytes(60_000_000))
    assert len(stream.getvalue()) < 100_000
    with pytest.raises(DataError, match="would unpack to 60 MB"):
        parse_table(stream.getvalue(), "t.xlsx", max_bytes=1_000_000, max_cells=100_000)


def test_an_audit_of_a_workbook_is_that_of_its_frame(tmp_path: Path) -> None:
    """Case 01 by another road: codes that a spreadsheet holds as text, a model trained on them."""
    rng = np.random.default_rng(0)
    z = rng.integers(0, 2, 400)
    data = pd.DataFrame(
        {"zip": np.where(z == 1, "02467", "02121"), "inc": z + rng.normal(size=400)}
    )
    data.to_excel(tmp_path / "t.xlsx", index=False)
    pd.testing.assert_frame_equal(read_table(tmp_path / "t.xlsx"), data, rtol=1e-12)


def test_a_part_whose_packing_is_damaged_is_refused() -> None:
    into = io.BytesIO()
    pd.DataFrame({"a": range(50)}).to_excel(into, index=False)
    content = into.getvalue()
    with zipfile.ZipFile(io.BytesIO(content)) as file:
        part = file.getinfo("xl/worksheets/sheet1.xml")
    start = part.header_offset + 30 + len(part.filename)
    for forged in (b"\xff" * 40, b"\x05" * 40, b"\x00" * 40):
        damaged = content[:start] + forged + content[start + len(forged) :]
        with pytest.raises(wb.DataError, match="is damaged"):
            parse_table(damaged, "t.xlsx")


SOUND = workbook(("a", "b"), (1, 2))
STYLE = b'<xf numFmtId="0" fontId="0" fillId="0" borderId="0"/>'


@pytest.mark.skipif(sys.platform != "linux", reason="limits of Linux")
@pytest.mark.parametrize(
    ("old", "new", "part"),
    [
        (b"</cellXfs>", STYLE * 100_000 + b"</cellXfs>", "styles.xml"),
        (b"</sheetData>", b"<a>" * 200_000 + b"</sheetData>", "sheet1.xml"),
    ],
    ids=["styles", "depth"],
)
def test_a_small_file_that_takes_much_memory_ends_in_a_sentence(
    monkeypatch: pytest.MonkeyPatch, old: bytes, new: bytes, part: str
) -> None:
    content = patched(SOUND, old, new, part)
    assert len(content) < 50_000
    monkeypatch.setattr(xlsx, "text_limits", lambda _: Limits(seconds=15, memory=20_000_000))
    assert parse_table(SOUND, "t.xlsx").to_dict("list") == {"a": [1], "b": [2]}
    with pytest.raises(
        DataError, match=r"took more (memory|time) than|workbook .(XMLSyntax|Parse)Error"
    ):
        parse_table(content, "t.xlsx")


@pytest.mark.parametrize(
    ("ending", "what"), [("time", "took more time"), ("crashed", "as an Excel workbook .crashed")]
)
def test_how_a_trial_ends_is_said(monkeypatch: pytest.MonkeyPatch, ending: Any, what: str) -> None:
    monkeypatch.setattr(xlsx, "taken_apart", lambda *_, **__: Outcome(ending))
    with pytest.raises(DataError, match=what):
        parse_table(SOUND, "t.xlsx")


def test_where_no_process_can_be_started_a_workbook_is_read_all_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def no_process(*_: object) -> None:
        raise OSError

    monkeypatch.setattr(trial, "_KEPT", SimpleNamespace(ask=no_process))
    monkeypatch.setattr(trial, "_once", no_process)
    assert parse_table(SOUND, "t.xlsx").to_dict("list") == {"a": [1], "b": [2]}


def test_a_date_may_name_a_column() -> None:
    table = parse_table(workbook(("a", datetime.date(2024, 3, 1)), (1, 2)), "t.xlsx")
    assert list(table) == ["a", "2024-03-01"]
