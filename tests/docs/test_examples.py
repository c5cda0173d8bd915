"""The documentation's Python runs, page by page, as a reader would run it.

What belongs into a configuration of another program is fenced as ``py`` and does not run.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import workbench as wb

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs" / "how_to").glob("*.md"))]
PYTHON = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def examples(page: Path) -> list[str]:
    return PYTHON.findall(page.read_text("utf-8"))


@pytest.mark.parametrize("page", [p for p in PAGES if examples(p)], ids=lambda page: page.stem)
def test_the_examples_of_a_page_run_one_after_another(
    page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {}
    for example in examples(page):
        exec(compile(example, str(page), "exec"), names)


def test_there_are_pages_with_examples() -> None:
    assert sum(bool(examples(page)) for page in PAGES) >= 4


def test_the_reference_lists_every_public_name() -> None:
    text = (ROOT / "docs" / "reference" / "index.md").read_text("utf-8")
    listed = {line.strip().rpartition(".")[2] for line in text.splitlines()}
    rooms = (wb, wb.evidence, wb.unlearning, wb.datasets)
    public = {
        name
        for room in rooms
        for name in room.__all__
        if callable(getattr(room, name)) and isinstance(getattr(room, name).__module__, str)
    }
    kinds = {"Kind", "Removal", "Deployed", "Method"}  # unions and protocols, said where they occur
    assert public - listed - kinds == set()
