"""Universal Binary JSON as XGBoost writes it, read into plain values."""

from __future__ import annotations

from typing import Any

import numpy as np

from workbench.common.limits import UBJSON_DEPTH

__all__ = ["from_ubjson"]

NUMBERS = {"i": ">i1", "U": ">u1", "I": ">i2", "l": ">i4", "L": ">i8", "d": ">f4", "D": ">f8"}
WORDS = {"T": True, "F": False, "Z": None}


def from_ubjson(content: bytes) -> Any:
    """Return the value that a file holds.

    Raises
    ------
    ValueError
        It is damaged, or holds what XGBoost does not write.

    Examples
    --------
    >>> from_ubjson(b"{L" + bytes([0, 0, 0, 0, 0, 0, 0, 1]) + b"a[$U#U" + bytes([2, 5, 6]) + b"}")
    {'a': [5, 6]}
    """
    reader = _Reader(content)
    value = reader.value()
    if reader.place != len(content):
        raise ValueError("more follows the end")
    return value


class _Reader:
    """Reads one value after another; every count is of bytes or items that must be there."""

    def __init__(self, content: bytes) -> None:
        self.content = content
        self.place = self.depth = 0

    def take(self, count: int) -> bytes:
        if not 0 <= count <= len(self.content) - self.place:
            raise ValueError("it ends too early")
        self.place += count
        return self.content[self.place - count : self.place]

    def mark(self) -> str:
        return self.take(1).decode("latin-1")

    def next_is(self, mark: bytes) -> bool:
        found = self.content.startswith(mark, self.place)
        self.place += found
        return found

    def numbers(self, kind: str, count: int) -> list[Any]:
        if kind not in NUMBERS:
            raise ValueError("no kind of number")
        held = np.dtype(NUMBERS[kind])
        found: list[Any] = np.frombuffer(self.take(count * held.itemsize), held).tolist()
        return found

    def count(self) -> int:
        return int(self.numbers(self.mark(), 1)[0])

    def text(self) -> str:
        return self.take(self.count()).decode()

    def value(self) -> Any:
        self.depth += 1
        if self.depth > UBJSON_DEPTH:
            raise ValueError("too deep")
        kind = self.mark()
        if kind == "{":
            found: Any = {}
            while not self.next_is(b"}"):
                key = self.text()
                found[key] = self.value()
        elif kind == "[":
            found = self.items()
        elif kind == "S":
            found = self.text()
        elif kind in WORDS:
            found = WORDS[kind]
        else:
            found = self.numbers(kind, 1)[0]
        self.depth -= 1
        return found

    def items(self) -> list[Any]:
        if self.next_is(b"$"):
            kind = self.mark()
            if not self.next_is(b"#"):
                raise ValueError("a kind without a count")
            return self.numbers(kind, self.count())
        if self.next_is(b"#"):
            return [self.value() for _ in range(self.count())]
        found = []
        while not self.next_is(b"]"):
            found.append(self.value())
        return found
