"""The causal graph drawn by mouse, and by keyboard alone, in Voila and in JupyterLab."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

import workbench as wb
from tests.browser.graph_canvas import canvas, drag, drawn_edges, place_of, press_tool, settled
from tests.browser.served_pages import ready, tab_to

pytestmark = pytest.mark.browser

NEW = ("employment_years", "credit_score")
SAID = ".wb-graph-editor .wb-status"


def own_edges() -> set[tuple[str, str]]:
    return set(wb.datasets.loan().graph.edges)


def of_the_auditor(page: Page) -> set[tuple[str, str]]:
    return {(u, v) for u, v in drawn_edges(page) if v not in ("prediction", "approved")}


def draw(page: Page, source: str, sink: str) -> None:
    drag(page, place_of(page, source), place_of(page, sink))


def test_by_mouse(page: Page) -> None:
    ready(page)
    canvas(page)
    before = of_the_auditor(page)
    new = next(
        (u, v)
        for u, v in (("race", "income"), ("race", "debt_ratio"), ("race", "credit_score"))
        if (u, v) not in before
    )
    press_tool(page, "Draw an arrow")
    draw(page, *new)
    expect(page.locator(SAID).first).to_contain_text(f"Added: {' → '.join(new)}")
    settled(page)
    assert of_the_auditor(page) == {*before, new}

    draw(page, "credit_score", "zip_code")
    problem = page.locator(f"{SAID}[data-kind=problem]")
    for word in ("Refused", "zip_code → neighborhood_income → credit_score → zip_code"):
        expect(problem).to_contain_text(word)
    settled(page)
    assert of_the_auditor(page) == {*before, new}
    press_tool(page, "Draw an arrow")

    press_tool(page, "Undo")
    expect(page.locator(SAID).first).to_contain_text("Undone")
    settled(page)
    assert of_the_auditor(page) == before
    press_tool(page, "Redo")
    expect(page.locator(SAID).first).to_contain_text("Done again")
    settled(page)
    assert of_the_auditor(page) == {*before, new}


def test_by_keyboard_alone(page: Page) -> None:
    ready(page)
    canvas(page)
    before = of_the_auditor(page)
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
    settled(page)
    assert of_the_auditor(page) == {
        ("zip_code", "neighborhood_income"),
        ("neighborhood_income", "credit_score"),
        ("race", "zip_code"),
    }
    tab_to(page, "The same graph as DAGitty text", back=True)
    keys.press("Control+a")
    keys.type("a -> b -> a")
    tab_to(page, "Use this text")
    keys.press("Enter")
    expect(problem).to_contain_text("a → b → a")
    assert len(of_the_auditor(page)) == 3
    assert before
