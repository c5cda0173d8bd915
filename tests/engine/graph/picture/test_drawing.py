"""The drawing: well-formed, escaped, readable, and no edge through a box."""

from __future__ import annotations

import re
from itertools import combinations, pairwise
from xml.etree import ElementTree

import numpy as np
import pytest

from workbench.common.errors import GraphError
from workbench.graph.causal_graph import PREDICTION, CausalGraph
from workbench.graph.picture.drawing import QUIET, ROLES, _lines, draw_graph
from workbench.graph.picture.layout import lay_out

ROOTS = ["sex", "age", "native-country"]
WORK = ["occupation", "hours-per-week", "workclass"]
ADULT = CausalGraph(
    [
        *((u, v) for u in ROOTS for v in ["marital-status", "education-num", *WORK, PREDICTION]),
        *(("marital-status", v) for v in ["education-num", *WORK, PREDICTION]),
        *(("education-num", v) for v in [*WORK, PREDICTION]),
        *((u, PREDICTION) for u in WORK),
    ],
    nodes=["race", "relationship"],
)
SVG = "{http://www.w3.org/2000/svg}"


def random_graph(seed, size):
    rng = np.random.default_rng(seed)
    names = [f"node {i}" for i in range(size)]
    return CausalGraph([e for e in combinations(names, 2) if rng.random() < 0.3], nodes=names)


def curve(points, start, end):
    """Points along the level-ended curve that the drawing uses."""
    (x0, y0), (x1, y1) = points[start], points[end]
    t = np.linspace(0, 1, 60)[:, None]
    middle = (x0 + x1) / 2
    corners = np.array([[x0, y0], [middle, y0], [middle, y1], [x1, y1]])
    weights = np.hstack([(1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t**2 * (1 - t), t**3])
    return weights @ corners


@pytest.mark.parametrize("graph", [ADULT, *(random_graph(seed, 14) for seed in range(6))])
def test_boxes_do_not_overlap_and_edges_stay_out_of_them(graph):
    sizes = {node: (60.0 + 4 * len(node), 30.0) for node in graph.nodes}
    layout = lay_out(graph, sizes, width=700)
    boxes = layout.boxes
    assert set(boxes) == set(graph.nodes) and set(layout.routes) == set(graph.edges)
    for one, two in combinations(boxes.values(), 2):
        apart_x = one.x + one.width <= two.x or two.x + two.width <= one.x
        apart_y = one.y + one.height < two.y or two.y + two.height < one.y
        assert apart_x or apart_y
    for (source, sink), points in layout.routes.items():
        assert boxes[source].x + boxes[source].width < boxes[sink].x, "causes stand to the left"
        assert boxes[sink].y < points[-1][1] < boxes[sink].y + boxes[sink].height
        places = np.vstack(
            [
                curve(points, i, i + 1) if i % 2 == 0 else np.linspace(points[i], points[i + 1], 30)
                for i in range(len(points) - 1)
            ]
        )
        for node, box in boxes.items():
            if node in (source, sink):
                continue
            inside = (
                (places[:, 0] > box.x)
                & (places[:, 0] < box.x + box.width)
                & (places[:, 1] > box.y)
                & (places[:, 1] < box.y + box.height)
            )
            assert not inside.any(), f"{source} -> {sink} runs through {node}"
    assert all(box.y >= 0 and box.y + box.height <= layout.height + 1e-9 for box in boxes.values())
    assert all(box.x >= 0 and box.x + box.width <= layout.width + 1e-9 for box in boxes.values())


def test_chains_given_in_any_order_are_drawn_without_crossings():
    rng = np.random.default_rng(0)
    nodes = rng.permutation([f"{i} {step}" for i in range(9) for step in range(5)]).tolist()
    edges = [(f"{i} {step}", f"{i} {step + 1}") for i in range(9) for step in range(4)]
    sizes = dict.fromkeys(nodes, (40.0, 30.0))
    boxes = lay_out(CausalGraph(edges, nodes=nodes), sizes, width=700).boxes
    for i in range(9):
        level = [boxes[f"{i} {step}"].y for step in range(5)]
        assert level == pytest.approx([level[0]] * 5), "a chain alone is a straight line"


def test_the_picture_names_nodes_roles_and_edges():
    roles = {"sex": "target", "education-num": "mediator", "age": "adjustment", PREDICTION:
             "prediction", "race": "unread", "relationship": "latent"}  # fmt: skip
    svg = draw_graph(ADULT, roles=roles, lit=[("sex", "education-num")])
    tree = ElementTree.fromstring(svg)
    texts = [element.text for element in tree.iter(f"{SVG}text")]
    assert {"sex", "age", "marital-status", PREDICTION} <= set(texts)
    assert {style.legend for style in ROLES.values()} <= set(texts) and "highlighted" in texts
    assert tree.find(f"{SVG}title").text == "Causal graph of 11 nodes and 30 edges"
    assert "sex (target) causes marital-status, education-num" in tree.find(f"{SVG}desc").text
    assert tree.get("role") == "img" and tree.get("width") == "720"
    ids = {element.get("id") for element in tree.iter() if element.get("id")}
    assert set(tree.get("aria-labelledby").split()) <= ids
    thick = [e for e in tree.iter(f"{SVG}path") if e.get("stroke-width") == "3.0"]
    assert len(thick) == 1


def test_only_plain_text_and_nothing_from_elsewhere():
    svg = draw_graph(ADULT)
    addresses = re.findall(r"https?://[^\"']+", svg)
    assert addresses == ["http://www.w3.org/2000/svg"]
    assert not re.search(r"<script|<style|<image|<foreignObject|href=|url\(|\bon\w+=", svg)
    assert "other feature" in svg and svg.count("<rect") == 1 + len(ADULT.nodes), "no legend"


def test_names_are_escaped():
    evil = "<script>alert('1')</script>"
    graph = CausalGraph([(evil, 'a"b & c')], nodes=["bell\x07", "nul\x00", "\ufffe", "two\nlines"])
    svg = draw_graph(graph, roles={evil: "target"})
    assert "<script" not in svg
    tree = ElementTree.fromstring(svg)
    titles = [element.text for element in tree.iter(f"{SVG}title")]
    assert f"{evil}: target" in titles and "bell\N{REPLACEMENT CHARACTER}: other feature" in titles


def test_long_names_are_broken_and_at_last_cut():
    assert _lines("neighborhood_income") == ["neighborhood_", "income"]
    assert _lines("age") == ["age"]
    assert (
        _lines("educationYears total") == ["education", "Years total"]
        or len(_lines("educationYears total")) == 2
    )
    cut = _lines("x" * 200)
    assert len(cut) == 3 and cut[-1].endswith("…") and max(map(len, cut)) <= 20
    assert "x" * 200 in draw_graph(CausalGraph(nodes=["x" * 200])), "the tooltip has it whole"


def luminance(colour):
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one, two):
    light, dark = sorted((luminance(one), luminance(two)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("name", ROLES)
def test_contrast_is_enough(name):
    style = ROLES[name]
    assert contrast(style.text, style.fill) >= 4.5
    assert contrast(style.border, "#ffffff") >= 3.0


def test_what_stands_on_the_ground_takes_the_colours_of_the_page_or_is_seen_on_any():
    drawn = draw_graph(
        CausalGraph([("a", "b"), ("c", "b")]), roles={"a": "target"}, lit=[("a", "b")]
    )
    of_boxes = {style.fill for style in ROLES.values()} | {style.border for style in ROLES.values()}
    of_boxes |= {style.text for style in ROLES.values()} | {"none"}
    paint = r'(fill|stroke)="(#\w+)" style="(fill|stroke):var\((--\w+),(#\w+)\)"'
    named = re.findall(paint, drawn)
    assert {variable for _, _, _, variable, _ in named} == {"--card", "--ink", "--lit"}
    # A program that knows no variables, and a page without them, see the same plain colour.
    assert all(one == two and plain == same for one, plain, two, _, same in named)
    others = re.sub(paint, "", drawn)
    alone = set(re.findall(r'(?:fill|stroke)="([^"]+)"', others)) - of_boxes
    assert alone == {QUIET}
    for ground in ("#ffffff", "#1b2229"):  # the cards of the page, light and dark
        assert contrast(QUIET, ground) >= 3
    (ground_drawn,) = re.findall(r'<rect width="100%"[^>]*>', drawn)
    assert 'fill="#ffffff" style="fill:var(--card,#ffffff)"' in ground_drawn


def test_roles_differ_without_colour():
    looks = [(s.width, s.dash, s.round, s.double, s.italic) for s in ROLES.values()]
    assert len(set(looks)) == len(ROLES)


def test_the_same_graph_gives_the_same_picture_and_wide_ones_are_scaled():
    assert draw_graph(ADULT) == draw_graph(ADULT)
    names = [f"a rather long name {i}" for i in range(12)]
    chain = CausalGraph(pairwise(names))
    tree = ElementTree.fromstring(draw_graph(chain, width=600))
    assert tree.get("width") == "600" and float(tree.get("viewBox").split()[2]) > 1200


def test_empty_and_huge_graphs_are_described():
    assert "An empty graph." in draw_graph(CausalGraph())
    huge = draw_graph(CausalGraph(nodes=[f"n{i}" for i in range(201)]))
    assert "A graph of 201 nodes and 0 edges: too large to draw." in huge
    assert ElementTree.fromstring(huge) is not None


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"roles": {"sex": "boss"}}, "Unknown role 'boss' of 'sex': use one of 'target'"),
        ({"roles": {"sexx": "target"}}, "no node 'sexx' to give a role. Did you mean 'sex'?"),
        ({"lit": [("age", "sex")]}, r"The graph has no edge ('age', 'sex') to highlight."),
    ],
)
def test_drawing_errors(options, message):
    with pytest.raises(GraphError, match=re.escape(message)):
        draw_graph(ADULT, **options)
