"""A field for a secret that is not kept. What the page sends is checked here."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import anywidget
from traitlets import Unicode

from workbench.common.errors import ModelError
from workbench.common.limits import SECRET_CHARACTERS

__all__ = ["SecretField"]


class SecretField(anywidget.AnyWidget):
    """A password field. What is typed goes to this object and never back to the page.

    Parameters
    ----------
    label, note : str
        `note` stands below the field.
    """

    _esm = Path(__file__).with_suffix(".js").read_text("utf-8")
    label = Unicode().tag(sync=True)
    note = Unicode().tag(sync=True)

    def __init__(self, label: str, note: str) -> None:
        super().__init__(label=label, note=note)
        self._secret: object = ""
        self.on_msg(self._received)

    def _received(self, _: object, content: Any, __: object) -> None:
        if isinstance(content, dict) and content.get("kind") == "secret":
            value = content.get("value")
            fits = isinstance(value, str) and len(value) <= SECRET_CHARACTERS
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
                f"longer than {SECRET_CHARACTERS:,} characters. Copy it again."
            )
        return typed

    def forget(self) -> None:
        """Empty the field, here and on the page."""
        self._secret = ""
        self.send({"kind": "forget"})
