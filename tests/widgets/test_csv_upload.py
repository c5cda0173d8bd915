"""A CSV file that somebody brought."""

from __future__ import annotations

import pytest

from widgets import csv_upload
from widgets.csv_upload import read_csv
from workbench.errors import DataError


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_found(delimiter: str) -> None:
    text = f"zip{delimiter}income\n02121{delimiter}3.5\n02467{delimiter}4\n"
    table = read_csv("a.csv", text.encode())
    assert table.columns.tolist() == ["zip", "income"]
    assert table["income"].tolist() == [3.5, 4.0]


def test_byte_order_mark_spaces_and_quotes() -> None:
    content = b'\xef\xbb\xbfname , "a,b"\n"x, y", 1\nz, 2\n'
    table = read_csv("a.csv", content)
    assert table.columns.tolist() == ["name", "a,b"]
    assert table.iloc[0].tolist() == ["x, y", 1]


def test_an_empty_column_is_left_out() -> None:
    assert read_csv("a.csv", b"a,b,c\n1,,2\n3,,4\n").columns.tolist() == ["a", "c"]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is empty"),
        (b"   \n", "is empty"),
        (b"PK\x03\x04rest of a spreadsheet", "not a text file.*CSV UTF-8"),
        (b"a,b\n\x00\x01\x02,3\n", "not a text file"),
        (b"a,b\n\xff\xfe,3\n", "not written in UTF-8"),
        (b"only one name\n1\n2\n", "one name only"),
        (b"a,,c\n1,2,3\n", "Column 2 .* has no name"),
        (b"a,b,a\n1,2,3\n", "several columns named 'a'"),
        (b"a,b\n1,2\n1,2,3,4\n", "not a table"),
        (b"a," + b"x" * 500 + b"\n1,2\n", "a name of 500 characters"),
        (",".join(f"c{i}" for i in range(300)).encode() + b"\n", "300 columns; at most 200"),
    ],
)
def test_what_is_no_table_is_refused_in_words(content: bytes, words: str) -> None:
    with pytest.raises(DataError, match=words):
        read_csv("mine.csv", content)


def test_size_is_refused_before_parsing(monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*_: object, **__: object) -> None:
        raise AssertionError("parsed")

    monkeypatch.setattr(csv_upload.pd, "read_csv", never)
    monkeypatch.setattr(csv_upload, "MAX_BYTES", 1_000)
    with pytest.raises(DataError, match="at most 0 MB are read"):
        read_csv("big.csv", b"a,b\n" + b"1,2\n" * 500)
    monkeypatch.setattr(csv_upload, "MAX_BYTES", 30_000_000)
    monkeypatch.setattr(csv_upload, "MAX_CELLS", 100)
    with pytest.raises(DataError, match=r"about 501 rows of 2 columns.*random sample"):
        read_csv("long.csv", b"a,b\n" + b"1,2\n" * 500)
