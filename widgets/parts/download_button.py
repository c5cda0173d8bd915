"""A button that hands over a file made when it is asked for."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import anywidget
from traitlets import Unicode

from widgets.session.jobs import words_for

__all__ = ["DownloadButton"]


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

    _esm = Path(__file__).with_suffix(".js").read_text("utf-8")
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
