"""Where to draw the nodes and edges of a causal graph: layers from causes to effects.

Layers by longest path; all long edges of one cause share a lane through each layer that they
cross; medians order each layer to avoid crossings (Sugiyama, Tagawa and Toda 1981); heights by
least squares under the order. Lanes take up room like boxes do, so no edge runs through a box.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean, median

from workbench.graph.acyclic_graph import AcyclicGraph

__all__ = ["Box", "GraphLayout", "lay_out"]

LANE_HEIGHT = 8.0
ROW_GAP = 16.0
PORT_STEP = 7.0
SWEEPS = 12

Item = tuple[str, int]
"""A node with its layer; with a layer after its own, the lane of its long edges there."""


@dataclass(frozen=True)
class Box:
    """A drawn node: left edge, top edge, width and height in pixels."""

    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True)
class GraphLayout:
    """Positions in pixels, from the top left.

    Attributes
    ----------
    boxes : mapping of str to Box
    routes : mapping of (str, str) to tuple of (float, float)
        Points of each edge. From an even point to the next the edge bends through the gap
        between two layers; from an odd one to the next it runs level through a layer.
    width, height : float
    """

    boxes: Mapping[str, Box]
    routes: Mapping[tuple[str, str], tuple[tuple[float, float], ...]]
    width: float
    height: float


def lay_out(
    graph: AcyclicGraph, sizes: Mapping[str, tuple[float, float]], *, width: float
) -> GraphLayout:
    """Place boxes and edges from left to right.

    Parameters
    ----------
    graph : AcyclicGraph
    sizes : mapping of str to (float, float)
        Width and height that each node's label needs, in pixels.
    width : float
        Pixels to fill; a graph that needs more gets more.
    """
    layer = _layers(graph)
    links = _links(graph, layer)
    rows = _ordered(graph, layer, links)
    height = {}
    for row in rows:
        for node, place in row:
            arrows = max(len(graph.parents(node)), 1)
            own = max(sizes[node][1], arrows * PORT_STEP + 6)
            height[node, place] = own if layer[node] == place else LANE_HEIGHT
    middle = _heights(rows, links, height)
    top = min(middle[item] - height[item] / 2 for row in rows for item in row)
    bottom = max(middle[item] + height[item] / 2 for row in rows for item in row)

    widths = [max((sizes[v][0] for v, i in row if layer[v] == i), default=0.0) for row in rows]
    gaps = _gaps(links, len(rows), width - sum(widths))
    lefts = [sum(widths[:i]) + sum(gaps[:i]) for i in range(len(rows))]
    total = lefts[-1] + widths[-1]
    shift = max((width - total) / 2, 0.0)
    lefts = [left + shift for left in lefts]

    boxes = {}
    for node, i in layer.items():
        box_width = sizes[node][0]
        left = lefts[i] + (widths[i] - box_width) / 2
        tall = height[node, i]
        boxes[node] = Box(left, middle[node, i] - tall / 2 - top, box_width, tall)
    ports = _ports(graph, layer, middle, boxes)
    routes = {}
    for source, sink in graph.edges:
        start = boxes[source]
        points = [(start.x + start.width, start.y + start.height / 2)]
        for i in range(layer[source] + 1, layer[sink]):
            y = middle[source, i] - top
            points += [(lefts[i], y), (lefts[i] + widths[i], y)]
        points.append((boxes[sink].x, ports[source, sink]))
        routes[source, sink] = tuple(points)
    return GraphLayout(boxes, routes, max(total, width), bottom - top)


def _gaps(links: Sequence[tuple[Item, Item]], n_rows: int, room: float) -> list[float]:
    """Widths between the layers: wider where more edges cross, sharing out the room there is."""
    least = [40.0] * (n_rows - 1)
    for u, _ in links:
        least[u[1]] += 3.5
    spare = max(room - sum(least), 0.0)
    return [min(gap * (1 + spare / sum(least)), max(gap, 130.0)) for gap in least]


def _layers(graph: AcyclicGraph) -> dict[str, int]:
    order = graph.topological_order()
    layer: dict[str, int] = {}
    for node in order:
        layer[node] = max((layer[parent] + 1 for parent in graph.parents(node)), default=0)
    # A first cause moves next to its first effect: shorter edges say the same.
    for node in reversed(order):
        if graph.children(node) and not graph.parents(node):
            layer[node] = min(layer[child] for child in graph.children(node)) - 1
    return layer


def _links(graph: AcyclicGraph, layer: Mapping[str, int]) -> list[tuple[Item, Item]]:
    """Edges between neighbouring layers, lanes included, each once."""
    links: dict[tuple[Item, Item], None] = {}
    for source, sink in graph.edges:
        last = layer[sink]
        for i in range(layer[source] + 1, last):
            links[(source, i - 1), (source, i)] = None
        links[(source, last - 1), (sink, last)] = None
    return list(links)


def _ordered(
    graph: AcyclicGraph, layer: Mapping[str, int], links: Sequence[tuple[Item, Item]]
) -> list[list[Item]]:
    rows: list[list[Item]] = [[] for _ in range(max(layer.values(), default=0) + 1)]
    items = dict.fromkeys([*((node, layer[node]) for node in graph.nodes), *sum(links, ())])
    for item in items:
        rows[item[1]].append(item)
    before, after = _neighbours(links)
    best, fewest = [list(row) for row in rows], _crossings(rows, links)
    for sweep in range(SWEEPS):
        forward = sweep % 2 == 0
        near = before if forward else after
        for row in rows if forward else reversed(rows):
            place = {item: i for other in rows for i, item in enumerate(other)}
            wanted = {
                item: median(place[other] for other in near[item]) if item in near else place[item]
                for item in row
            }
            row.sort(key=wanted.__getitem__)
        crossings = _crossings(rows, links)
        if crossings < fewest:
            best, fewest = [list(row) for row in rows], crossings
    return _swapped(best, links)


def _swapped(rows: list[list[Item]], links: Sequence[tuple[Item, Item]]) -> list[list[Item]]:
    """Swap neighbours in a layer while that removes a crossing."""
    fewest = _crossings(rows, links)
    improved = fewest > 0 and len(links) <= 200
    while improved:
        improved = False
        for row in rows:
            for i in range(len(row) - 1):
                row[i], row[i + 1] = row[i + 1], row[i]
                crossings = _crossings(rows, links)
                if crossings < fewest:
                    fewest, improved = crossings, True
                else:
                    row[i], row[i + 1] = row[i + 1], row[i]
    return rows


def _neighbours(
    links: Sequence[tuple[Item, Item]],
) -> tuple[dict[Item, list[Item]], dict[Item, list[Item]]]:
    before: dict[Item, list[Item]] = {}
    after: dict[Item, list[Item]] = {}
    for u, v in links:
        before.setdefault(v, []).append(u)
        after.setdefault(u, []).append(v)
    return before, after


def _crossings(rows: Sequence[Sequence[Item]], links: Sequence[tuple[Item, Item]]) -> int:
    place = {item: i for row in rows for i, item in enumerate(row)}
    by_layer: dict[int, list[tuple[int, int]]] = {}
    for u, v in links:
        by_layer.setdefault(u[1], []).append((place[u], place[v]))
    return sum(
        (a - c) * (b - d) < 0
        for pairs in by_layer.values()
        for i, (a, b) in enumerate(pairs)
        for c, d in pairs[i + 1 :]
    )


def _heights(
    rows: Sequence[Sequence[Item]],
    links: Sequence[tuple[Item, Item]],
    height: Mapping[Item, float],
) -> dict[Item, float]:
    """Middles of all items: near their neighbours', in the order and without overlap."""
    offsets: dict[Item, float] = {}
    middle: dict[Item, float] = {}
    for row in rows:
        y = 0.0
        for i, item in enumerate(row):
            if i:
                y += (height[row[i - 1]] + height[item]) / 2 + ROW_GAP
            offsets[item] = y
        for item in row:
            middle[item] = offsets[item] - y / 2
    before, after = _neighbours(links)
    for sweep in range(2 * SWEEPS):
        near = (before, after)[sweep % 2]
        for row in rows if sweep % 2 == 0 else reversed(rows):
            wanted = [
                fmean(middle[other] for other in near[item]) if item in near else middle[item]
                for item in row
            ]
            shifted = [want - offsets[item] for want, item in zip(wanted, row, strict=True)]
            for item, level in zip(row, _increasing(shifted), strict=True):
                middle[item] = level + offsets[item]
    return middle


def _increasing(values: Sequence[float]) -> list[float]:
    """Find the nearest non-decreasing sequence by least squares (pool adjacent violators)."""
    pools: list[tuple[float, int]] = []
    for value in values:
        mean, count = value, 1
        while pools and pools[-1][0] > mean:
            other, size = pools.pop()
            mean, count = (mean * count + other * size) / (count + size), count + size
        pools.append((mean, count))
    return [mean for mean, count in pools for _ in range(count)]


def _ports(
    graph: AcyclicGraph,
    layer: Mapping[str, int],
    middle: Mapping[Item, float],
    boxes: Mapping[str, Box],
) -> dict[tuple[str, str], float]:
    """Where each edge enters its effect's box: spread out, in the order they come in."""
    ports = {}
    for sink in graph.nodes:
        box = boxes[sink]
        coming = sorted(graph.parents(sink), key=lambda source: middle[source, layer[sink] - 1])
        for i, source in enumerate(coming):
            spread = (i - (len(coming) - 1) / 2) * PORT_STEP
            ports[source, sink] = box.y + box.height / 2 + spread
    return ports
