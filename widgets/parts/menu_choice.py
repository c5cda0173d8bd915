"""A choice in a menu, also of the option that stands for nothing: it would be shown as a blank."""

from __future__ import annotations

import ipywidgets as W

__all__ = ["choose_in"]


def choose_in(menu: W.Dropdown, value: object) -> None:
    """Choose the option with this value; None where no option has it and it is None.

    Examples
    --------
    >>> menu = W.Dropdown(options=[("not said", None), ("higher", "high")])
    >>> menu.value = "high"
    >>> choose_in(menu, None)
    >>> menu.label
    'not said'
    """
    values = [option[1] for option in menu.options]
    if value is None:
        menu.index = None  # first, since a value that becomes None takes the place with it
        menu.index = values.index(None) if None in values else None
    else:
        menu.value = value
