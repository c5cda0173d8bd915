"""A notebook that was run and saved shows tables and the graph where there are no widgets."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.browser.served_pages import environment

nbformat = pytest.importorskip("nbformat")
nbclient = pytest.importorskip("nbclient")
nbconvert = pytest.importorskip("nbconvert")

pytestmark = pytest.mark.browser

CELLS = (
    """
import workbench as wb
from widgets.results.outline_view import EffectsView
from widgets.graph.graph_editor import GraphEditor
from widgets.session.session import AuditSession
from workbench.models.trained_here import train_model
world = wb.datasets.loan(n=600)
model = train_model(world.data, world.features, world.outcome, "logistic")
case = wb.AuditCase(data=world.data, model=model, graph=world.graph, outcome=world.outcome)
session = AuditSession()
session.open(case, live=False)
session.target = wb.UnlearningTarget.feature("zip_code")
session.settings = type(session.settings)(methods=("cafe", "fuzzing"))
session.run()
done = session.wait(120)
print(done, session.report.effects.entries[0].total.value)
""",
    "GraphEditor(session)",
    "EffectsView(session)",
)


def test_tables_and_the_graph_are_there_without_widgets(
    browser: Browser, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", environment()["PYTHONPATH"])
    cells = [nbformat.v4.new_code_cell(code.strip()) for code in CELLS]
    notebook = nbformat.v4.new_notebook(cells=cells)
    notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3"}
    nbclient.NotebookClient(notebook, timeout=240).execute()
    said, graph, effects = (cell.outputs for cell in notebook.cells)
    done, total = said[0].text.split()
    assert done == "True"
    saved = [output.data for outputs in (graph, effects) for output in outputs if "data" in output]
    for data in saved:
        assert "<script" not in data["text/html"]
    assert "<svg" in saved[0]["text/html"]

    # What GitHub and nbviewer do: drop the widgets, show the HTML, run no script.
    for cell in notebook.cells:
        for output in cell.outputs:
            if "data" in output:
                output["data"] = {
                    kind: content
                    for kind, content in output["data"].items()
                    if kind in ("text/html", "text/plain")
                }
    text, _ = nbconvert.HTMLExporter(template_name="basic").from_notebook_node(notebook)
    file = tmp_path / "saved.html"
    file.write_text(f"<!doctype html><meta charset='utf-8'>{text}", encoding="utf-8")
    desk = browser.new_context(java_script_enabled=False, offline=True)
    page = desk.new_page()
    page.goto(file.as_uri())
    page.screenshot(path=tmp_path / "saved.png", full_page=True)
    drawn = page.locator("svg").first
    assert "zip_code" in drawn.text_content()  # type: ignore[operator]
    assert drawn.bounding_box()["width"] > 300  # type: ignore[index]
    table = page.locator("table", has_text="mean size").first.inner_text()
    assert f"{float(total):+.3f}" in table
    desk.close()
