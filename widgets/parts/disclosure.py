"""A part of a form that is opened when it is wanted."""

from __future__ import annotations

import ipywidgets as W
from traitlets import Bool, Unicode

__all__ = ["Disclosure"]


class Disclosure(W.VBox):
    """A titled button and what it shows and hides.

    ipywidgets' accordion has headers that the Tab key does not reach; a button is reached.

    Parameters
    ----------
    title : str
    content : Widget

    Attributes
    ----------
    title : str
    opened : bool, default False

    Examples
    --------
    >>> more = Disclosure("More", W.HTML("<p>…</p>"))
    >>> more.opened = True
    >>> more.children[0].description
    '▾ More'
    """

    title = Unicode()
    opened = Bool(False)

    def __init__(self, title: str, content: W.Widget) -> None:
        self._content = content
        self._button = W.ToggleButton()
        self._button.add_class("wb-disclosure")
        super().__init__([self._button, content], title=title)
        self._button.observe(lambda change: setattr(self, "opened", change["new"]), "value")
        self.observe(lambda _: self._draw(), ["opened", "title"])
        self._draw()

    def _draw(self) -> None:
        self._button.value = self.opened
        self._button.description = f"{'▾' if self.opened else '▸'} {self.title}"
        self._content.layout.display = None if self.opened else "none"
        (self.add_class if self.opened else self.remove_class)("wb-opened")
