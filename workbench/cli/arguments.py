"""What the command line's arguments mean: a target, subgroups, levels."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal

import pandas as pd
import typer

from workbench.case.audit_case import AuditCase
from workbench.case.decision_line import Favourable, checked_favourable
from workbench.case.intervention import Contrast
from workbench.case.target import TargetUnion, UnlearningTarget
from workbench.case.target_text import joined_targets, target_part
from workbench.checks.registry import CHECK_BY_NAME
from workbench.common.errors import DataError, TargetError, listed
from workbench.tables.columns import Column
from workbench.tables.files.column_types import Stated, stated

__all__ = [
    "blocks_of",
    "check_settings",
    "contrast_of",
    "levels_of",
    "names_of",
    "number_of",
    "range_of",
    "read_favourable",
    "stated_of",
    "subgroups_of",
    "target_of",
]


def target_of(
    case: AuditCase, names: Sequence[str], where: str | None, rows: Sequence[str]
) -> UnlearningTarget | TargetUnion:
    """Return the target that --target, --where and --row name.

    Raises
    ------
    TargetError
        None of them was given, both rows and a condition were, or they do not fit the case.
    """
    wholes = [target_part(case, name) for name in names]
    if any(isinstance(whole, UnlearningTarget) for whole in wholes):
        return _union_of(wholes, where, rows)
    if not names and where is None and not rows:
        raise TargetError(
            "Say what was to be forgotten: --target for a feature, --where for a subgroup, or "
            f"--row for a datapoint. Features: {listed(case.features)}."
        )
    if where is not None and rows:
        raise TargetError("A target has either --row or --where, not both.")
    if where is not None:
        target = UnlearningTarget.subgroup(where, names or None)
    elif rows:
        target = UnlearningTarget.datapoints(_labels(case.data.index, rows), names or None)
    else:
        target = UnlearningTarget.features(names)
    case.resolve(target)
    return target


def blocks_of(
    target: UnlearningTarget | TargetUnion, case: AuditCase
) -> dict[str | None, UnlearningTarget]:
    """Return what is audited by itself: the target, or a union's blocks of rows in words."""
    if isinstance(target, UnlearningTarget):
        return {None: target}
    return {block.describe(): block for block in target.blocks(case.data)}


def _union_of(
    wholes: Sequence[UnlearningTarget | str], where: str | None, rows: Sequence[str]
) -> UnlearningTarget | TargetUnion:
    if where is not None or rows:
        raise TargetError(
            '--target "FEATURE where CONDITION" says its rows itself; leave out --where and --row.'
        )
    return joined_targets(wholes)


def _labels(index: pd.Index, rows: Sequence[str]) -> list[object]:
    """Return the labels of the data's index that texts stand for."""
    if not pd.api.types.is_integer_dtype(index.dtype):
        return list(rows)
    wrong = [row for row in rows if not row.lstrip("-").isdecimal()]
    if wrong:
        raise TargetError(
            f"Rows are numbered from {index[0]} to {index[-1]} here; {listed(wrong)} is not a "
            f"number."
        )
    return [int(row) for row in rows]


def subgroups_of(texts: Sequence[str]) -> dict[str, str]:
    """Return the conditions by name that --subgroup gives as NAME=CONDITION.

    Raises
    ------
    TargetError
        When a text has no name, or two have the same.

    Examples
    --------
    >>> subgroups_of(["women=sex == 'Female'", "elderly=age >= 65"])
    {'women': "sex == 'Female'", 'elderly': 'age >= 65'}
    """
    found: dict[str, str] = {}
    for text in texts:
        name, sign, condition = text.partition("=")
        name = name.strip()
        if not sign or not name or name[-1] in "<>!" or condition.startswith("="):
            raise TargetError(
                f"--subgroup takes a name and a condition, such as elderly='age >= 65'; {text!r} "
                f"has no name."
            )
        if name in found:
            raise TargetError(f"Two subgroups are named {name!r}. Give each a name of its own.")
        found[name] = condition.strip()
    return found


def contrast_of(case: AuditCase, names: Sequence[str], levels: Sequence[str]) -> Contrast:
    """Return the contrast between two levels written as text.

    Raises
    ------
    TargetError
        Not exactly one feature is targeted, or not exactly two levels are given.
    InterventionError
        A level lies outside the feature's domain.
    """
    if len(names) != 1:
        raise TargetError("A contrast belongs to one feature: name exactly one --target with it.")
    if len(levels) != 2:
        raise TargetError(
            f"A contrast has two levels, not {len(levels)}: --contrast LOW,HIGH, or --from LOW "
            f"--to HIGH where a level holds a comma."
        )
    column = case.columns[names[0]]
    low, high = (_level(column, text) for text in levels)
    for level in (low, high):
        column.encode(level)
    return Contrast(low, high)


def range_of(
    case: AuditCase, names: Sequence[str], text: str | None
) -> Literal["levels"] | list[Contrast] | None:
    """Return what the verdict is to cover: "levels", or contrasts between named levels.

    Raises
    ------
    TargetError
        Not exactly one feature is targeted with levels of its own, or too few are given.
    InterventionError
        A level lies outside the feature's domain.

    Examples
    --------
    >>> range_of(None, (), "levels"), range_of(None, (), None)  # type: ignore[arg-type]
    ('levels', None)
    """
    if text is None or text.strip() in ("levels", "all"):
        return None if text is None else "levels"
    levels = [level.strip() for level in text.split(",")]
    if len(levels) < 2:
        raise TargetError(f"--range takes 'all', or two or more levels by commas, not {text!r}.")
    return [contrast_of(case, names, (levels[0], level)) for level in levels[1:]]


def _level(column: Column, text: str) -> object:
    """Return the value of a column that a text stands for; the text itself when there is none.

    Nothing, or "missing", is the level that some categories have where no value is known.
    """
    for level in column.levels:
        if level is not None and str(level) == text:
            return level
    if text in ("", "missing") and None in column.levels:
        return None
    try:
        number = float(text)
    except ValueError:
        return text
    if not column.is_numeric:
        return next((level for level in column.levels if level == number), text)
    return int(number) if number.is_integer() and column.integer else number


def names_of(text: str | None) -> tuple[str, ...]:
    """Return the names that a text gives by commas."""
    return () if text is None else tuple(name.strip() for name in text.split(",") if name.strip())


def number_of(text: str) -> float:
    """Read a number as a person may write it on a command line; say how, where it is none."""
    try:
        return float(text)
    except ValueError:
        raise typer.BadParameter(
            f"{text!r} is no number. Write it with a point, without a unit or a percent sign: 0.02."
        ) from None


def levels_of(contrast: str | None, low: str | None, high: str | None) -> tuple[str, ...] | None:
    """Return the levels that --contrast, or --from and --to, give; None where none is given.

    Raises
    ------
    TargetError
        When they do not go together.
    """
    if contrast is not None:
        if low is not None or high is not None:
            raise TargetError("Use either --contrast, or --from and --to.")
        return tuple(level.strip() for level in contrast.split(","))
    if low is None and high is None:
        return None
    if low is None or high is None:
        raise TargetError("--from and --to belong together.")
    return low, high


def stated_of(types: Sequence[str], missing: Sequence[str], decimal: str | None) -> Stated:
    """Return what --type, --missing and --decimal say of the table's columns.

    Raises
    ------
    DataError
        A text is not of the form COLUMN=TYPE, or names an unknown type.

    Examples
    --------
    >>> said = stated_of(["zip=text"], [".", "alley=NA"], None)
    >>> said.types["zip"], sorted(said.marks("zip")), sorted(said.marks("alley"))
    ('text', ['.'], ['NA'])
    """
    kinds: dict[str, str] = {}
    for text in types:
        name, sign, kind = text.rpartition("=")
        if not sign or not name:
            raise DataError(f"--type takes a column and its type, such as zip=text, not {text!r}.")
        kinds[name] = kind
    marks: dict[str, list[str]] = {}
    for text in missing:
        name, _, mark = text.rpartition("=")
        marks.setdefault(name, []).append(mark)
    return stated(kinds, marks or None, decimal)


def read_favourable(given: str | None, positive: str | None) -> Favourable | None:
    """Read which scores are to people's advantage; that cannot be said of all classes at once."""
    if given is not None and positive == "all":
        raise TargetError("--favourable is about one score; with --positive all there are several.")
    return checked_favourable(given, "--favourable")


def check_settings(threshold: float | None, alpha: float, checks: Sequence[str]) -> None:
    """Refuse before the long work begins what would fail after it."""
    for name in checks:
        if name in CHECK_BY_NAME and "training" in CHECK_BY_NAME[name].needs:
            raise TargetError(
                f"--check {name} trains models like the audited one, which takes the function "
                f"that trained it: in Python, wb.audit(case, target, checks=[{name!r}], "
                f"training=wb.Training(train, rows=...))."
            )
    if threshold is not None and not (threshold > 0 and math.isfinite(threshold)):
        raise TargetError(f"--threshold must be a number above 0, not {threshold:g}.")
    if not 0 < alpha < 0.5:
        raise TargetError(f"--alpha must lie between 0 and 0.5, not {alpha:g}.")
