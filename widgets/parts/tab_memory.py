"""What this tab of the browser remembers over a reload, and whether leaving it asks first."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import anywidget
from traitlets import Bool

from workbench.common.limits import JSON_BYTES

__all__ = ["TabMemory"]


class TabMemory(anywidget.AnyWidget):
    """Keeps a text in the browser's tab, and hands it back when the page is loaded again.

    The browser keeps it for this tab alone and until it is closed. In a notebook it does nothing:
    there the kernel lives on.

    Parameters
    ----------
    found : callable (str) -> None
        Is given what the tab remembers, once, when the page begins.

    Attributes
    ----------
    unsaved : bool
        Whether the browser asks before the page is left.
    """

    _esm = Path(__file__).with_suffix(".js").read_text("utf-8")
    unsaved = Bool(False).tag(sync=True)

    def __init__(self, found: Callable[[str], None]) -> None:
        super().__init__()
        self._found: Callable[[str], None] | None = found
        self.on_msg(self._heard)

    def keep(self, text: str) -> None:
        """Remember a text instead of the one before; "" forgets."""
        self.send({"kind": "keep", "text": text})

    def _heard(self, _: object, content: Any, __: object) -> None:
        if not isinstance(content, dict) or content.get("kind") != "found":
            return
        text, found = content.get("text"), self._found
        if found is not None and isinstance(text, str) and len(text) <= JSON_BYTES:
            self._found = None
            found(text)
