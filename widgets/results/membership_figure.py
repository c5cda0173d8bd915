"""The drawing of membership attacks: known members and erased rows against guessing."""

from __future__ import annotations

from workbench.checks.membership import MembershipEvidence
from workbench.checks.membership.figures import Estimate
from workbench.report.charts.svg import (
    INK,
    LINE,
    SERIES,
    SOFT,
    WIDTH,
    Scale,
    label_at,
    marker,
    plain,
    svg,
    ticks,
    whisker,
)

__all__ = ["membership_figure"]

LEFT, RIGHT, TOP, ROW, HEAD = 150.0, WIDTH - 64, 62.0, 24.0, 26.0
GROUPS = ("known members", "erased rows")


def membership_figure(found: MembershipEvidence) -> str:
    """Draw each attack's AUC on known members and on the erased rows, and the line of guessing.

    Returns
    -------
    str
        One ``<svg>`` element; "" without an attack.
    """
    if not found.attacks:
        return ""
    pairs = [(one.title, (one.power.auc, one.result.auc)) for one in found.attacks]
    ends = [end for _, both in pairs for one in both for end in (one.low, one.high)]
    low = min(0.4, *ends)
    scale = Scale(max(low - 0.02, 0.0), min(max(0.75, *ends) + 0.02, 1.0), LEFT, RIGHT)
    marks: list[str] = []
    y = TOP
    for name, both in pairs:
        marks.append(label_at(name, 4, y + 15, weight=600, halo=True))
        y += HEAD
        for place, one in enumerate(both):
            marks.append(_row(scale, place, one, y + place * ROW + ROW / 2))
        y += 2 * ROW + 6
    words = "; ".join(
        f"{name}: {GROUPS[0]} {power}, {GROUPS[1]} {result}" for name, (power, result) in pairs
    )
    body = [*_frame(scale, y), *_legend(), *marks]
    return svg("How well attacks tell rows from unseen ones (AUC)", words, body, WIDTH, y + 46)


def _row(scale: Scale, place: int, one: Estimate, y: float) -> str:
    said = f"{GROUPS[place]}: {one}"
    return (
        label_at(GROUPS[place], 16, y + 4, fill=SOFT)
        + whisker(scale, one.low, one.high, y, SERIES[place])
        + marker(place, scale(one.value), y)
        + label_at(f"{one.value:.2f}", WIDTH - 4, y + 4, size=12, anchor="end", number=True)
        + f'<rect x="0" y="{y - ROW / 2:.1f}" width="{WIDTH:g}" height="{ROW:g}" fill="none" '
        f'pointer-events="all"><title>{plain(said)}</title></rect>'
    )


def _frame(scale: Scale, bottom: float) -> list[str]:
    parts = []
    for tick in ticks(scale.low, scale.high):
        x = scale(tick)
        parts.append(f'<path d="M{x:.1f} {TOP - 6:.1f}V{bottom + 5:.1f}" stroke="{LINE}"/>')
        parts.append(
            label_at(f"{tick:g}", x, bottom + 19, size=12, anchor="middle", fill=SOFT, number=True)
        )
    x = scale(0.5)
    parts.append(
        f'<path d="M{x:.1f} {TOP - 14:.1f}V{bottom + 5:.1f}" stroke="{INK}" stroke-width="1.6" '
        f'stroke-dasharray="4 3"/>'
    )
    parts.append(label_at("guessing", x, TOP - 18, size=12, anchor="middle", weight=600, halo=True))
    middle = (scale.left + scale.right) / 2
    axis = "AUC: how often a row looks more like a member than one that was never seen"
    parts.append(label_at(axis, middle, bottom + 38, size=12, anchor="middle", fill=SOFT))
    return parts


def _legend() -> list[str]:
    parts, x = [], 6.0
    words = (
        "known members: what the attack can find at all (its power)",
        "erased rows: what it finds (the result)",
    )
    for place, text in enumerate(words):
        parts.append(f'<path d="M{x:.1f} 14h26" stroke="{SERIES[place]}" stroke-width="2"/>')
        parts.append(marker(place, x + 13, 14) + label_at(text, x + 33, 18, size=12))
        x += 33 + len(text) * 6.4 + 22
    return parts
