"""What a Frictionless Table Schema beside a table says of its columns."""

from __future__ import annotations

import json
from pathlib import Path
from types import MappingProxyType
from typing import Any

from workbench.common.errors import DataError, listed
from workbench.common.limits import TABLE_SCHEMA_BYTES
from workbench.tables.files.column_types import Stated

__all__ = ["beside", "read_schema"]

KINDS = {
    "string": "text",
    "integer": "number",
    "number": "number",
    "year": "number",
    "boolean": "yes/no",
    "any": None,
    "date": "text",
    "time": "text",
    "datetime": "text",
}
"""A column's type by the schema's name for it; None leaves it to the values."""


def beside(table: Path) -> bytes | None:
    """Return the content of ``NAME.schema.json`` beside ``NAME.csv``; None where there is none.

    Raises
    ------
    DataError
        It is there and cannot be read.
    """
    name = table.name[: -len("".join(table.suffixes[-2:]))] if table.suffix == ".gz" else table.stem
    file = table.with_name(f"{name}.schema.json")
    try:
        with file.open("rb") as stream:
            content = stream.read(TABLE_SCHEMA_BYTES + 1)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise DataError(f"Cannot read {str(file)!r}: {error.strerror}.") from None
    if len(content) > TABLE_SCHEMA_BYTES:
        raise DataError(
            f"{file.name!r} holds more than {TABLE_SCHEMA_BYTES / 1e6:g} MB, no table schema."
        )
    return content


def read_schema(content: bytes, said: Stated) -> Stated:
    r"""Add what a Table Schema says to what was said before, which goes first.

    Raises
    ------
    DataError
        It is no Table Schema, or gives a column a type that has no place in an audit.

    Examples
    --------
    >>> read_schema(b'{"fields": [{"name": "zip", "type": "string"}]}', Stated()).types["zip"]
    'text'
    """
    try:
        found: Any = json.loads(content.decode("utf-8-sig"))
        fields = found["fields"]
        names = [field["name"] for field in fields]
        marks = found.get("missingValues")
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise DataError(
            'The table schema is not of the form {"fields": [{"name": "zip", "type": "string"}]} '
            "(Frictionless Table Schema)."
        ) from None
    plain = isinstance(marks, list) and all(isinstance(mark, str) for mark in marks)
    if not all(isinstance(name, str) for name in names) or not (marks is None or plain):
        raise DataError("The table schema names columns or missing values by something but text.")
    types: dict[str, str] = {}
    for field in fields:
        kind = field.get("type", "any")
        if not isinstance(kind, str) or kind not in KINDS:
            raise DataError(
                f"The table schema gives {field['name']!r} the type {str(kind)[:40]!r}; a column "
                f"here is one of {listed(KINDS)}."
            )
        wanted = "category" if kind != "boolean" and field.get("categories") else KINDS[kind]
        if wanted is not None:
            types[field["name"]] = wanted
    signs = {str(field["decimalChar"]) for field in fields if "decimalChar" in field}
    if not signs <= {".", ","} or len(signs) > 1:
        raise DataError("The table schema's decimalChar is '.' or ',', and one for all columns.")
    return Stated(
        MappingProxyType(types | dict(said.types)),
        said.missing if said.missing is not None or marks is None else frozenset(marks),
        said.missing_in,
        said.decimal or (signs.pop() if signs else None),
    )
