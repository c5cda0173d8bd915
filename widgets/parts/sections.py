"""The blocks that results are made of: a titled section, a drawing, a table folded away."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from html import escape

from widgets.parts import markup
from widgets.session.jobs import words_for

__all__ = ["by_feature", "drawing", "folded", "guarded", "screen_only", "section", "tiles"]

PAPER = "background:#ffffff;color:#1f2933"
"""Where no style sheet of ours is, a figure keeps white paper: its lines are dark."""
OPEN = 2
"""Features shown at once; those that follow are folded away."""


def section(title: str, lead: str, *body: str) -> str:
    """Return a titled section that starts with one short paragraph."""
    return (
        f'<section class="wb-part">{markup.heading(title)}{markup.paragraph(lead, "wb-muted")}'
        f"{''.join(body)}</section>"
    )


def drawing(svg: str, caption: str = "") -> str:
    """Return a figure. `svg` is markup of our own, which carries its words itself."""
    below = f"<figcaption>{escape(caption)}</figcaption>" if caption else ""
    return f'<figure class="wb-figure" style="{PAPER}">{svg}{below}</figure>' if svg else ""


def folded(title: str, body: str) -> str:
    """Return what a reader opens when wanted; printed open."""
    return f'<details class="wb-folded"><summary>{escape(title)}</summary>{body}</details>'


def screen_only(body: str) -> str:
    """Return what is shown and not printed."""
    return f'<div class="wb-no-print">{body}</div>' if body else ""


def tiles(name: str, made: Iterable[tuple[str, str, str, str]], kind: str = "") -> str:
    """Return large numbers beside each other: what each is, the number, its interval, a note."""
    found = "".join(
        f'<div class="wb-tile"><p class="wb-tile-name">{escape(what)}</p>'
        f'<p class="wb-tile-value">{escape(value)} <span>{escape(bounds)}</span></p>'
        f'<p class="wb-muted">{escape(note)}</p></div>'
        for what, value, bounds, note in made
    )
    group = f'class="wb-tiles {escape(kind)}" role="group" aria-label="{escape(name)}"'
    return f"<div {group}>{found}</div>"


def by_feature(title: str, made: Mapping[str, str]) -> str:
    """Return the same block for several features: the first ones open, the rest folded away.

    Parameters
    ----------
    title : str
        What a folded block is about; the feature's name follows.
    made : mapping of str to str
        A block by the feature's name.
    """
    blocks = enumerate(made.items())
    return "".join(
        text if place < OPEN else folded(f"{title} {name}", text) for place, (name, text) in blocks
    )


def guarded(make: Callable[[], str]) -> str:
    """Return what `make` does, or the words of its failure: one part of a page may fail alone."""
    try:
        return make()
    except Exception as error:  # the component's boundary
        return markup.notice(words_for(error), "problem")
