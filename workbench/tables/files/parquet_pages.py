"""The true sizes in a Parquet file: those of its page headers, which the decoder goes by.

The footer of a Parquet file may say anything about sizes; memory is spent by what stands in front
of each page. Those headers are read here before anything is unpacked (Thrift's compact protocol,
as far as the format uses it).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from workbench.common.limits import PARQUET_DEPTH

__all__ = ["BOUNDED_ENCODINGS", "Page", "PageError", "pages_of"]

DATA, DICTIONARY, DATA_V2 = 0, 2, 3
BOUNDED_ENCODINGS = {
    0: "PLAIN",
    2: "PLAIN_DICTIONARY",
    3: "RLE",
    5: "DELTA_BINARY_PACKED",
    8: "RLE_DICTIONARY",
    9: "BYTE_STREAM_SPLIT",
}
"""Encodings whose values take no more than the page and its rows allow. The others, above all
DELTA_BYTE_ARRAY, turn a few bytes into texts of any length."""
I32, I64, STRUCT = 5, 6, 12


class PageError(ValueError):
    """A page header that is damaged or forged."""


@dataclass(frozen=True)
class Page:
    """One page, as its header has it.

    Attributes
    ----------
    unpacked : int
        Bytes after decompression.
    values : int
        Rows of a data page, distinct values of a dictionary page.
    encoding : int
    is_data : bool
    """

    unpacked: int
    values: int
    encoding: int
    is_data: bool


def pages_of(content: bytes, start: int, values: int) -> Iterator[Page]:
    """Walk the pages of one column chunk, as the decoder will, until all its values were seen.

    Parameters
    ----------
    content : bytes
        The whole file.
    start : int
        Where the chunk's first page header begins.
    values : int
        How many values the chunk has.

    Raises
    ------
    PageError
        A header cannot be read or points outside the file.
    """
    seen, place = 0, start
    while seen < values:
        reader = _Compact(content, place)
        header = reader.struct()
        kind, unpacked, packed = (_whole(header, field) for field in (1, 2, 3))
        place = reader.place + packed
        if place > len(content):
            raise PageError("a page ends outside the file")
        # Per kind: the field that holds its own header, and that header's field of the encoding.
        own, encoding = {DATA: (5, 2), DICTIONARY: (7, 2), DATA_V2: (8, 4)}.get(kind, (0, 0))
        inner = header.get(own)
        if not isinstance(inner, dict):
            raise PageError("a page of unknown kind")
        page = Page(unpacked, _whole(inner, 1), _whole(inner, encoding), kind != DICTIONARY)
        if page.is_data and not page.values:
            raise PageError("a page without values")
        seen += page.values if page.is_data else 0
        yield page


def _whole(fields: dict[int, object], field: int) -> int:
    value = fields.get(field)
    if not isinstance(value, int) or not 0 <= value < 2**31:
        raise PageError("a page header lacks a size")
    return value


class _Compact:
    """Reads Thrift's compact protocol; keeps whole numbers and structures, skips the rest."""

    def __init__(self, content: bytes, place: int) -> None:
        self._content = content
        self.place = place

    def _take(self, size: int) -> int:
        """Move on by some bytes; return the first of them."""
        start = self.place
        if start < 0 or start + size > len(self._content):
            raise PageError("a page header ends outside the file")
        self.place += size
        return self._content[start] if size else 0

    def _varint(self) -> int:
        value = shift = 0
        while True:
            byte = self._take(1)
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value
            if shift > 63:
                raise PageError("a number of too many digits")

    def _zigzag(self) -> int:
        value = self._varint()
        return (value >> 1) ^ -(value & 1)

    def struct(self, depth: int = 0) -> dict[int, object]:
        """Read one structure, by field number."""
        if depth > PARQUET_DEPTH:
            raise PageError("a page header nested too deep")
        fields: dict[int, object] = {}
        field = 0
        while byte := self._take(1):
            field = field + (byte >> 4) if byte >> 4 else self._zigzag()
            if field in fields:  # readers differ in which of the two they keep
                raise PageError("a field given twice")
            fields[field] = self._value(byte & 0x0F, depth)
        return fields

    def _value(self, kind: int, depth: int) -> object:
        if kind in (1, 2):  # true and false have no bytes of their own
            return None
        if kind == I32:
            return self._zigzag()
        if kind in (4, I64):
            self._varint()
        elif kind == STRUCT:
            return self.struct(depth + 1)
        elif kind in (3, 7):
            self._take(8 if kind == 7 else 1)
        elif kind == 8:
            self._take(self._varint())
        else:  # lists and maps: the format has none in a page header
            raise PageError("an unknown field")
        return None
