"""Graph files: nothing is lost on the way out and back, and bad files are told what is wrong."""

from __future__ import annotations

import contextlib
from itertools import combinations

import networkx as nx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.common.errors import CycleError, GraphFileError
from workbench.common.limits import GRAPH_BYTES, GRAPH_NODES
from workbench.graph.causal_graph import CausalGraph
from workbench.graph.files import formats as graph_files

FORMATS = ("json", "dot", "gml", "dagitty")
ODD = [
    'say "hi"', "back\\slash", "ends in \\", "two words", "Straße", "年齢", "a\nb", "tab\t", "node",
    "->", "a -> b", "{", "}", "1", "1.5", "-3", "graph", "subgraph", "latent", "&amp;", "<b>", "'",
    "//", "/* c */", "# c", "[latent]", "a:b", "a;b", "a,b", "=", "strict", "digraph", " ", "\x00",
    "\\n", '\\"', "é́", "\r", "&#34;", "label", "🙂", "[", "]", 'x"\\"y',
]  # fmt: skip


@st.composite
def odd_graphs(draw):
    name = st.sampled_from(ODD) | st.text(min_size=1, max_size=12)
    names = draw(st.lists(name, min_size=1, max_size=6, unique=True))
    pairs = list(combinations(names, 2))
    chosen = draw(st.lists(st.booleans(), min_size=len(pairs), max_size=len(pairs)))
    edges = [pair for pair, kept in zip(pairs, chosen, strict=True) if kept]
    latents = draw(st.sets(st.sampled_from(names)))
    return CausalGraph(edges, nodes=names, latents=latents)


def text_of(graph, kind):
    return getattr(graph, f"to_{kind}")()


def graph_of(text, kind):
    return getattr(CausalGraph, f"from_{kind}")(text)


@pytest.mark.parametrize("kind", FORMATS)
@given(graph=odd_graphs())
@settings(max_examples=100)
def test_round_trip_keeps_everything(kind, graph):
    again = graph_of(text_of(graph, kind), kind)
    assert again == graph
    assert again.nodes == graph.nodes, "the order of the nodes is kept"
    assert again.latents == graph.latents


@pytest.mark.parametrize("kind", FORMATS)
def test_every_odd_name_survives(kind):
    graph = CausalGraph([(name, "effect") for name in ODD], nodes=ODD, latents=ODD[::2])
    assert graph_of(text_of(graph, kind), kind) == graph


@pytest.mark.parametrize("ending", [".json", ".dot", ".gv", ".gml", ".dagitty", ".txt", ".JSON"])
def test_files_by_their_ending(tmp_path, ending):
    graph = CausalGraph([("Straße", "b c")], nodes=["lone"], latents=["Straße"])
    graph.write(tmp_path / f"graph{ending}")
    assert CausalGraph.read(str(tmp_path / f"graph{ending}")) == graph


def test_networkx_reads_our_gml(tmp_path):
    CausalGraph([("a", "b")], nodes=["lone"]).write(tmp_path / "g.gml")
    assert set(nx.read_gml(tmp_path / "g.gml").nodes) == {"a", "b", "lone"}


def test_a_byte_order_mark_is_skipped(tmp_path):
    (tmp_path / "g.json").write_bytes(b'\xef\xbb\xbf{"edges": [["a", "b"]]}')
    assert CausalGraph.read(tmp_path / "g.json").edges == (("a", "b"),)


# ---- texts that others write -----------------------------------------------------------------


def test_dot_as_people_write_it():
    graph = CausalGraph.from_dot(
        """
        # a preprocessor line
        strict digraph "my graph" {
            rankdir=LR; graph [label="x -> y"]; node [shape=box, style="rounded,filled"]
            edge [color=gray]
            age -> bmi -> "heart disease" [weight=2, label="strong"];  // a comment
            subgraph cluster_0 { label = causes; smoking; diet } -> bmi
            u [latent=true] /* nobody
            measured it */ u -> {age bmi}
            bmi:e -> risk:w:n
            pos [pos="0.5,-1.2", width=-.5]
        }
        """
    )
    assert graph == CausalGraph(
        [
            ("age", "bmi"), ("bmi", "heart disease"), ("smoking", "bmi"), ("diet", "bmi"),
            ("u", "age"), ("u", "bmi"), ("bmi", "risk"),
        ],
        nodes=["pos"],
        latents=["u"],
    )  # fmt: skip


def test_dagitty_as_its_site_writes_it():
    graph = CausalGraph.from_dagitty(
        """dag {
        bb="-2,-2,2,2"
        X [exposure,pos="-1.2,0.1"]
        Y [outcome,pos="1.2,0.1"]
        "U 1" [latent,pos="0,-1"]
        L [unobserved]
        X -> M -> Y
        "U 1" -> {X Y}
        Z <- X
        M <-> Y
        }"""
    )
    shared = "latent of M and Y"
    assert graph.latents == ("U 1", "L", shared)
    assert graph.parents("Y") == ("M", "U 1", shared) or set(graph.parents("Y")) == {
        "M", "U 1", shared
    }  # fmt: skip
    assert ("X", "Z") in graph.edges and len(graph.edges) == 7


def test_a_confounded_pair_gets_a_name_of_its_own():
    graph = CausalGraph.from_dagitty('dag { "latent of a and b" -> a ; a <-> b }')
    assert graph.latents == ("latent of a and b'",)


def test_gml_without_labels_uses_the_ids():
    graph = CausalGraph.from_gml(
        "graph [ directed 1 node [ id 1 ] node [ id 2 ] edge [ source 1 target 2 ] ]"
    )
    assert graph.edges == (("1", "2"),)


def test_uploads_are_read_by_name():
    parts = graph_files.parse(b"dag { a -> b }", "mine.txt")
    assert parts.edges == (("a", "b"),)


# ---- what is wrong, where, and what would be right ----------------------------------------------


@pytest.mark.parametrize(
    ("kind", "text", "message"),
    [
        ("json", "{", "This is not JSON: Expecting property name"),
        ("json", "digraph { a -> b }", "It looks like DOT."),
        ("json", "[1]", "this text has no edges key"),
        ("json", '{"edges": {"a": "b"}}', "'edges' is not a list"),
        ("json", '{"edges": [["a"]]}', "Edge 0 of the JSON is ['a'], not a pair of names."),
        ("json", '{"edges": [["a", 1]]}', "Edge 0 of the JSON is ['a', 1]"),
        ("json", '{"edges": [["a", ""]]}', "Edge 0 of the JSON is ['a', '']"),
        ("json", '{"edges": [], "nodes": [1]}', "'nodes' in the JSON holds something that is not"),
        ("json", '{"edges": [], "latent": []}', "unknown key 'latent'"),
        ("json", "[" * 100_000, "This is not JSON"),
        ("dot", '{"edges": []}', "begins with digraph {, this text with '{'. It looks like JSON."),
        ("dot", "graph { a -- b }", "begins with digraph {, this text with 'graph'."),
        ("dot", "digraph { a -- b }", "Line 1 of the DOT text: the edge -- after 'a' has no"),
        ("dot", "digraph {\n a -> b;\n a -> ;\n}", "Line 3 of the DOT text: expected a node name"),
        ("dot", "digraph {\n a -> b", "expected '}', found the end"),
        ("dot", "digraph { a } b", "expected the end of the text, found 'b'"),
        ("dot", "digraph { a ! b }", "Line 1 of the DOT text: cannot read '! b }'"),
        ("dot", 'digraph { a -> "b }', "cannot read '\"b }'"),
        ("dot", "digraph { a [x= }", "expected a value, found '}'"),
        ("dot", "digraph { a -> b = c }", "expected a node after the arrow"),
        ("dot", 'digraph { "" -> b }', "expected a node name, found ''"),
        ("dot", "digraph { node -> b }", "expected [ after node (a node of that name is written"),
        ("dot", "digraph { node [latent=true] }", "latent beside each node, not as a default"),
        ("dot", "digraph " + "{" * 60, "at most 50 nested braces"),
        ("dot", "", "begins with digraph {, this text with ''"),
        ("dagitty", "digraph { a -> b }", "begins with dag or mag {, this text with 'digraph'."),
        ("dagitty", "dag { a -- b }", "the edge -- after 'a' has no causal direction"),
        ("gml", "graph [ node [ id 1 label \"a\" ] ]", "add the line 'directed 1'"),
        ("gml", "not gml", "This GML cannot be read"),
        ("gml", '{"edges": []}', "It looks like JSON."),
        (
            "gml",
            'graph [ directed 1 node [ id 1 label "a" ] node [ id 2 label "a" ] ]',
            "Several nodes of this GML graph have the label 'a'.",
        ),
    ],
)  # fmt: skip
def test_malformed_texts(kind, text, message):
    with pytest.raises(GraphFileError) as caught:
        graph_of(text, kind)
    assert message in str(caught.value)


@pytest.mark.parametrize("kind", FORMATS)
@given(text=st.text(max_size=40) | st.text('digraph{}[]->a b";=\\,:\n/*', max_size=40))
@settings(max_examples=200)
def test_no_text_ends_in_anything_but_a_graph_or_an_audit_error(kind, text):
    for candidate in (text, f"digraph {{{text}}}", f"dag {{{text}}}", f"graph [{text}]"):
        with contextlib.suppress(GraphFileError, CycleError):
            graph_of(candidate, kind)


@pytest.mark.parametrize("kind", FORMATS)
def test_a_cycle_in_a_text_is_named(kind):
    text = text_of(CausalGraph([("a", "b"), ("b", "c")]), kind)
    closing = {
        "json": ('["b", "c"]', '["b", "c"], ["c", "a"]'),
        "dot": ('"b" -> "c"', '"b" -> "c" -> "a"'),
        "dagitty": ('"b" -> "c"', '"b" -> "c" -> "a"'),
        "gml": ("source 1", "source 2 target 0 ] edge [ source 1"),
    }[kind]
    with pytest.raises(CycleError, match="a -> b -> c -> a"):
        graph_of(text.replace(*closing), kind)


@pytest.mark.parametrize("kind", FORMATS)
def test_too_many_nodes(kind):
    graph = CausalGraph(nodes=[f"n{i}" for i in range(GRAPH_NODES + 1)])
    with pytest.raises(GraphFileError, match="more than 5,000 nodes"):
        graph_of(text_of(graph, kind), kind)


@pytest.mark.parametrize("kind", FORMATS)
def test_too_many_edges(kind, monkeypatch):
    few = CausalGraph(combinations("abcde", 2))
    text = text_of(few, kind)
    monkeypatch.setattr("workbench.graph.files.parts_and_limits.GRAPH_EDGES", 9)
    with pytest.raises(GraphFileError, match="more than 9 edges"):
        graph_of(text, kind)


def test_short_texts_that_ask_for_much_work_are_refused(monkeypatch):
    many = " ".join(f"n{i}" for i in range(2400))
    with pytest.raises(GraphFileError, match="more than 50,000 edges"):
        CausalGraph.from_dot(f"digraph {{ {{{many}}} -> {{{many}}} }}")
    monkeypatch.setattr("workbench.graph.files.parts_and_limits.GRAPH_WORDS", 1000)
    for long in ("digraph {" + "a;" * 600 + "}", "dag {" + "a;" * 600 + "}"):
        with pytest.raises(GraphFileError, match="goes on after 1,000 words and signs"):
            graph_files.parse(long.encode(), "g.dot" if "digraph" in long else "g.txt")
    with pytest.raises(GraphFileError, match="goes on after 1,000 words and signs"):
        CausalGraph.from_gml("graph [ directed 1 " + "x 1 " * 600 + "]")


@pytest.mark.parametrize("kind", FORMATS)
def test_a_text_that_is_too_long(kind):
    with pytest.raises(GraphFileError, match="at most 5,000,000"):
        graph_of(" " * (GRAPH_BYTES + 1), kind)


def test_file_errors(tmp_path):
    with pytest.raises(GraphFileError, match=r"'graph.csv' is not a kind of graph file.*\.json"):
        CausalGraph.read(tmp_path / "graph.csv")
    with pytest.raises(GraphFileError, match="must end in one of"):
        CausalGraph([("a", "b")]).write(tmp_path / "graph")
    with pytest.raises(GraphFileError, match=r"Cannot read .*none.json': No such file"):
        CausalGraph.read(tmp_path / "none.json")
    with pytest.raises(GraphFileError, match=r"Cannot write .*No such file"):
        CausalGraph([("a", "b")]).write(tmp_path / "no folder" / "g.json")
    (tmp_path / "big.json").write_bytes(b" " * 5_000_001)
    with pytest.raises(GraphFileError, match=r"'big.json' holds 5,000,001 bytes"):
        CausalGraph.read(tmp_path / "big.json")
    with pytest.raises(GraphFileError, match=r"'big.json' holds 5,000,001 bytes"):
        graph_files.parse(b" " * 5_000_001, "big.json")
    (tmp_path / "latin.dot").write_bytes("digraph { Straße }".encode("latin-1"))
    with pytest.raises(GraphFileError, match=r"'latin.dot' is not UTF-8 text \(byte 14\)"):
        CausalGraph.read(tmp_path / "latin.dot")
    (tmp_path / "dot.json").write_text("digraph { a -> b }")
    with pytest.raises(GraphFileError, match=r"dot.json: This is not JSON.* It looks like DOT"):
        CausalGraph.read(tmp_path / "dot.json")
