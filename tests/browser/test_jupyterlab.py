"""What only a notebook can show: a case of one's own, keys that are Jupyter's, what is saved."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser import served_pages
from tests.browser.accessibility import faults
from tests.browser.graph_canvas import canvas, drag, drawn_edges, places_of, settled, shows
from tests.browser.served_pages import LONG, Site, command, ready, run, run_cell, tab_to, without

nbformat = pytest.importorskip("nbformat")
nbconvert = pytest.importorskip("nbconvert")

pytestmark = pytest.mark.browser

OURS = ".jp-OutputArea-output"
"""The notebook's output: its frame is not ours to mend."""
COUNT = "() => window.jupyterapp.shell.currentWidget.content.widgets.length"
POSITIONS = "(canvas) => canvas.network.getPositions()"
SAID = ".wb-graph-editor .wb-status"


@pytest.fixture(scope="module")
def site(lab_site: Site) -> Site:
    return lab_site


def test_letters_over_the_canvas_leave_the_cells_alone(page: Page) -> None:
    ready(page)
    assert faults(page, OURS) == []
    command(page, "notebook:insert-cell-below")
    command(page, "notebook:enter-command-mode")
    assert page.evaluate(COUNT) == 2
    page.locator(".wb-canvas").scroll_into_view_if_needed()
    found = canvas(page).bounding_box()
    assert found is not None
    page.mouse.click(found["x"] + 15, found["y"] + 15)
    for keys in ("dd", "b", "x", "0", "0"):
        page.keyboard.type(keys, delay=60)
    page.wait_for_timeout(500)
    assert page.evaluate(COUNT) == 2
    page.get_by_role("button", name="Draw an arrow").focus()
    page.keyboard.type("dd", delay=60)
    page.wait_for_timeout(500)
    assert page.evaluate(COUNT) == 2
    # The same letters with a cell selected do delete it: the test above can fail.
    page.evaluate(
        """() => {
            const {content} = window.jupyterapp.shell.currentWidget;
            content.activeCellIndex = 1;
            content.node.focus();
        }"""
    )
    command(page, "notebook:enter-command-mode")
    page.keyboard.type("dd", delay=60)
    page.wait_for_function(f"{COUNT.removeprefix('() => ')} === 1")


def of_the_auditor(page: Page) -> set[tuple[str, str]]:
    return {(u, v) for u, v in drawn_edges(page) if v not in ("prediction", "approved")}


def test_the_graph_is_edited_by_keyboard_alone(page: Page) -> None:
    ready(page)
    canvas(page)
    keys = page.keyboard
    page.get_by_role("checkbox", name="zip_code").focus()
    tab_to(page, "Read the arrows as a table", back=True)
    keys.press("Enter")
    expect(page.get_by_role("combobox", name="From (cause)")).to_be_visible()
    for label, name in (("From (cause)", "race"), ("To (effect)", "income")):
        tab_to(page, label)
        keys.type(name)
    tab_to(page, "Add", exact=True)
    keys.press("Enter")
    expect(page.locator(SAID).first).to_contain_text("Added: race → income")
    expect(page.get_by_role("row", name="race income")).to_be_visible()
    tab_to(page, "From (cause)", back=True)
    keys.type("credit_score")
    tab_to(page, "To (effect)")
    keys.type("zip_code")
    tab_to(page, "Add", exact=True)
    keys.press("Enter")
    problem = page.locator(f"{SAID}[data-kind=problem]")
    expect(problem).to_contain_text("zip_code → neighborhood_income → credit_score → zip_code")
    keys.press("Control+z")
    expect(page.locator(SAID).first).to_contain_text("Undone")
    expect(page.get_by_role("row", name="race income")).to_have_count(0)

    tab_to(page, "The same graph as DAGitty text")
    keys.press("Control+a")
    keys.type("zip_code -> neighborhood_income -> credit_score\nrace -> zip_code\nincome")
    tab_to(page, "Use this text")
    keys.press("Enter")
    expect(page.locator(SAID).first).to_contain_text("The graph of the text is in use")
    of_the_text = [
        ("zip_code", "neighborhood_income"),
        ("neighborhood_income", "credit_score"),
        ("race", "zip_code"),
    ]
    shows(page, of_the_text, but=("prediction", "approved"))
    tab_to(page, "The same graph as DAGitty text", back=True)
    keys.press("Control+a")
    keys.type("a -> b -> a")
    tab_to(page, "Use this text")
    keys.press("Enter")
    expect(problem).to_contain_text("a → b → a")
    assert len(of_the_auditor(page)) == 3


def test_places_of_boxes_survive_a_reload_of_the_page(page: Page) -> None:
    ready(page)
    before = canvas(page).evaluate(POSITIONS)
    ((x, y),) = places_of(page, "race")
    drag(page, (x, y), (x + 20, y + 60))
    page.wait_for_function(
        """(before) => {
            const now = document.querySelector('.wb-canvas').network.getPositions();
            return Math.abs(now.race.y - before.race.y) > 20;
        }""",
        arg=before,
    )
    settled(page)
    moved = canvas(page).evaluate(POSITIONS)
    command(page, "docmanager:save")
    page.reload()
    expect(page.locator(".wb-canvas")).to_be_visible(timeout=LONG)
    again = canvas(page).evaluate(POSITIONS)
    for node, place in moved.items():
        assert again[node]["x"] == pytest.approx(place["x"], abs=1.5), node
        assert again[node]["y"] == pytest.approx(place["y"], abs=1.5), node


# ---- a case of one's own --------------------------------------------------------------------

OWN = (
    """
import numpy as np
import pandas as pd
import workbench as wb
from widgets.graph.graph_editor import GraphEditor
from widgets.pages.app import Workbench
from widgets.results.outline_view import EffectsView

rng = np.random.default_rng(3)
data = pd.DataFrame({"age": rng.normal(40, 9, 600), "noise": rng.normal(size=600)})
data["savings"] = 2 * data["age"] + rng.normal(0, 5, 600)
data["score"] = data["savings"] + rng.normal(size=600)
model = wb.BlackBoxModel(lambda rows: rows["savings"].to_numpy() / 10, features=["savings"])
graph = wb.CausalGraph([("age", "savings"), ("savings", "score")], nodes=["noise"])
case = wb.AuditCase(data=data, model=model, graph=graph, outcome="score")
app = Workbench(case)
app
""",
    "editor = GraphEditor(graph)\neditor",
    'print(app.session.report.verdict.headline, *editor.graph.edges, sep="\\n")',
    "EffectsView(app.session.report)",
)


def test_a_case_of_one_s_own_in_a_cell_and_what_is_saved_of_it(
    browser: Browser, lab_site: Site, tmp_path: Path
) -> None:
    assert lab_site.folder is not None
    notebook = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(code.strip()) for code in OWN]
    )
    notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3"}
    file = lab_site.folder / "own.ipynb"
    nbformat.write(notebook, file)
    with served_pages.watched(browser, lab_site) as view:
        page = view.open("own.ipynb", cells=[0])
        page.get_by_role("checkbox", name="age").check(timeout=LONG)
        without(page)
        headline = run(page).locator(".wb-title").inner_text()
        assert "age" in headline

        run_cell(page, 1)
        editor = page.locator(".wb-graph-editor").last
        editor.get_by_role("button", name="Read the arrows as a table").click()
        editor.get_by_label("From (cause)").select_option("noise")
        editor.get_by_label("To (effect)").select_option("score")
        editor.get_by_role("button", name="Add", exact=True).click()
        expect(editor.get_by_text("Added: noise → score").first).to_be_visible()
        said = "".join(output["text"] for output in run_cell(page, 2))
        assert said.splitlines()[0] == headline, "Python reads what the page has found"
        assert "('noise', 'score')" in said, "and the graph that was drawn"
        run_cell(page, 3)
        command(page, "docmanager:save")
        view.checked()
    saved = nbformat.read(file, 4)
    drawn, effects = (cell.outputs[-1].data for cell in (saved.cells[1], saved.cells[3]))
    for data in (drawn, effects):
        assert "<script" not in data["text/html"]
    assert "<svg" in drawn["text/html"] and "mean size" in effects["text/html"]

    # What GitHub and nbviewer do: drop the widgets, show the HTML, run no script.
    for cell in saved.cells:
        for output in cell.outputs:
            if "data" in output:
                output["data"] = {
                    kind: content
                    for kind, content in output["data"].items()
                    if kind in ("text/html", "text/plain")
                }
    text, _ = nbconvert.HTMLExporter(template_name="basic").from_notebook_node(saved)
    shown = tmp_path / "saved.html"
    shown.write_text(f"<!doctype html><meta charset='utf-8'>{text}", encoding="utf-8")
    desk = browser.new_context(java_script_enabled=False, offline=True)
    page = desk.new_page()
    page.goto(shown.as_uri())
    page.screenshot(path=tmp_path / "saved.png", full_page=True)
    picture = page.locator("svg").first
    assert "savings" in (picture.text_content() or "")
    assert picture.bounding_box()["width"] > 300  # type: ignore[index]
    expect(page.get_by_role("table").filter(has_text="mean size").first).to_contain_text("age")
    expect(page.get_by_text(headline).first).to_be_visible()
    desk.close()
