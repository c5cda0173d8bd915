"""Graphs as other programs write them: read as they mean it, or refused with the edge named."""

from __future__ import annotations

import json
from pathlib import Path

import networkx as nx
import pytest

import workbench as wb
from workbench.common.errors import GraphFileError
from workbench.graph.files.formats import parse

ARROWS = (("a", "m"), ("m", "y"))


@pytest.mark.parametrize(
    "text",
    [
        "digraph { a -> m -> y }",
        "digraph { a -> m [dir=forward]; y -> m [dir=back] }",
        "digraph { edge [dir=back]; m -> a; y -> m }",
        "digraph { subgraph s { edge [dir=back]; m -> a } m -> y }",
        "digraph { a -> m [dir=both, arrowtail=none, arrowhead=normal]; m -> y }",
        "digraph { m -> a [dir=both, arrowtail=normal, arrowhead=none]; m -> y }",
        'digraph { a -> m [label="0.3", penwidth=2]; m -> y [arrowhead=vee] }',
        "digraph { a:e -> m:w; m -> y }",
        "DiGraph { a -> m; SubGraph s { Edge [dir=back]; y -> m } }",
        "digraph { 0 [label=a]; 1 [label=m]; 2 [label=y]; 0 -> 1; 1 -> 2 }",
        'digraph { 0 -> 1 -> 2; 0 [label="a"]; 1 [label="m"]; 2 [label="y"] }',
        'digraph { a [label="Age in years"]; a -> m; m -> y; y [label="\\N"] }',
        "digraph { a [label=<<b>Age</b> in years>]; a -> m; m -> y }",
        "digraph { 0 -> 1 -> 2; 0 [label=<<i>a</i>>] 1 [label=m] 2 [label=y] }",
        'digraph { "a" -> "m" + "" -> "\\\ny" }',
    ],
)
def test_dot_is_read_as_graphviz_draws_it(text: str) -> None:
    assert set(wb.CausalGraph.from_dot(text).edges) == set(ARROWS)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("digraph { a -> m [dir=both] }", "'a' and 'm' has arrows at both ends"),
        ("digraph { edge [dir=both]; a -> m }", "'a' and 'm' has arrows at both ends"),
        ("digraph { a -> m [dir=none] }", "'a' and 'm' has no causal direction"),
        ("digraph { a -> m [arrowhead=none] }", "'a' and 'm' has no causal direction"),
        ("digraph { a -> m [dir=back, arrowtail=none] }", "has no causal direction"),
        ("digraph { a -> m [dir=both, arrowtail=odot] }", "'a' and 'm' ends in a circle"),
        ("digraph { a -> m [arrowhead=dot] }", "ends in a circle"),
        ("digraph { a -> m [style=invis] }", "is invisible"),
        ("digraph { a -> m [dir=sideways] }", "dir='sideways'"),
        (
            "digraph { 0 [label=a]; 1 [label=m]; 0 -> 1 [arrowhead=none]}",
            "'a' and 'm' has no causal direction",
        ),
        ("digraph { 0 [label=a]; 1 [label=a]; 0 -> 1 }", "have the label 'a'"),
        ("digraph { a [label=m]; m [label=a]; a -> m }", "another node's label"),
    ],
)
def test_dot_without_one_direction_is_refused_with_the_edge(text: str, message: str) -> None:
    with pytest.raises(GraphFileError, match=message):
        wb.CausalGraph.from_dot(text)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("dag { s [selected] a -> s }", r"'s' as \[selected\]"),
        ("dag { a -> s; s [s] }", r"'s' as \[selected\]"),
        ('dag { a -> s; s [pos="1,2", selected] }', r"'s' as \[selected\]"),
        ("dag { z [adjusted] z -> a }", r"'z' as \[adjusted\]"),
        ("dag { z [a] z -> a }", r"'z' as \[adjusted\]"),
        ("pag { a @-> b }", "begins with dag"),
        ("dag { a @-> b }", "ends in a circle"),
        ("X E @0.1,0.2\nY O @0.3,0.1\n\nX Y\n", "DAGitty of version 1 or 2"),
    ],
)
def test_dagitty_marks_are_honoured_or_refused(text: str, message: str) -> None:
    with pytest.raises(GraphFileError, match=message):
        wb.CausalGraph.from_dagitty(text)


def test_causal_learns_own_export(tmp_path: Path) -> None:
    from causallearn.graph.Edge import Edge
    from causallearn.graph.Endpoint import Endpoint
    from causallearn.graph.GeneralGraph import GeneralGraph
    from causallearn.graph.GraphNode import GraphNode
    from causallearn.utils.GraphUtils import GraphUtils

    nodes = [GraphNode(name) for name in "amy"]
    graph = GeneralGraph(nodes)
    graph.add_directed_edge(nodes[0], nodes[1])
    graph.add_directed_edge(nodes[1], nodes[2])
    GraphUtils.to_pydot(graph).write_raw(tmp_path / "g.dot")
    assert wb.CausalGraph.read(tmp_path / "g.dot").edges == ARROWS
    graph.add_edge(Edge(nodes[0], nodes[2], Endpoint.TAIL, Endpoint.TAIL))
    GraphUtils.to_pydot(graph).write_raw(tmp_path / "u.dot")
    with pytest.raises(GraphFileError, match="'a' and 'y' has no causal direction"):
        wb.CausalGraph.read(tmp_path / "u.dot")


BIF = """network unknown { }
variable a { type discrete [ 2 ] { yes, no }; }
variable m { type discrete [ 2 ] { yes, no }; }
variable y { type discrete [ 2 ] { yes, no }; }
probability ( a ) { table 0.5, 0.5; }
probability ( m | a ) { (yes) 0.1, 0.9; (no) 0.2, 0.8; }
probability ( y | m ) { (yes) 0.1, 0.9; (no) 0.2, 0.8; } // | a
"""
TETRAD = "Graph Nodes:\na;m;y\n\nGraph Edges:\n1. a --> m\n2. y <-- m\n\nGraph Attributes:\nx: 1\n"
IGRAPH_GML = (
    'graph [ directed 1 node [ id 0 name "a" ] node [ id 1 name "m" ] node [ id 2 name "y" ] '
    "edge [ source 0 target 1 ] edge [ source 1 target 2 ] ]"
)

# As igraph 1.0.0 writes it, from Python.
IGRAPH_DOT = (
    "/* Created by igraph */\ndigraph {\n  0 [\n    name=a\n  ];\n  1 [\n    name=m\n  ];\n"
    '  2 [\n    name="y"\n  ];\n\n  0 -> 1;\n  1 -> 2;\n}\n'
)


def exported() -> list[tuple[str, str]]:
    graph = nx.DiGraph(list(ARROWS))
    numbered = nx.relabel_nodes(graph, {"a": "n0", "m": "n1", "y": "n2"})
    nx.set_node_attributes(numbered, {"n0": "a", "n1": "m", "n2": "y"}, "name")
    return [
        ("g.json", json.dumps(nx.node_link_data(graph, edges="edges"))),
        ("g.json", json.dumps(nx.node_link_data(graph, edges="links"))),
        ("g.graphml", "\n".join(nx.generate_graphml(graph))),
        ("g.graphml", "\n".join(nx.generate_graphml(numbered))),
        ("g.gml", "\n".join(nx.generate_gml(graph))),
        ("g.gml", IGRAPH_GML),
        ("g.dot", IGRAPH_DOT),
        ("g.bif", BIF),
        ("g.lavaan", "# model\nm ~ 0.4*a\ny ~ 1 +\n  m\n"),
        ("g.lavaan", "m ~ a\n  + 0*y\ny ~ b*m + 0.0*a\na ~~ 0*y\nindirect := a*b\ny | t1"),
        ("g.tetrad", TETRAD),
        ("g.txt", TETRAD),
        ("g.tetrad", TETRAD.replace("Graph Attributes", "Ambiguous triples (i.e. undecided)")),
        ("g.txt", "dag { a -> m -> y }"),
        ("g.bif", BIF.replace("probability ( y | m )", "probability ( y | m m )")),
        (
            "g.json",
            '{"directed": true, "nodes": [{"id": 0, "name": "a"}, {"id": 1, "name": "m"}, '
            '{"id": 2, "name": "y"}],  "links": '
            '[{"source": 0, "target": 1}, {"source": 1, "target": 2}]}',
        ),
    ]


@pytest.mark.parametrize(("name", "text"), exported())
def test_graphs_of_other_programs_are_read(name: str, text: str) -> None:
    parts = parse(text.encode(), name)
    assert set(parts.edges) == set(ARROWS) and set(parts.nodes) == {"a", "m", "y"}


def test_shared_causes_become_latent_nodes() -> None:
    for name, text in (
        ("g.lavaan", "y ~ a\na ~~ y\na ~~ a"),
        ("g.tetrad", "Graph Nodes:\na;y\nGraph Edges:\n1. a <-> y\n2. a --> y\n"),
    ):
        parts = parse(text.encode(), name)
        assert parts.latents == ("latent of a and y",) and ("a", "y") in parts.edges
    factor = parse(b"f =~ x1 + x2", "g.lavaan")
    assert factor.latents == ("f",) and factor.edges == (("f", "x1"), ("f", "x2"))


UNSEEN = nx.DiGraph([("u", "a"), ("u", "y"), ("a", "y")])
UNSEEN.add_node("u", observed="no")  # as DoWhy writes it


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("g.dot", 'digraph { u [observed="no"]; u -> a; u -> y; a -> y }'),
        ("g.gml", "\n".join(nx.generate_gml(UNSEEN))),
        ("g.graphml", "\n".join(nx.generate_graphml(UNSEEN))),
        ("g.json", json.dumps(nx.node_link_data(UNSEEN, edges="links"))),
        (
            "g.tetrad",
            "Graph Nodes:\na;y;(u)\nGraph Edges:\n1. (u) --> a\n2. (u) --> y\n3. a --> y\n",
        ),
        ("g.dagitty", "dag { u [unobserved] u -> {a y} a -> y }"),
    ],
)
def test_a_node_that_nobody_observed_is_latent(name: str, text: str) -> None:
    parts = parse(text.encode(), name)
    assert [node.strip("()") for node in parts.latents] == ["u"] and len(parts.edges) == 3


def test_a_graph_of_dowhy_keeps_its_latent_nodes() -> None:
    assert wb.CausalGraph.from_networkx(UNSEEN).latents == ("u",)


def test_several_effects_in_one_equation_have_the_same_causes() -> None:
    parts = parse(b"y1 + y2 ~ x", "g.lavaan")
    assert set(parts.edges) == {("x", "y1"), ("x", "y2")}


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("g.json", json.dumps(nx.node_link_data(nx.Graph([("a", "b")]), edges="edges")), "undirec"),
        ("g.json", '{"directed": true, "nodes": [{"id": "a"}], "edges": [{"from": "a"}]}', "form"),
        ("g.json", '{"elements": {"nodes": []}}', "Cytoscape"),
        ("g.graphml", "\n".join(nx.generate_graphml(nx.Graph([("a", "b")]))), "undirected"),
        ("g.graphml", "<graphml", "cannot be read"),
        ("g.graphml", '<!DOCTYPE x [<!ENTITY a "b">]><graphml/>', "document type"),
        ("g.graphml", '<y:Arrows source="none" target="none"/>', "ends 'none' and 'none'"),
        ("g.gml", "[", "cannot be read"),
        (
            "g.gml",
            "graph [ directed 1 node [ id 0 ] node [ id 1 ] edge [ source 0 target 1 "
            'graphics [ arrow "both" ] ] ]',
            "arrow 'both'",
        ),
        ("g.bif", "probability ( a | b ) {}", "declares its variables"),
        ("g.bif", "variable a {} probability ( a | b ) {}", "does not declare"),
        ("g.lavaan", "y ~ x:z", "is no variable"),
        ("g.lavaan", "indirect := a*b", "no equation such as"),
        ("g.tetrad", "Graph Nodes:\na;b\nGraph Edges:\n1. a o-> b\n", "a o-> b ends in a circle"),
        ("g.txt", "Graph Nodes:\na;b\nGraph Edges:\n1. a --- b\n", "a --- b has no causal"),
        ("g.xmlbif", "", "Export it as .bif"),
        ("g.gexf", "", "GraphML or GML"),
        ("g.dot", "graph { a -- b }", "begins with digraph"),
        ("g.txt", "y ~ x", r"its file's name ends in \.lavaan"),
    ],
)
def test_what_cannot_be_meant_is_refused_in_words(name: str, text: str, message: str) -> None:
    with pytest.raises(GraphFileError, match=message):
        parse(text.encode(), name)


@pytest.mark.parametrize("text", ["[\n]", "graph [", 'node "', "graph [ node ]", "\\", "]", "a b["])
def test_damaged_gml_ends_in_one_sentence(text: str) -> None:
    with pytest.raises(GraphFileError, match="GML"):
        wb.CausalGraph.from_gml(text)


def test_what_is_only_read_is_not_written(tmp_path: Path) -> None:
    with pytest.raises(GraphFileError, match="are read, not written"):
        wb.CausalGraph(ARROWS).write(tmp_path / "g.graphml")


GML_DRAWN = (
    'graph [ directed 1 node [ id 0 label "a" ] node [ id 1 label "b" ] '
    "edge [ source 0 target 1 graphics [ {} ] ] ]"
)
GROUP = "<graph edgedefault='directed'><node id='a'/></graph>"


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("g.dot", "digraph { edge [dir=both] a -> b; b -> c }", "arrows at both ends"),
        ("g.dot", "digraph { a -> b [arrowtail=normal, dir=both] }", "arrows at both ends"),
        ("g.dot", "digraph { 0 [label=a]; 1 [label=b]; 0 -> 1 [dir=none] }", "no causal direction"),
        ("g.dot", "digraph { a -> b [arrowhead=odot, arrowtail=odot, dir=both] }", "circle"),
        ("g.dagitty", "dag { X [exposure] Y [outcome] S [s] X -> S Y -> S }", r"\[selected\]"),
        ("g.dagitty", "dag { X [e] Y [o] Z [adjusted] Z -> X Z -> Y }", r"\[adjusted\]"),
        ("g.dagitty", "pdag { X -- Y }", "begins with dag"),
        ("g.dot", 'digraph { "a"; edge [dir=none] "a" -> "c"; }', "no causal direction"),  # bnlearn
        ("g.gml", GML_DRAWN.format('targetArrow "none"'), "'a' and 'b' .* with arrow 'none'"),
        (
            "g.gml",
            GML_DRAWN.format('sourceArrow "standard" targetArrow "standard"'),
            "'a' and 'b' .* with arrow 'standard'",
        ),
        ("g.graphml", '<y:Arrows source="none" target="white_circle"/>', "'white_circle'"),
        ("g.graphml", f"<graphml>{GROUP}{GROUP}</graphml>", "2 graphs, or groups"),
        ("g.graphml", GROUP.replace("</graph>", "<hyperedge/></graph>"), "hyperedge"),
        (
            "g.tetrad",
            "Graph Nodes:\na;[S]\nGraph Edges:\n1. a --> [S]\n",
            r"chosen by the node \[S\]",
        ),
        ("g.lavaan", "f <~ x1 + x2", "not of the form"),
        ("g.lavaan", "y ~ x | z", "is no variable"),
        ("g.json", '{"nodes": [{"id": "a"}], "edges": []}', "directed"),
    ],
)
def test_more_of_the_kinds_that_were_read_wrongly(name: str, text: str, message: str) -> None:
    with pytest.raises(GraphFileError, match=message):
        parse(text.encode(), name)


def test_an_arrow_drawn_backwards_is_turned() -> None:
    assert parse(b"digraph { a -> b [dir=back] }", "g.dot").edges == (("b", "a"),)


def test_an_undirected_edge_of_a_directed_graphml_is_named() -> None:
    text = (
        "<graphml><graph edgedefault='directed'><node id='a'/><node id='b'/>"
        "<edge source='a' target='b' directed='false'/></graph></graphml>"
    )
    with pytest.raises(GraphFileError, match=r"source='a' target='b' .* is undirected"):
        parse(text.encode(), "g.graphml")
