"""The drawing of how an effect is spread over rows: one small histogram per kind of effect."""

from __future__ import annotations

from collections.abc import Sequence

from workbench.report_svg import (
    BAND,
    EDGE,
    INK,
    LINE,
    LIT,
    SERIES,
    SOFT,
    WIDTH,
    Scale,
    label_at,
    plain,
    svg,
    ticks,
)
from workbench.row_summary import PartSummary
from workbench.wording import share, signed

__all__ = ["spread_figure"]

PANEL, GAP, TOP = 64.0, 34.0, 30.0
LEFT, RIGHT = 84.0, WIDTH - 16


def spread_figure(
    spreads: Sequence[PartSummary], *, threshold: float | None, title: str, axis: str
) -> str:
    """Draw histograms below each other over one axis, with the band of ±τ and the averages.

    Parameters
    ----------
    spreads : sequence of PartSummary
        Those without a histogram are left out.
    threshold : float or None
        τ; None draws no band.
    title, axis : str

    Returns
    -------
    str
        One ``<svg>`` element; "" when nothing is left.
    """
    spreads = [part for part in spreads if part.edges]
    if not spreads:
        return ""
    ends = [end for s in spreads for end in (s.edges[0], s.edges[-1], s.mean)]
    scale = Scale.over(ends, threshold, left=LEFT, right=RIGHT)
    bottom = TOP + len(spreads) * (PANEL + GAP) - GAP
    body = [_frame(scale, threshold, bottom, axis)]
    for place, spread in enumerate(spreads):
        body.append(_panel(spread, scale, TOP + place * (PANEL + GAP), SERIES[place % 3]))
    words = "; ".join(
        f"{s.part}: average {signed(s.mean)}, {share(s.above)} of the rows above the threshold, "
        f"{share(s.within)} within, {share(s.below)} below"
        for s in spreads
    )
    return svg(title, words, body, WIDTH, bottom + 44)


def _panel(spread: PartSummary, scale: Scale, top: float, colour: str) -> str:
    most, whole = max(spread.counts, default=0), sum(spread.counts)
    base = top + PANEL
    parts = [label_at(spread.part, 4, top + PANEL / 2 + 4, fill=SOFT)]
    for low, high, count in zip(spread.edges, spread.edges[1:], spread.counts, strict=False):
        if not count:
            continue
        a, b = scale(low), scale(high)
        # A bin of one row among thousands must still be seen.
        height = max(PANEL * count / most, 1.5)
        said = f"{share(count / whole)} of the rows between {signed(low)} and {signed(high)}"
        parts.append(
            f'<rect x="{a:.1f}" y="{base - height:.1f}" width="{max(b - a - 0.6, 1.5):.1f}" '
            f'height="{height:.1f}" fill="{colour}" fill-opacity="0.75">'
            f"<title>{plain(said)}</title></rect>"
        )
    x = scale(spread.mean)
    anchor = "end" if x > (LEFT + RIGHT) / 2 else "start"
    shift = -5 if anchor == "end" else 5
    parts.append(f'<path d="M{LEFT:g} {base:.1f}H{RIGHT:g}" stroke="{LINE}"/>')
    parts.append(
        f'<path d="M{x:.1f} {top - 12:.1f}V{base:.1f}" stroke="{LIT}" stroke-width="2"/>'
        + label_at(
            f"average {signed(spread.mean)}",
            x + shift,
            top - 3,
            size=12,
            anchor="" if anchor == "start" else anchor,
            number=True,
            halo=True,
        )
    )
    return "".join(parts)


def _frame(scale: Scale, threshold: float | None, bottom: float, axis: str) -> str:
    parts = []
    if threshold is not None:
        a, b = scale(-threshold), scale(threshold)
        parts.append(
            f'<rect x="{a:.1f}" y="10" width="{b - a:.1f}" height="{bottom - 10:.1f}" '
            f'fill="{BAND}"/>'
        )
        parts += [
            f'<path d="M{x:.1f} 10V{bottom:.1f}" stroke="{EDGE}" stroke-dasharray="4 3"/>'
            for x in (a, b)
        ]
    marks = ticks(scale.low, scale.high)
    places = max((len(f"{t:.10f}".rstrip("0").partition(".")[2]) for t in marks), default=0)
    for mark in marks:
        x, stroke = scale(mark), INK if mark == 0 else LINE
        parts.append(f'<path d="M{x:.1f} 10V{bottom + 5:.1f}" stroke="{stroke}"/>')
        text = signed(mark, places)
        parts.append(label_at(text, x, bottom + 18, size=12, anchor="middle", fill=SOFT))
    middle = (scale.left + scale.right) / 2
    parts.append(label_at(axis, middle, bottom + 36, size=12, anchor="middle", fill=SOFT))
    return "".join(parts)
