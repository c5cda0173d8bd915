"""The characters of a text file: how they are written, and what is packed in it."""

from __future__ import annotations

import codecs
import gzip
import io
import zlib
from collections.abc import Callable

from workbench.common.errors import DataError
from workbench.tables.files.limits import too_large

__all__ = ["decoded", "unpacked"]

MARKED = {
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
"""Encodings by the mark that a file begins with; the longer marks first."""
WESTERN = frozenset(
    "ÀÂÄÅÆÇÈÉÊËÌÍÎÏÑÒÓÔÖØÙÚÛÜßàáâãäåæçèéêëìíîïñòóôõöøùúûüÿœŒ€£§°²³µ«»’“”–—…½¼Á¿¡\u00a0\u2018"
)
"""What a western European text holds beside ASCII."""
MOST_ACCENTS = 0.2
"""Share of letters with accents above which a text is hardly western European."""


def unpacked(content: bytes, shown: str, max_bytes: int) -> bytes:
    """Unpack gzip, up to a limit.

    Raises
    ------
    DataError
        It is no gzip file, is damaged, or holds more than fits.
    """
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(content)) as stream:
            text = stream.read(max_bytes + 1)
    except (OSError, EOFError, zlib.error):
        raise DataError(
            f"The file {shown} ends in .gz but cannot be unpacked: it is no gzip file, or only a "
            f"part of one. Copy it again."
        ) from None
    if len(text) > max_bytes:
        raise too_large(shown, len(text), max_bytes)
    return text


def decoded(
    content: bytes,
    shown: str,
    max_bytes: int,
    encoding: str | None,
    note: Callable[[str], None],
) -> str:
    """Return the text of a file; say which encoding was assumed where it is not UTF-8.

    Raises
    ------
    DataError
        The file is too large, empty, no text, or in an encoding that is not plain.
    """
    if len(content) > max_bytes:
        raise too_large(shown, len(content), max_bytes)
    if not content.strip():
        raise DataError(f"The file {shown} is empty.")
    if encoding is not None:
        return _as_stated(content, shown, encoding)
    marked = next((name for mark, name in MARKED.items() if content.startswith(mark)), None)
    if marked is not None:
        text = _as_stated(content, shown, marked)
        note(f"The file is written in {marked.upper()}, as the mark at its beginning says.")
        return text
    if b"\0" in content[:4096] or content[:2] == b"PK":
        raise DataError(
            f"The file {shown} is not a text file. In a spreadsheet program, save the table as "
            f"'CSV UTF-8' and choose that file."
        )
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        return _western(content, shown, content.count(b"\n", 0, error.start) + 1, note)


def _as_stated(content: bytes, shown: str, encoding: str) -> str:
    try:
        name = codecs.lookup(encoding).name
        text = content.decode("utf-8-sig" if name == "utf-8" else name)
    except LookupError:
        raise DataError(
            f"The encoding {encoding!r} is unknown. Say for instance 'utf-8' or 'latin-1'."
        ) from None
    except (UnicodeError, ValueError) as error:
        raise DataError(f"The file {shown} is not {encoding.upper()} text: {error}.") from None
    if not isinstance(text, str):  # codecs such as rot13 and hex give no text
        raise DataError(f"The encoding {encoding!r} is no way to write characters.")
    return text


def _western(content: bytes, shown: str, line: int, note: Callable[[str], None]) -> str:
    """Read Windows-1252 where the accents are few and those of western European languages."""
    try:
        text = content.decode("cp1252")
    except UnicodeDecodeError:
        text = ""
    beyond = [sign for sign in text if not sign.isascii()]
    letters = sum(sign.isalpha() for sign in text)
    if not beyond or not set(beyond) <= WESTERN or len(beyond) > MOST_ACCENTS * letters:
        raise DataError(
            f"The file {shown} is not UTF-8 text (line {line:,}). In a spreadsheet program, save "
            f"the table as 'CSV UTF-8' and choose that file; or say how it is written: "
            f"encoding='cp1251'."
        )
    at = next(place for place, sign in enumerate(text) if not sign.isascii())
    note(
        f"The file is not UTF-8; it is read as Windows-1252 (western European), for instance "
        f"{text[max(at - 8, 0) : at + 8].strip()!r}."
    )
    return text
