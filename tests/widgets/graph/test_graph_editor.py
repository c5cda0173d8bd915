"""Step 2 without a browser: what the canvas sends is done or refused, and what is drawn is true."""

from __future__ import annotations

import itertools
import json
import math
import re
from collections import Counter
from types import SimpleNamespace
from typing import Any

import ipywidgets as W
import numpy as np
import pandas as pd
import pytest

import workbench as wb
from tests.widgets.widget_tree import (
    HOSTILE,
    LONG,
    finished,
    hostile_case,
    loan_case,
    part,
    parts,
    press,
    said,
    send,
)
from widgets.graph.graph_canvas import (
    LIBRARY,
    GraphCanvas,
    draw_network,
    graph_legend,
    lay_out_nodes,
)
from widgets.graph.graph_editor import GraphEditor
from widgets.graph.graph_proposal import GraphProposals, differences
from widgets.graph.graph_roles import edge_weights, graph_roles, lit_edges
from widgets.parts.download_button import DownloadButton
from widgets.parts.file_picker import FilePicker
from widgets.parts.graph_text import read_graph, read_tiers
from widgets.parts.status_line import StatusLine
from widgets.session.session import AuditSession
from workbench.common.limits import GRAPH_LATENTS
from workbench.graph.picture.drawing import ROLES
from workbench.graph.proposal import GraphProposal, propose_graph

ZIP = wb.UnlearningTarget.feature("zip_code")


@pytest.fixture
def editor(session: AuditSession) -> GraphEditor:
    session.live_wanted = False
    editor = GraphEditor(session)
    session.open(loan_case(), live=False)
    return editor


def page_sends(widget: Any, content: object) -> None:
    """Play the page: a message as it comes from the browser."""
    widget._handle_custom_msg(content, [])


def wants(editor: GraphEditor, kind: str, **rest: object) -> StatusLine:
    page_sends(editor.canvas, {"kind": kind, **rest})
    return parts(editor, StatusLine)[0]


def graph_of(editor: GraphEditor) -> wb.CausalGraph:
    return editor.history._session.case.graph


def drawn(editor: GraphEditor) -> dict[tuple[str, str], dict[str, Any]]:
    return {(e["cause"], e["effect"]): e for e in editor.canvas.drawing["edges"]}


def nodes(editor: GraphEditor) -> dict[str, dict[str, Any]]:
    return {n["name"]: n for n in editor.canvas.drawing["nodes"]}


# ---- edits ---------------------------------------------------------------------------------


def test_an_arrow_is_drawn_turned_and_removed_by_what_the_canvas_sends(editor: GraphEditor) -> None:
    before = graph_of(editor)
    status = wants(editor, "add-edge", source="race", target="income")
    assert ("race", "income") in graph_of(editor).edges and ("race", "income") in drawn(editor)
    assert status.kind == "good" and "race → income" in status.text
    wants(editor, "reverse-edge", source="race", target="income")
    assert ("income", "race") in graph_of(editor).edges
    assert ("race", "income") not in drawn(editor)
    wants(editor, "remove-edge", source="income", target="race")
    assert graph_of(editor) == before
    again = wants(editor, "add-edge", source="zip_code", target="neighborhood_income")
    assert again.kind == "problem" and "already" in again.text


def test_a_reason_is_kept_with_its_arrow_and_in_the_file(editor: GraphEditor) -> None:
    arrow = {"source": "zip_code", "target": "neighborhood_income"}
    ends = ("zip_code", "neighborhood_income")
    assert wants(editor, "note-edge", **arrow, note="the <b>land register</b>").kind == "good"
    assert graph_of(editor).notes == {ends: "the <b>land register</b>"}
    assert "&lt;b&gt;land register" in said(editor) and "<b>land" not in said(editor)
    (saved,) = (w for w in parts(editor, DownloadButton) if "JSON" in w.label)
    assert wb.CausalGraph.from_json(saved._file[2]().decode()).notes == graph_of(editor).notes
    editor._opened("graph.json", saved._file[2]())
    assert graph_of(editor).notes, "a file brings its reasons"
    editor._table.choose(*ends)
    assert part(editor, W.Text, description="Why this arrow is there").value.startswith("the <b>")
    editor._table.choose("race", "zip_code")
    assert part(editor, W.Text, description="Why this arrow is there").value == ""
    for note in ("x" * 501, None, 3):
        assert wants(editor, "note-edge", **arrow, note=note).kind == "problem"
    gone = wants(editor, "note-edge", source="race", target="income", note="?")
    assert gone.kind == "problem" and "no edge" in gone.text
    wants(editor, "note-edge", **arrow, note="")
    assert graph_of(editor).notes == {}
    wants(editor, "undo")
    assert graph_of(editor).notes


def test_a_reason_stops_no_audit(editor: GraphEditor) -> None:
    editor._session.state = "running"
    arrow = {"source": "zip_code", "target": "neighborhood_income"}
    assert "when the audit has ended" in wants(editor, "note-edge", **arrow, note="?").text
    assert graph_of(editor).notes == {}
    editor._session.state = "idle"


def test_every_change_is_undone_and_done_again(editor: GraphEditor) -> None:
    graphs = [graph_of(editor)]
    assert not editor.canvas.drawing["undo"] and not editor.canvas.drawing["redo"]
    wants(editor, "add-edge", source="race", target="income")
    graphs.append(graph_of(editor))
    wants(editor, "add-latent", effects=["race"])
    graphs.append(graph_of(editor))
    for expected in (graphs[1], graphs[0]):
        assert editor.canvas.drawing["undo"]
        wants(editor, "undo")
        assert graph_of(editor) == expected
    assert not editor.canvas.drawing["undo"] and editor.canvas.drawing["redo"]
    assert wants(editor, "undo").text == "Undone."  # nothing left: nothing happens
    assert graph_of(editor) == graphs[0]
    for expected in (graphs[1], graphs[2]):
        wants(editor, "redo")
        assert graph_of(editor) == expected
    wants(editor, "undo")
    wants(editor, "remove-edge", source="race", target="zip_code")
    assert not editor.canvas.drawing["redo"]  # another way was taken


def test_an_edit_from_elsewhere_is_undone_too(editor: GraphEditor, session: AuditSession) -> None:
    before = session.case.graph
    session.edit_graph(before.add_edge("race", "income"))
    assert ("race", "income") in drawn(editor)
    wants(editor, "undo")
    assert session.case.graph == before
    session.edit_graph(before.add_edge("race", "income"))
    session.open(loan_case(), live=False)  # another table: nothing of the one before can return
    assert not editor.canvas.drawing["undo"]


def test_a_circle_is_refused_named_and_lit(editor: GraphEditor, session: AuditSession) -> None:
    before = session.case
    status = wants(editor, "add-edge", source="credit_score", target="zip_code")
    assert session.case is before
    assert status.kind == "problem"
    circle = "zip_code → neighborhood_income → credit_score → zip_code"
    assert circle in status.text
    alarm = editor.canvas.drawing["alarm"]
    assert [json.loads(edge) for edge in alarm["edges"]] == [
        ["zip_code", "neighborhood_income"],
        ["neighborhood_income", "credit_score"],
    ]
    assert [(e["from"], e["to"]) for e in alarm["refused"]] == [("credit_score", "zip_code")]
    turn = editor.canvas.drawing["turn"]
    wants(editor, "add-edge", source="credit_score", target="zip_code")
    assert editor.canvas.drawing["turn"] == turn + 1  # lit again when tried again
    wants(editor, "add-edge", source="race", target="income")
    assert editor.canvas.drawing["alarm"] is None
    wants(editor, "add-edge", source="race", target="race")
    assert ("race", "race") not in graph_of(editor).edges


def test_a_reversal_that_closes_a_circle_names_the_way_round(editor: GraphEditor) -> None:
    wants(editor, "add-edge", source="zip_code", target="credit_score")
    status = wants(editor, "reverse-edge", source="zip_code", target="credit_score")
    assert status.kind == "problem"
    assert "zip_code → neighborhood_income → credit_score → zip_code" in status.text
    assert ("zip_code", "credit_score") in graph_of(editor).edges


@pytest.mark.parametrize("kind", ["add-edge", "remove-edge", "reverse-edge"])
@pytest.mark.parametrize(
    ("source", "sink", "words"),
    [
        ("prediction", "race", "no arrow can leave it"),
        ("credit_score", "prediction", "the model reads credit_score"),
        ("race", "prediction", "the model does not read race"),
    ],
)
def test_what_the_model_reads_is_not_to_be_edited(
    editor: GraphEditor, kind: str, source: str, sink: str, words: str
) -> None:
    before = graph_of(editor)
    status = wants(editor, kind, source=source, target=sink)
    assert status.kind == "problem" and words in status.text
    assert graph_of(editor) is before


def test_hidden_causes_come_with_a_name_and_go(editor: GraphEditor) -> None:
    wants(editor, "add-latent", effects=["income", "race", "income", "prediction"])
    graph = graph_of(editor)
    assert graph.latents == ("hidden_cause",)
    assert set(graph.children("hidden_cause")) == {"income", "race"}
    assert nodes(editor)["hidden_cause"]["role"] == "latent"
    wants(editor, "add-latent")
    assert graph_of(editor).latents == ("hidden_cause", "hidden_cause_2")
    wants(editor, "remove-node", node="hidden_cause")
    assert "hidden_cause" not in graph_of(editor)
    stays = wants(editor, "remove-node", node="income")
    assert stays.kind == "problem" and "column of the data" in stays.text
    for name in ("income", "approved", "prediction", "", " ", "x" * 200, 7):
        assert wants(editor, "add-latent", name=name).kind == "problem", name
    for _ in range(GRAPH_LATENTS):
        wants(editor, "add-latent")
    assert len(graph_of(editor).latents) == GRAPH_LATENTS


@pytest.mark.parametrize(
    "content",
    [
        None,
        7,
        "add-edge",
        [],
        {},
        {"kind": 3},
        {"kind": "no such"},
        {"kind": "__init__"},
        {"kind": "add-edge"},
        {"kind": "add-edge", "source": ["race"], "target": {"a": 1}},
        {"kind": "add-edge", "source": "race", "target": "no column"},
        {"kind": "add-edge", "source": "x" * 10_000_000, "target": "race"},
        {"kind": "remove-edge", "source": "race", "target": "income"},
        {"kind": "remove-node", "node": None},
        {"kind": "add-latent", "effects": "race"},
        {"kind": "add-latent", "effects": [["race"]]},
        {"kind": "add-latent", "effects": ["race"] * 100_000},
        {"kind": "moved", "places": "race"},
        {"kind": "moved", "places": [["race"], 3, ["race", "a", "b"], [7, 1, 2], [["a"], 1, 2]]},
        {"kind": "moved", "places": [["no node", 1, 2], ["race", math.nan, 1], ["race", 1e99, 1]]},
        {"kind": "moved", "places": [["race", True, 1], ["race", 10**400, 1]]},
        {"kind": "select", "source": ["race"], "target": 3},
    ],
)
def test_nonsense_from_the_page_changes_nothing(editor: GraphEditor, content: object) -> None:
    before = graph_of(editor)
    page_sends(editor.canvas, content)
    assert graph_of(editor) is before
    assert editor.canvas.positions == {}
    assert len(said(editor)) < 20_000


# ---- positions -----------------------------------------------------------------------------


def test_a_box_stays_where_it_was_put(editor: GraphEditor) -> None:
    wants(editor, "moved", places=[["race", 12.34, -50]])
    assert editor.canvas.positions == {"race": [12.3, -50.0]}
    assert (nodes(editor)["race"]["x"], nodes(editor)["race"]["y"]) == (12.3, -50.0)
    wants(editor, "add-edge", source="race", target="income")
    wants(editor, "undo")
    assert (nodes(editor)["race"]["x"], nodes(editor)["race"]["y"]) == (12.3, -50.0)
    wants(editor, "tidy")
    assert editor.canvas.positions == {}
    assert nodes(editor)["race"]["x"] == round(
        lay_out_nodes(editor.history._session.case.audit_graph)["race"][0], 1
    )


def test_the_page_cannot_put_nonsense_into_the_positions() -> None:
    canvas = GraphCanvas(lambda _: None)
    for found in (3, "x", [1], {"a": 1}, {"a": [1, "b"]}, {"a": [math.inf, 1]}, {"a": [1, 2, 3]}):
        canvas.set_state({"positions": found})
        assert canvas.positions == {}
    canvas.set_state({"positions": {str(i): [i, i] for i in range(5_000)}})
    assert len(canvas.positions) == 1_000


def test_causes_stand_to_the_left_of_their_effects(editor: GraphEditor) -> None:
    place = nodes(editor)
    for cause, effect in drawn(editor):
        assert place[cause]["x"] < place[effect]["x"]


# ---- what is drawn -------------------------------------------------------------------------


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


# ---- the twin: table, menus, text ----------------------------------------------------------


def test_edges_are_edited_and_undone_without_a_mouse(
    editor: GraphEditor, session: AuditSession
) -> None:
    before = session.case.graph
    source = part(editor, W.Dropdown, description="From (cause)")
    sink = part(editor, W.Dropdown, description="To (effect)")
    assert (source.description, sink.description) == ("From (cause)", "To (effect)")
    source.value, sink.value = "race", "income"
    press(editor, "Add")
    assert ("race", "income") in session.case.graph.edges
    press(editor, "Reverse")
    assert ("income", "race") in session.case.graph.edges
    source.value, sink.value = "income", "race"
    press(editor, "Remove")
    assert session.case.graph == before
    for _ in range(3):
        wants(editor, "undo")
    assert session.case.graph == before and not editor.canvas.drawing["undo"]
    name = part(editor, W.Text, description="Name of a hidden cause")
    name.value = "upbringing"
    press(editor, "Add this hidden cause")
    assert session.case.graph.latents == ("upbringing",)
    press(editor, "Remove this hidden cause")
    assert session.case.graph == before


def test_what_is_selected_on_the_canvas_is_in_the_menus(editor: GraphEditor) -> None:
    wants(editor, "select", source="income", target="debt_ratio")
    source = part(editor, W.Dropdown, description="From (cause)")
    sink = part(editor, W.Dropdown, description="To (effect)")
    assert (source.value, sink.value) == ("income", "debt_ratio")


def test_the_text_replaces_the_graph(editor: GraphEditor, session: AuditSession) -> None:
    text = part(editor, W.Textarea)
    assert read_graph(text.value) == session.case.graph
    text.value = "dag { zip_code -> neighborhood_income }"
    press(editor, "Use this text")
    assert session.case.graph.edges == (("zip_code", "neighborhood_income"),)
    text.value = "dag { zip_code -> nowhere }"
    press(editor, "Use this text")
    status = parts(editor, StatusLine)[0]
    assert status.kind == "problem" and "nowhere" in status.text
    assert session.case.graph.edges == (("zip_code", "neighborhood_income"),)


@pytest.mark.parametrize(
    ("label", "read"),
    [
        ("Save as JSON", wb.CausalGraph.from_json),
        ("Save as DOT (Graphviz)", wb.CausalGraph.from_dot),
        ("Save as GML", wb.CausalGraph.from_gml),
        ("Save as DAGitty", wb.CausalGraph.from_dagitty),
    ],
)
def test_what_is_saved_is_opened_again(
    editor: GraphEditor, session: AuditSession, label: str, read: Any
) -> None:
    wants(editor, "add-latent", effects=["race"])
    kept = session.case.graph
    button = part(editor, DownloadButton, label=label)
    name, _, make = button._file
    saved = make()
    assert read(saved.decode()) == kept
    wants(editor, "undo")
    send(part(editor, FilePicker), saved, name)
    assert session.case.graph == kept


def test_files_that_are_no_graph_of_this_table_are_refused(
    editor: GraphEditor, session: AuditSession
) -> None:
    before, picker = session.case, part(editor, FilePicker)
    for content, name in (
        (b"\xff\xfe", "a.json"),
        (b"{}", "a.json"),
        (b'{"edges": [["a", "b"]]}', "a.json"),
        (b"digraph { a -> b; b -> a }", "a.dot"),
        (b"MZ", "a.exe"),
    ):
        send(picker, content, name)
        assert parts(editor, StatusLine)[0].kind == "problem", name
        assert session.case is before
    picture = part(editor, DownloadButton, label="Save as picture (SVG)")._file[2]()
    assert picture.startswith(b"<svg") and b"zip_code" in picture


# ---- proposals -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "tiers"),
    [
        ("", ()),
        ("a", (("a",),)),
        ("a, b < c", (("a", "b"), ("c",))),
        (' "x < y, z" , b<"say ""hi""" ', (("x < y, z", "b"), ('say "hi"',))),
    ],
)
def test_the_order_of_columns_is_read(text: str, tiers: object) -> None:
    assert read_tiers(text) == tiers


@pytest.mark.parametrize("text", ["<", "a <", "a,,b", '"a', "a < < b", ", a", "a" * 30_000])
def test_an_order_that_cannot_be_read_is_named(text: str) -> None:
    with pytest.raises(wb.GraphError):
        read_tiers(text)


def test_an_arrow_drawn_against_an_open_direction_is_no_difference() -> None:
    drawn_graph = wb.CausalGraph([("a", "b"), ("c", "d")])
    found = wb.CausalGraph([("b", "a"), ("d", "c")])
    left = differences(drawn_graph, GraphProposal(found, (("b", "a"),), "pc", 100, ()))
    assert [(d.change, d.source, d.sink) for d in left] == [("reverse", "c", "d")]
    assert left[0].applied(drawn_graph).edges == (("a", "b"), ("d", "c"))


def proposed(editor: GraphEditor, order: str = "", method: str = "pc") -> GraphProposals:
    panel = part(editor, GraphProposals)
    part(panel, W.Dropdown, description="Method").value = method
    part(panel, W.Text).value = order
    press(panel, "Propose arrows")
    assert panel.wait(LONG)
    return panel


def test_a_proposal_is_accepted_and_rejected_arrow_by_arrow(
    editor: GraphEditor, session: AuditSession
) -> None:
    session.edit_graph(wb.CausalGraph([("race", "debt_ratio")], nodes=session.case.features))
    before = session.case.graph
    panel = proposed(editor, "race, employment_years < zip_code, income")
    same = propose_graph(
        session.case.data[list(session.case.features)],
        tiers=[["race", "employment_years"], ["zip_code", "income"]],
    )
    assert session.case.graph is before  # nothing is drawn before it is accepted
    every = differences(before, same)
    boxes = {box.description: box for box in parts(panel, W.Checkbox)}
    assert set(boxes) == {difference.words() for difference in every}
    adds = [d for d in every if d.change == "add"]
    assert len(adds) >= 3 and any(d.undecided for d in adds)
    assert any("do not tell which way" in words for words in boxes)

    boxes[adds[0].words()].value = True
    press(panel, "Accept ticked")
    assert (adds[0].source, adds[0].sink) in session.case.graph.edges
    left = {box.description: box for box in parts(panel, W.Checkbox)}
    assert set(left) == set(boxes) - {adds[0].words()}
    left[adds[1].words()].value = True
    press(panel, "Reject ticked")
    assert (adds[1].source, adds[1].sink) not in session.case.graph.edges
    assert adds[1].words() not in {box.description for box in parts(panel, W.Checkbox)}
    press(panel, "Accept all")
    wanted = {(d.source, d.sink) for d in (adds[0], *adds[2:])}
    assert wanted <= set(session.case.graph.edges)
    assert ("race", "debt_ratio") not in session.case.graph.edges
    assert (adds[1].source, adds[1].sink) not in session.case.graph.edges
    assert not parts(panel, W.Checkbox)
    wants(editor, "undo")
    wants(editor, "undo")
    assert session.case.graph == before
    assert parts(panel, W.Checkbox)  # what was undone differs again


def test_an_accepted_arrow_that_closes_a_circle_stays_in_the_list(
    editor: GraphEditor, session: AuditSession
) -> None:
    panel = part(editor, GraphProposals)
    graph = wb.CausalGraph([("credit_score", "zip_code"), ("race", "income")])
    panel._found(GraphProposal(graph, (), "pc", 300, ()))
    press(panel, "Accept all")
    assert ("race", "income") in session.case.graph.edges
    assert ("credit_score", "zip_code") not in session.case.graph.edges
    status = part(panel, StatusLine)
    assert status.kind == "problem" and "neighborhood_income" in status.text
    assert "credit_score → zip_code" in {box.description for box in parts(panel, W.Checkbox)}


@pytest.mark.parametrize(
    ("order", "method", "words"),
    [
        ("race < nothing", "pc", "nothing"),
        ("race < approved", "pc", "recorded outcome"),
        ("race <", "pc", "cannot be read"),
        ("", "lingam", "LiNGAM needs numbers"),
    ],
)
def test_a_proposal_that_cannot_be_made_says_why(
    editor: GraphEditor, order: str, method: str, words: str
) -> None:
    panel = proposed(editor, order, method)
    status = part(panel, StatusLine)
    assert status.kind == "problem" and words in status.text
    assert not part(panel, W.Button, description="Propose arrows").disabled


def test_lingam_proposes_on_numbers(session: AuditSession) -> None:
    rng = np.random.default_rng(4)
    frame = pd.DataFrame({"a": rng.uniform(size=400)})
    frame["b"] = 2 * frame["a"] + rng.uniform(size=400)
    model = wb.BlackBoxModel(lambda rows: rows["b"].to_numpy(), features=["b"])
    editor = GraphEditor(session)
    session.open(wb.AuditCase(data=frame, model=model, graph=wb.CausalGraph(nodes=["a", "b"])))
    panel = proposed(editor, method="lingam")
    assert [box.description for box in parts(panel, W.Checkbox)] == ["a → b"]


def test_a_cancelled_proposal_and_one_for_another_table_are_dropped(
    editor: GraphEditor, session: AuditSession
) -> None:
    panel = part(editor, GraphProposals)
    for end in (
        lambda: press(panel, "Cancel the proposal"),
        lambda: session.open(loan_case(), live=False),
    ):
        with session.lock:  # the search cannot report before the lock is free
            press(panel, "Propose arrows")
            assert part(panel, W.Button, description="Propose arrows").disabled
            end()
        assert panel.wait(LONG)
        assert not parts(panel, W.Checkbox)
        assert not part(panel, W.Button, description="Propose arrows").disabled


def test_what_is_adjusted_for_is_told_while_arrows_are_drawn(
    editor: GraphEditor, session: AuditSession
) -> None:
    session.target = ZIP
    assert "alike in employment_years: not needed, but more precise" in said(editor)
    # Race is drawn as a cause of both, by way of the zip code.
    assert "nothing drawn causes zip_code and, by another way, the prediction" in said(editor)
    wants(editor, "add-edge", source="race", target="credit_score")
    assert "rows that are alike in race and employment_years. Alike in race would do" in said(
        editor
    )
    wants(editor, "add-latent", name="luck", effects=["zip_code", "neighborhood_income"])
    assert "cannot be estimated by regression" in said(editor) and "&#x27;luck&#x27;" in said(
        editor
    )
    wants(editor, "undo")
    assert "alike in race" in said(editor)


def test_the_graph_is_a_list_of_arrows_too(editor: GraphEditor, session: AuditSession) -> None:
    session.target = ZIP
    (found,) = [w for w in parts(editor, W.HTML) if "wb-arrow-list" in w._dom_classes]
    graph = session.case.audit_graph
    lit = lit_edges(session.case, ZIP)
    said = Counter[tuple[str, str]]()
    for line in re.findall("<li>(.*?)</li>", found.value):
        arrow = "⇒" if "⇒" in line else "→"
        causes, effects = (part.split(", ") for part in line.split(f" {arrow} "))
        for edge in itertools.product(causes, effects):
            said[edge] += 1
            assert (arrow == "⇒") == (edge in lit), edge
    assert said == Counter(graph.edges) and lit
    assert "“⇒” is on a way from the target" in found.value
    session.open(hostile_case(), live=False)
    assert HOSTILE not in found.value and "&lt;img" in found.value


def test_a_graph_alone_is_edited_and_read_back() -> None:
    start = wb.CausalGraph([("zip", "income"), ("zip", "school")], latents=["zip"])
    editor = GraphEditor(start)
    assert editor.graph is start and set(nodes(editor)) == {"zip", "income", "school"}
    assert nodes(editor)["income"]["role"] == "other" and "prediction" not in said(editor)
    assert not parts(editor, GraphProposals), "there are no data to propose from"
    wants(editor, "add-edge", source="income", target="school")
    assert ("income", "school") in editor.graph.edges and ("income", "school") in drawn(editor)
    assert "circle" in wants(editor, "add-edge", source="school", target="income").text
    wants(editor, "undo")
    assert editor.graph.edges == start.edges == (("zip", "income"), ("zip", "school"))
    page_sends(editor.canvas, {"kind": "add-edge", "source": "prediction", "target": "income"})
    assert editor.graph.edges == start.edges
    assert "zip causes income; zip causes school" in editor.static_html()
