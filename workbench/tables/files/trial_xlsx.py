"""Take an Excel workbook apart; run in a child process, see ``common/trial.py``."""

import datetime
import io
import json
import lzma
import re
import warnings
import zipfile
import zlib
from typing import Any

LIBRARIES = ("openpyxl",)
DAMAGED = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    OSError,
    ValueError,
    NotImplementedError,
    RuntimeError,
    EOFError,
)
"""What Python raises when a packed part is not what it says."""
FORMULA = re.compile(rb"<(?:\w+:)?f[\s/>]")
UNCALCULATED = re.compile(
    rb"(?:</(?:\w+:)?f>|<(?:\w+:)?f(?:\s[^<>]*)?/>)\s*+(?:<(?:\w+:)?v\s*+/>|<(?:\w+:)?v></(?:\w+:)?v>)?"
    rb"\s*+</(?:\w+:)?c>"
)
"""A cell with a formula and no value; blanks are never given back, or many of them take hours."""


class RefusedError(Exception):
    """A workbook that is not read; the text goes on from "The file NAME", without its full stop."""


def take_apart(content: bytes, told: dict[str, int]) -> bytes:
    """Return the names of the sheets and the rows of the first, each a line of JSON.

    A row has no empty cells at its end. A date is a list of its text. `told` holds the most
    bytes that parts unpack to, rows, columns, cells, and characters of a cell.
    """
    _check_parts(content, told["bytes"])
    import openpyxl

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # parts of a workbook that hold no values
        workbook = openpyxl.load_workbook(
            io.BytesIO(content), read_only=True, data_only=True, keep_links=False
        )
        sheets = workbook.worksheets
        if not sheets:
            raise RefusedError("is a workbook without a sheet of cells")
        sheets[0].reset_dimensions()
        lines = [json.dumps([sheet.title for sheet in sheets])]
        taken = 0
        for place, row in enumerate(sheets[0].iter_rows(values_only=True)):
            if place >= told["rows"]:
                raise RefusedError(f"names rows beyond {told['rows']:,} in its sheet")
            width = len(row)
            while width and row[width - 1] is None:
                width -= 1
            if not width:
                continue
            taken += width
            _check_row(row[:width], place, taken, told)
            lines.append(json.dumps(row[:width], default=_dated))
    return "\n".join(lines).encode()


def _check_parts(content: bytes, most: int) -> None:
    """Refuse what is no workbook, unpacks to too much, or holds formulas without values."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as file:
            parts = file.infolist()
            size = sum(part.file_size for part in parts)
            if size > most:
                raise RefusedError(
                    f"would unpack to {size / 1e6:,.0f} MB; at most {most / 1e6:,.0f} MB are read. "
                    f"Save the sheet as 'CSV UTF-8'"
                )
            for part in parts:
                if part.filename.startswith("xl/worksheets/") and part.filename.endswith(".xml"):
                    _check_formulas(file.read(part))
    except DAMAGED:
        raise RefusedError(
            "is not an Excel workbook, whatever its name says, or is damaged. A table in text form "
            "is read when its name ends in .csv"
        ) from None


def _check_formulas(sheet: bytes) -> None:
    if FORMULA.search(sheet) and UNCALCULATED.search(sheet):
        raise RefusedError(
            "holds formulas that were never calculated. Open it in a spreadsheet program and save "
            "it, or save the sheet as 'CSV UTF-8'"
        )


def _check_row(row: tuple[Any, ...], place: int, taken: int, told: dict[str, int]) -> None:
    if len(row) > told["columns"]:
        raise RefusedError(f"has {len(row):,} columns; at most {told['columns']:,} fit")
    if any(isinstance(cell, str) and len(cell) > told["characters"] for cell in row):
        raise RefusedError(
            f"holds a text of more than {told['characters']:,} characters in row {place + 1:,}"
        )
    if any(isinstance(cell, int) and abs(cell) > 10**300 for cell in row):
        raise RefusedError(f"holds a number of more than 300 digits in row {place + 1:,}")
    if taken > told["cells"]:
        raise RefusedError(
            f"has more than {told['cells']:,} cells. Keep fewer columns or a random sample of the "
            f"rows, or save the sheet as 'CSV UTF-8', which is read faster"
        )


def _dated(cell: Any) -> list[str]:
    """Write a date as a CSV file would hold it."""
    if isinstance(cell, datetime.datetime):
        midnight = cell.time() == datetime.time()
        return [cell.date().isoformat() if midnight else cell.isoformat(" ")]
    return [str(cell)]
