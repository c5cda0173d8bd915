"""Typed values of a saved file: one definition writes them, reads them and gives their schema.

A document is a :class:`Saved` struct of msgspec. What a stranger wrote is compared with it by
:func:`read_values`, which says where a value is not of its kind; whether the values agree with each
other is for the reader of each document to say, with :func:`altered`, :func:`check_between` and
:func:`check_known`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Iterable, Mapping
from typing import Annotated, Any, TypeVar

import msgspec
import pandas as pd

from workbench.common.errors import DataError, listed
from workbench.common.strict_json import LARGEST_COUNT, LARGEST_NUMBER, JsonPart

__all__ = [
    "Count",
    "Fingerprint",
    "MaybeNumber",
    "Number",
    "Saved",
    "altered",
    "check_between",
    "check_fingerprint",
    "check_known",
    "frame_of",
    "plain",
    "read_values",
    "rows_of",
    "wrong",
]

Number = Annotated[float, msgspec.Meta(ge=-LARGEST_NUMBER, le=LARGEST_NUMBER)]
"""A number that is known."""
MaybeNumber = Number | None
"""A number; null where it is not known (NaN)."""
Count = Annotated[int, msgspec.Meta(ge=0, lt=LARGEST_COUNT)]
"""A whole number from 0."""
Fingerprint = Annotated[str, msgspec.Meta(extra_json_schema={"pattern": "^[0-9a-f]{64}$"})]
"""A SHA-256 in hexadecimal; see :func:`check_fingerprint`."""
SLACK = 1e-6
"""By how much a number may leave its range, for rounding."""
WHAT = "saved report"


class Saved(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A value of a saved file; its fields are the keys.

    Subclasses say ``frozen=True`` again, for type checkers.
    """


S = TypeVar("S", bound=Saved)
T = TypeVar("T")


# ---- writing -------------------------------------------------------------------------------


def rows_of(frame: pd.DataFrame, row: type[S]) -> tuple[S, ...]:
    """Return a table's rows as typed values; its columns are the fields of `row`."""
    return tuple(
        row(**{str(name): value for name, value in record.items()})
        for record in frame.to_dict("records")
    )


def plain(value: Any) -> Any:
    """Turn a value into what JSON knows; NaN becomes null."""
    if isinstance(value, Saved):
        return {name: plain(getattr(value, name)) for name in value.__struct_fields__}
    if isinstance(value, Mapping):
        return {str(key): plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [plain(inner) for inner in value]
    if hasattr(value, "item"):
        value = value.item()
    if value is pd.NA or (isinstance(value, float) and not math.isfinite(value)):
        return None
    return value


# ---- reading -------------------------------------------------------------------------------


def read_values(part: JsonPart, kind: Any) -> Any:
    """Return a part of a JSON text as typed values.

    Parameters
    ----------
    part : JsonPart
    kind : type
        A :class:`Saved` struct, or a type made of such.

    Raises
    ------
    DataError
        When anything in it is not of its kind; the message names the place.
    """
    try:
        return msgspec.convert(part.value, kind)
    except msgspec.ValidationError as error:
        said, _, path = str(error).partition(" - at `$")
        keys = re.findall(r"\.([^.\[]+)|\[(\d+|\.\.\.)\]", path.removesuffix("`"))
        raise _in_words(part, kind, said, [name or place for name, place in keys]) from None


def frame_of(rows: Iterable[Saved], row: type[Saved]) -> pd.DataFrame:
    """Return typed rows as a table; null becomes NaN."""
    rows = tuple(rows)
    fields = msgspec.structs.fields(row)
    if not rows:
        return pd.DataFrame([], columns=[field.name for field in fields])
    columns: dict[str, Any] = {}
    for field in fields:
        values = [getattr(one, field.name) for one in rows]
        if field.type in (Number, MaybeNumber):
            floats = [math.nan if value is None else float(value) for value in values]
            columns[field.name] = pd.Series(floats, dtype=float)
        else:
            columns[field.name] = values
    return pd.DataFrame(columns)


def altered(reason: str) -> DataError:
    """Say that a report does not agree with itself."""
    return DataError(
        f"This report was changed after it was written: {reason}. Ask for the original, or repeat "
        f"the audit."
    )


def wrong(place: str, why: str) -> DataError:
    """Say why what stands at a place of the report cannot be right."""
    return DataError(f"The {WHAT}'s {place!r} {why}")


def check_between(place: str, low: float, *values: float | None, high: float) -> None:
    """Refuse numbers that leave their range by more than rounding; not known is not refused."""
    for value in values:
        if value is None or math.isnan(value):
            continue
        slack = SLACK * (1 + abs(value)) if math.isfinite(value) else 0.0
        if value < low - slack or value > high + slack:
            raise wrong(place, f"holds a number outside its range: {value:g}.")


def check_fingerprint(place: str, text: str) -> None:
    """Refuse a fingerprint that is none."""
    if re.fullmatch("[0-9a-f]{64}", text) is None:
        raise wrong(place, "holds a fingerprint that is not SHA-256 in hexadecimal.")


def check_known(place: str, names: Iterable[str], known: Collection[str]) -> None:
    """Refuse names that do not occur in the rest of the report."""
    for name in names:
        if name not in known:
            raise wrong(place, f"names what is not in this report: {name!r:.60}.")


# ---- msgspec's messages in words -----------------------------------------------------------

_KINDS = {
    "str": "a text",
    "float": "a number",
    "int": "a whole number",
    "bool": "true or false",
    "array": "a list",
    "object": "an object with keys",
    "null": "null",
}


def _in_words(part: JsonPart, kind: Any, said: str, keys: list[str]) -> DataError:
    """Word an error of msgspec: what is there, and what is expected."""
    held, place = part.value, part.place
    for key in keys:
        if key == "...":  # some value of a mapping: msgspec does not say which
            return JsonPart(None, place).error(
                f"holds a value of the wrong kind: {_expected(said)} is expected."
            )
        held = held[int(key)] if isinstance(held, list) else held[key]
        place += f"[{key}]" if key.isdecimal() else f".{key}"
    here = JsonPart(held, place)
    if match := re.match(r"Object missing required field `(.*)`", said):
        return here.error(f"lacks {match[1]!r:.60}.")
    if match := re.match(r"Object contains unknown field `(.*)`", said, re.DOTALL):
        return here.error(f"has a key {match[1]!r:.60}, which this version does not know.")
    if said.startswith("Invalid enum value"):
        return here.refusal(f"one of {listed(_choices(msgspec.inspect.type_info(kind), keys))}")
    if match := re.match(r"Expected `array` of length ([<>]?)=? ?(\d+)", said):
        least = {"<": "at most ", ">": "at least ", "": ""}[match[1]]
        return here.error(f"holds {len(held):,} entries; {least}{int(match[2]):,} are expected.")
    return here.refusal(_expected(said))


def _expected(said: str) -> str:
    """Name the kind of value that msgspec expected."""
    match = re.match(r"Expected `([^`]*)`(.*)", said)
    if match is None:  # "Number out of range"
        return f"a number of at most {LARGEST_NUMBER:g}"
    kinds = [_KINDS.get(kind, kind) for kind in match[1].split(" | ")]
    kinds = [kind for kind in kinds if kind != "null"] or kinds
    bound = re.match(r" [<>]=? ([-+0-9.e]+)", match[2])
    if bound is None:
        return " or ".join(kinds)
    return "a whole number from 0" if "int" in match[1] else f"a number of at most {bound[1]}"


def _choices(info: Any, keys: list[str]) -> list[Any]:
    """Return the texts that may stand at a place of a typed value."""
    found: list[Any] = [info]
    for key in keys:
        found = [inner for one in found for inner in _inside(one, key)]
    flat = [one for outer in found for one in getattr(outer, "types", (outer,))]
    return [value for one in flat for value in getattr(one, "values", ())]


def _inside(info: Any, key: str) -> list[Any]:
    """Return the types that may stand under a key, or in a list."""
    if isinstance(info, msgspec.inspect.Metadata):
        return _inside(info.type, key)
    if isinstance(info, msgspec.inspect.UnionType):
        return [inner for one in info.types for inner in _inside(one, key)]
    if isinstance(info, msgspec.inspect.StructType):
        return [field.type for field in info.fields if field.encode_name == key]
    inner = getattr(info, "item_type", None) or getattr(info, "value_type", None)
    return [] if inner is None else [inner]
