"""The look of a page: every style sheet of the workbench as one element."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import ipywidgets as W

__all__ = ["page_style", "stand_alone"]


@cache
def page_style() -> str:
    """Return a ``<style>`` element with all style sheets of the rooms, the common one first."""
    common, rooms = Path(__file__).with_suffix(".css"), Path(__file__).parents[1]
    others = sorted(file for file in rooms.glob("*/*.css") if file != common)
    files = (common, *others)
    return "<style>" + "\n".join(file.read_text("utf-8") for file in files) + "</style>"


def stand_alone(view: W.Box) -> None:
    """Give a view in a notebook's cell of its own the look that it has as a part of a page."""
    view.children = (W.HTML(page_style(), layout={"display": "none"}), *view.children)
    view.add_class("wb-page")
    view.add_class("wb-alone")
