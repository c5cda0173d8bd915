"""What the charts of the report page are drawn with: scales, marks, text."""

from __future__ import annotations

import math
import re
import zlib
from collections.abc import Sequence
from html import escape
from typing import NamedTuple

__all__ = ["Scale", "clip", "label_at", "marker", "plain", "svg", "ticks"]

INK, SOFT, LINE = "var(--ink,#1b232c)", "var(--soft,#55606c)", "var(--line,#cfd6dd)"
CARD, BAND, EDGE = "var(--card,#ffffff)", "var(--band,#e4efe6)", "var(--edge,#4d7d5a)"
SERIES = ("var(--first,#1f5fa8)", "var(--second,#a83e00)", "var(--third,#5b4a9c)")
LIT = "var(--lit,#a83e00)"
FONT = "system-ui, -apple-system, 'Segoe UI', 'DejaVu Sans', sans-serif"
CHARACTER = 7.1
"""Pixels of a character at 13 px: a little more than the mean of these fonts."""
WIDTH = 760.0


def ticks(low: float, high: float, most: int = 7) -> list[float]:
    """Round numbers between two bounds, at most about `most` of them.

    Examples
    --------
    >>> ticks(-0.03, 0.11)
    [-0.025, 0.0, 0.025, 0.05, 0.075, 0.1]
    """
    raw = (high - low) / max(most - 1, 1)
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(power * m for m in (1, 2, 2.5, 5, 10) if power * m >= raw * 0.999)
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [round(i * step, 12) + 0.0 for i in range(first, last + 1)]


class Scale(NamedTuple):
    """Maps numbers to pixels."""

    low: float
    high: float
    left: float
    right: float

    @classmethod
    def over(
        cls, values: Sequence[float], threshold: float | None, *, left: float, right: float
    ) -> Scale:
        """Make room for the values, for 0, and for the band of ± the threshold."""
        known = [v for v in values if math.isfinite(v)]
        room = 1.35 * (threshold or 0.0)
        low, high = min([0.0, -room, *known]), max([0.0, room, *known])
        if low == high:
            low, high = -1.0, 1.0
        pad = 0.03 * (high - low)
        return cls(low - pad, high + pad, left, right)

    def __call__(self, value: float) -> float:
        """Return the pixel of a number; what lies outside is drawn at the border."""
        bounded = min(max(value, self.low), self.high) if not math.isnan(value) else 0.0
        share = (bounded - self.low) / (self.high - self.low)
        return self.left + share * (self.right - self.left)


def marker(place: int, x: float, y: float) -> str:
    """Draw one shape per series, so that they can be told apart without colour."""
    colour = SERIES[place % 3]
    if place % 3 == 0:
        return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4.5" fill="{colour}"/>'
    if place % 3 == 1:
        path = f"M{x - 5.5:.1f} {y:.1f}l5.5-5.5l5.5 5.5l-5.5 5.5z"
    else:
        path = f"M{x - 4.5:.1f} {y - 4.5:.1f}h9v9h-9z"
    return f'<path d="{path}" fill="{CARD}" stroke="{colour}" stroke-width="2"/>'


def whisker(scale: Scale, low: float, high: float, y: float, colour: str) -> str:
    """Draw an interval; nothing when an end is unknown."""
    if math.isnan(low) or math.isnan(high):
        return ""
    a, b = scale(low), scale(high)
    return (
        f'<path d="M{a:.1f} {y:.1f}H{b:.1f}M{a:.1f} {y - 3.5:.1f}v7M{b:.1f} {y - 3.5:.1f}v7" '
        f'fill="none" stroke="{colour}" stroke-width="1.8"/>'
    )


def label_at(
    text: str,
    x: float,
    y: float,
    *,
    size: int = 13,
    anchor: str = "",
    fill: str = INK,
    weight: int = 400,
    full: str = "",
    number: bool = False,
    halo: bool = False,
) -> str:
    """Write text whose baseline starts (or ends) at a point.

    `full` is its tooltip; `halo` clears the ground behind it.
    """
    options = f' text-anchor="{anchor}"' if anchor else ""
    options += f' font-size="{size}"' if size != 13 else ""
    options += f' font-weight="{weight}"' if weight != 400 else ""
    options += ' style="font-variant-numeric:tabular-nums"' if number else ""
    options += f' stroke="{CARD}" stroke-width="4" paint-order="stroke"' if halo else ""
    title = f"<title>{plain(full)}</title>" if full and full != text else ""
    return f'<text x="{x:.1f}" y="{y:.1f}" fill="{fill}"{options}>{plain(text)}{title}</text>'


def clip(text: str, width: float) -> str:
    """Shorten in the middle: what differs between names often stands at their ends."""
    most = max(int(width / CHARACTER), 8)
    if len(text) <= most:
        return text
    head = most * 2 // 3
    return f"{text[:head]}…{text[len(text) - (most - head - 1) :]}"


def plain(text: str) -> str:
    """Escape for SVG, where control characters are forbidden even escaped."""
    spaced = re.sub(r"\s", " ", text)
    return escape(re.sub("[\x00-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]", "\ufffd", spaced))


def svg(title: str, words: str, body: Sequence[str], width: float, height: float) -> str:
    """Put marks into one ``<svg>`` element with a name and a description in words."""
    drawn = "".join(body)
    # Two drawings on a page must not share ids; the same drawing twice may.
    mark = f"c{zlib.crc32(f'{title}{words}{drawn}'.encode('utf-8', 'replace')):08x}"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" aria-labelledby="{mark}t" '
        f'aria-describedby="{mark}d" viewBox="0 0 {width:g} {height:g}" '
        f'style="width:100%;max-width:{width:g}px;height:auto" font-family="{FONT}" '
        f'font-size="13"><title id="{mark}t">{plain(title)}</title>'
        f'<desc id="{mark}d">{plain(words)}</desc>{drawn}</svg>'
    )
