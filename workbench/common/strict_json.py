"""JSON from strangers, read one checked part at a time.

Nothing is evaluated, nothing is guessed: a part is of the kind that is asked for, or a
:class:`workbench.common.errors.DataError` says where the text goes wrong.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NoReturn

from workbench.common.errors import DataError, listed
from workbench.common.limits import JSON_BYTES, JSON_VALUES

__all__ = ["LARGEST_NUMBER", "JsonPart", "parse_strictly"]

LARGEST_NUMBER = 1e100
"""Squares and sums of numbers up to this stay finite."""
ESCAPED_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")
LARGEST_COUNT = 2**53
"""Whole numbers beyond this are not exact in every reader of JSON."""


def parse_strictly(text: str | bytes, what: str) -> JsonPart:
    """Read JSON of bounded size without NaN, infinities and endless nesting.

    Parameters
    ----------
    text : str or bytes
        Bytes are taken as UTF-8.
    what : str
        What the text should be, for messages: "saved report".

    Raises
    ------
    DataError
        When the text is too large or not JSON.
    """
    if not isinstance(text, str | bytes | bytearray):
        raise DataError(f"A {what} is text, not a {type(text).__name__}.")
    if len(text) > JSON_BYTES:
        raise DataError(
            f"This {what} holds {len(text):,} bytes; at most {JSON_BYTES:,} are read. Was another "
            f"file chosen?"
        )
    if not isinstance(text, str):
        try:
            text = bytes(text).decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise DataError(f"This {what} is not UTF-8 text (byte {error.start}).") from None
    # Counted before parsing, which needs memory for every value.
    if sum(text.count(sign) for sign in ",[{") > JSON_VALUES:
        raise DataError(f"This {what} holds more than {JSON_VALUES:,} values, too many to read.")
    text = _writable(text)
    try:
        value = json.loads(text, parse_constant=_refuse_constant)
        return JsonPart(_cleaned(value) if ESCAPED_SURROGATE.search(text) else value, what)
    except RecursionError:
        raise DataError(f"This {what} is nested too deeply to be one.") from None
    except ValueError as error:
        raise DataError(f"This {what} cannot be read as JSON: {error}.") from None


def _writable(text: str) -> str:
    """Return a text in which lone surrogates, which no file can hold, are question marks."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode("utf-8")


def _cleaned(value: Any) -> Any:
    if isinstance(value, str):
        return _writable(value)
    if isinstance(value, list):
        return [_cleaned(inner) for inner in value]
    if isinstance(value, dict):
        return {_writable(key): _cleaned(inner) for key, inner in value.items()}
    return value


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a number of JSON")


@dataclass(frozen=True)
class JsonPart:
    """A value of a JSON text and the place where it stands."""

    value: Any
    place: str

    def __getitem__(self, key: str) -> JsonPart:
        """Return what stands under a key, which must be there."""
        held = self._of_kind(dict, "an object with keys")
        if key not in held:
            raise self.error(f"lacks {key!r}.")
        return JsonPart(held[key], f"{self.place}.{key}")

    def optional(self, key: str) -> JsonPart:
        """Return what stands under a key, null when nothing does."""
        return JsonPart(self._of_kind(dict, "an object with keys").get(key), f"{self.place}.{key}")

    def items(self, most: int = 100_000) -> list[JsonPart]:
        """Return the parts of a list."""
        held = self._of_kind(list, "a list")
        self._check_length(len(held), most)
        return [JsonPart(value, f"{self.place}[{i}]") for i, value in enumerate(held)]

    def pairs(self, most: int = 100_000) -> Iterator[tuple[str, JsonPart]]:
        """Iterate over an object's keys with their parts."""
        held = self._of_kind(dict, "an object with keys")
        self._check_length(len(held), most)
        for key, value in held.items():
            yield key, JsonPart(value, f"{self.place}.{key[:40]}")

    def text(self) -> str:
        """Return a text; a lone surrogate in it becomes a question mark."""
        held: str = self._of_kind(str, "a text")
        return _writable(held)

    def texts(self) -> tuple[str, ...]:
        """Return a list of texts."""
        return tuple(part.text() for part in self.items())

    def choice(self, *known: str) -> str:
        """Return a text that is one of the known ones."""
        held = self.text()
        if held not in known:
            self._refuse(f"one of {listed(known)}")
        return held

    def number(self) -> float:
        """Return a number; null stands for one that is not known (NaN)."""
        if self.value is None:
            return math.nan
        if isinstance(self.value, bool) or not isinstance(self.value, int | float):
            self._refuse("a number")
        if not abs(self.value) <= LARGEST_NUMBER:
            self._refuse(f"a number of at most {LARGEST_NUMBER:g}")
        return float(self.value)

    def finite(self) -> float:
        """Return a number that is known."""
        held = self.number()
        if math.isnan(held):
            self._refuse("a number")
        return held

    def count(self) -> int:
        """Return a whole number from 0."""
        held = self.value
        if isinstance(held, bool) or not isinstance(held, int) or not 0 <= held < LARGEST_COUNT:
            self._refuse("a whole number from 0")
        return int(held)

    def flag(self) -> bool:
        """Return true or false."""
        held: bool = self._of_kind(bool, "true or false")
        return held

    def error(self, why: str) -> DataError:
        """Return an error about this part: why it cannot be right, after its name."""
        return DataError(f"{self._named()} {why}")

    def _check_length(self, length: int, most: int) -> None:
        if length > most:
            raise self.error(f"holds {length:,} entries; at most {most:,} are read.")

    def _of_kind(self, kind: type, words: str) -> Any:
        if not isinstance(self.value, kind):
            self._refuse(words)
        return self.value

    def _refuse(self, expected: str) -> NoReturn:
        raise self.refusal(expected)

    def refusal(self, expected: str) -> DataError:
        """Return an error about this part: what it is, and what is expected."""
        # A number of a million digits must not be written out: only short things are shown.
        held = self.value
        short = (
            held is None
            or isinstance(held, bool | float)
            or (isinstance(held, str) and len(held) <= 60)
        )
        shown = json.dumps(held) if short else f"a {_KINDS.get(type(held), 'value')}"
        return self.error(f"is {shown}; {expected} is expected.")

    def _named(self) -> str:
        root, dot, rest = self.place.partition(".")
        return f"The {root}'s {rest!r}" if dot else f"The {root}"


_KINDS = {dict: "object", list: "list", str: "text", int: "number"}
