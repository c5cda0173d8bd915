"""The picture of what unlearning changed: each model's effect as a bar, the findings as spans."""

from __future__ import annotations

from collections.abc import Sequence

from workbench.common.charts import ChangeRow, Mark
from workbench.common.wording import signed, span, stated
from workbench.report.charts.charts import value_axis
from workbench.report.charts.svg import (
    BAND,
    CHARACTER,
    EDGE,
    INK,
    LIT,
    SERIES,
    SOFT,
    WIDTH,
    Scale,
    clip,
    label_at,
    plain,
    svg,
    whisker,
)

__all__ = ["change_chart"]

BAR, GAP, HEAD = 18.0, 24.0, 26.0
"""Heights of a bar, of the room for a span below it, and of a heading."""
SMALL = 0.93 * CHARACTER
"""Pixels of a character at 12 px."""
COLOURS = {"before": SOFT, "now": SERIES[0], "retrained": SERIES[2]}


def change_chart(
    rows: Sequence[ChangeRow], *, threshold: float | None, title: str, axis: str
) -> str:
    """Draw each model's effect as a bar from 0, and what lies between the bars as spans.

    Parameters
    ----------
    rows : sequence of ChangeRow
    threshold : float or None
        Half the width of the band around the retrained model's effect; None draws none.
    title, axis : str
        What the chart is called, and what its axis measures.

    Returns
    -------
    str
        One ``<svg>`` element, the same for the same input.
    """
    numbers = [x for row in rows for m in row.models for x in (m.low, m.value, m.high)]
    numbers += [x for row in rows for x in row.single]
    if threshold is not None:
        ends = [m.value for row in rows for m in row.models if m.series == "retrained"]
        numbers += [end + side * threshold for end in ends for side in (-1, 1)]
    scale = Scale.over(numbers, None, left=104.0, right=WIDTH - 84)
    banded = threshold is not None and any(row.residue for row in rows)
    top = 40.0 if banded else 8.0
    body: list[str] = []
    y = top
    for row in rows:
        body.append(
            label_at(clip(row.label, WIDTH - 20), 4, y + 16, weight=600, full=row.label, halo=True)
        )
        parts, y = _effect(row, scale, y + HEAD, threshold)
        body += [*parts]
        y += 6
    legend = _legend(threshold or 0.0) if banded else ""
    frame = value_axis(scale, None, top - 4, y, axis)
    words = "; ".join(_words(row) for row in rows)
    return svg(title, words, [legend, frame, *body], WIDTH, y + 42)


def _effect(
    row: ChangeRow, scale: Scale, y: float, threshold: float | None
) -> tuple[list[str], float]:
    """Draw the bars of one effect below each other, and return where they end."""
    known = {model.series: model for model in row.models}
    back: list[str] = []
    front: list[str] = []
    for model in row.models:
        if model.series == "retrained" and row.residue is not None and threshold is not None:
            a, b = scale(model.value - threshold), scale(model.value + threshold)
            start = y - GAP - BAR
            back.append(
                f'<rect x="{a:.1f}" y="{start:.1f}" width="{b - a:.1f}" '
                f'height="{y + BAR - start:.1f}" fill="{BAND}" stroke="{EDGE}" '
                f'stroke-dasharray="4 3"/>'
            )
        front += _bar(model, scale, y)
        if model.series == "retrained":
            front += [
                f'<path d="M{scale(x):.1f} {y + 2:.1f}v{BAR - 4:g}" stroke="{INK}" '
                f'stroke-width="1.4"/>'
                for x in row.single
            ]
        y += BAR
        now = known["now"].value
        if model.series == "before" and row.removed is not None:
            front += _span(scale, model.value, now, y, "removed", row.removed, INK)
        elif model.series == "now" and row.residue is not None:
            front += _span(scale, now, known["retrained"].value, y, "residue", row.residue, LIT)
        elif model.series == "retrained" and row.shared:
            front += _span(scale, 0.0, model.value, y, "the world’s share", model, SERIES[2])
        y += GAP
    return [*back, *front], y


def _bar(model: Mark, scale: Scale, y: float) -> list[str]:
    x, zero = scale(model.value), scale(0.0)
    middle = y + BAR / 2
    said = f"{model.series}: {signed(model.value)} ({span((model.low, model.high))})"
    weight = 600 if model.series == "now" else 400
    return [
        label_at(model.series, 16, middle + 4, weight=weight),
        f'<rect x="{min(x, zero):.1f}" y="{y:.1f}" width="{max(abs(x - zero), 1):.1f}" '
        f'height="{BAR:g}" fill="{COLOURS[model.series]}" fill-opacity="0.55">'
        f"<title>{plain(said)}</title></rect>",
        f'<path d="M{x:.1f} {y:.1f}v{BAR:g}" stroke="{COLOURS[model.series]}" stroke-width="3"/>',
        whisker(scale, model.low, model.high, middle, INK),
        label_at(
            signed(model.value), WIDTH - 4, middle + 4, anchor="end", number=True, weight=weight
        ),
    ]


def _span(
    scale: Scale, start: float, end: float, y: float, name: str, found: Mark, colour: str
) -> list[str]:
    """Draw a finding as a line between two values with its name, number and interval."""
    a, b = sorted((scale(start), scale(end)))
    middle = y + GAP / 2
    text = f"{name} {signed(found.value)}"
    if name != "the world’s share":
        text += f" ({span((found.low, found.high))})"
    room = len(text) * SMALL
    inside = b - a > room + 24
    gap = room / 2 + 5 if inside else 0.0
    centre = (a + b) / 2
    line = f"M{a:.1f} {middle:.1f}H{b:.1f}"
    if inside:
        line = f"M{a:.1f} {middle:.1f}H{centre - gap:.1f}M{centre + gap:.1f} {middle:.1f}H{b:.1f}"
        at, anchor = centre, "middle"
    elif b + 8 + room < WIDTH:
        at, anchor = b + 8, ""
    else:
        at, anchor = a - 8, "end"
    ends = f"M{a:.1f} {y + 3:.1f}v{GAP - 6:g}M{b:.1f} {y + 3:.1f}v{GAP - 6:g}"
    return [
        f'<path d="{line}{ends}" fill="none" stroke="{colour}" stroke-width="2.4"/>',
        label_at(text, at, middle + 4, size=12, anchor=anchor, weight=600, number=True, halo=True),
    ]


def _legend(threshold: float) -> str:
    return (
        f'<rect x="6" y="7" width="26" height="14" fill="{BAND}" stroke="{EDGE}" '
        f'stroke-dasharray="4 3"/>'
        + label_at(
            f"within ±{stated(threshold)} of the retrained model, the threshold", 39, 18, size=12
        )
    )


def _words(row: ChangeRow) -> str:
    told = [(m.series, m) for m in row.models]
    told += [(n, e) for n, e in (("removed", row.removed), ("residue", row.residue)) if e]
    said = ", ".join(f"{n} {signed(e.value)} ({span((e.low, e.high))})" for n, e in told)
    return f"{row.label}: {said}"
