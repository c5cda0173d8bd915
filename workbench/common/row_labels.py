"""Labels of rows in a saved file: as JSON has them, or as their text and their Python code."""

from __future__ import annotations

import math

from workbench.common.checked_code import check_code
from workbench.common.saved_values import Number, Saved

__all__ = ["SavedLabel", "WrittenLabel", "read_label", "written_label"]


class CodedLabel(Saved, frozen=True):
    """A label that JSON does not know."""

    text: str
    code: str


WrittenLabel = CodedLabel | str | bool | int | Number
"""A row's label in a file."""


class SavedLabel(str):
    """A row's label that JSON does not know, such as a date: its text, and its Python code."""

    code: str

    def __new__(cls, text: str, code: str) -> SavedLabel:
        """Keep a text with its code."""
        label = super().__new__(cls, text)
        label.code = code
        return label

    def __repr__(self) -> str:
        return self.code


def written_label(label: object) -> WrittenLabel:
    """Return a row's label as a file keeps it."""
    if isinstance(label, SavedLabel):
        return CodedLabel(text=str(label), code=label.code)
    if isinstance(label, str | bool) or (isinstance(label, int) and abs(label) < 2**53):
        return label
    if isinstance(label, float) and math.isfinite(label):
        return float(label)
    return CodedLabel(text=str(label), code=repr(label))


def read_label(saved: WrittenLabel) -> str | bool | int | float:
    """Read a row's label that :func:`written_label` wrote.

    Raises
    ------
    DataError
        When its code is no value.
    """
    if isinstance(saved, CodedLabel):
        return SavedLabel(saved.text, check_code(saved.code))
    return saved
