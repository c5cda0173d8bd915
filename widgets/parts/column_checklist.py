"""Columns of a table to tick. What the page sends is checked here."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import anywidget
from traitlets import Tuple, Unicode

__all__ = ["ColumnChecklist"]


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

    _esm = Path(__file__).with_suffix(".js").read_text("utf-8")
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
