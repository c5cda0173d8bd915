"""Numbers as people and programs spell them: decimal commas, thousands, the long minus sign."""

from __future__ import annotations

import re

import pandas as pd

__all__ = [
    "as_numbers",
    "bare_value",
    "decimal_sign",
    "is_plain",
    "marked_numbers",
    "number_like",
    "with_groups",
    "with_point",
    "with_points_between",
    "without_sign",
]

_GROUPED = r"[+-]?[0-9]{{1,3}}(?:{0}[0-9]{{3}})+"
_BY_POINT = re.compile(_GROUPED.format(r"\.") + "(?:,[0-9]+)?")
_BY_COMMA = re.compile(_GROUPED.format(",") + r"(?:\.[0-9]+)?")
_BY_SPACE = re.compile(_GROUPED.format("[ \u00a0\u202f'’]") + "(?:[.,][0-9]+)?")
_DECIMAL_COMMA = re.compile(r"[+-]?[0-9]+,[0-9]+(?:[eE][+-]?[0-9]+)?")
_PLAIN = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")


def bare_value(value: str) -> str:
    """Return a value without the blanks around it, and with the plain sign for minus."""
    return value.strip().replace("\u2212", "-")


def decimal_sign(present: list[str]) -> tuple[str | None, bool]:
    """Return the decimal sign that numbers show, and whether their commas leave it open."""
    with_comma = [value for value in present if "," in value]
    if not with_comma:
        grouped = any(_BY_POINT.fullmatch(value) and value.count(".") > 1 for value in present)
        return ("," if grouped else None), False
    if not all(number_like(value) for value in present):
        return None, False
    decimal = any(_shows_decimal_comma(value) for value in with_comma)
    grouped = any(v.count(",") > 1 or "." in v[v.rfind(",") :] for v in with_comma) or any(
        "." in v for v in present if "," not in v
    )
    if decimal == grouped:
        return None, not decimal
    return ("," if decimal else "."), False


def as_numbers(values: list[str], gone: frozenset[str], sign: str) -> pd.Series | None:
    """Read bare values as numbers; None where some is none. A mark of 0 also stands for 0.0."""
    spelled = [None if value in gone or not value else with_point(value, sign) for value in values]
    try:
        numbers = pd.Series(pd.to_numeric(pd.Series(spelled, dtype="str")))
    except (ValueError, TypeError):
        return None
    marked = numbers.isin(marked_numbers(gone))
    return numbers.mask(marked) if bool(marked.any()) else numbers


def with_point(value: str, sign: str) -> str:
    """Spell one number with a decimal point and nothing between its thousands."""
    grouped = _BY_POINT if sign == "," else _BY_COMMA
    if _BY_SPACE.fullmatch(value):
        value = re.sub("[ \u00a0\u202f'’]", "", value)
    elif grouped.fullmatch(value):
        value = value.replace("." if sign == "," else ",", "")
    elif sign == "," and "." in value:
        return "no number"
    return value.replace(",", ".") if sign == "," else value


def is_plain(value: str) -> bool:
    """Whether a value is a number as Python spells it."""
    return bool(_PLAIN.fullmatch(value))


def number_like(value: str) -> bool:
    """Whether a value is a number in any of the spellings."""
    forms = (_PLAIN, _DECIMAL_COMMA, _BY_COMMA, _BY_POINT, _BY_SPACE)
    return any(form.fullmatch(value) for form in forms)


def without_sign(value: str) -> str:
    """Return a value without a sign of money or of percent."""
    return value.strip("$€£¥% ")


def with_points_between(value: str) -> bool:
    """Whether points part the thousands of a number."""
    return bool(_BY_POINT.fullmatch(value))


def with_groups(value: str, sign: str) -> bool:
    """Whether something parts the thousands of a number that has this decimal sign."""
    return bool((_BY_POINT if sign == "," else _BY_COMMA).fullmatch(value)) or bool(
        _BY_SPACE.fullmatch(value)
    )


def _shows_decimal_comma(value: str) -> bool:
    """Whether the comma of a number cannot part thousands."""
    if _DECIMAL_COMMA.fullmatch(value):
        return not _BY_COMMA.fullmatch(value) or value.lstrip("+-").startswith("0")
    whole = value.rpartition(",")[0]
    return bool(_BY_POINT.fullmatch(whole) or _BY_SPACE.fullmatch(whole))


def marked_numbers(marks: frozenset[str]) -> frozenset[float]:
    """Return the marks that are numbers: -999 also stands for -999.0 and -9.99e2."""
    return frozenset(float(mark) for mark in marks if _PLAIN.fullmatch(mark.strip()))
