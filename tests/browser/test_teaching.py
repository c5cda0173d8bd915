"""The lessons: alone on a page of their own, and as a class with its teacher."""

from __future__ import annotations

import csv
import subprocess
import sys
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser import served_pages
from tests.browser.accessibility import faults_everywhere
from tests.browser.served_pages import LONG, ROOT, Site, environment

pytestmark = pytest.mark.browser

CLASS = """
from pathlib import Path
from widgets.lessons.lessons import LESSONS
from widgets.serving.classroom.server import serve_class
serve_class(LESSONS[:1], 2, answers=Path({answers!r}), port=0, open_browser=False)
"""
"""The first lesson only: to measure one takes seconds."""


def answered(page: Page) -> None:
    """Expect the first answer of the question that is open, and look."""
    page.get_by_role("radio", disabled=False).first.check()
    page.get_by_role("button", name="Show what is measured").first.click()


def test_alone(browser: Browser) -> None:
    with (
        served_pages.voila("teaching") as site,
        served_pages.watched(browser, site) as view,
    ):
        page = view.open()
        expect(page.get_by_role("radio").first).to_be_visible(timeout=LONG)
        answered(page)
        expect(page.locator(".wb-told").first).to_contain_text("SHAP", timeout=LONG)
        assert faults_everywhere(page) == []
        view.checked()


def test_a_class_answers_and_its_teacher_counts(browser: Browser, tmp_path: Path) -> None:
    answers = tmp_path / "answers.csv"
    with subprocess.Popen(
        [sys.executable, "-c", CLASS.format(answers=str(answers))],
        cwd=ROOT,
        env=environment(),
        stdout=subprocess.PIPE,
        text=True,
    ) as server:
        try:
            assert server.stdout is not None
            lines = (line.strip() for line in server.stdout)
            for_class, for_teacher = (next(x for x in lines if "?token=" in x) for _ in range(2))
            with (
                served_pages.watched(browser, Site("voila", for_class)) as first,
                served_pages.watched(browser, Site("voila", for_class)) as second,
                served_pages.watched(browser, Site("voila", for_teacher)) as teacher,
            ):
                for view, choice in ((first, 0), (second, 1)):
                    page = view.open()
                    assert "token" not in page.url, "the address can be shown to a class"
                    assert faults_everywhere(page) == [] if view is first else True
                    page.get_by_role("link", name="Has the model").first.click()
                    page.get_by_role("radio").nth(choice).check()
                    page.get_by_role("button", name="Show what is measured").click()
                    expect(page.locator(".wb-status").first).to_contain_text("SHAP")
                assert faults_everywhere(first.page) == []
                counted = teacher.open()
                row = counted.get_by_role("row", name="Exactly zero")
                expect(row).to_contain_text("1")
                expect(row).to_contain_text("50 %")
                assert "(measured)" not in counted.locator("body").inner_text()
                assert faults_everywhere(counted) == []
                counted.get_by_role("link", name="Mark what is measured").click()
                expect(counted.get_by_text("Exactly zero (measured)")).to_be_visible()
                with counted.expect_download() as download:
                    counted.get_by_role("link", name="Take the answers (CSV)").click()
                with open(download.value.path(), encoding="utf-8", newline="") as taken:
                    assert len(list(csv.DictReader(taken))) == 2
                for view in (first, second, teacher):
                    view.checked()
        finally:
            served_pages.end(server)
    assert len(answers.read_text("utf-8").splitlines()) == 3
