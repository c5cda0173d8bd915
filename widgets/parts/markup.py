"""HTML of the interface: every function escapes what it is given and returns markup."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from html import escape

import numpy as np
import pandas as pd

__all__ = ["bullets", "figure_note", "heading", "notice", "paragraph", "table", "text_of"]

WHOLE_FROM, WHOLE_TO = 1e4, 1e15
"""Between these, numbers are written without a fraction and without an exponent."""
LONGEST = 80
"""Characters of a cell before it is cut; the whole stands in its tooltip."""


def text_of(value: object) -> str:
    """Write a value as a person would: four digits or the whole part, and – for what is missing.

    Examples
    --------
    >>> text_of(43594.21), text_of(0.31464), text_of(1e20)
    ('43,594', '0.3146', '1e+20')
    """
    if value is None or value is pd.NA or (isinstance(value, float) and np.isnan(value)):
        return "–"
    if isinstance(value, bool | np.bool_):
        return "yes" if value else "no"
    if isinstance(value, int | np.integer):
        return f"{value:,}"
    if isinstance(value, float | np.floating):
        number = float(value)
        return f"{number:,.0f}" if WHOLE_FROM <= abs(number) < WHOLE_TO else f"{number:,.4g}"
    return str(value)


def table(
    rows: Iterable[Sequence[object]],
    head: Sequence[str],
    *,
    caption: str = "",
    numeric: Iterable[int] = (),
) -> str:
    """Return a table; the first column heads its rows.

    Parameters
    ----------
    numeric : iterable of int
        Positions of the columns that hold numbers, set flush right.
    """
    right = set(numeric)

    def cell(place: int, value: object) -> str:
        text = text_of(value)
        cut = text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"
        title = f' title="{escape(text)}"' if cut != text else ""
        kind = ' class="wb-number"' if place in right else ""
        if place == 0:
            return f'<th scope="row"{kind}{title}>{escape(cut)}</th>'
        return f"<td{kind}{title}>{escape(cut)}</td>"

    def column_head(place: int, name: str) -> str:
        kind = ' class="wb-number"' if place in right else ""
        return f'<th scope="col"{kind}>{escape(name)}</th>'

    heads = "".join(column_head(place, name) for place, name in enumerate(head))
    body = "".join(
        "<tr>" + "".join(cell(place, value) for place, value in enumerate(row)) + "</tr>"
        for row in rows
    )
    named = f"<caption>{escape(caption)}</caption>" if caption else ""
    return (
        f'<div class="wb-scroll" tabindex="0" role="region" '
        f'aria-label="{escape(caption or "table")}"><table class="wb-table">{named}'
        f"<thead><tr>{heads}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def notice(text: str, kind: str = "info", title: str = "") -> str:
    """Return a box: kind is "info", "warning", "problem", "above", "below" or "inconclusive"."""
    strong = f"<strong>{escape(title)}</strong> " if title else ""
    return f'<div class="wb-notice wb-{escape(kind)}">{strong}{escape(text)}</div>'


def paragraph(text: str, kind: str = "") -> str:
    """Return one paragraph."""
    return f'<p class="{escape(kind)}">{escape(text)}</p>' if kind else f"<p>{escape(text)}</p>"


def bullets(sentences: Iterable[str]) -> str:
    """Return a list of sentences, or nothing when there are none."""
    items = "".join(f"<li>{escape(sentence)}</li>" for sentence in sentences)
    return f'<ul class="wb-list">{items}</ul>' if items else ""


def heading(text: str, level: int = 3) -> str:
    """Return a heading."""
    return f"<h{level}>{escape(text)}</h{level}>"


def figure_note(terms: Mapping[str, str]) -> str:
    """Return terms with their meaning."""
    pairs = "".join(f"<dt>{escape(k)}</dt><dd>{escape(v)}</dd>" for k, v in terms.items())
    return f'<dl class="wb-terms">{pairs}</dl>'
