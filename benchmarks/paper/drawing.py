"""Small drawings as SVG text: bars with intervals, and ranks as coloured cells."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

import pandas as pd

__all__ = ["bars", "heat"]

INK, MUTED, LINE = "#1b232c", "#55606c", "#cfd6dd"
COLOURS = ("#1f5fa8", "#b4530a", "#2d7a46", "#5b4a9c", "#8a6d00", "#7a2048")
FONT = "system-ui, 'Segoe UI', 'DejaVu Sans', sans-serif"


def _text(x: float, y: float, words: str, anchor: str = "start", **more: object) -> str:
    options = "".join(f' {k.replace("_", "-")}="{v}"' for k, v in {"fill": INK, **more}.items())
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"{options}>{escape(words)}</text>'


def _whole(title: str, note: str, body: Sequence[str], width: float, height: float) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" width="{width:g}" '
        f'height="{height:g}" viewBox="0 0 {width:g} {height:g}" font-family="{FONT}" '
        f'font-size="12"><title>{escape(title)}</title>'
        f'<rect width="{width:g}" height="{height:g}" fill="#ffffff"/>'
        + _text(12, 22, title, font_size=15, font_weight=600)
        + _text(12, 40, note, fill=MUTED)
        + "".join(body)
        + "</svg>\n"
    )


def bars(
    title: str,
    note: str,
    rows: pd.DataFrame,
    *,
    label: str,
    series: str,
    value: str,
    low: str | None = None,
    high: str | None = None,
    truth: str | None = None,
    digits: int = 2,
) -> str:
    """Draw a horizontal bar per label and series; a black tick marks the truth."""
    labels, kinds = list(dict.fromkeys(rows[label])), list(dict.fromkeys(rows[series]))
    bounds = [rows[c].dropna() for c in (value, low, high, truth) if c]
    least = min(0.0, *(float(b.min()) for b in bounds if len(b)))
    most = max(0.0, *(float(b.max()) for b in bounds if len(b)))
    left, width, step = 230.0, 880.0, 15.0
    span = (width - left - 80) / ((most - least) or 1.0)

    def at(number: float) -> float:
        return left + (number - least) * span

    body, y = [], 58.0
    abreast = 4 if max(len(str(kind)) for kind in kinds) < 28 else 2
    for i, kind in enumerate(kinds):
        x = 12 + (i % abreast) * (840 / abreast)
        y = 58.0 + 18 * (i // abreast)
        body.append(f'<rect x="{x}" y="{y - 9:.1f}" width="11" height="11" fill="{_colour(i)}"/>')
        body.append(_text(x + 16, y, str(kind)))
    y += 18
    top = y
    for name in labels:
        part = rows[rows[label] == name]
        body.append(_text(left - 8, y + step * len(kinds) / 2 + 4, str(name), "end"))
        for i, kind in enumerate(kinds):
            for record in part[part[series] == kind].to_dict("records"):
                number = float(record[value])
                a, b = sorted((at(0.0), at(number)))
                body.append(
                    f'<rect x="{a:.1f}" y="{y + 2:.1f}" width="{max(b - a, 0.6):.1f}" '
                    f'height="{step - 4:.1f}" fill="{_colour(i)}"/>'
                )
                end = max(b, at(0.0))
                if low and high and pd.notna(record[low]):
                    ends = at(float(record[low])), at(float(record[high]))
                    middle = y + step / 2
                    body.append(
                        f'<path d="M{ends[0]:.1f} {middle:.1f}H{ends[1]:.1f}" stroke="{INK}" '
                        f'stroke-width="1.2"/>'
                    )
                    end = max(end, ends[1])
                if truth and pd.notna(record[truth]):
                    t = at(float(record[truth]))
                    body.append(
                        f'<path d="M{t:.1f} {y:.1f}v{step:.1f}" stroke="#000" stroke-width="2.4"/>'
                    )
                    end = max(end, t)
                body.append(_text(end + 5, y + step - 4, f"{number:.{digits}f}", fill=MUTED))
            y += step
        y += 8
    body.append(f'<path d="M{at(0.0):.1f} {top - 4:.1f}V{y:.1f}" stroke="{LINE}"/>')
    return _whole(title, note, body, width, y + 10)


def _colour(place: int) -> str:
    return COLOURS[place % len(COLOURS)]


def heat(
    title: str, note: str, parts: Mapping[str, pd.DataFrame], *, marked: Sequence[str] = ()
) -> str:
    """Draw ranks as cells, dark for rank 1: one block per name, features as rows."""
    body, y, cell, left = [], 58.0, 84.0, 150.0
    width = left + 12 + cell * max(len(table.columns) for table in parts.values())
    for name, table in parts.items():
        body.append(_text(12, y + 12, name, font_weight=600))
        for j, column in enumerate(table.columns):
            words = str(column).split(" ")
            half = (len(words) + 1) // 2
            for k, line in enumerate((" ".join(words[:half]), " ".join(words[half:]))):
                middle = left + cell * (j + 0.5)
                body.append(_text(middle, y + 24 + 12 * k, line, "middle", font_size=10.5))
        y += 42
        for feature, row in table.iterrows():
            weight = 700 if feature in marked else 400
            body.append(_text(left - 8, y + 15, str(feature), "end", font_weight=weight))
            for j, rank in enumerate(row):
                share = 1 - (float(rank) - 1) / max(len(table) - 1, 1)
                tint = (int(243 - 212 * share), int(246 - 151 * share), int(250 - 82 * share))
                fill = f"rgb{tint}"
                x = left + cell * j
                body.append(
                    f'<rect x="{x + 1:.1f}" y="{y + 1:.1f}" width="{cell - 2:.1f}" height="20" '
                    f'fill="{fill}"/>'
                )
                ink = "#ffffff" if share > 0.45 else INK
                body.append(_text(x + cell / 2, y + 15, f"{int(rank)}", "middle", fill=ink))
            y += 22
        y += 16
    return _whole(title, note, body, max(width, 760.0), y)
