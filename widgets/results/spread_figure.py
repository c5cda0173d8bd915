"""The drawing of how an effect is spread over rows: one small histogram per kind of effect."""

from __future__ import annotations

from collections.abc import Sequence

from workbench.common.wording import share, signed
from workbench.methods.row_summary import PartSummary
from workbench.report.charts.charts import value_axis
from workbench.report.charts.svg import (
    LINE,
    LIT,
    SERIES,
    SOFT,
    WIDTH,
    Scale,
    label_at,
    plain,
    svg,
)

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
    body = [value_axis(scale, threshold, 10.0, bottom, axis)]
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
