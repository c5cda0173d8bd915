"""The look of a page: every style sheet of the workbench as one element."""

from __future__ import annotations

from functools import cache
from pathlib import Path

__all__ = ["page_style"]


@cache
def page_style() -> str:
    """Return a ``<style>`` element with all style sheets of ``static/``, the common one first."""
    folder = Path(__file__).parent / "static"
    files = sorted(folder.glob("*.css"), key=lambda file: (file.stem != "workbench", file.name))
    return "<style>" + "\n".join(file.read_text("utf-8") for file in files) + "</style>"
