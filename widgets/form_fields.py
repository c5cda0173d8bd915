"""Two fields of a form that ipywidgets lacks: columns to tick, and a secret that is not kept.

Each is a few lines of JavaScript of our own (``static/``). What the page sends is checked here.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import anywidget
from traitlets import Tuple, Unicode

from workbench.errors import ModelError

__all__ = ["ColumnChecklist", "SecretField"]

STATIC = Path(__file__).parent / "static"
LONGEST_SECRET = 7_000
"""Characters; the endpoint's adapter and most servers refuse longer headers."""


class ColumnChecklist(anywidget.AnyWidget):
    """Columns of a table, each with a box to tick.

    Parameters
    ----------
    label : str

    Attributes
    ----------
    offered, ticked : tuple of str
        `ticked` is what the page says; :attr:`chosen` is the part of it that was offered.
    """

    _esm = (STATIC / "column_checklist.js").read_text("utf-8")
    label = Unicode().tag(sync=True)
    offered = Tuple().tag(sync=True)
    ticked = Tuple().tag(sync=True)

    def __init__(self, label: str) -> None:
        super().__init__(label=label)
        self._names: tuple[str, ...] = ()

    def offer(self, names: Iterable[str], ticked: Iterable[str]) -> None:
        """Show other columns, some of them ticked."""
        self._names = tuple(names)  # the trait is the page's to change; this is not
        known = set(self._names)
        with self.hold_trait_notifications():
            self.offered = self._names
            self.ticked = tuple(name for name in ticked if name in known)

    @property
    def chosen(self) -> tuple[str, ...]:
        """The ticked columns, in the order in which they were offered."""
        said = {name for name in self.ticked if isinstance(name, str)}
        return tuple(name for name in self._names if name in said)


class SecretField(anywidget.AnyWidget):
    """A password field. What is typed goes to this object and never back to the page.

    Parameters
    ----------
    label, note : str
        `note` stands below the field.
    """

    _esm = (STATIC / "secret_field.js").read_text("utf-8")
    label = Unicode().tag(sync=True)
    note = Unicode().tag(sync=True)

    def __init__(self, label: str, note: str) -> None:
        super().__init__(label=label, note=note)
        self._secret: object = ""
        self.on_msg(self._received)

    def _received(self, _: object, content: Any, __: object) -> None:
        if isinstance(content, dict) and content.get("kind") == "secret":
            value = content.get("value")
            fits = isinstance(value, str) and len(value) <= LONGEST_SECRET
            self._secret = str(value).strip() if fits else None

    def secret(self) -> str:
        """Return what was typed, or an empty text.

        Raises
        ------
        ModelError
            It holds what no header of a request may hold. The message does not repeat it.
        """
        typed = self._secret
        if not isinstance(typed, str) or not typed.isascii() or not typed.isprintable():
            raise ModelError(
                f"The token cannot be sent: it holds line breaks or letters outside ASCII, or is "
                f"longer than {LONGEST_SECRET:,} characters. Copy it again."
            )
        return typed

    def forget(self) -> None:
        """Empty the field, here and on the page."""
        self._secret = ""
        self.send({"kind": "forget"})
