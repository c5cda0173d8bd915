"""A reader says what a column holds, and the file is read again so."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from playwright.sync_api import Browser, expect

from tests.browser import served_pages
from tests.browser.served_pages import LONG, Site, Watched, ready

pytestmark = pytest.mark.browser


@pytest.fixture
def view(browser: Browser, voila_site: Site) -> Iterator[Watched]:
    with served_pages.watched(browser, voila_site) as found:
        yield found
        found.checked()


def test_codes_are_asked_about_and_stated_as_a_category(view: Watched, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"region_code": rng.integers(1, 8, 300), "income": rng.normal(50, 9, 300)})
    frame["approved"] = (frame["income"] > 50).astype(int)
    file = tmp_path / "mine.csv"
    frame.to_csv(file, index=False)
    page = view.open()
    ready(page)
    page.get_by_label("A table of your own").check()
    page.get_by_label("CSV, Excel or Parquet file, at most").set_input_files(file)
    asked = page.get_by_text("may be codes by name")
    expect(asked).to_be_visible(timeout=LONG)
    page.get_by_text("State what a column holds").click()
    kind = page.get_by_label("It holds")
    expect(kind).to_be_visible(timeout=LONG)
    kind.select_option("category")
    page.get_by_role("button", name="Read the file again").click()
    expect(page.get_by_text("region_code: category")).to_be_visible(timeout=LONG)
    expect(asked).to_be_hidden(timeout=LONG)
