"""Edits of the graph: what the canvas sends is done, undone or refused; boxes stay where put."""

from __future__ import annotations

import json
import math

import ipywidgets as W
import pytest

import workbench as wb
from tests.widgets.graph.canvas_messages import drawn, graph_of, nodes, page_sends, wants
from tests.widgets.widget_tree import loan_case, part, parts, said
from widgets.graph.graph_canvas import GraphCanvas, lay_out_nodes
from widgets.graph.graph_editor import GraphEditor
from widgets.parts.download_button import DownloadButton
from widgets.session.session import AuditSession
from workbench.common.limits import GRAPH_LATENTS

# ---- edits ----------------------------------------------------------------------------------


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


# ---- positions ------------------------------------------------------------------------------


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
