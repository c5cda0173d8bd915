"""What a tab remembers, and when: before the page says "ready", and back in any order of events."""

from __future__ import annotations

from dataclasses import replace

import pytest

import workbench as wb
from tests.widgets.widget_tree import LONG, finished, loan_case, part, said
from widgets.loading import loader
from widgets.loading.loader import DataModelLoader
from widgets.loading.sources import Table, sample_table
from widgets.pages.app import Workbench
from widgets.parts.tab_memory import TabMemory
from widgets.session.session import AuditSettings
from workbench.common.progress import Progress


def page_of(start: str | wb.AuditCase) -> Workbench:
    page = Workbench(start)
    page.session.settings = AuditSettings(methods=("cafe",), threshold=0.02)
    return page


def kept_by(page: Workbench, monkeypatch: pytest.MonkeyPatch) -> str:
    """Audit, and return what the tab keeps; it does so before the page says that it is done."""
    kept: list[tuple[str, str]] = []
    monkeypatch.setattr(
        part(page, TabMemory), "keep", lambda text: kept.append((page.session.state, text))
    )
    page.session.target = wb.UnlearningTarget.feature("zip_code")
    finished(page.session)
    assert page.session.state == "done"
    assert any(state == "running" and '"runs": [{' in text for state, text in kept)
    return kept[-1][1]


def speak(page: Workbench, text: str) -> None:
    memory = part(page, TabMemory)
    memory._heard(memory, {"kind": "found", "text": text}, [])


def came_back(page: Workbench) -> None:
    session = page.session
    assert session.wait(LONG)
    assert (session.state, len(session.history), session.stale) == ("done", 1, ())
    assert session.report is not None and session.report.verdict is not None
    assert "is back, with 1 result" in said(page)


def test_a_result_comes_back_also_where_a_run_has_just_begun(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    case = loan_case()
    text = kept_by(page_of(case), monkeypatch)
    page = page_of(case)
    page.session.target = wb.UnlearningTarget.feature("race")
    page.session.run()
    speak(page, text)
    came_back(page)
    speak(page, text)
    came_back(page)  # a tab speaks once


def test_a_result_comes_back_while_its_table_is_being_loaded(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def few(key: str, progress: Progress) -> Table:
        table = sample_table(key, progress)
        return replace(table, data=table.data.head(300))

    monkeypatch.setattr(loader, "sample_table", few)
    first = page_of("loan")
    assert part(first, DataModelLoader).wait(LONG)
    text = kept_by(first, monkeypatch)
    again = page_of("loan")
    speak(again, text)
    assert part(again, DataModelLoader).wait(LONG)
    came_back(again)
