"""The curve of how often something was found, by its size."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from workbench.common.charts import RateCurve
from workbench.common.wording import amount, level_text, share
from workbench.report.charts.svg import (
    EDGE,
    INK,
    LINE,
    SERIES,
    SOFT,
    WIDTH,
    Scale,
    label_at,
    marker,
    svg,
    ticks,
)

__all__ = ["rate_chart"]

TALL = 190.0
ENOUGH = 0.8
"""A rate that is drawn as a line to read sizes from."""


def rate_chart(curves: Sequence[RateCurve], *, threshold: float, title: str, axis: str) -> str:
    """Draw how often something was found, by its size.

    Parameters
    ----------
    curves : sequence of RateCurve
    threshold : float
        A size to mark.
    title, axis : str
        What the chart is called, and what its axis measures.

    Returns
    -------
    str
        One ``<svg>`` element, the same for the same input.
    """
    sizes = [point.size for curve in curves for point in curve.points]
    across = Scale(0.0, 1.04 * max([threshold, *sizes]), 64.0, WIDTH - 16)
    top = 22.0 + 20.0 * len(curves)
    ground = top + TALL

    def up(rate: float) -> float:
        return ground - TALL * min(max(rate, 0.0), 1.0)

    body = []
    for rate in (0.0, 0.2, 0.4, 0.6, ENOUGH, 1.0):
        y = up(rate)
        line = f'stroke="{EDGE}" stroke-dasharray="4 3"' if rate == ENOUGH else f'stroke="{LINE}"'
        body.append(f'<path d="M{across.left:.1f} {y:.1f}H{across.right:.1f}" {line}/>')
        body.append(label_at(share(rate), 56, y + 4, size=12, anchor="end", fill=SOFT))
    for tick in ticks(across.low, across.high):
        x = across(tick)
        body.append(f'<path d="M{x:.1f} {ground:.1f}v5" stroke="{INK}"/>')
        body.append(label_at(level_text(tick), x, ground + 19, size=12, anchor="middle", fill=SOFT))
    x = across(threshold)
    body.append(
        f'<path d="M{x:.1f} {top:.1f}V{ground:.1f}" stroke="{EDGE}" stroke-dasharray="4 3"/>'
    )
    room = x - across.left > 70
    at, anchor = (x - 5, "end") if room else (x + 5, "")
    body.append(label_at("threshold", at, top + 13, size=12, anchor=anchor, fill=SOFT, halo=True))
    for place, curve in enumerate(curves):
        body += _curve(place, curve, across, up)
    centre = (across.left + across.right) / 2
    body.append(label_at(axis, centre, ground + 37, size=12, anchor="middle", fill=SOFT))
    words = "; ".join(
        f"{curve.series}, size {amount(p.size)}: found in {share(p.rate)} ({share(p.low)} to "
        f"{share(p.high)})"
        for curve in curves
        for p in curve.points
    )
    return svg(title, words, body, WIDTH, ground + 44)


def _curve(place: int, curve: RateCurve, across: Scale, up: Callable[[float], float]) -> list[str]:
    colour = SERIES[place % 3]
    at = [(across(p.size), up(p.rate)) for p in curve.points]
    joined = "L".join(f"{x:.1f} {y:.1f}" for x, y in at)
    parts = [f'<path d="M{joined}" fill="none" stroke="{colour}" stroke-width="1.8"/>']
    for (x, y), point in zip(at, curve.points, strict=True):
        parts.append(
            f'<path d="M{x:.1f} {up(point.low):.1f}V{up(point.high):.1f}" stroke="{colour}" '
            f'stroke-width="1.2"/>'
        )
        parts.append(marker(place, x, y))
    y = 12.0 + 20 * place
    parts.append(f'<path d="M6 {y:.1f}h26" stroke="{colour}" stroke-width="2"/>')
    parts.append(marker(place, 19, y) + label_at(curve.series, 39, y + 4, size=12))
    return parts
