"""A causal graph as an SVG picture: plain text, no script, no font or file from elsewhere.

Roles are told apart by border and shape as well as colour, and named in a legend; text keeps a
contrast of at least 4.5 to 1 on its box.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Collection, Mapping
from html import escape
from types import MappingProxyType
from typing import NamedTuple

from workbench.common.errors import GraphError, listed, suggestion
from workbench.graph.acyclic_graph import AcyclicGraph
from workbench.graph.picture.layout import Box, lay_out

__all__ = ["ROLES", "draw_graph"]

MAX_DRAWN = 200
"""A larger graph is described in words instead."""

FONT = "system-ui, -apple-system, 'Segoe UI', 'DejaVu Sans', sans-serif"
FONT_SIZE = 13
CHARACTER = 7.3  # pixels: a little more than the mean of these fonts
LINE = 16.0
MARGIN = 16.0
LINE_LENGTH = 15  # characters before a name goes on in a second line
LINES = 3
# A page names its own colours by these variables, in light and in dark; a lone picture is on white.
GROUND, INK, LIT = ("--card", "#ffffff"), ("--ink", "#3a3a3a"), ("--lit", "#a83e00")
QUIET = "#7b8794"
"""Arrows that are not highlighted: seen on a light ground and on a dark one."""


class _Style(NamedTuple):
    legend: str
    fill: str
    border: str
    text: str
    width: float
    dash: str = ""
    round: float = 6.0
    double: bool = False
    italic: bool = False


ROLES: Mapping[str, _Style] = MappingProxyType(
    {
        "target": _Style("target", "#ffe1cc", "#a83e00", "#2b1200", 2.0, double=True),
        "mediator": _Style("mediator", "#fff0b8", "#7a5600", "#241a00", 2.5),
        "adjustment": _Style("adjusted for", "#d9eafb", "#1b5a9e", "#06213f", 2.0, dash="8 4"),
        "prediction": _Style("prediction", "#21405f", "#21405f", "#ffffff", 2.0, round=15.0),
        "latent": _Style(
            "latent, not in the data", "#ffffff", "#5c5c5c", "#3a3a3a", 2.0, "0.1 5", 99.0,
            italic=True,
        ),
        "unread": _Style("not read by the model", "#f0f0f0", "#6b6b6b", "#404040", 1.25, "3 3"),
        "other": _Style("other feature", "#ffffff", "#5c5c5c", "#1f1f1f", 1.25),
    }
)  # fmt: skip
"""The roles that a node can have, with their look."""


def draw_graph(
    graph: AcyclicGraph,
    *,
    roles: Mapping[str, str] = MappingProxyType({}),
    lit: Collection[tuple[str, str]] = (),
    width: int = 720,
) -> str:
    """Draw a graph from left to right, causes before effects.

    Parameters
    ----------
    graph : AcyclicGraph
        Best with up to about 20 nodes; with more than 200 a sentence takes the drawing's place.
    roles : mapping of str to str, default {}
        What a node is in the audit: a key of :data:`ROLES`. The rest are ``"other"``.
    lit : collection of (str, str), default ()
        Edges to draw thicker, for instance those of one path.
    width : int, default 720
        Pixels. A graph that needs more room is scaled down to fit.

    Returns
    -------
    str
        One ``<svg>`` element, the same for the same input.

    Raises
    ------
    GraphError
        An unknown role, a role for a node that the graph lacks, or a lit edge that it lacks.

    Examples
    --------
    >>> from workbench.graph.causal_graph import CausalGraph
    >>> draw_graph(CausalGraph([("a", "b")]), roles={"a": "target"})[:4]
    '<svg'
    """
    role = _checked_roles(graph, roles)
    bright = set(lit)
    for pair in bright.difference(graph.edges):
        raise GraphError(f"The graph has no edge {pair!r} to highlight.")
    if len(graph.nodes) > MAX_DRAWN:
        return _sentence(
            f"A graph of {len(graph.nodes):,} nodes and {len(graph.edges):,} edges: too large "
            "to draw.",
            width,
        )
    if not graph.nodes:
        return _sentence("An empty graph.", width)
    labels = {node: _lines(node) for node in graph.nodes}
    sizes = {
        node: (max(len(line) for line in lines) * CHARACTER + 26, len(lines) * LINE + 14)
        for node, lines in labels.items()
    }
    layout = lay_out(graph, sizes, width=width - 2 * MARGIN)
    full = layout.width + 2 * MARGIN
    shown = [name for name in ROLES if name in set(role.values())]
    legend, legend_height = _legend(shown, bool(bright), layout.width)
    legend_top = layout.height + (26 if legend else 0)
    height = legend_top + legend_height + 2 * MARGIN

    edges = sorted(graph.edges, key=bright.__contains__)  # lit ones lie on top
    body = [
        *(_edge(layout.routes[edge], edge in bright, edge) for edge in edges),
        *(_box(layout.boxes[v], labels[v], ROLES[role[v]], v, role[v]) for v in graph.nodes),
        f'<g transform="translate(0 {legend_top:.1f})">{legend}</g>',
    ]
    title = f"Causal graph of {len(graph.nodes)} nodes and {len(graph.edges)} edges"
    return _svg(title, _description(graph, role), "".join(body), full, height, width)


def _checked_roles(graph: AcyclicGraph, roles: Mapping[str, str]) -> dict[str, str]:
    for node, name in roles.items():
        if node not in graph:
            raise GraphError(
                f"The graph has no node {node!r} to give a role.{suggestion(node, graph.nodes)}"
            )
        if name not in ROLES:
            raise GraphError(f"Unknown role {name!r} of {node!r}: use one of {listed(ROLES)}.")
    return {node: roles.get(node, "other") for node in graph.nodes}


def _printable(text: str) -> str:
    """Escape a name for SVG, where some control characters are forbidden even escaped."""
    plain = re.sub(r"\s", " ", text)
    return escape(re.sub("[\x00-\x1f\x7f-\x9f\ufffe\uffff]", "\N{REPLACEMENT CHARACTER}", plain))


def _lines(name: str) -> list[str]:
    """Break a name after a separator, else where a line is full; the tooltip has it whole."""
    lines = [""]
    for part in re.findall(r".+?(?:[\s_\-./]+|(?<=[a-z])(?=[A-Z])|$)", name, re.DOTALL) or [name]:
        if lines[-1] and len(lines[-1]) + len(part.rstrip()) > LINE_LENGTH:
            lines.append("")
        lines[-1] += part
        while len(lines[-1]) > LINE_LENGTH + 5:
            lines[-1:] = [lines[-1][:LINE_LENGTH], lines[-1][LINE_LENGTH:]]
    if len(lines) > LINES:
        lines = [*lines[: LINES - 1], lines[LINES - 1][: LINE_LENGTH - 1] + "…"]
    return lines


def _paint(what: str, colour: tuple[str, str]) -> str:
    """Name a colour of the page's; programs that know no variables take the plain one."""
    variable, plain = colour
    return f'{what}="{plain}" style="{what}:var({variable},{plain})"'


def _edge(points: tuple[tuple[float, float], ...], lit: bool, edge: tuple[str, str]) -> str:
    line, inside, stroke = f'stroke="{QUIET}"', f'fill="{QUIET}"', 1.4
    if lit:
        line, inside, stroke = _paint("stroke", LIT), _paint("fill", LIT), 3.0
    size = 9.0 if lit else 7.0
    (x, y), path = points[0], []
    path.append(f"M{x:.1f} {y:.1f}")
    for i, (next_x, next_y) in enumerate(points[1:], start=1):
        end = next_x - (size - 1 if i == len(points) - 1 else 0)
        if i % 2:
            bend = (x + end) / 2
            path.append(f"C{bend:.1f} {y:.1f} {bend:.1f} {next_y:.1f} {end:.1f} {next_y:.1f}")
        else:
            path.append(f"H{next_x:.1f}")
        x, y = next_x, next_y
    head = f"M{x:.1f} {y:.1f}l{-size:.1f} {-size * 0.42:.1f}v{size * 0.84:.1f}z"
    return (
        f"<g><title>{_printable(edge[0])} → {_printable(edge[1])}</title>"
        f'<path d="{"".join(path)}" fill="none" {line} stroke-width="{stroke}"/>'
        f'<path d="{head}" {inside}/></g>'
    )


def _frame(box: Box, style: _Style) -> str:
    def rect(inset: float, width: float, fill: str) -> str:
        dash = f' stroke-dasharray="{style.dash}" stroke-linecap="round"' if style.dash else ""
        radius = min(style.round, box.height / 2) - inset
        return (
            f'<rect x="{box.x + inset:.1f}" y="{box.y + inset:.1f}" '
            f'width="{box.width - 2 * inset:.1f}" height="{box.height - 2 * inset:.1f}" '
            f'rx="{max(radius, 1):.1f}" fill="{fill}" stroke="{style.border}" '
            f'stroke-width="{width}"{dash}/>'
        )

    return rect(0, style.width, style.fill) + (rect(3.5, 1.0, "none") if style.double else "")


def _box(box: Box, lines: list[str], style: _Style, node: str, role: str) -> str:
    first = box.y + box.height / 2 - (len(lines) - 1) * LINE / 2 + FONT_SIZE * 0.36
    slant = ' font-style="italic"' if style.italic else ""
    weight = ' font-weight="600"' if role in ("target", "prediction") else ""
    spans = "".join(
        f'<text x="{box.x + box.width / 2:.1f}" y="{first + i * LINE:.1f}" text-anchor="middle" '
        f'fill="{style.text}"{slant}{weight}>{_printable(line.rstrip())}</text>'
        for i, line in enumerate(lines)
    )
    title = f"<title>{_printable(node)}: {escape(style.legend)}</title>"
    return f"<g>{title}{_frame(box, style)}{spans}</g>"


def _legend(roles: list[str], lit: bool, width: float) -> tuple[str, float]:
    """Name the looks that occur, in as many rows as it takes; returns the SVG and its height."""
    if roles == ["other"] and not lit:
        return "", 0.0
    entries = [(ROLES[name].legend, ROLES[name]) for name in roles]
    items: list[tuple[str, _Style | None]] = [*entries, *([("highlighted", None)] if lit else [])]
    x = y = 0.0
    parts = []
    for text, style in items:
        needed = 36 + len(text) * CHARACTER + 20
        if x and x + needed - 20 > width:
            x, y = 0.0, y + 24
        if style is None:
            parts.append(
                f'<path d="M{x:.1f} {y + 8:.1f}h26" {_paint("stroke", LIT)} stroke-width="3"/>'
            )
        else:
            parts.append(_frame(Box(x, y, 26, 16), style))
        parts.append(
            f'<text x="{x + 34:.1f}" y="{y + 12.5:.1f}" {_paint("fill", INK)} font-size="12">'
            f"{escape(text)}</text>"
        )
        x += needed
    return "".join(parts), y + 16


def _description(graph: AcyclicGraph, role: Mapping[str, str]) -> str:
    """Tell the graph in words for who cannot see it."""
    sentences = []
    for node in graph.nodes:
        name = "" if role[node] == "other" else f" ({ROLES[role[node]].legend})"
        effects = ", ".join(graph.children(node))
        sentences.append(f"{node}{name} causes {effects or 'nothing'}.")
    return " ".join(sentences)


def _svg(title: str, words: str, body: str, full: float, height: float, width: int) -> str:
    # Two drawings on a page must not share ids; the same drawing twice may.
    mark = f"g{zlib.crc32(f'{title}{words}{body}'.encode()):08x}"
    shown = min(float(width), full)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" aria-labelledby="{mark}t {mark}d" '
        f'width="{shown:.0f}" height="{height * shown / full:.0f}" '
        f'viewBox="0 0 {full:.1f} {height:.1f}" style="max-width:100%;height:auto" '
        f'font-family="{FONT}" font-size="{FONT_SIZE}">'
        f'<title id="{mark}t">{_printable(title)}</title><desc id="{mark}d">{_printable(words)}'
        f'</desc><rect width="100%" height="100%" rx="8" {_paint("fill", GROUND)}/>'
        f'<g transform="translate({MARGIN:g} {MARGIN:g})">{body}</g></svg>'
    )


def _sentence(text: str, width: int) -> str:
    body = f'<text y="14" {_paint("fill", INK)}>{escape(text)}</text>'
    return _svg(text, text, body, float(width), 52.0, width)
