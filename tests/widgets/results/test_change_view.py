"""What step 6 says of a change, of membership and of what to do next; else nothing."""

from __future__ import annotations

from dataclasses import replace
from html import escape
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest

import workbench as wb
from tests.widgets.widget_tree import HOSTILE, loan_case, said
from widgets.pages.legal_review import LegalReview
from widgets.results.change_view import change_section
from widgets.results.effects_view import EffectsView
from widgets.results.findings import legal_findings
from widgets.results.membership_figure import membership_figure
from widgets.results.membership_view import membership_section, remembered_rows
from widgets.results.next_actions_view import example_rows, leaks_section, next_actions_section
from widgets.session.session import ReportSession
from workbench.checks.membership import AttackEvidence, MembershipEvidence
from workbench.checks.membership.figures import AttackFigures, Estimate
from workbench.checks.membership.trace_tests import TraceTest
from workbench.common.wording import signed

SECTIONS = (
    change_section,
    membership_section,
    remembered_rows,
    next_actions_section,
    example_rows,
    leaks_section,
)
FEATURE = wb.UnlearningTarget.feature("zip_code")


def scaled(factor: float) -> wb.BlackBoxModel:
    return wb.BlackBoxModel(
        lambda rows: (factor * rows["neighborhood_income"] / 400).to_numpy() + 0.1,
        features=["neighborhood_income"],
    )


def changed(after: float, **models: object) -> wb.AuditReport:
    case = loan_case().with_model(scaled(after))
    compare = models or {"before": scaled(2.0), "retrained": [scaled(1.0), scaled(1.01)]}
    return wb.audit(case, FEATURE, ("cafe", "fuzzing"), compare=compare, threshold=0.02)


@pytest.fixture(scope="module")
def honest() -> wb.AuditReport:
    return changed(1.0)


@pytest.fixture(scope="module")
def left() -> wb.AuditReport:
    """The model alone, asked what to do next and how small a leak it would catch."""
    checks = ("actions", "leaks")
    return wb.audit(loan_case(), FEATURE, ("cafe",), checks=checks, threshold=0.02)


def figures(auc: float, n: int = 60) -> AttackFigures:
    one = Estimate(auc, auc - 0.04, min(auc + 0.04, 1.0))
    return AttackFigures(n, 500, one, one, one, one)


def evidence(power: float, result: float, p_value: float, chance: float) -> MembershipEvidence:
    attack = AttackEvidence("lira", figures(power, 500), figures(result), chance)
    rows = [HOSTILE, *range(119)]
    records = pd.DataFrame(
        {"lira score": np.arange(120.0), "lira p_value": np.linspace(0, 1, 120)}, index=rows
    )
    tests = (TraceTest("lira", "higher", p_value, p_value),)
    return MembershipEvidence(
        target="rows",
        model="model",
        attacks=(attack,),
        tests=tests,
        chance=chance,
        n_kept=20,
        alpha=0.05,
        least_power=0.8,
        n_references=16,
        records=records,
    )


def test_they_show_nothing_where_nobody_asked() -> None:
    report = wb.audit(loan_case(), FEATURE, ("cafe",))
    assert [make(report) for make in SECTIONS] == [""] * len(SECTIONS)


# ---- the change -----------------------------------------------------------------------------


def test_the_three_findings_stand_beside_each_other(honest: wb.AuditReport) -> None:
    text = change_section(honest)
    change = honest.change
    assert change is not None and change.decision == "below"
    total = next(f for f in change.main_findings() if f.part == "total")
    for found in (total.removed, total.world):
        assert found is not None
        assert f'<p class="wb-tile-value">{signed(found.value)} ' in text
    places = [text.index(name) for name in ("1. Removed", "2. Carried", "3. Left above")]
    assert places == sorted(places)
    for sentence in change.sentences():
        assert escape(sentence) in text
    assert "Both findings hold." in text and "other columns than zip_code" in text
    drawn = text[text.index("<svg") : text.index("</svg>") + 6]
    assert ElementTree.fromstring(drawn).tag.endswith("svg")


def test_of_rows_it_is_not_said_that_the_model_reads_nothing_of_them() -> None:
    case = loan_case().with_model(scaled(1.0))
    rows = wb.UnlearningTarget.datapoints([1, 2])
    report = wb.audit(case, rows, ("cafe",), compare={"retrained": scaled(1.0)}, threshold=0.02)
    text = change_section(report)
    assert "all the other data" in text and "other columns than" not in text


def test_a_residue_is_said_and_needs_no_reconciling() -> None:
    text = change_section(changed(1.6))
    assert "wb-finding wb-above" in text and "▲ A residue above 0.02 was found" in text
    assert "▲ above" in text and "Both findings hold." not in text


def test_a_small_influence_can_still_be_a_difference() -> None:
    report = changed(0.0, before=scaled(2.0), retrained=scaled(1.0))
    assert report.verdict is not None and report.verdict.decision == "below"
    assert "The influence that is there is small, and yet" in change_section(report)


def test_what_is_not_given_is_said(honest: wb.AuditReport) -> None:
    before = change_section(changed(1.0, before=scaled(2.0)))
    assert "no retrained model was given" in before and "asked of both models" in before
    retrained = change_section(changed(1.0, retrained=scaled(1.0)))
    assert "the model before was not given" in retrained
    assert "0</p>" not in retrained and "(exactly)" in retrained


def test_a_cliff_stands_out() -> None:
    world = wb.datasets.loan(n=1000, seed=1)
    good = scaled(2.0)
    case = wb.AuditCase(
        data=world.data,
        model=wb.BlackBoxModel(
            lambda rows: 1 - good.predict(rows), features=["neighborhood_income"]
        ),
        graph=world.graph,
        outcome=world.outcome,
    )
    report = wb.audit(case, FEATURE, ("cafe",), compare={"before": good})
    assert report.change is not None and report.change.utility is not None
    assert report.change.utility.cliffs
    text = change_section(report)
    assert '<div class="wb-notice wb-warning">Performance cliff: ' in text
    assert "retrain from a clean snapshot" in text


# ---- membership -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("power", "result", "p_value", "chance", "kind", "words"),
    [
        (0.8, 0.8, 0.001, 1.0, "above", "▲ Traces of the erased rows were found"),
        (0.8, 0.5, 0.6, 1.0, "below", "● No traces of the erased rows were found"),
        (0.51, 0.5, 0.6, 0.06, "inconclusive", "? No evidence either way"),
    ],
)
def test_power_stands_beside_the_result(
    honest: wb.AuditReport,
    power: float,
    result: float,
    p_value: float,
    chance: float,
    kind: str,
    words: str,
) -> None:
    report = replace(honest, checks={"membership": evidence(power, result, p_value, chance)})
    text = membership_section(report)
    assert words in text and f"wb-finding wb-{kind}" in text
    assert f">{power:.2f}</text>" in text and f">{result:.2f}</text>" in text


def test_the_line_of_guessing_lies_between_what_is_below_and_above_it() -> None:
    drawn = membership_figure(evidence(0.8, 0.45, 0.6, 1.0))
    root = ElementTree.fromstring(drawn)
    line = next(e for e in root.iter() if e.get("stroke-dasharray"))
    x = float(line.get("d", "").removeprefix("M").split(" ")[0])
    circle = next(e for e in root.iter() if e.tag.endswith("circle") and e.get("cy") != "14.0")
    diamonds = [e for e in root.iter() if e.get("fill", "").startswith("var(--card")]
    left = float(diamonds[-1].get("d", "").removeprefix("M").split(" ")[0])
    assert left < x < float(circle.get("cx", ""))
    assert (
        "known members 0.800" in drawn
        and membership_figure(replace(evidence(0.8, 0.5, 1, 1), attacks=())) == ""
    )


def test_rows_are_shown_escaped_and_never_kept(honest: wb.AuditReport) -> None:
    report = replace(honest, checks={"membership": evidence(0.8, 0.8, 0.001, 1.0)})
    text = remembered_rows(report)
    assert escape(HOSTILE) in text and HOSTILE not in text
    assert "20 least conspicuous are left out" in text and "wb-no-print" in text
    session = ReportSession()
    view = EffectsView(session)
    session.report = report
    assert "Row by row (120)" in said(view) and "Row by row" not in view.static_html()
    assert "Traces of the erased rows" in view.static_html()


# ---- what to do next ------------------------------------------------------------------------


def test_actions_are_ranked_and_rows_show_them(left: wb.AuditReport) -> None:
    found = left.next_actions
    assert found is not None and found.actions and found.pairs
    text = next_actions_section(left)
    sentences = [escape(action.sentence(0.02)) for action in found.actions]
    places = [text.index(f"<li>{sentence}</li>") for sentence in sentences]
    assert places == sorted(places) and "<ol" in text
    rows = example_rows(left)
    assert rows.count('class="wb-pair"') == len(found.pairs)
    assert f"Row {found.pairs[0].label}: zip_code" in rows and "wb-no-print" in rows
    session = ReportSession()
    view = EffectsView(session)
    session.report = left
    assert "Rows that show it" in said(view) and "Rows that show it" not in view.static_html()


def test_planted_leaks_are_summed_up(left: wb.AuditReport) -> None:
    found = left.planted_leaks
    assert found is not None
    text = leaks_section(left)
    assert f"from {found.leaks[0].smallest_80:.2g}" in text and "False alarms" in text
    for sentence in found.sentences():
        assert escape(sentence) in text


def test_the_finding_in_plain_words_holds_them_too(honest: wb.AuditReport) -> None:
    assert honest.change is not None
    plain = legal_findings(honest)
    assert any(honest.change.headline in text for text in plain["What it means"])
    assert "used to train the model" in plain["What it does not mean"][0]
    found = evidence(0.8, 0.5, 0.6, 1.0)
    asked = legal_findings(replace(honest, checks={**honest.checks, "membership": found}))
    assert found.finding in asked["What it means"]
    assert "evidence, not certainty" in asked["What it does not mean"][0]


def test_what_was_asked_and_left_out_says_why(honest: wb.AuditReport) -> None:
    names = ("membership", "next actions", "planted leaks")
    report = replace(honest, skipped=dict.fromkeys(names, f"because {HOSTILE}"))
    for make in (membership_section, next_actions_section, leaks_section):
        assert "Left out.</strong> because &lt;img" in make(report)


def test_a_saved_report_shows_the_change_to_a_legal_reader(
    honest: wb.AuditReport, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("saved") / "report.json"
    path.write_text(honest.to_json(), encoding="utf-8")
    page = LegalReview(path)
    assert page.session.report is not None and page.session.report.change is not None
    assert "3. Left above that: the residue" in said(page)
    assert escape(page.session.report.change.headline) in said(page)
