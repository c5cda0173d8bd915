"""Two people at one server: what one does, the other never sees."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, expect

from tests.browser import served_pages
from tests.browser.served_pages import Site, ready, run

pytestmark = pytest.mark.browser


def test_no_state_leaks_from_one_window_to_the_other(browser: Browser, voila_site: Site) -> None:
    with (
        served_pages.watched(browser, voila_site) as first,
        served_pages.watched(browser, voila_site) as second,
    ):
        one, two = first.open(), second.open()
        ready(one), ready(two)
        one.get_by_role("checkbox", name="race").check()
        one.get_by_label("a subgroup: the rows where a condition holds").check()
        one.get_by_role("textbox", name="Condition", exact=True).fill("race == 'Black'")
        one.keyboard.press("Tab")
        run(one)
        expect(two.get_by_role("checkbox", name="race")).not_to_be_checked()
        expect(two.get_by_label("every row")).to_be_checked()
        assert two.locator(".wb-verdict").count() == 0
        assert "race == 'Black'" not in two.locator("body").inner_text()
        one.close()
        # The other's process is its own: it goes on when the first has gone.
        verdict = run(two)
        expect(verdict).to_contain_text("Influence above 0.02 found")
        first.checked()
        second.checked()
