"""The drawn graph: roles, widths, odd names and graphs too large to draw whole."""

from __future__ import annotations

import itertools
import re
from types import SimpleNamespace

import ipywidgets as W
import numpy as np
import pandas as pd
import pytest

import workbench as wb
from tests.widgets.graph.canvas_messages import drawn, nodes, wants
from tests.widgets.widget_tree import HOSTILE, finished, hostile_case, loan_case, part, press, said
from widgets.graph.graph_canvas import LIBRARY, GraphCanvas, draw_network, graph_legend
from widgets.graph.graph_editor import GraphEditor
from widgets.graph.graph_roles import edge_weights, graph_roles, lit_edges
from widgets.session.session import AuditSession
from workbench.graph.picture.drawing import ROLES

ZIP = wb.UnlearningTarget.feature("zip_code")


def test_roles_and_lit_edges() -> None:
    case = loan_case()
    roles = graph_roles(case, ZIP)
    assert roles["zip_code"] == "target" and roles["prediction"] == "prediction"
    assert roles["neighborhood_income"] == roles["credit_score"] == "mediator"
    assert roles["race"] == "unread"
    ways = {
        ("zip_code", "neighborhood_income"),
        ("neighborhood_income", "credit_score"),
        ("neighborhood_income", "prediction"),
        ("credit_score", "prediction"),
    }
    assert set(lit_edges(case, ZIP)) == ways
    assert lit_edges(case, None) == ()
    astray = case.with_graph(case.graph.add_edge("zip_code", "debt_ratio"))  # reaches nothing read
    assert set(lit_edges(astray, ZIP)) == ways


def test_roles_are_told_by_more_than_colour() -> None:
    looks = set()
    case = loan_case()
    graph = wb.CausalGraph([], nodes=ROLES)
    places = {node: (0.0, 0.0) for node in ROLES}
    found = draw_network(graph, roles={role: role for role in ROLES}, places=places)["nodes"]
    for node in found:
        shape = node["shapeProperties"]
        dashes = str(shape["borderDashes"])
        label = node["label"][:3] if node["font"]["multi"] else ""
        round_ = shape["borderRadius"] > 10
        looks.add((node["double"], dashes, round_, label, node["borderWidth"]))
        style = ROLES[node["name"]]
        assert node["color"]["background"] == style.fill and node["about"].endswith(style.legend)
    assert len(looks) == len(ROLES)
    legend = graph_legend(ROLES, lit=True, weighted=True, derived=True)
    assert all(style.legend in legend for style in ROLES.values())
    assert "latent" not in graph_legend(
        set(graph_roles(case, ZIP).values()), lit=True, weighted=False, derived=True
    )


def test_the_targets_ways_are_lit_and_what_the_model_reads_is_dashed(
    editor: GraphEditor, session: AuditSession
) -> None:
    session.target = ZIP
    lit = {edge for edge, look in drawn(editor).items() if look["color"]["color"] == "#a83e00"}
    assert lit == set(lit_edges(session.case, ZIP))
    for edge, look in drawn(editor).items():
        assert bool(look["dashes"]) == look["derived"] == (edge[1] == "prediction")
    assert "can reach the prediction in 2 ways" in said(editor)
    assert nodes(editor)["zip_code"]["role"] == "target"


def test_edges_are_as_wide_as_what_their_paths_carry(
    editor: GraphEditor, session: AuditSession
) -> None:
    session.target = ZIP
    same = {look["width"] for edge, look in drawn(editor).items() if edge[0] == "zip_code"}
    report = finished(session)
    weights = edge_weights(report)
    effects = {path.path: abs(path.effect.value) for path in report.path_effects}
    assert len(effects) == 2
    assert weights["zip_code", "neighborhood_income"] == pytest.approx(sum(effects.values()))
    way = ("zip_code", "neighborhood_income", "credit_score", "prediction")
    assert weights["credit_score", "prediction"] == pytest.approx(effects[way])
    width = {edge: look["width"] for edge, look in drawn(editor).items()}
    assert width["zip_code", "neighborhood_income"] == 10.0
    assert 2.0 < width["credit_score", "prediction"] < 10.0
    assert f"{effects[way]:.4f}" in drawn(editor)["credit_score", "prediction"]["about"]
    session.target = None  # the report is gone, and the widths with it
    assert max(look["width"] for look in drawn(editor).values()) < min(same)


def test_paths_that_cancel_still_make_an_edge_wide() -> None:
    report = SimpleNamespace(
        path_effects=[
            SimpleNamespace(path=("a", "b", "prediction"), effect=SimpleNamespace(value=0.3)),
            SimpleNamespace(path=("a", "b", "c", "prediction"), effect=SimpleNamespace(value=-0.2)),
        ]
    )
    weights = edge_weights(report)
    assert weights["a", "b"] == pytest.approx(0.5)
    assert weights["c", "prediction"] == pytest.approx(0.2)
    assert edge_weights(None) == {}


def test_edges_bend_around_the_boxes_of_others() -> None:
    graph = wb.CausalGraph([("a", "b"), ("b", "c"), ("a", "c")])
    places = {"a": (0.0, 0.0), "b": (200.0, 0.0), "c": (400.0, 0.0)}
    found = draw_network(graph, roles={}, places=places)["edges"]
    kinds = {(e["cause"], e["effect"]): e["smooth"]["type"] for e in found}
    assert kinds["a", "b"] == kinds["b", "c"] == "cubicBezier"
    assert kinds["a", "c"].startswith("curved")


def test_names_that_are_markup_stay_names(session: AuditSession) -> None:
    editor = GraphEditor(session)
    session.open(hostile_case(), (HOSTILE,), live=False)
    session.target = wb.UnlearningTarget.feature(HOSTILE)
    node = nodes(editor)[HOSTILE]
    # vis-network reads tags in this label; a space of no width makes all but its own text
    assert node["role"] == "target" and node["font"]["multi"] == "html"
    for line in node["label"].split("\n"):
        assert line.startswith("<b>") and line.endswith("</b>")
        assert not re.search("[<&](?!\u200b)", line[3:-4])
    assert HOSTILE not in said(editor) and "<img" not in editor.static_html()


def test_names_that_javascript_keeps_for_itself_are_drawn() -> None:
    graph = wb.CausalGraph([("__proto__", "constructor")], nodes=["plain"])
    places = {node: (0.0, 0.0) for node in graph.nodes}
    found = draw_network(graph, roles={}, places=places)
    assert [node["name"] for node in found["nodes"]] == list(graph.nodes)
    ids = {node["name"]: node["id"] for node in found["nodes"]}
    assert ids["plain"] == "plain" and not {"__proto__", "constructor"} & set(ids.values())
    (edge,) = found["edges"]
    assert (edge["from"], edge["to"]) == (ids["__proto__"], ids["constructor"])


def test_a_graph_too_large_to_draw_is_still_edited(session: AuditSession) -> None:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.normal(size=(60, 210)), columns=[f"c{i}" for i in range(210)])
    model = wb.BlackBoxModel(lambda rows: rows["c0"].to_numpy(), features=["c0"])
    graph = wb.CausalGraph([("c1", "c0")], nodes=list(frame.columns))
    editor = GraphEditor(session)
    session.open(wb.AuditCase(data=frame, model=model, graph=graph), live=False)
    assert editor.canvas.layout.display == "none" and "at most 200" in said(editor)
    part(editor, W.Dropdown, description="From (cause)").value = "c3"
    part(editor, W.Dropdown, description="To (effect)").value = "c4"
    press(editor, "Add")
    assert ("c3", "c4") in session.case.graph.edges


def test_a_large_graph_is_drawn_in_parts_and_edited_whole(session: AuditSession) -> None:
    rng = np.random.default_rng(0)
    names = [f"c{i}" for i in range(40)]
    frame = pd.DataFrame(rng.normal(size=(60, 40)), columns=names)
    model = wb.BlackBoxModel(lambda rows: rows["c39"].to_numpy(), features=["c39"])
    graph = wb.CausalGraph(list(itertools.pairwise(names[30:])), nodes=names)
    editor = GraphEditor(session)
    session.open(wb.AuditCase(data=frame, model=model, graph=graph), live=False)
    named = part(editor, W.Text, description="Show the columns named like")
    which = part(editor, W.Dropdown, description="Draw")

    def drawn() -> set[str]:
        return {node["name"] for node in editor.canvas.drawing["nodes"]}

    assert len(drawn()) == 41
    named.value = " C35 "
    assert drawn() == {"c34", "c35", "c36"} and "3 of 40 columns" in said(editor)
    assert "c34 → c35" in editor._list.value and "c30 → c31" not in editor._list.value
    wants(editor, "moved", places=[["c35", 1.0, 2.0]])
    assert editor.canvas.positions == {}, "a part has places of its own"
    arrow = part(editor, W.Dropdown, description="An arrow that is drawn")
    arrow.value = ("c30", "c31")
    press(editor, "Remove")
    assert arrow.value is None and arrow.label.startswith("choose one"), "no blank menu"
    assert ("c30", "c31") not in editor.graph.edges and len(editor.graph.edges) == 8
    named.value, which.value = "", "ways"
    assert "no way from the target" in said(editor) and len(drawn()) == 41
    session.target = wb.UnlearningTarget.feature("c37")
    assert drawn() == {"c37", "c38", "c39", "prediction"}
    named.value = "nobody"
    assert "no such column on the ways from the target" in said(editor)
    session.open(loan_case(), live=False)
    assert editor._part.layout.display == "none" and len(drawn()) == 8, "a small graph is whole"


def test_of_a_large_graph_what_surrounds_the_target_is_drawn_first(session: AuditSession) -> None:
    rng = np.random.default_rng(0)
    names = [f"c{i}" for i in range(40)]
    frame = pd.DataFrame(rng.normal(size=(60, 40)), columns=names)
    model = wb.BlackBoxModel(lambda rows: rows["c3"].to_numpy(), features=["c3"])
    chain = [("c0", "c1"), ("c1", "c2"), ("c2", "c3"), ("c2", "c9"), ("c8", "c9")]
    editor = GraphEditor(session)
    case = wb.AuditCase(data=frame, model=model, graph=wb.CausalGraph(chain, nodes=names))
    session.open(case, live=False)
    which = part(editor, W.Dropdown, description="Draw")

    def drawn() -> set[str]:
        return {node["name"] for node in editor.canvas.drawing["nodes"]}

    assert len(drawn()) == 41, "without a target there is nothing to stand around"
    session.target = wb.UnlearningTarget.feature("c1")
    assert drawn() == {"c0", "c1", "c2", "c3", "prediction"} and "4 of 40 columns" in said(editor)
    session.target = wb.UnlearningTarget.feature("c8")
    assert drawn() == {"c8", "c9"}
    named = part(editor, W.Text, description="Show the columns named like")
    named.value = "c35"
    assert drawn() == {"c35"} and "no such column" not in said(editor)
    named.value = ""
    assert drawn() == {"c8", "c9"}
    which.value, which.value, named.value = "all", "near", "c35"
    assert "no such column among the target, what is next to it" in said(editor)
    named.value, which.value = "", "all"
    assert len(drawn()) == 41
    session.target = wb.UnlearningTarget.feature("c1")
    assert len(drawn()) == 41, "what a person has chosen stays"


def test_columns_that_only_the_model_reads_are_one_box(session: AuditSession) -> None:
    names = [f"c{i}" for i in range(18)]
    frame = pd.DataFrame(np.random.default_rng(0).normal(size=(60, 18)), columns=names)
    model = wb.BlackBoxModel(lambda rows: rows.sum(axis=1).to_numpy(), features=names)
    editor = GraphEditor(session)
    case = wb.AuditCase(data=frame, model=model, graph=wb.CausalGraph([("c0", "c1")], nodes=names))
    session.open(case, live=False)
    session.target = wb.UnlearningTarget.feature("c2")
    box = "15 more columns"
    assert set(nodes(editor)) == {"c0", "c1", "c2", box, "prediction"}
    wants(editor, "add-edge", source="c0", target=box)
    assert "stands for 15 columns" in said(editor) and editor.graph.edges == (("c0", "c1"),)
    wants(editor, "moved", places=[["c0", 1.0, 2.0]])
    assert editor.canvas.positions == {"c0": [1.0, 2.0]}, "the boxes may be moved all the same"
    session.target = wb.UnlearningTarget.feature("c5")
    assert {"c5", box} <= set(nodes(editor)) and "c2" not in nodes(editor)
    part(editor, W.Dropdown, description="Draw").value = "all"
    assert len(nodes(editor)) == 19
    part(editor, W.Dropdown, description="Draw").value = "folded"
    part(editor, W.Text, description="Show the columns named like").value = "nobody"
    assert "There is no such column; the whole graph is shown." in said(editor)


def test_before_there_is_data_the_editor_says_so(session: AuditSession) -> None:
    editor = GraphEditor(session)
    assert "Choose data and a model first" in said(editor)
    assert editor.static_html() == ""
    wants(editor, "add-edge", source="a", target="b")
    press(editor, "Add")
    session.open(loan_case(), live=False)
    assert editor.canvas.layout.display is None
    session.close()
    assert editor.canvas.layout.display == "none"


def test_a_saved_notebook_shows_the_graph(editor: GraphEditor) -> None:
    bundle = editor._repr_mimebundle_()
    assert "application/vnd.jupyter.widget-view+json" in bundle
    assert (
        "<svg" in bundle["text/html"]
        and "zip_code causes neighborhood_income" in (bundle["text/html"])
    )
    assert "<script" not in bundle["text/html"]


def test_the_module_is_offline_and_holds_vis_network() -> None:
    module = GraphCanvas._esm
    assert LIBRARY.is_file() and "vis-network" in module[:400]
    assert module.rstrip().endswith("export default { render };")
    own = module[module.rindex("return module.exports; })();") :]
    assert "innerHTML" not in own and "eval" not in own and "http" not in own
    assert "sourceMappingURL" not in module
