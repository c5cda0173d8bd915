"""The graph on a canvas: pyvis says how it looks, vis-network draws it, the page sends intents.

pyvis brings vis-network along but cannot send an edit back, so an anywidget hosts the same library.
The canvas decides nothing: a drawn arrow is a message, and what Python holds is drawn again.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Collection, Mapping
from html import escape
from pathlib import Path
from typing import Any

import anywidget
import numpy as np
import pyvis
from pyvis.network import Network
from traitlets import Any as AnyTrait
from traitlets import Dict, validate

from widgets.parts.script_with_library import with_library
from workbench.common.limits import GRAPH_PLACES
from workbench.graph.acyclic_graph import AcyclicGraph
from workbench.graph.causal_graph import PREDICTION
from workbench.graph.picture.drawing import ROLES
from workbench.graph.picture.layout import lay_out

__all__ = ["GraphCanvas", "Places", "draw_network", "graph_legend", "lay_out_nodes"]

Edge = tuple[str, str]
Places = Mapping[str, tuple[float, float]]
"""Middles of nodes, in pixels at a zoom of 1."""

MOST_DRAWN = 200
"""Nodes; a larger graph is edited in the table and as text."""
MOST_ROUTED = 60
"""Nodes up to which edges are led around boxes."""
FARTHEST = 20_000.0
"""Pixels from the middle at which a node may be put."""
WIDTH = 780.0
FONT = "system-ui, -apple-system, 'Segoe UI', 'DejaVu Sans', sans-serif"
FONT_SIZE = 14
CHARACTER, LINE = 7.9, 17.0
LINE_LENGTH, LINES = 16, 3
PLAIN, LIT = "#7b8794", "#a83e00"
LIT_ON_DARK, CHOSEN = "#ffae7a", "#1b5a9e"

LIBRARY = Path(pyvis.__file__).parent / "lib" / "vis-9.1.2" / "vis-network.min.js"


class GraphCanvas(anywidget.AnyWidget):
    """Draws a graph and tells what a person wants changed.

    Parameters
    ----------
    received : callable (dict) -> None
        Gets each message of the page: a dictionary with a text under "kind", the rest unchecked.

    Attributes
    ----------
    drawing : dict
        What is drawn: the result of :func:`draw_network` and the editor's state.
    positions : dict of str to [float, float]
        Where a person has put nodes. Whatever is not a name with two finite numbers is dropped.
    """

    _esm = with_library("vis", LIBRARY, Path(__file__).with_suffix(".js"))
    _css = Path(__file__).with_name("graph_editor.css").read_text("utf-8")
    drawing = Dict().tag(sync=True)
    positions = AnyTrait({}).tag(sync=True)  # any type: a page's nonsense must not raise

    def __init__(self, received: Callable[[dict[str, Any]], None]) -> None:
        super().__init__()

        def listen(_: object, content: Any, __: object) -> None:
            if isinstance(content, dict) and isinstance(content.get("kind"), str):
                received(content)

        self.on_msg(listen)

    @validate("positions")
    def _clean_positions(self, proposal: Any) -> dict[str, list[float]]:
        found = proposal["value"]
        if not isinstance(found, Mapping):
            return {}
        clean = {
            name: [round(float(number), 1) for number in place]
            for name, place in found.items()
            if isinstance(name, str)
            and isinstance(place, list | tuple)
            and len(place) == 2
            and all(_usable(number) for number in place)
        }
        return dict(list(clean.items())[-GRAPH_PLACES:])


def _usable(number: object) -> bool:
    if isinstance(number, bool) or not isinstance(number, int | float):
        return False
    return abs(number) <= FARTHEST and math.isfinite(number)


def lay_out_nodes(graph: AcyclicGraph) -> dict[str, tuple[float, float]]:
    """Return the middle of each node, causes to the left of their effects."""
    if not graph.nodes:
        return {}
    boxes = lay_out(graph, _sizes(graph), width=WIDTH).boxes
    return {node: (box.x + box.width / 2, box.y + box.height / 2) for node, box in boxes.items()}


def draw_network(
    graph: AcyclicGraph,
    *,
    roles: Mapping[str, str],
    lit: Collection[Edge] = (),
    weights: Mapping[Edge, float] | None = None,
    places: Places,
) -> dict[str, Any]:
    """Return nodes, edges and options as vis-network takes them.

    Parameters
    ----------
    graph : AcyclicGraph
        The audit graph; its edges into the prediction are marked as derived.
    roles : mapping of str to str
        Keys of :data:`workbench.graph.picture.drawing.ROLES`.
    lit : collection of (str, str), default ()
        Edges to draw in the target's colour.
    weights : mapping of (str, str) to float, optional
        Widths of the lit edges.
    places : mapping of str to (float, float)
        For every node.
    """
    network = Network(directed=True)
    sizes = _sizes(graph)
    for node in graph.nodes:
        role = roles.get(node, "other")
        network.add_node(
            vis_id(node),
            **_node_look(node, role, sizes[node]),
            x=round(places[node][0], 1),
            y=round(places[node][1], 1),
        )
    bends = _bends(graph.edges, places, sizes)
    bright = set(lit)
    for edge in graph.edges:
        look = _edge_look(edge, edge in bright, weights or {})
        network.add_edge(vis_id(edge[0]), vis_id(edge[1]), **look, smooth=bends[edge])
    nodes, edges, *_, options = network.get_network_data()
    return {"nodes": nodes, "edges": edges, "options": {**json.loads(options), **OPTIONS}}


KEPT = frozenset(
    [
        *("__proto__", "__defineGetter__", "__defineSetter__", "__lookupGetter__"),
        *("__lookupSetter__", "constructor", "hasOwnProperty", "isPrototypeOf"),
        *("propertyIsEnumerable", "toLocaleString", "toString", "valueOf"),
    ]
)
"""What every object of JavaScript has already; vis-network looks its nodes up in one."""
OPTIONS: dict[str, Any] = {
    "autoResize": True,
    "physics": {"enabled": False},
    "layout": {"improvedLayout": False},
    "interaction": {
        "hover": True,
        "hoverConnectedEdges": False,
        "keyboard": False,
        "multiselect": True,
        "navigationButtons": False,
        "selectConnectedEdges": False,
        "tooltipDelay": 250,
    },
    "nodes": {"borderWidthSelected": 4, "shape": "box"},
    "edges": {"arrows": {"to": {"enabled": True, "scaleFactor": 0.75}}, "selectionWidth": 2},
}


def vis_id(name: str) -> str:
    """Return the id of a node: its name, except where JavaScript keeps that for itself."""
    return f"the node {name}" if name in KEPT else name


def _node_look(node: str, role: str, size: tuple[float, float]) -> dict[str, Any]:
    style = ROLES[role]
    mark = "i" if style.italic else "b" if role in ("target", "prediction") else ""
    lines = _lines(node)
    if mark:  # vis-network reads tags and entities here; a space of no width makes them text
        plain = [re.sub("([<&])", "\\1\u200b", line) for line in lines]
        lines = [f"<{mark}>{line}</{mark}>" for line in plain]
    look = {"background": style.fill, "border": style.border}
    chosen = {"background": style.fill, "border": CHOSEN}
    font = {"color": style.text, "face": FONT, "size": FONT_SIZE}
    weighted = {"color": style.text, "face": FONT, "size": FONT_SIZE, "vadjust": 0}
    return {
        "label": "\n".join(lines),
        "shape": "box",
        "name": node,
        "about": f"{node[:300]}: {style.legend}",
        "role": role,
        "double": style.double,
        "color": {**look, "highlight": chosen, "hover": look},
        "borderWidth": style.width,
        "labelHighlightBold": False,
        "font": {
            **font,
            "multi": "html" if mark else False,
            "bold": {**weighted, "mod": "bold"},
            "ital": {**weighted, "mod": "italic"},
        },
        "margin": {"top": 7, "bottom": 7, "left": 12, "right": 12},
        "widthConstraint": {"minimum": size[0] - 24},
        "heightConstraint": {"minimum": size[1] - 14, "valign": "middle"},
        "shapeProperties": {
            "borderDashes": _dashes(style.dash),
            "borderRadius": min(style.round, size[1] / 2),
        },
    }


def _dashes(dash: str) -> list[float] | bool:
    return [max(float(part), 2.0) for part in dash.split()] if dash else False


def _edge_look(edge: Edge, lit: bool, weights: Mapping[Edge, float]) -> dict[str, Any]:
    source, sink = edge
    derived = sink == PREDICTION
    colour = LIT if lit else PLAIN
    width = 3.0 if lit else 1.5
    about = f"{source[:150]} → {sink[:150]}"
    if weights and lit:
        weight = weights.get(edge, 0.0)
        width = 2.0 + 8.0 * weight / max(max(weights.values()), 1e-12)
        about += f". The paths through this arrow carry {weight:.4f} in all, without their signs."
    if derived:
        about += ". Known: the model reads this column."
    return {
        "id": json.dumps([source, sink]),
        "cause": source,
        "effect": sink,
        "derived": derived,
        "about": about,
        "color": {"color": colour, "highlight": CHOSEN, "hover": colour, "opacity": 1.0},
        "width": round(width, 2),
        "dashes": [6, 5] if derived else False,
    }


def _sizes(graph: AcyclicGraph) -> dict[str, tuple[float, float]]:
    found = {}
    for node in graph.nodes:
        lines = _lines(node)
        width = max(len(line) for line in lines) * CHARACTER + 26
        found[node] = (width, len(lines) * LINE + 14)
    return found


def _lines(name: str) -> list[str]:
    """Break a name after a separator, else where a line is full; its tooltip has more of it."""
    lines = [""]
    for part in re.findall(r"[^\s_\-./]+[\s_\-./]*|[\s_\-./]+", name[:300]):
        if lines[-1] and len(lines[-1]) + len(part.rstrip()) > LINE_LENGTH:
            lines.append("")
        lines[-1] += re.sub(r"\s", " ", part)
        while len(lines[-1]) > LINE_LENGTH + 6:
            lines[-1:] = [lines[-1][:LINE_LENGTH], lines[-1][LINE_LENGTH:]]
    if len(lines) > LINES:
        lines = [*lines[: LINES - 1], lines[LINES - 1][: LINE_LENGTH - 1] + "…"]
    return [line.rstrip() or " " for line in lines]


# ---- edges that bend around boxes ----------------------------------------------------------

MARGIN = 36.0
"""Pixels that a curve may swing out beyond the outermost nodes: the canvas shows them."""
STEPS = np.linspace(0.02, 0.98, 30)[:, None]
BENDS: tuple[tuple[str, float, float], ...] = (
    ("cubicBezier", 0.5, 0.0),
    ("cubicBezier", 0.25, 0.1),
    *((kind, r, 0.2 + r) for r in (0.1, 0.2, 0.3, 0.4, 0.5) for kind in ("curvedCW", "curvedCCW")),
)
"""Curves of vis-network with their roundness, and what each costs beside a box that is crossed."""


def _bends(
    edges: Collection[Edge], places: Places, sizes: Mapping[str, tuple[float, float]]
) -> dict[Edge, dict[str, Any]]:
    """Choose for each edge the plainest curve that runs through the fewest boxes of others."""
    names = list(places)
    middle = np.array([places[name] for name in names]).reshape(-1, 2)
    half = np.array([sizes[name] for name in names]).reshape(-1, 2) / 2 + 3
    low, high = middle.min(axis=0, initial=0) - MARGIN, middle.max(axis=0, initial=0) + MARGIN
    found = {}
    for edge in edges:
        start, end = (np.array(places[name]) for name in edge)
        other = np.array([name not in edge for name in names])
        options = BENDS if len(names) <= MOST_ROUTED else BENDS[:1]
        near, reach, least = middle[other], half[other], math.inf
        for option in options:
            if option[2] >= least:
                break  # they come in the order of what they cost at least
            points = _curve(option[0], option[1], start, end)
            inside = (np.abs(points[:, None] - near) < reach).all(axis=2)
            cost = option[2] + 10.0 * inside.any(axis=0).sum() + inside.sum() / 10
            cost += 5.0 * ((points < low) | (points > high)).any()
            if cost < least:
                least, (kind, roundness, _) = cost, option
        found[edge] = {
            "enabled": True,
            "type": kind,
            "roundness": roundness,
            "forceDirection": "horizontal" if kind == "cubicBezier" else "none",
        }
    return found


def _curve(kind: str, roundness: float, start: Any, end: Any) -> Any:
    """Points of a curve as vis-network draws it, shape (steps, 2)."""
    t = STEPS
    if kind == "cubicBezier":
        pull = np.array([roundness * (end[0] - start[0]), 0.0])
        first, second = start + pull, end - pull
        return (
            (1 - t) ** 3 * start
            + 3 * (1 - t) ** 2 * t * first
            + 3 * (1 - t) * t**2 * second
            + t**3 * end
        )
    sign = 1 if kind == "curvedCW" else -1
    across, up = end[0] - start[0], start[1] - end[1]
    angle = math.atan2(up, across) + (sign * roundness * 0.5 + 0.5) * math.pi
    reach = (roundness * 0.5 + 0.5) * math.hypot(across, up)
    via = start + reach * np.array([math.sin(angle), math.cos(angle)])
    return (1 - t) ** 2 * start + 2 * (1 - t) * t * via + t**2 * end


# ---- the legend ----------------------------------------------------------------------------


def graph_legend(roles: Collection[str], *, lit: bool, weighted: bool, derived: bool) -> str:
    """Return the looks that occur in a drawing, named."""
    items = []
    for role, style in ROLES.items():
        if role in roles:
            line = "double" if style.double else "solid"
            if style.dash:
                line = "dotted" if float(style.dash.split()[0]) < 1 else "dashed"
            width = 4 if style.double else max(style.width, 1.5)
            look = (
                f"background:{style.fill};border:{width:g}px {line} {style.border};"
                f"border-radius:{min(style.round, 9):g}px"
            )
            items.append((f'class="wb-swatch" style="{look}"', style.legend))
    if lit:
        words = "a way from the target to the prediction"
        words += ", the wider the more it carries" if weighted else ""
        items.append(
            (
                f'class="wb-stroke" style="border-top:4px solid light-dark({LIT}, {LIT_ON_DARK})"',
                words,
            )
        )
    if derived:
        words = "known: what the model reads"
        items.append((f'class="wb-stroke" style="border-top:2px dashed {PLAIN}"', words))
    listed = "".join(f"<li><span {look}></span>{escape(words)}</li>" for look, words in items)
    return f'<ul class="wb-legend" aria-label="What the looks mean">{listed}</ul>'
