"""One step of the question: it folds to one line when it is done, and opens again when wanted."""

from __future__ import annotations

from html import escape

import ipywidgets as W
from traitlets import Bool

from widgets.parts.link_bar import place

__all__ = ["Step"]


class Step(W.VBox):
    """A numbered part of the page under a heading.

    Parameters
    ----------
    number : int
    key : str
        Where links lead to; see :func:`widgets.parts.link_bar.place`.
    title : str
    content : Widget
    folds : bool, default True
        Whether a button folds it.

    Attributes
    ----------
    opened : bool, default True
    """

    opened = Bool(True)

    def __init__(
        self, number: int, key: str, title: str, content: W.Widget, *, folds: bool = True
    ) -> None:
        self._number, self._title, self._content = number, title, content
        self._line, self._folds = "", folds
        self._head = W.HTML()
        self._button = W.Button()
        self._button.add_class("wb-fold")
        head = W.HBox([self._head, self._button] if folds else [self._head])
        head.add_class("wb-step-head")
        super().__init__([head, content])
        for name in ("wb-step", place(key)):
            self.add_class(name)
        self._button.on_click(lambda _: setattr(self, "opened", not self.opened))
        self.observe(lambda _: self._draw(), "opened")
        self._draw()

    def say(self, line: str) -> None:
        """Set the line that a folded step is read by."""
        if line != self._line:
            self._line = line
            self._draw()

    def _draw(self) -> None:
        line = "" if self.opened else f'<p class="wb-step-line">{escape(self._line)}</p>'
        self._head.value = (
            f'<h2><span class="wb-step-number">{self._number}</span> {escape(self._title)}</h2>'
            f"{line}"
        )
        self._button.description = f"{'Fold' if self.opened else 'Open'} step {self._number}"
        self._content.layout.display = None if self.opened else "none"
        (self.remove_class if self.opened else self.add_class)("wb-folded-step")
        if self._folds:
            (self.add_class if self.opened else self.remove_class)("wb-fold-open")
