"""What ipywidgets lacks: an announced status line, a download, and a file chooser with a limit.

Each is a few lines of JavaScript of our own (``static/``), shown through anywidget. Messages from
the page are checked here: a page can send anything.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import anywidget
from traitlets import Int, Unicode

from widgets.jobs import words_for
from workbench.errors import DataError

__all__ = ["DownloadButton", "FilePicker", "StatusLine"]

STATIC = Path(__file__).parent / "static"
PART = 1_000_000
"""Bytes of one message: well below what the server takes at once."""


class StatusLine(anywidget.AnyWidget):
    """One line of text that screen readers announce when it changes.

    Attributes
    ----------
    text : str
    kind : str
        "info", "busy", "good" or "problem".
    """

    _esm = (STATIC / "status.js").read_text("utf-8")
    text = Unicode().tag(sync=True)
    kind = Unicode("info").tag(sync=True)

    def say(self, text: str, kind: str = "info") -> None:
        """Show a sentence."""
        self.kind = kind
        self.text = text


class DownloadButton(anywidget.AnyWidget):
    """A button that hands over a file made when it is asked for.

    Parameters
    ----------
    label, name : str
        The button's text and the file's name.
    media_type : str
    make : callable () -> bytes
    said : callable (str) -> None
        Gets the words when making the file fails.
    """

    _esm = (STATIC / "download.js").read_text("utf-8")
    label = Unicode().tag(sync=True)

    def __init__(
        self,
        label: str,
        name: str,
        media_type: str,
        make: Callable[[], bytes],
        said: Callable[[str], None],
    ) -> None:
        super().__init__(label=label)
        self._file = (name, media_type, make)
        self._said = said
        self.on_msg(self._asked)

    def _asked(self, _: object, content: Any, __: object) -> None:
        if not isinstance(content, dict) or content.get("kind") != "ask":
            return
        name, media_type, make = self._file
        try:
            made = make()
        except Exception as error:  # the component's boundary
            self._said(words_for(error))
            self.send({"kind": "nothing"})
        else:
            self.send({"kind": "file", "name": name, "type": media_type}, buffers=[made])


class FilePicker(anywidget.AnyWidget):
    """Chooses one file of the reader's computer.

    Parameters
    ----------
    label : str
    accept : str
        Endings that the browser offers, such as ".csv".
    limit : int
        Bytes. The page refuses a larger file before reading it, and this end again.
    chosen : callable (name, content) -> None
        Gets the whole file.
    said : callable (str) -> None
        Gets the words when a file is refused.
    """

    _esm = (STATIC / "file_picker.js").read_text("utf-8")
    label = Unicode().tag(sync=True)
    accept = Unicode().tag(sync=True)
    limit = Int().tag(sync=True)
    part = Int(PART).tag(sync=True)

    def __init__(
        self,
        label: str,
        accept: str,
        limit: int,
        chosen: Callable[[str, bytes], None],
        said: Callable[[str], None],
    ) -> None:
        super().__init__(label=label, accept=accept, limit=limit)
        self._most = limit  # the trait is the page's to change; this is not
        self._chosen, self._said = chosen, said
        self._parts: list[bytes] = []
        self.on_msg(self._received)

    def _received(self, _: object, content: Any, buffers: Any) -> None:
        try:
            self._take(content, buffers)
        except Exception as error:  # the component's boundary
            self._parts = []
            self._said(words_for(error))

    def _take(self, content: Any, buffers: Any) -> None:
        kind = content.get("kind") if isinstance(content, dict) else None
        if kind == "too-large":
            raise self._too_large(content.get("name"), content.get("size"))
        if kind != "part" or len(buffers) != 1:
            raise DataError("The file did not arrive whole. Choose it again.")
        index, parts, name = content.get("index"), content.get("parts"), content.get("name")
        if not (isinstance(index, int) and isinstance(parts, int) and isinstance(name, str)):
            raise DataError("The file did not arrive whole. Choose it again.")
        if index == 0:
            self._parts = []
        if index != len(self._parts):
            raise DataError("The file did not arrive whole. Choose it again.")
        self._parts.append(bytes(buffers[0]))
        size = sum(map(len, self._parts))
        if size > self._most:
            raise self._too_large(name, size)
        if index + 1 == parts:
            whole, self._parts = b"".join(self._parts), []
            self._chosen(name, whole)

    def _too_large(self, name: object, size: object) -> DataError:
        had = f"{size / 1e6:,.0f} MB" if isinstance(size, int | float) else "more"
        return DataError(
            f"The file {str(name)[:100]!r} holds {had}; this page takes at most "
            f"{self._most / 1e6:,.0f} MB. Keep the columns that the audit needs, or a random "
            f"sample of the rows; 50,000 rows are plenty for an audit."
        )
