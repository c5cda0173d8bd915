"""The page's steps and tabs: what folds, what is offered, how each stands."""

from __future__ import annotations

import ipywidgets as W
import pytest

import workbench as wb
from tests.widgets.widget_tree import finished, loan_case, part, press
from widgets.pages.answer import Answer
from widgets.pages.app import Workbench
from widgets.pages.question import Question
from widgets.pages.sections import STEPS, TABS
from widgets.pages.step import Step
from widgets.parts.link_bar import Link, LinkBar, place
from widgets.results.first_look import first_look, the_rest
from widgets.session.session import AuditSettings
from workbench.common.blocks import Block, Figure, Section
from workbench.report.outline.audit import chapters


@pytest.fixture
def page() -> Workbench:
    found = Workbench(loan_case())
    found.session.settings = AuditSettings(methods=("debiased", "cafe", "fuzzing"))
    found.session.target = wb.UnlearningTarget.feature("zip_code")
    return found


def states(bar: LinkBar) -> dict[str, str]:
    return {item["key"]: item["state"] for item in bar.items}


def steps(page: Workbench) -> dict[str, bool]:
    return {step.key: part(page, Step, _title=step.title).opened for step in STEPS}


def leaves(blocks: tuple[Block, ...]) -> list[Block]:
    return [
        leaf
        for block in blocks
        for leaf in (leaves(block.blocks) if isinstance(block, Section) else [block])
    ]


def test_keys_are_parts_of_an_address_and_told_apart() -> None:
    keys = [section.key for section in (*STEPS, *TABS)]
    assert len(set(keys)) == len(keys) and all(key.isidentifier() for key in keys)


def test_a_run_folds_the_question_and_a_link_opens_a_step(page: Workbench) -> None:
    assert steps(page) == {
        "data": False, "graph": False, "target": True, "models": False, "run": True
    }  # fmt: skip
    finished(page.session)
    assert [key for key, opened in steps(page).items() if opened] == ["run"]
    bar = part(page, Question).bar
    bar._heard(bar, {"kind": "follow", "key": "target"}, [])
    assert steps(page)["target"] and not steps(page)["graph"]
    press(page, "Fold step 3")
    assert not steps(page)["target"]
    line = part(page, Step, _title="Data and model")
    assert "300 rows" in line._head.value


def test_the_bar_says_what_is_missing_done_and_out_of_date(page: Workbench) -> None:
    bar = part(page, Question).bar
    page.session.target = None
    assert states(bar)["target"] == "missing" and states(bar)["data"] == "done"
    part(page, W.Checkbox, description="zip_code").value = True
    finished(page.session)
    assert states(bar)["run"] == states(bar)["result"] == "done"
    assert page.session.case is not None
    edges = set(page.session.case.graph.edges) - {("employment_years", "income")}
    page.session.edit_graph(wb.CausalGraph(sorted(edges)))
    assert states(bar)["graph"] == states(bar)["result"] == "stale"
    assert states(bar)["target"] == "done"


def test_one_tab_is_shown_of_those_that_the_report_has(page: Workbench) -> None:
    answer = part(page, Answer)
    bar = part(answer, LinkBar)
    assert bar.items == [] and bar.chosen == ""
    finished(page.session)
    keys = [item["key"] for item in bar.items]
    assert keys == ["effects", "ways", "others", "sure", "row", "figures", "evidence"]

    def shown() -> list[str]:
        panels = answer._tabs.items()
        return [key for key, panel in panels if panel.layout.display != "none"]

    assert shown() == ["effects"] == [bar.chosen]
    bar._heard(bar, {"kind": "follow", "key": "sure"}, [])
    assert shown() == ["sure"] == [bar.chosen]
    for wrong in ("change", "", None, ["sure"], "x" * 9_999):
        bar._heard(bar, {"kind": "follow", "key": wrong}, [])
        assert shown() == ["sure"]
    finished(page.session)
    assert shown() == ["sure"], "another run leaves the reader where she was"


def test_a_tab_that_an_address_names_is_shown_once_there_is_a_result(page: Workbench) -> None:
    bar = part(part(page, Answer), LinkBar)
    # As after a reload: the browser saw a result brought back, and a run has taken it off since.
    bar._heard(bar, {"kind": "follow", "key": "sure"}, [])
    assert bar.chosen == ""
    finished(page.session)
    assert bar.chosen == "sure"


def test_the_first_look_and_the_rest_say_all_and_nothing_twice(page: Workbench) -> None:
    report = finished(page.session)
    first, rest, found = first_look(report), the_rest(report), chapters(report, "found")
    assert isinstance(leaves(first)[0], Figure)
    assert sum(isinstance(block, Figure) for block in leaves(first)) == 2
    said = sorted(map(repr, (*leaves(first), *leaves(rest))))
    assert said == sorted(map(repr, leaves(found)))


def test_a_link_leads_to_its_part() -> None:
    followed: list[str] = []
    bar = LinkBar("Parts", followed.append, "abc")
    bar.put([Link("a", "A", "done", "done"), Link("b", "B")], "b")
    assert bar.items[0] == {"key": "a", "title": "A", "state": "done", "note": "done"}
    bar._heard(bar, {"kind": "follow", "key": "b"}, [])
    bar._heard(bar, "follow", [])
    bar._heard(bar, {"kind": "follow", "key": "d"}, [])
    bar._heard(bar, {"kind": "follow", "key": ["b"]}, [])
    bar._heard(bar, {"kind": "follow", "key": "c"}, [])
    assert followed == ["b", "c"] and place("b") == "wb-at-b"
