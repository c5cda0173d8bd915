"""A file chooser with a limit. What the page sends is checked here: a page can send anything."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeGuard

import anywidget
from traitlets import Bool, Int, Unicode

from widgets.session.jobs import words_for
from workbench.common.errors import DataError
from workbench.common.limits import FILE_NAME_CHARACTERS

__all__ = ["FilePicker"]

PART = 1_000_000
"""Bytes of one message: well below what the server takes at once."""
MOST_FILES = 10
"""Files that may be chosen at once, where several may."""
MIN_PART = 10
"""Bytes of the smallest part that a page may cut a file into."""
FEWER_ROWS = (
    "Keep the columns that the audit needs, or a random sample of the rows; 50,000 rows are plenty "
    "for an audit."
)


class FilePicker(anywidget.AnyWidget):
    """Chooses one file of the reader's computer, or several at once.

    Parameters
    ----------
    label : str
    accept : str
        Endings that the browser offers, such as ".csv".
    limit : int
        Bytes, of all files together. The page refuses larger ones before reading, this end again.
    chosen : callable (name, content) -> None
        Gets the whole file.
    said : callable (str) -> None
        Gets the words when a file is refused.
    several : callable (sequence of (name, content)) -> None, optional
        Gets the files where more than one was chosen; without it only one can be.
    advice : str
        What to do when a file is too large.
    """

    _esm = Path(__file__).with_suffix(".js").read_text("utf-8")
    label = Unicode().tag(sync=True)
    accept = Unicode().tag(sync=True)
    limit = Int().tag(sync=True)
    part = Int(PART).tag(sync=True)
    several = Bool(False).tag(sync=True)

    def __init__(
        self,
        label: str,
        accept: str,
        limit: int,
        chosen: Callable[[str, bytes], None],
        said: Callable[[str], None],
        *,
        several: Callable[[Sequence[tuple[str, bytes]]], None] | None = None,
        advice: str = FEWER_ROWS,
    ) -> None:
        super().__init__(label=label, accept=accept, limit=limit, several=several is not None)
        self._most = limit  # the trait is the page's to change; this is not
        self._chosen, self._said, self._several = chosen, said, several
        self._advice = advice
        self._whole: list[tuple[str, bytes]] = []
        self._parts: list[bytes] = []
        self._size = 0
        self._sent: tuple[str, int] | None = None
        self.on_msg(self._received)

    def _received(self, _: object, content: Any, buffers: Any) -> None:
        try:
            self._take(content, buffers)
        except Exception as error:  # the component's boundary
            self._parts, self._size, self._sent, self._whole = [], 0, None, []
            self._said(words_for(error))

    def _take(self, content: Any, buffers: Any) -> None:
        message = content if isinstance(content, dict) else {}
        kind, name = message.get("kind"), message.get("name")
        if kind == "too-large":
            raise self._too_large(name, message.get("size"))
        if kind == "unreadable":
            raise DataError(
                "The browser could not read the file. Is it still there? Choose it again."
            )
        index, parts = message.get("index"), message.get("parts")
        if kind != "part" or not isinstance(name, str) or not (_whole(index) and _whole(parts)):
            raise _broken()
        if not isinstance(buffers, list | tuple) or len(buffers) != 1:
            raise _broken()
        file, files = message.get("file", 0), message.get("files", 1)
        if not (_whole(file) and _whole(files) and file < files):
            raise _broken()
        if files > 1 and (self._several is None or files > MOST_FILES):
            raise DataError(f"Choose at most {MOST_FILES if self._several else 1} at once.")
        if index == 0:
            if file == 0:
                self._whole, self._size = [], 0
            self._parts, self._sent = [], (name, parts)
        # No file within the limit needs more parts than this, so empty ones cannot pile up.
        most = max(1, -(-self._most // MIN_PART))
        if index != len(self._parts) or self._sent != (name, parts) or not index < parts <= most:
            raise _broken()
        if file != len(self._whole):
            raise _broken()
        self._parts.append(bytes(buffers[0]))
        self._size += len(self._parts[-1])
        if self._size > self._most:
            raise self._too_large(name, self._size)
        if index + 1 == parts:
            self._whole.append((_base_name(name), b"".join(self._parts)))
            self._parts, self._sent = [], None
        if len(self._whole) == files:
            found, self._whole, self._size = self._whole, [], 0
            if files == 1:
                self._chosen(*found[0])
            elif self._several is not None:
                self._several(found)

    def _too_large(self, name: object, size: object) -> DataError:
        had = "more"
        if isinstance(size, int | float) and 0 <= size < 2**53:
            had = f"{size / 1e6:,.0f} MB"
        shown = _base_name(str(name)[:1_000])[:100]
        return DataError(
            f"The file {shown!r} holds {had}; this page takes at most "
            f"{self._most / 1e6:,.0f} MB. {self._advice}"
        )


def _broken() -> DataError:
    return DataError("The file did not arrive whole. Choose it again.")


def _whole(value: Any) -> TypeGuard[int]:
    """Whether a page's value is a count that can be one."""
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**53


def _base_name(name: str) -> str:
    """Return a file's name without folders, of bearable length, that can be sent and printed."""
    last = re.split(r"[\\/]", name)[-1].encode("utf-8", "replace").decode()
    return (
        last
        if len(last) <= FILE_NAME_CHARACTERS
        else last[: FILE_NAME_CHARACTERS // 2] + last[-100:]
    )
