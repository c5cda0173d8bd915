"""The type of a column that was written as text: as stated, else as its values plainly are.

A value is never changed into another: what is not a number, and no mark for a missing one, keeps
every character, blanks included, because a model may have been trained on exactly that.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

import pandas as pd

from workbench.common.errors import DataError, listed, suggestion
from workbench.tables.files.spelled_numbers import (
    as_numbers,
    bare_value,
    decimal_sign,
    is_plain,
    marked_numbers,
    number_like,
    with_groups,
    with_point,
    with_points_between,
    without_sign,
)

__all__ = [
    "MARKS",
    "NO",
    "SIGNS",
    "STATED_TYPES",
    "TYPES",
    "YES",
    "Stated",
    "reading_code",
    "stated",
    "typed",
    "with_stated_types",
]

TYPES = ("text", "category", "number", "yes/no")
"""What may be said of a column."""
STATED_TYPES = "workbench.stated_types"
"""Key of ``DataFrame.attrs`` under which a table keeps the types that were stated, by column."""
MARKS = frozenset(("NA", "N/A", "n/a", "NaN", "nan", "null", "NULL", "None", "#N/A"))
"""Words that mean "not known" in a column of numbers; in a column of text they are values."""
SIGNS = frozenset((".", "?", "-", "--"))
"""Signs that programs of statistics write for a missing number."""
YES = frozenset(("true", "yes", "y", "t", "1"))
NO = frozenset(("false", "no", "n", "f", "0"))
TRUTHS = {"true": True, "false": False, "True": True, "False": False, "TRUE": True, "FALSE": False}

CODE = re.compile(r"[+-]?0[0-9]|[+-]?[0-9]{16}")
"""How a code begins that only looks like a number: 02121, or more digits than a float holds."""
FEWEST_NUMBERS = 20
"""Distinct values of a column from which on it is said why it is text instead of numbers."""
ODD_SHARE = 0.1
"""Share of the distinct values that may be no numbers where the others show what is meant."""


@dataclass(frozen=True)
class Stated:
    """What somebody said of a table's columns.

    Attributes
    ----------
    types : mapping of str to str
        One of `TYPES` by column.
    missing : frozenset of str, or None
        What means "not known" in every column; None when nobody said.
    missing_in : mapping of str to frozenset of str
        The same for single columns.
    decimal : {".", ","}, optional
        The sign before the fraction of a number.
    """

    types: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    missing: frozenset[str] | None = None
    missing_in: Mapping[str, frozenset[str]] = field(default_factory=lambda: MappingProxyType({}))
    decimal: str | None = None

    def marks(self, column: str) -> frozenset[str] | None:
        """Return what means "not known" in a column; None when nobody said."""
        return self.missing_in.get(column, self.missing)

    def check_names(self, names: Iterable[str], shown: str) -> None:
        """Refuse what is said of a column that the table does not have."""
        known = list(names)
        for name in (*self.types, *self.missing_in):
            if name not in known:
                raise DataError(
                    f"A type or a missing mark is stated for {name!r}, but {shown} has no such "
                    f"column.{suggestion(name, known)} Columns: {listed(known)}."
                )


def stated(
    types: Mapping[str, str] | None = None,
    missing: str | Iterable[str] | Mapping[str, str | Iterable[str]] | None = None,
    decimal: str | None = None,
) -> Stated:
    """Check what is said of a table's columns.

    Raises
    ------
    DataError
        A type or a decimal sign is unknown.

    Examples
    --------
    >>> stated({"zip": "text"}, missing=".").marks("zip")
    frozenset({'.'})
    """
    chosen = dict(types or {})
    for name, kind in chosen.items():
        if kind not in TYPES:
            raise DataError(
                f"The type {kind!r} of {name!r} is unknown.{suggestion(kind, TYPES)} A column is "
                f"one of {listed(TYPES)}."
            )
    if decimal not in (None, ".", ","):
        raise DataError(f"The decimal sign is '.' or ',', not {decimal!r}.")
    if isinstance(missing, Mapping):
        by_column = {name: _marks(value) for name, value in missing.items()}
        rest = by_column.pop("", None)  # what holds of every other column
        return Stated(MappingProxyType(chosen), rest, MappingProxyType(by_column), decimal)
    everywhere = None if missing is None else _marks(missing)
    return Stated(MappingProxyType(chosen), everywhere, decimal=decimal)


def reading_code(said: Stated) -> str:
    """Return the arguments of ``wb.read_table`` that state the same.

    Examples
    --------
    >>> reading_code(stated({"zip": "text"}, missing="."))
    ", types={'zip': 'text'}, missing=['.']"
    """
    code = f", types={dict(said.types)!r}" if said.types else ""
    by_column = {name: sorted(marks) for name, marks in said.missing_in.items()}
    everywhere = None if said.missing is None else sorted(said.missing)
    if by_column and everywhere is not None:
        by_column = {"": everywhere, **by_column}
    if by_column or everywhere is not None:
        code += f", missing={(by_column or everywhere)!r}"
    return code if said.decimal is None else f"{code}, decimal={said.decimal!r}"


def _marks(value: str | Iterable[str]) -> frozenset[str]:
    return frozenset((value,)) if isinstance(value, str) else frozenset(map(str, value))


def typed(
    cells: pd.Series,
    name: str,
    shown: str,
    said: Stated,
    note: Callable[[str], None],
    likely: str | None = None,
) -> pd.Series:
    """Give a column of text the type that is stated, else the one that its values plainly have.

    Parameters
    ----------
    cells : Series of str
    note : callable
        Takes a sentence about each thing that was assumed.
    likely : {".", ","}, optional
        The decimal sign that the other columns show; it decides where this one leaves it open.

    Raises
    ------
    DataError
        The values do not have the stated type.
    """
    # Most columns repeat their values: each distinct one is looked at once.
    codes, found = pd.factorize(cells)
    values = [str(value) for value in found]
    kind, marks = said.types.get(name), said.marks(name)
    if kind == "text":
        column = _text(values, marks)
    elif kind == "number":
        column = _stated_numbers(values, marks, name, shown, said.decimal or likely)
    elif kind == "yes/no":
        column = _truths(values, marks, name, shown)
    else:
        column = _plain(
            values, marks, name, said.decimal, likely, note, category=kind == "category"
        )
    taken = pd.Series(column.array.take(codes), index=cells.index)
    return taken.astype("category") if kind == "category" else taken


def _is_mark(value: str, marks: frozenset[str]) -> bool:
    """Whether a value is a mark as it stands, or but for the blanks around it."""
    bare = value.strip()
    return value in marks or (bare != "" and bare in marks)


def _bare_marks(marks: frozenset[str]) -> frozenset[str]:
    return frozenset(map(bare_value, marks))


def with_stated_types(frame: pd.DataFrame, shown: str, said: Stated) -> pd.DataFrame:
    """Return a table that has types of its own, with what is stated beside them.

    Raises
    ------
    DataError
        A column's values do not have the stated type.
    """
    said.check_names(frame.columns, shown)
    changed = dict(frame.items())
    for name, series in frame.items():
        column, kind, marks = str(name), said.types.get(str(name)), said.marks(str(name))
        if marks is not None:
            series = _without_marks(series, marks)
        if kind == "category":
            series = series.astype("category")
        elif kind is not None and not (
            kind == "number" and pd.api.types.is_numeric_dtype(series.dtype)
        ):
            plain = Stated(MappingProxyType({column: kind}), decimal=said.decimal)
            text = series.astype("str").fillna("")
            series = typed(text, column, shown, plain, lambda _: None)
        changed[name] = series
    table = pd.DataFrame(changed)
    if said.types:
        table.attrs[STATED_TYPES] = dict(said.types)
    return table


def _without_marks(series: pd.Series, marks: frozenset[str]) -> pd.Series:
    """Leave missing what the marks say, in a column that has a type of its own."""
    dtype = series.dtype
    if pd.api.types.is_bool_dtype(dtype):
        return series
    if pd.api.types.is_numeric_dtype(dtype):
        gone = series.isin(marked_numbers(marks))
    else:
        distinct = series.dropna().unique()
        gone = series.isin([value for value in distinct if _is_mark(str(value), marks)])
    return series.mask(gone) if bool(gone.any()) else series


def _text(values: list[str], marks: frozenset[str] | None) -> pd.Series:
    gone = marks if marks is not None else frozenset(("",))
    return pd.Series([None if v == "" or _is_mark(v, gone) else v for v in values], dtype="str")


def _codes(values: list[str], marks: frozenset[str]) -> pd.Series:
    """Keep text in which blanks alone mean nothing."""
    return _text([value if value.strip() else "" for value in values], marks)


def _truths(values: list[str], marks: frozenset[str] | None, name: str, shown: str) -> pd.Series:
    gone = {"", *(MARKS if marks is None else _bare_marks(marks))}
    read: list[bool | None] = []
    for value in values:
        word = value.strip().lower()
        if value.strip() in gone:
            read.append(None)
        elif word in YES or word in NO:
            read.append(word in YES)
        else:
            raise DataError(
                f"The column {name!r} of {shown} is stated to be yes/no, but holds {value[:40]!r}. "
                f"Yes is one of {listed(sorted(YES))}; no is one of {listed(sorted(NO))}."
            )
    return pd.Series(read, dtype="boolean" if None in read else "bool")


def _stated_numbers(
    values: list[str], marks: frozenset[str] | None, name: str, shown: str, decimal: str | None
) -> pd.Series:
    gone = frozenset(("", *((MARKS | SIGNS) if marks is None else _bare_marks(marks))))
    bare = [bare_value(value) for value in values]
    present = [value for value in bare if not _is_mark(value, gone)]
    sign = decimal or decimal_sign(present)[0] or "."
    read = as_numbers(bare, gone, sign)
    if read is None:
        odd = next(v for v in [*present, ""] if not is_plain(with_point(v, sign)))
        raise DataError(
            f"The column {name!r} of {shown} is stated to be a number, but holds {odd!r}. State "
            f"what means 'not known' (missing=), or take it as text or category."
        )
    return read


def _plain(
    values: list[str],
    marks: frozenset[str] | None,
    name: str,
    decimal: str | None,
    likely: str | None,
    note: Callable[[str], None],
    *,
    category: bool,
) -> pd.Series:
    """Read numbers and true/false where every value is one; else keep the text."""
    usual = MARKS | SIGNS if marks is None else _bare_marks(marks)
    stripped = [bare_value(value) for value in values]
    present = [value for value in stripped if value and value not in usual]
    if not present:
        return _codes(values, usual)
    if all(
        v in TRUTHS for v, bare in zip(values, stripped, strict=True) if bare not in {"", *usual}
    ):
        read = [TRUTHS.get(value) for value in values]
        return pd.Series(read, dtype="boolean" if None in read else "bool")
    sign, doubt = decimal_sign(present)
    if sign is None and likely == "," and all("," in v or with_points_between(v) for v in present):
        sign, doubt = ",", False
    sign, doubt = (sign or likely, False) if doubt and likely else (decimal or sign, doubt)
    numbers = None if doubt and decimal is None else as_numbers(stripped, usual, sign or ".")
    if numbers is None:
        if doubt:
            note(
                f"{name} is kept as text: a comma such as in {present[0]!r} may part thousands or "
                f"stand before a fraction. State it: --decimal , (decimal=',') or --decimal . "
                f"(decimal='.')."
            )
        else:
            _note_nearly_numbers(name, present, note)
        odd = sorted((MARKS | SIGNS).intersection(stripped)) if marks is None else []
        if odd:
            note(
                f"In {name}, which is text, {listed(odd)} is read as a value. If it means 'not "
                f"known', say so: --missing {name}={odd[0]}, missing={{{name!r}: {odd[0]!r}}}."
            )
        return _text(values, marks)
    if code := next((value for value in present if CODE.match(value)), None):
        if not category:
            note(
                f"{name} is read as text, because {code!r} looks like a code. If a model was "
                f"trained on it as a number, state it: --type {name}=number, "
                f"types={{{name!r}: 'number'}}."
            )
        return _codes(values, usual)
    parted = next((v for v in present if with_groups(v, sign or ".")), None)
    if sign == ",":
        note(f"The numbers of {name}, such as {parted or present[0]!r}, have a decimal comma.")
    elif parted:
        note(f"The numbers of {name}, such as {parted!r}, have signs between their thousands.")
    if marks is None and (signs := sorted(SIGNS.intersection(stripped))):
        note(f"{listed(signs)} in {name} is read as a missing number.")
    return numbers


def _note_nearly_numbers(name: str, present: list[str], note: Callable[[str], None]) -> None:
    """Say what keeps a column from being numbers, where nearly everything in it is one."""
    odd = [value for value in present if not number_like(value)]
    few = len(odd) <= ODD_SHARE * len(present)
    if len(present) < FEWEST_NUMBERS or not (few or all(number_like(without_sign(v)) for v in odd)):
        return
    what = (
        f"{listed(odd, limit=3)} {'are' if len(odd) > 1 else 'is'} no plain "
        f"{'numbers' if len(odd) > 1 else 'number'}, as its other values are"
        if odd
        else "its numbers are spelled in several ways"
    )
    note(
        f"{name} is kept as text, because {what}. Write it as plain numbers, or state what means "
        f"'not known': --missing {name}=…, missing={{{name!r}: …}}."
    )
