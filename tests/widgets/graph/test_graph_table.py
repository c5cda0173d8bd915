"""The graph without a mouse: its table, menus, text and files."""

from __future__ import annotations

import itertools
import re
from collections import Counter
from typing import Any

import ipywidgets as W
import pytest

import workbench as wb
from tests.widgets.graph.canvas_messages import drawn, nodes, page_sends, wants
from tests.widgets.widget_tree import HOSTILE, hostile_case, part, parts, press, said, send
from widgets.graph.graph_editor import GraphEditor
from widgets.graph.graph_proposal import GraphProposals
from widgets.graph.graph_roles import lit_edges
from widgets.parts.download_button import DownloadButton
from widgets.parts.file_picker import FilePicker
from widgets.parts.graph_text import read_graph
from widgets.parts.status_line import StatusLine
from widgets.session.session import AuditSession

ZIP = wb.UnlearningTarget.feature("zip_code")


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
