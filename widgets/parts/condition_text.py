"""Conditions written for a person: what can be asked of a column, and the text that asks it."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd

import workbench as wb
from workbench.case.condition_syntax import read_condition
from workbench.common.errors import ConditionError

__all__ = ["ColumnFacts", "column_facts", "example_condition", "joined"]

MOST_LEVELS = 200
"""Levels that a list offers; where there are more, one is typed."""
FEW_NUMBERS = 2
"""Numbers are chosen from a list where there are so few, as with 0 and 1."""

_NUMBERS = (
    ("is more than", ">"),
    ("is at least", ">="),
    ("is less than", "<"),
    ("is at most", "<="),
    ("is between", "between"),
    ("is exactly", "=="),
    ("is not", "!="),
)
_LEVELS = (("is", "=="), ("is not", "!="), ("is one of", "in"), ("is none of", "not in"))
_ORDERED = (("is at least", ">="), ("is at most", "<="))
_TRUTHS = (("is true", "== True"), ("is false", "== False"))
_MISSING = (("is missing", "is None"), ("is not missing", "is not None"))


@dataclass(frozen=True)
class ColumnFacts:
    """What a condition can ask about one column.

    Attributes
    ----------
    name : str
    shown : str
        The name as the condition language writes it.
    kind : {"number", "text", "ordered", "truth", "other"}
    levels : tuple
        What it can be compared with from a list; empty where a value is typed.
    low, middle, high : float
        Of a column of numbers: the observed range and the median.
    gaps : bool
        Whether values are missing.
    """

    name: str
    shown: str
    kind: Literal["number", "text", "ordered", "truth", "other"]
    levels: tuple[Any, ...] = ()
    low: float = 0.0
    middle: float = 0.0
    high: float = 0.0
    gaps: bool = False

    @property
    def comparisons(self) -> tuple[tuple[str, str], ...]:
        """The comparisons that fit, as (words, sign)."""
        kinds = {
            "number": _LEVELS if self.levels else _NUMBERS,
            "text": _LEVELS if self.levels else _LEVELS[:2],
            "ordered": (*_LEVELS, *_ORDERED) if self.levels else _LEVELS[:2],
            "truth": _TRUTHS,
            "other": (),
        }
        return kinds[self.kind] + (_MISSING if self.gaps or self.kind == "other" else ())

    def written(self, sign: str, values: Sequence[Any]) -> str:
        """Write one comparison in the condition language.

        Raises
        ------
        ConditionError
            When a value is lacking or is not a number.

        Examples
        --------
        >>> column_facts(pd.Series([20, 30, 40], name="hours-per-week")).written(">", [25.0])
        '`hours-per-week` > 25'
        """
        if sign.startswith(("is", "== ")):
            return f"{self.shown} {sign}"
        if not values:
            raise ConditionError(f"Choose at least one value of {self.name!r}.")
        constants = [_constant(value) for value in values]
        if sign == "between":
            low, high = constants
            if values[0] > values[1]:
                raise ConditionError(
                    f"The range of {self.name!r} runs backwards, from {low} to {high}. Exchange "
                    f"the two."
                )
            return f"{low} <= {self.shown} <= {high}"
        if sign in ("in", "not in"):
            return f"{self.shown} {sign} [{', '.join(constants)}]"
        return f"{self.shown} {sign} {constants[0]}"


def column_facts(column: pd.Series) -> ColumnFacts | None:
    """Look at a column; None when the condition language cannot write its name."""
    name = str(column.name)
    plain = name.isascii() and name.isidentifier()
    shown = next((s for s in ([name] if plain else []) + [f"`{name}`"] if _names(s, name)), None)
    if shown is None:
        return None
    present, dtype = column.dropna(), column.dtype
    gaps = len(present) < len(column)
    if isinstance(dtype, pd.CategoricalDtype):
        levels = list(present.cat.remove_unused_categories().cat.categories)
        kind: Literal["text", "ordered"] = "ordered" if dtype.ordered else "text"
        return ColumnFacts(name, shown, kind, _offered(levels), gaps=gaps)
    if pd.api.types.is_bool_dtype(dtype) or _inferred(present) == "boolean":
        return ColumnFacts(name, shown, "truth", gaps=gaps)
    if pd.api.types.is_numeric_dtype(dtype) and not pd.api.types.is_complex_dtype(dtype):
        values = present.to_numpy(dtype=float)
        if not len(values):
            return ColumnFacts(name, shown, "other", gaps=gaps)
        few = np.unique(values) if len(values) < 10_000_000 else values
        numbers = tuple(few.tolist()) if len(few) <= FEW_NUMBERS else ()
        low, middle, high = float(values.min()), float(np.median(values)), float(values.max())
        return ColumnFacts(name, shown, "number", numbers, low, middle, high, gaps)
    if isinstance(dtype, pd.StringDtype) or _inferred(present) == "string":
        levels = sorted(present.unique().tolist())
        return ColumnFacts(name, shown, "text", _offered(levels), gaps=gaps)
    return ColumnFacts(name, shown, "other", gaps=gaps)


def example_condition(case: wb.AuditCase | None) -> str:
    """Return a condition that the case's table understands."""
    found = [column_facts(case.data[name]) for name in case.features] if case else []
    facts = [fact for fact in found if fact is not None]
    for fact in facts:
        if fact.kind == "number" and not fact.levels:
            return f"{fact.shown} > {float(f'{fact.middle:.3g}'):g}"
    for fact in facts:
        if fact.levels:
            return fact.written("==", fact.levels[:1])
    return "age > 50"


def joined(parts: Sequence[str], word: Literal["and", "or"]) -> str:
    """Join conditions, in parentheses where one would otherwise fall apart.

    Examples
    --------
    >>> joined(["a > 1 or b > 1", "c == 2"], "and")
    '(a > 1 or b > 1) and c == 2'
    """
    if len(parts) == 1:
        return parts[0]
    other = ast.Or if word == "and" else ast.And
    roots = [read_condition(part).root for part in parts]
    compound = [isinstance(root, ast.BoolOp) and isinstance(root.op, other) for root in roots]
    return f" {word} ".join(
        f"({part})" if inner else part for part, inner in zip(parts, compound, strict=True)
    )


def _names(shown: str, name: str) -> bool:
    """Whether the condition language takes `shown` for the column `name`."""
    try:
        return read_condition(f"{shown} is None").columns == (name,)
    except ConditionError:
        return False


def _constant(value: Any) -> str:
    if isinstance(value, bool | str):
        return repr(value)
    if not isinstance(value, int | float) or not np.isfinite(value):
        raise ConditionError(f"{value!r} is not a number that a value can be compared with.")
    return str(int(value)) if value == int(value) and abs(value) < 1e15 else repr(float(value))


def _offered(levels: list[Any]) -> tuple[Any, ...]:
    """Levels that a list can offer and the language can write; none when they are too many."""
    plain = [level.item() if isinstance(level, np.generic) else level for level in levels]
    fit = all(isinstance(level, str | bool | int | float) for level in plain)
    return tuple(plain) if fit and len(plain) <= MOST_LEVELS else ()


def _inferred(present: pd.Series) -> str:
    return pd.api.types.infer_dtype(present, skipna=True) if present.dtype == object else ""
