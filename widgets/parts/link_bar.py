"""A row of links to parts of the page: what each part is, and how it stands."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import anywidget
from traitlets import List, Unicode

__all__ = ["Link", "LinkBar", "place"]


@dataclass(frozen=True)
class Link:
    """One link of a bar.

    Attributes
    ----------
    key : str
        Its part of the page's address, after ``#``; the part itself is found by :func:`place`.
    title : str
    state : str, optional
        "done", "missing", "stale" or "running"; shown by a mark.
    note : str, optional
        The state in words.
    """

    key: str
    title: str
    state: str = ""
    note: str = ""


def place(key: str) -> str:
    """Return the class of the part that a link of this key leads to.

    Examples
    --------
    >>> place("ways")
    'wb-at-ways'
    """
    return f"wb-at-{key}"


class LinkBar(anywidget.AnyWidget):
    """Links to parts of the page, of which one may be the part that is shown.

    Parameters
    ----------
    label : str
        What the links are, for who hears them.
    followed : callable (str) -> None
        Is told the key of a link that was followed, also by the page's own address.
    keys : sequence of str
        Every key that it may ever lead to. A link is followed, too, that was taken off the bar
        while the message was on its way.

    Attributes
    ----------
    items : list of dict
        Set by :meth:`put`.
    chosen : str
        The key of the part that is shown; "" where all are.
    """

    _esm = Path(__file__).with_suffix(".js").read_text("utf-8")
    label = Unicode().tag(sync=True)
    items: Any = List().tag(sync=True)
    chosen = Unicode().tag(sync=True)

    def __init__(self, label: str, followed: Callable[[str], None], keys: Sequence[str]) -> None:
        super().__init__(label=label)
        self._followed, self._keys = followed, frozenset(keys)
        self.on_msg(self._heard)

    def put(self, links: Sequence[Link], chosen: str = "") -> None:
        """Show these links; one of them as the part that is shown."""
        self.items, self.chosen = [asdict(link) for link in links], chosen

    def _heard(self, _: object, content: Any, __: object) -> None:
        if isinstance(content, dict) and content.get("kind") == "follow":
            key = content.get("key")
            if isinstance(key, str) and key in self._keys:
                self._followed(key)
