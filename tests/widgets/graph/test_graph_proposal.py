"""Proposed graphs: accepted and rejected arrow by arrow, dropped when they are of another table."""

from __future__ import annotations

import ipywidgets as W
import numpy as np
import pandas as pd
import pytest

import workbench as wb
from tests.widgets.graph.canvas_messages import wants
from tests.widgets.widget_tree import LONG, loan_case, part, parts, press
from widgets.graph.graph_editor import GraphEditor
from widgets.graph.graph_proposal import GraphProposals, differences
from widgets.parts.graph_text import read_tiers
from widgets.parts.status_line import StatusLine
from widgets.session.session import AuditSession
from workbench.graph.proposal import GraphProposal, propose_graph


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
