"""The teaching page: the reader answers first, then sees what is measured now."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import anywidget
import ipywidgets as W
import pytest

import workbench as wb
from tests.widgets.widget_tree import LONG, part, parts, press, said
from widgets.lessons import loan
from widgets.lessons.loan import (
    ARROW,
    FORGOTTEN,
    QUESTIONS,
    Findings,
    about,
    drawn,
    measure,
)
from widgets.pages import teaching
from widgets.pages.teaching import Teaching
from widgets.parts.status_line import StatusLine
from workbench.common.progress import silent
from workbench.common.wording import points, signed


@pytest.fixture(scope="module")
def findings() -> Findings:
    return measure(silent)


@pytest.fixture
def walk(findings: Findings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Teaching]:
    """The page over findings that are measured once for all tests."""
    monkeypatch.setattr(teaching, "measure", lambda progress: findings)
    page = Teaching()
    assert page.wait(LONG)
    yield page


def sections(page: Teaching) -> list[Any]:
    return [w for w in page.children if "wb-step" in w._dom_classes]


def open_sections(page: Teaching) -> list[bool]:
    return [section.layout.display != "none" for section in sections(page)]


def answer(section: Any, index: int) -> None:
    part(section, W.RadioButtons).index = index
    press(section, "Show what is measured")


# ---- what is measured -------------------------------------------------------------------------


def test_which_answer_is_right_follows_from_the_measurement(findings: Findings) -> None:
    told = [question.tell(findings) for question in QUESTIONS]
    right = [question.answers[t.right] for question, t in zip(QUESTIONS, told, strict=True)]
    assert right == [
        "Exactly zero",
        "Chances more than 5 percentage points apart",
        "Through neighborhood_income",
        "Close to zero",
    ]
    entry = findings.effects
    assert signed(entry.total.value) in told[2].said
    assert signed(findings.without_arrow.total.value) in told[3].said
    assert points(findings.twin_difference) in told[1].said


def test_the_numbers_are_those_of_the_engine(findings: Findings) -> None:
    target = wb.UnlearningTarget.feature(FORGOTTEN)
    again = wb.cafe_effects(findings.case, target, progress=silent)[FORGOTTEN]
    assert findings.effects.total.value == again.total.value
    cut = findings.case.with_graph(findings.case.graph.remove_edge(*ARROW))
    again = wb.cafe_effects(cut, target, progress=silent)[FORGOTTEN]
    assert findings.without_arrow.total.value == again.total.value
    low, high = findings.twins.columns
    world = wb.datasets.loan()
    rows = world.counterfactual({FORGOTTEN: high}).loc[[loan.PERSON]]
    chance = float(findings.case.model.predict(rows)[0])
    assert findings.twins[high].iloc[-1] == pytest.approx(chance)
    assert low != high


def test_another_measurement_makes_another_answer_right(findings: Findings) -> None:
    """An arrow that carries nothing, and two lives with the same chance."""
    twins = findings.twins.copy()
    twins.iloc[-1] = 0.5
    same = Findings(findings.case, findings.report, findings.effects, twins)
    assert QUESTIONS[1].tell(same).right == 0
    assert "no difference" in QUESTIONS[1].tell(same).said
    assert QUESTIONS[3].tell(same).right == 0


@pytest.mark.parametrize(
    ("feature", "expected"),
    [("debt_ratio", "directly"), ("employment_years", "indirectly"), ("race", "indirectly")],
)
def test_other_columns_act_as_measured(feature: str, expected: str, findings: Findings) -> None:
    question = about(feature)
    told = question.tell(findings)
    assert question.answers[told.right].startswith(f"Mainly {expected}")
    reads = feature in findings.case.reads
    assert ("does not read it" in told.said) is not reads


def test_the_careless_graph_lacks_the_arrow(findings: Findings) -> None:
    assert "highlighted" in drawn(findings, arrow=True)
    assert "highlighted" not in drawn(findings, arrow=False)


# ---- the walk ---------------------------------------------------------------------------------


def test_nothing_measured_is_seen_before_an_answer(walk: Teaching, findings: Findings) -> None:
    assert open_sections(walk) == [True, False, False, False, False, False]
    visible = sections(walk)[0]
    assert signed(findings.effects.total.value) not in said(visible)
    assert part(visible, W.RadioButtons).index is None
    button = part(visible, W.Button, description="Show what is measured")
    assert button.disabled
    visible.children[1].reveal()  # a page may press what is disabled
    assert part(visible, StatusLine).text == ""
    assert open_sections(walk).count(True) == 1


def test_the_whole_walk_by_controls_alone(walk: Teaching, findings: Findings) -> None:
    steps = sections(walk)
    answer(steps[0], 1)
    status = part(steps[0], StatusLine).text
    assert status.startswith("You expected: A little more than zero. Measured: Exactly zero.")
    assert part(steps[0], W.RadioButtons).disabled
    assert open_sections(walk) == [True, True, False, False, False, False]
    assert "<svg" in said(steps[2])
    answer(steps[1], 2)
    assert part(steps[1], StatusLine).text.startswith("As you expected.")
    answer(steps[2], 0)
    answer(steps[3].children[1], 1)
    careless = steps[3].children[2]
    assert signed(findings.without_arrow.total.value) in said(careless)
    press(careless, "Put zip_code → neighborhood_income back")
    assert signed(findings.effects.total.value) in said(careless)
    assert "highlighted" in said(careless)
    assert open_sections(walk) == [True, True, True, True, True, False]
    part(steps[4], W.Dropdown).value = "debt_ratio"
    answer(steps[4], 2)
    assert open_sections(walk) == [True] * 6
    assert "You foresaw 2 of 5 measurements." in said(steps[5])
    assert "SHAP looks at the columns that a model reads." in said(steps[5])
    part(steps[4], W.Dropdown).value = "employment_years"
    assert part(steps[4], W.RadioButtons).index is None
    assert part(steps[4], StatusLine).text == ""
    answer(steps[4], 2)
    assert "You foresaw 3 of 6 measurements." in said(steps[5])


def test_an_answer_counts_once(walk: Teaching) -> None:
    steps = sections(walk)
    answer(steps[0], 0)
    said_first = part(steps[0], StatusLine).text
    answer(steps[0], 1)
    assert part(steps[0], StatusLine).text == said_first
    assert open_sections(walk).count(True) == 2


def test_the_foot_names_the_model_that_was_trained(walk: Teaching, findings: Findings) -> None:
    assert findings.report.provenance.model_fingerprint in said(walk)


def test_a_reader_who_is_quicker_than_the_measurement_is_told_when_it_is_there(
    findings: Findings, monkeypatch: pytest.MonkeyPatch
) -> None:
    import threading

    go = threading.Event()

    def slowly(progress: object) -> Findings:
        assert go.wait(LONG)
        return findings

    monkeypatch.setattr(teaching, "measure", slowly)
    page = Teaching()
    first = sections(page)[0]
    answer(first, 0)
    assert part(first, StatusLine).text.startswith("Measuring")
    assert open_sections(page).count(True) == 1
    go.set()
    assert page.wait(LONG)
    assert part(first, StatusLine).text.startswith("As you expected.")
    assert open_sections(page).count(True) == 2


def test_a_measurement_that_fails_is_said_and_tried_again(
    findings: Findings, monkeypatch: pytest.MonkeyPatch
) -> None:
    tries = []

    def once(progress: object) -> Findings:
        tries.append(1)
        if len(tries) == 1:
            raise wb.DataError("No applicants today.")
        return findings

    monkeypatch.setattr(teaching, "measure", once)
    page = Teaching()
    assert page.wait(LONG)
    first = sections(page)[0]
    answer(first, 0)
    assert page.wait(LONG)
    assert part(first, StatusLine).text.startswith("As you expected.")
    assert len(tries) == 2


def test_a_saved_notebook_tells_the_whole_walk(
    walk: Teaching, findings: Findings, monkeypatch: pytest.MonkeyPatch
) -> None:
    html = walk._repr_mimebundle_()["text/html"]
    for question in QUESTIONS:
        assert question.title in html and question.tell(findings).lesson in html
    assert "<svg" in html and "<script" not in html
    monkeypatch.setenv("VOILA_BASE_URL", "/")
    assert "text/html" not in walk._repr_mimebundle_()


def test_every_control_has_a_label(walk: Teaching) -> None:
    controls = parts(walk, W.RadioButtons | W.Dropdown | W.Button)
    assert len(controls) >= 11 and all(control.description for control in controls)


def test_no_part_overrides_what_its_base_class_keeps(walk: Teaching) -> None:
    inherited = set(dir(W.VBox)) | set(vars(W.VBox())) | set(dir(anywidget.AnyWidget))
    allowed = {"_repr_mimebundle_"} | {n for n in vars(W.VBox) if n.startswith("_")}
    for widget in parts(walk, W.VBox):
        kind = type(widget)
        if kind.__module__.startswith("widgets."):
            own = {name for name in vars(kind) if not name.startswith("__")}
            assert not (own & inherited) - allowed, kind
