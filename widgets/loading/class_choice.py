"""Whose probability is audited: asked wherever a model has two classes or more."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import ipywidgets as W

from widgets.parts import markup
from widgets.parts.menu_choice import choose_in
from workbench.common.errors import listed
from workbench.models.audited_class import left_open

__all__ = ["ClassChoice"]

OPEN = ("choose one", None)


class ClassChoice(W.VBox):
    """Asks for a class; hidden while there is none to choose.

    Parameters
    ----------
    chosen : callable () -> None
        Called when a person chooses, not when other classes are offered.
    """

    def __init__(self, chosen: Callable[[], None]) -> None:
        self._chosen = chosen
        self._filling = False
        self._question = W.HTML()
        self._label = W.Dropdown(options=[OPEN], description="Class whose probability is audited")
        self._label.add_class("wb-field")
        super().__init__([self._question, self._label])
        self._label.observe(lambda _: self._tell(), "value")
        self.offer(())

    def offer(self, classes: Iterable[Any], label: object = None) -> None:
        """Ask for one of these classes.

        Parameters
        ----------
        classes : iterable
            None or one: nothing is asked. Two, of which the second is plainly meant: it is taken
            until another is chosen.
        label : object, optional
            The class that somebody has named.
        """
        labels = list(classes)
        names = [str(each) for each in labels]
        asks = len(labels) > 2 or left_open(labels)
        known = str(label) if label is not None and str(label) in names else None
        if known is None and len(labels) == 2 and not asks:
            known = names[1]
        self._filling = True
        try:
            options = [(name, name) for name in names]
            self._label.options = [OPEN, *options] if known is None else options
            choose_in(self._label, known)
        finally:
            self._filling = False
        self.layout.display = "" if len(labels) > 1 else "none"
        self._question.value = "" if known is not None or len(labels) < 2 else _question(names)

    @property
    def label(self) -> str | None:
        """The class that was chosen, as text; None while none is."""
        return None if self._label.value is None else str(self._label.value)

    @property
    def settled(self) -> bool:
        """Whether there is nothing to choose, or it was chosen."""
        return self.layout.display == "none" or self.label is not None

    def _tell(self) -> None:
        if not self._filling:
            if self.label is not None:
                self._question.value = ""
            self._chosen()


def _question(names: list[str]) -> str:
    return markup.notice(
        f"The classes are {listed(names, 10)}: nobody has said yet which is meant. Choose the one "
        f"whose probability is audited; every sentence and number will be about it.",
        "warning",
    )
