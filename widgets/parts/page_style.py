"""The look of a page: every style sheet of the workbench as one element."""

from __future__ import annotations

from functools import cache
from pathlib import Path

__all__ = ["page_style"]


@cache
def page_style() -> str:
    """Return a ``<style>`` element with all style sheets of the rooms, the common one first."""
    common, rooms = Path(__file__).with_suffix(".css"), Path(__file__).parents[1]
    others = sorted(file for file in rooms.glob("*/*.css") if file != common)
    files = (common, *others)
    return "<style>" + "\n".join(file.read_text("utf-8") for file in files) + "</style>"
