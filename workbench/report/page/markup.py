"""Blocks as HTML: a small template that loops over them and escapes what it prints."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from importlib import resources
from typing import Any

from jinja2 import Environment, FunctionLoader, StrictUndefined

from workbench.common.blocks import Block, Cell, Number, Term, lines_of
from workbench.common.wording import points
from workbench.report.charts.draw import draw

__all__ = ["page_file", "render_blocks", "render_template"]


def render_blocks(blocks: Sequence[Block], *, level: int = 3) -> str:
    """Render blocks for a page that has a style sheet of its own.

    Parameters
    ----------
    blocks : sequence of Block
        Whether sections that show people's rows are among them is the caller's choice; see
        :func:`workbench.common.blocks.public`.
    level : int, default 3
        Level of the first headings.

    Returns
    -------
    str
        HTML in which names and levels from the user's data appear only escaped.
    """
    macros = _environment().get_template("blocks.html.j2").module
    return _writable(macros.blocks(blocks, level, {}))  # type: ignore[attr-defined]


def render_template(name: str, **values: Any) -> str:
    """Render a template of this folder."""
    return _writable(_environment().get_template(name).render(values))


def page_file(name: str) -> str:
    """Return the text of a file of this folder."""
    return resources.files("workbench.report.page").joinpath(name).read_text(encoding="utf-8")


def _writable(text: str) -> str:
    # A lone surrogate in a column's name could not be written to a file.
    return str(text).encode("utf-8", "replace").decode("utf-8")


def _cell(cell: Cell) -> dict[str, Any]:
    """Return a cell's lines, its percentage points, and whether it is code."""
    return {
        "lines": lines_of(cell),
        "points": points(cell.value) if isinstance(cell, Number) and cell.points else "",
        "code": isinstance(cell, Term) and cell.code,
    }


@cache
def _environment() -> Environment:
    environment = Environment(
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        loader=FunctionLoader(page_file),
    )
    environment.filters |= {
        "cell": _cell,
        "draw": draw,
        "kind": lambda block: type(block).__name__,
    }
    return environment
