"""One line of text that screen readers announce."""

from __future__ import annotations

from pathlib import Path

import anywidget
from traitlets import Unicode

__all__ = ["StatusLine"]


class StatusLine(anywidget.AnyWidget):
    """One line of text that screen readers announce when it changes.

    Attributes
    ----------
    text : str
    kind : str
        "info", "busy", "good" or "problem".
    """

    _esm = Path(__file__).with_suffix(".js").read_text("utf-8")
    text = Unicode().tag(sync=True)
    kind = Unicode("info").tag(sync=True)

    def say(self, text: str, kind: str = "info") -> None:
        """Show a sentence."""
        self.kind = kind
        self.text = text
