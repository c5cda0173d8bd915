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
    clock : str
        How long this has been going on; shown beside the text, and not announced.
    """

    _esm = Path(__file__).with_suffix(".js").read_text("utf-8")
    text = Unicode().tag(sync=True)
    kind = Unicode("info").tag(sync=True)
    clock = Unicode().tag(sync=True)

    def say(self, text: str, kind: str = "info") -> None:
        """Show a sentence."""
        if kind != "busy":
            self.clock = ""
        self.kind = kind
        self.text = text

    def beat(self, seconds: float, left: str = "") -> None:
        """Show the seconds so far, and what is left in words."""
        minutes, rest = divmod(int(seconds), 60)
        so_far = f"{minutes} min {rest} s so far" if minutes else f"{rest} s so far"
        self.clock = f"{so_far}; {left}" if left else so_far
