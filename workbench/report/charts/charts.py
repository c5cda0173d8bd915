"""The charts of the report page: numbers in, SVG text out; no plotting library, no script.

Colours are CSS variables with a fallback, so that a page can offer a dark scheme. Nothing is told
by colour alone: estimators differ in shape, signs in direction and in the number beside the mark.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise

from workbench.common.charts import BarRow, ForestRow, HistogramPanel
from workbench.common.wording import signed, stated
from workbench.report.charts.svg import (
    BAND,
    CARD,
    CHARACTER,
    EDGE,
    INK,
    LINE,
    LIT,
    SERIES,
    SOFT,
    WIDTH,
    Scale,
    clip,
    label_at,
    marker,
    plain,
    svg,
    ticks,
    whisker,
)

__all__ = ["bar_chart", "forest_chart", "histogram_chart", "rank_chart", "value_axis"]


WIDE = 7.9
"""Pixels of a character at 13 px in the widest of these fonts, where nothing may be cut off."""


def forest_chart(
    rows: Sequence[ForestRow], *, threshold: float | None, title: str, axis: str
) -> str:
    """Draw estimates with their intervals against the band that counts as "below".

    Parameters
    ----------
    rows : sequence of ForestRow
        Rows of one group must follow each other; its name is drawn once.
    threshold : float or None
        Half the width of the band around 0; None draws none.
    title, axis : str
        What the chart is called, and what its axis measures.

    Returns
    -------
    str
        One ``<svg>`` element, the same for the same input.
    """
    series = list(dict.fromkeys(e.series for row in rows for e in row.marks))
    scale = Scale.over(
        [x for row in rows for e in row.marks for x in (e.low, e.value, e.high)],
        threshold,
        left=96.0,
        right=WIDTH - 92,
    )
    legend = _legend(series, threshold)
    top, body, labels = 58.0, [], []
    y, group = top, None
    for row in rows:
        if row.group != group:
            y += 6 if group is not None else 0
            body.append(
                label_at(
                    clip(row.group, WIDTH - 20), 4, y + 15, weight=600, full=row.group, halo=True
                )
            )
            group, y = row.group, y + 24
        height = 14.0 * max(len(row.marks), 1) + 6
        body.append(label_at(row.label, 16, y + height / 2 + 4, fill=SOFT))
        for i, mark in enumerate(row.marks):
            at = y + 3 + 14 * i + 7
            place = series.index(mark.series)
            body.append(whisker(scale, mark.low, mark.high, at, SERIES[place % 3]))
            body.append(marker(place, scale(mark.value), at))
            labels.append(
                label_at(signed(mark.value), WIDTH - 4, at + 4, size=12, anchor="end", number=True)
            )
        said = "; ".join(f"{e.series} {_said(e.value, e.low, e.high)}" for e in row.marks)
        body.append(
            f'<rect x="0" y="{y:.1f}" width="{WIDTH:g}" height="{height:.1f}" fill="none" '
            f'pointer-events="all"><title>{plain(f"{row.group}, {row.label}: {said}")}'
            f"</title></rect>"
        )
        y += height
    frame = value_axis(scale, threshold, top - 4, y + 4, axis)
    words = "; ".join(
        f"{row.group}, {row.label}, {e.series}: {_said(e.value, e.low, e.high)}"
        for row in rows
        for e in row.marks
    )
    return svg(title, words, [legend, frame, *body, *labels], WIDTH, y + 46)


def bar_chart(rows: Sequence[BarRow], *, threshold: float | None, title: str, axis: str) -> str:
    """Draw signed bars with their intervals, each below its own label.

    Parameters
    ----------
    rows : sequence of BarRow
    threshold : float or None
        Half the width of the band around 0; None draws none.
    title, axis : str
        What the chart is called, and what its axis measures.
    """
    numbers = [x for row in rows for x in (row.low, row.value, row.high)]
    scale = Scale.over(numbers, threshold, left=16.0, right=WIDTH - 130)
    top = 40.0
    body = [_legend([], threshold)]
    bars = []
    for i, row in enumerate(rows):
        y = top + 46 * i
        x, zero = scale(row.value), scale(0.0)
        colour = SERIES[0] if row.value >= 0 else SERIES[1]
        bars.append(label_at(clip(row.label, WIDTH - 20), 4, y + 14, full=row.label, halo=True))
        bars.append(
            f'<rect x="{min(x, zero):.1f}" y="{y + 21:.1f}" width="{abs(x - zero):.1f}" '
            f'height="14" fill="{colour}" fill-opacity="0.8"/>'
        )
        bars.append(whisker(scale, row.low, row.high, y + 28, INK))
        note = " · ".join(filter(None, [signed(row.value), row.note]))
        bars.append(label_at(note, WIDTH - 4, y + 32, size=12, anchor="end", number=True))
    bottom = top + 46 * len(rows)
    body.append(value_axis(scale, threshold, top - 4, bottom, axis))
    words = "; ".join(f"{r.label}: {_said(r.value, r.low, r.high)}, {r.note}" for r in rows)
    return svg(title, words, [*body, *bars], WIDTH, bottom + 42)


def histogram_chart(
    panels: Sequence[HistogramPanel], *, threshold: float, title: str, axis: str
) -> str:
    """Draw histograms below each other on one axis, against the band that counts as "within".

    Parameters
    ----------
    panels : sequence of HistogramPanel
        At least one. The first and the last bin also hold the rows beyond them.
    threshold : float
        Half the width of the band around 0.
    title, axis : str
        What the chart is called, and what its axis measures.
    """
    edges = [edge for panel in panels for edge in (panel.edges[0], panel.edges[-1])]
    scale = Scale.over(edges, threshold, left=16.0, right=WIDTH - 16)
    high, gap, top = 72.0, 34.0, 40.0
    bars, words = [], []
    for place, panel in enumerate(panels):
        ground = top + (place + 1) * (high + gap) - 8
        most = max(panel.counts)
        bars.append(label_at(panel.label, 16, ground - high - 8, weight=600, halo=True))
        bars.append(
            label_at(panel.note, WIDTH - 16, ground - high - 8, size=12, anchor="end", halo=True)
        )
        marks = {SERIES[0]: "", SERIES[1]: ""}
        for (a, b), count in zip(pairwise(panel.edges), panel.counts, strict=True):
            if count:
                x, wide = scale(a) + 0.5, max(scale(b) - scale(a) - 1, 0.8)
                tall = max(high * count / most, 0.8)
                colour = SERIES[1] if abs(a + b) / 2 > threshold else SERIES[0]
                marks[colour] += f"M{x:.1f} {ground:.1f}v{-tall:.1f}h{wide:.1f}v{tall:.1f}z"
        bars += [f'<path d="{path}" fill="{fill}"/>' for fill, path in marks.items() if path]
        bars.append(f'<path d="M{scale.left:.1f} {ground:.1f}H{scale.right:.1f}" stroke="{LINE}"/>')
        x = scale(panel.mean)
        bars.append(
            f'<path d="M{x:.1f} {ground - high:.1f}V{ground:.1f}" stroke="{INK}" '
            f'stroke-width="1.6" stroke-dasharray="1.5 2.5"/>'
        )
        words.append(f"{panel.label}: {panel.note}")
    bottom = top + len(panels) * (high + gap) - 8
    legend = _legend([], threshold) + _beyond_legend()
    frame = value_axis(scale, threshold, top - 4, bottom, axis)
    return svg(title, "; ".join(words), [legend, frame, *bars], WIDTH, bottom + 42)


def rank_chart(
    methods: Sequence[str],
    ranks: Mapping[str, Sequence[float | None]],
    *,
    lit: Sequence[str],
    title: str,
) -> str:
    """Draw every feature's rank by every method, joined by a line.

    Parameters
    ----------
    methods : sequence of str
        Names of the columns, from left to right.
    ranks : mapping of feature to sequence of (float or None), shape (methods,)
        1 is the most influential; equal ranks are drawn below each other; None leaves a gap.
    lit : sequence of str
        Features to draw thicker, on top.
    title : str
    """
    # Equal ranks must not hide each other: every feature gets a slot of its own.
    slots: dict[tuple[str, int], int] = {}
    for column in range(len(methods)):
        known = [(r, i, f) for i, (f, all_) in enumerate(ranks.items()) if (r := all_[column])]
        slots |= {(f, column): slot for slot, (_, _, f) in enumerate(sorted(known))}
    longest = max((len(name) for name in ranks), default=0)
    label = min(max(longest * WIDE + 24, 70), 200)
    step = (WIDTH - 2 * label) / max(len(methods) - 1, 1)
    top = 62.0

    def centre(feature: str, column: int) -> tuple[float, float]:
        return label + step * column, top + 27.0 * slots[feature, column]

    head = [
        label_at(line, label + step * c, 18 + 15 * i, size=12, anchor="middle", weight=600)
        for c, method in enumerate(methods)
        for i, line in enumerate(_two_lines(method, max(step, 90)))
    ]
    back: list[str] = []
    front: list[str] = []
    dashed = ' stroke-dasharray="3 4"'  # it skips a method that gave no rank
    for feature in ranks:
        bright = feature in lit
        parts = front if bright else back
        columns = [c for c in range(len(methods)) if (feature, c) in slots]
        if not columns:
            continue
        colour, wide = (LIT, 3.5) if bright else (SOFT, 1.3)
        for a, b in pairwise(columns):
            (x1, y1), (x2, y2) = centre(feature, a), centre(feature, b)
            parts.append(
                f'<path d="M{x1:.1f} {y1:.1f}C{(x1 + x2) / 2:.1f} {y1:.1f} {(x1 + x2) / 2:.1f} '
                f'{y2:.1f} {x2:.1f} {y2:.1f}" fill="none" stroke="{colour}" stroke-width="{wide}"'
                f"{dashed if b > a + 1 else ''}/>"
            )
        for c in columns:
            x, y = centre(feature, c)
            rank = f"{ranks[feature][c]:g}"
            fill, digit = (LIT, CARD) if bright else (CARD, INK)
            parts.append(
                f'<circle cx="{x:.1f}" cy="{y:.1f}" r="11" fill="{fill}" stroke="{colour}" '
                f'stroke-width="1.3"/>'
                + label_at(rank, x, y + 4, size=11, anchor="middle", fill=digit, weight=600)
            )
        name, weight = clip(feature, (label - 20) * CHARACTER / WIDE), 700 if bright else 400
        x, y = centre(feature, columns[0])
        parts.append(label_at(name, x - 18, y + 4, anchor="end", weight=weight, full=feature))
        x, y = centre(feature, columns[-1])
        parts.append(label_at(name, x + 18, y + 4, weight=weight, full=feature))
    words = "; ".join(
        f"{feature}: "
        + ", ".join(
            f"{m} {f'rank {r:g}' if r else 'no rank'}" for m, r in zip(methods, row, strict=True)
        )
        for feature, row in ranks.items()
    )
    height = top + 27 * len(ranks)
    return svg(title, words, [*head, *back, *front], WIDTH, height)


def value_axis(scale: Scale, threshold: float | None, top: float, bottom: float, axis: str) -> str:
    """Draw the axis of a chart with its lines, and the band of ±τ where there is a threshold."""
    parts = []
    if threshold is not None:
        a, b = scale(-threshold), scale(threshold)
        parts.append(
            f'<rect x="{a:.1f}" y="{top:.1f}" width="{b - a:.1f}" height="{bottom - top:.1f}" '
            f'fill="{BAND}"/>'
        )
        parts += [
            f'<path d="M{x:.1f} {top:.1f}V{bottom:.1f}" stroke="{EDGE}" stroke-dasharray="4 3"/>'
            for x in (a, b)
        ]
    marks = ticks(scale.low, scale.high)
    places = max((len(f"{t:.10f}".rstrip("0").partition(".")[2]) for t in marks), default=0)
    for tick in marks:
        x = scale(tick)
        stroke = INK if tick == 0 else LINE
        parts.append(f'<path d="M{x:.1f} {top:.1f}V{bottom + 5:.1f}" stroke="{stroke}"/>')
        parts.append(
            label_at(signed(tick, places), x, bottom + 19, size=12, anchor="middle", fill=SOFT)
        )
    centre = (scale.left + scale.right) / 2
    parts.append(label_at(axis, centre, bottom + 37, size=12, anchor="middle", fill=SOFT))
    return "".join(parts)


def _legend(series: Sequence[str], threshold: float | None) -> str:
    x, parts = 6.0, []
    for place, name in enumerate(series):
        parts.append(f'<path d="M{x:.1f} 14h26" stroke="{SERIES[place % 3]}" stroke-width="2"/>')
        parts.append(marker(place, x + 13, 14) + label_at(name, x + 33, 18, size=12))
        x += 33 + len(name) * 6.6 + 22
    if threshold is not None:
        parts.append(
            f'<rect x="{x:.1f}" y="7" width="26" height="14" fill="{BAND}" stroke="{EDGE}" '
            f'stroke-dasharray="4 3"/>'
        )
        parts.append(label_at(f"within ±{stated(threshold)}, the threshold", x + 33, 18, size=12))
    return "".join(parts)


def _beyond_legend() -> str:
    x = 250.0
    parts = []
    for colour, words in ((SERIES[0], "rows within"), (SERIES[1], "rows beyond")):
        parts.append(f'<rect x="{x:.1f}" y="8" width="12" height="12" fill="{colour}"/>')
        parts.append(label_at(words, x + 18, 18, size=12))
        x += 110
    line = f'stroke="{INK}" stroke-width="1.6" stroke-dasharray="1.5 2.5"'
    parts.append(f'<path d="M{x + 6:.1f} 6v16" {line}/>' + label_at("mean", x + 14, 18, size=12))
    return "".join(parts)


def _said(value: float, low: float, high: float) -> str:
    return f"{signed(value)} ({signed(low)} to {signed(high)})"


def _two_lines(text: str, width: float) -> list[str]:
    words = text.split(" ")
    if len(text) * 6.6 < width or len(words) < 2:
        return [text]
    return [words[0], " ".join(words[1:])]
