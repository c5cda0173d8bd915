"""Notebooks run from top to bottom, tell a story with public names only, and read well stored."""

from __future__ import annotations

import os
import re
import time
from pathlib import Path
from typing import Any

import pytest

nbformat = pytest.importorskip("nbformat")
nbclient = pytest.importorskip("nbclient")

pytestmark = pytest.mark.notebooks

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "notebooks"
STORIES = sorted(path.name for path in FOLDER.glob("[0-9]*.ipynb"))
PAGES = ("dashboard.ipynb", "legal_review.ipynb")
TEACHING = "teaching.ipynb"
ALL = sorted(path.name for path in FOLDER.glob("*.ipynb"))
TOLD = (
    "02_heart_disease.ipynb",
    "03_subgroups_and_cancellation.ipynb",
    "04_when_the_graph_is_wrong.ipynb",
    "06_right_to_be_forgotten.ipynb",
    "07_unlearning_methods_compared.ipynb",
)
ASKED = "> **Before you read on:**"
SECONDS = 120
TYPED = {"1.1", "2025", "12", "17", "2023"}
"""Numbers that prose may hold: the paper's example and its year, and where the laws say erasure."""


def stored(name: str) -> Any:
    return nbformat.read(FOLDER / name, as_version=4)


def code_cells(notebook: Any) -> list[Any]:
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def run(name: str, monkeypatch: pytest.MonkeyPatch) -> Any:
    notebook = stored(name)
    for cell in code_cells(notebook):
        cell.outputs, cell.execution_count = [], None
    path = os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))
    monkeypatch.setenv("PYTHONPATH", path)
    client = nbclient.NotebookClient(
        notebook, timeout=2 * SECONDS, resources={"metadata": {"path": str(FOLDER)}}
    )
    return client.execute()


def texts(notebook: Any) -> list[str]:
    """What each cell prints; a kernel may send it in several pieces."""
    printed = [
        "".join(o.text for o in cell.outputs if o.output_type == "stream")
        for cell in code_cells(notebook)
    ]
    return [text for text in printed if text]


def tables(notebook: Any) -> list[str]:
    """What each cell shows as a table or a drawing."""
    return [
        data["text/plain"] if "text/html" in data else data["image/svg+xml"]
        for cell in code_cells(notebook)
        for data in (output.data for output in cell.outputs if "data" in output)
    ]


def test_the_first_notebooks_are_there() -> None:
    assert {"01_first_audit.ipynb", *TOLD, *PAGES, TEACHING} <= set(ALL)


@pytest.mark.slow
@pytest.mark.parametrize("name", STORIES)
def test_a_story_runs_in_time_and_prints_what_is_stored(
    name: str, shared_data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CAFE_WORKBENCH_DATA", str(shared_data))
    started = time.monotonic()
    fresh = run(name, monkeypatch)
    assert time.monotonic() - started < SECONDS
    assert texts(fresh) == texts(stored(name)), "run `make notebooks` and store the result"
    if name in TOLD:
        assert tables(fresh) == tables(stored(name)), "run `make notebooks` and store the result"


@pytest.mark.parametrize("name", TOLD)
def test_a_story_asks_before_it_answers(name: str) -> None:
    cells = stored(name).cells
    asking = [place for place, cell in enumerate(cells) if ASKED in cell.source]
    assert len(asking) >= 5
    for place in asking:
        assert cells[place + 1].cell_type == "code" and cells[place + 1].outputs
        answer = next(c for c in cells[place + 1 :] if c.cell_type == "markdown")
        assert not answer.source.startswith(("#", ">")), "an answer is discussed first"
    assert "## Try it yourself" in cells[-1].source
    prose = " ".join(cell.source for cell in cells if cell.cell_type == "markdown")
    assert not re.search(r"\b(proves?|proved|proven|guarantee[sd]?)\b", prose)


@pytest.mark.parametrize("name", STORIES)
def test_stored_outputs_can_be_read_without_widgets_and_scripts(name: str) -> None:
    outputs = [output for cell in code_cells(stored(name)) for output in cell.outputs]
    assert len(outputs) >= 5
    for output in outputs:
        assert output.output_type in ("stream", "execute_result", "display_data")
        assert output.get("name") != "stderr", output.text
        if output.output_type == "stream":
            continue
        kinds = set(output.data)
        assert kinds & {"text/html", "image/svg+xml"}, kinds
        assert not [kind for kind in kinds if "widget" in kind or "plotly" in kind]
        assert "<script" not in output.data.get("text/html", "")


@pytest.mark.parametrize("name", ALL)
def test_notebooks_hold_no_path_of_a_machine(name: str) -> None:
    text = (FOLDER / name).read_text("utf-8")
    found = re.findall(r"/(?:home|Users|work|tmp|root)/\S+|[A-Z]:\\\\", text)
    assert found == []


@pytest.mark.parametrize("name", ALL)
def test_notebooks_use_public_names_and_hold_no_logic(name: str) -> None:
    for cell in code_cells(stored(name)):
        assert not re.search(r"(?<![\w)])_\w|\._\w", cell.source), cell.source
        assert not re.search(r"^\s*(def|class|while|if|try)\b", cell.source, re.M), cell.source


@pytest.mark.parametrize("name", [*STORIES, TEACHING])
def test_no_number_in_the_prose_is_typed_by_hand(name: str) -> None:
    prose = "\n".join(c.source for c in stored(name).cells if c.cell_type == "markdown")
    prose = re.sub(r"```.*?```|`[^`]*`|\]\([^)]*\)", "", prose, flags=re.S)
    assert set(re.findall(r"\d+[.,]\d+|\d{2,}|\d+ ?%", prose)) <= TYPED


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_a_few_lines_stored_without_output(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    notebook = stored(name)
    cells = code_cells(notebook)
    assert sum(len(cell.source.splitlines()) for cell in cells) <= 5
    assert all(not cell.outputs for cell in cells)
    fresh = run(name, monkeypatch)
    kinds = {kind for cell in code_cells(fresh) for o in cell.outputs for kind in o.get("data", ())}
    assert "application/vnd.jupyter.widget-view+json" in kinds
    assert texts(fresh) == []


def teaching_walk(notebook: Any) -> dict[str, Any]:
    """What the one cell of the teaching notebook shows."""
    (output,) = (output for cell in code_cells(notebook) for output in cell.outputs)
    data: dict[str, Any] = output.data
    return data


def test_the_teaching_notebook_can_be_read_without_widgets_and_scripts() -> None:
    data = teaching_walk(stored(TEACHING))
    assert set(data) == {"text/html", "text/plain"}
    html = data["text/html"]
    assert "<script" not in html and html.count("<svg") >= 2 and html.count("<details>") >= 5
    assert "widgets" not in stored(TEACHING).metadata


@pytest.mark.slow
def test_the_stored_walk_is_what_is_measured_now(monkeypatch: pytest.MonkeyPatch) -> None:
    fresh = teaching_walk(run(TEACHING, monkeypatch))
    assert "application/vnd.jupyter.widget-view+json" in fresh
    kept = teaching_walk(stored(TEACHING))
    assert fresh["text/html"] == kept["text/html"], "run `make notebooks` and store the result"
