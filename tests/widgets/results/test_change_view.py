"""What step 6 says of a change, of membership and of what to do next; else nothing."""

from __future__ import annotations

from dataclasses import replace
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest

import workbench as wb
from tests.widgets.widget_tree import HOSTILE, escaped, loan_case, said
from widgets.pages.legal_review import LegalReview
from widgets.results.outline_view import EffectsView
from widgets.session.report_session import ReportSession
from workbench.checks.membership import AttackEvidence, MembershipEvidence
from workbench.checks.membership.figures import AttackFigures, Estimate
from workbench.checks.membership.trace_tests import TraceTest
from workbench.common.blocks import public
from workbench.common.wording import signed
from workbench.report.outline.audit import chapters
from workbench.report.page.markup import render_blocks

ASKED_FOR = ("change", "membership", "next_actions", "planted_leaks")
FEATURE = wb.UnlearningTarget.feature("zip_code")


def chapter(report: wb.AuditReport, key: str, *, rows: bool = False) -> str:
    found = chapters(report, key)
    return render_blocks(found if rows else public(found))


def change_section(report: wb.AuditReport) -> str:
    return chapter(report, "change")


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
    assert chapters(report, *ASKED_FOR) == ()


# ---- the change -----------------------------------------------------------------------------


def test_the_three_findings_stand_beside_each_other(honest: wb.AuditReport) -> None:
    text = change_section(honest)
    change = honest.change
    assert change is not None and change.decision == "below"
    total = next(f for f in change.main_findings() if f.part == "total")
    for found in (total.removed, total.world):
        assert found is not None
        assert f"<dd>{signed(found.value)}<small>" in text
    places = [text.index(name) for name in ("1. Removed", "2. Carried", "3. Left above")]
    assert places == sorted(places)
    for sentence in change.sentences():
        assert escaped(sentence) in text
    assert "Both findings hold." in text and "other features than zip_code" in text
    drawn = text[text.index("<svg") : text.index("</svg>") + 6]
    assert ElementTree.fromstring(drawn).tag.endswith("svg")


def test_of_rows_it_is_not_said_that_the_model_reads_nothing_of_them() -> None:
    case = loan_case().with_model(scaled(1.0))
    rows = wb.UnlearningTarget.datapoints([1, 2])
    report = wb.audit(case, rows, ("cafe",), compare={"retrained": scaled(1.0)}, threshold=0.02)
    text = change_section(report)
    assert "all the other data" in text and "other features than" not in text


def test_a_residue_is_said_and_needs_no_reconciling() -> None:
    text = change_section(changed(1.6))
    assert "wb-above wb-finding" in text and "A residue above 0.02 was found" in text
    assert "▲ above" in text and "Both findings hold." not in text


def test_a_small_influence_can_still_be_a_difference() -> None:
    report = changed(0.0, before=scaled(2.0), retrained=scaled(1.0))
    assert report.verdict is not None and report.verdict.decision == "below"
    assert "The influence that is there is small, and yet" in change_section(report)


def test_what_is_not_given_is_said(honest: wb.AuditReport) -> None:
    before = change_section(changed(1.0, before=scaled(2.0)))
    assert "no retrained model was given" in before
    retrained = change_section(changed(1.0, retrained=scaled(1.0)))
    assert "the model before was not given" in retrained
    assert "<dd>0<small>exact</small>" in retrained


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
    assert "<strong>Performance cliff</strong>" in text
    assert "retrain from a clean snapshot" in text


# ---- membership -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("power", "result", "p_value", "chance", "kind", "words"),
    [
        (0.8, 0.8, 0.001, 1.0, "above", "Traces of the erased records were found"),
        (0.8, 0.5, 0.6, 1.0, "below", "No traces of the erased records were found"),
        (0.51, 0.5, 0.6, 0.06, "inconclusive", "No evidence either way"),
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
    text = chapter(report, "membership")
    assert words in text and f"wb-{kind} wb-finding" in text
    assert f"known members: {signed(power - 0.5)} " in text
    assert f"the erased records: {signed(result - 0.5)} " in text


def test_rows_are_shown_escaped_and_never_kept(honest: wb.AuditReport) -> None:
    report = replace(honest, checks={"membership": evidence(0.8, 0.8, 0.001, 1.0)})
    text = chapter(report, "membership", rows=True)
    assert escaped(HOSTILE) in text and HOSTILE not in text
    assert "20 least conspicuous are left out" in text and "wb-no-print" in text
    session = ReportSession()
    view = EffectsView(session)
    session.report = report
    assert "Record by record (120)" in said(view) and "Record by record" not in view.static_html()
    assert "Traces of the erased records" in view.static_html()


# ---- what to do next ------------------------------------------------------------------------


def test_actions_are_ranked_and_rows_show_them(left: wb.AuditReport) -> None:
    found = left.next_actions
    assert found is not None and found.actions and found.pairs
    text = chapter(left, "next_actions")
    sentences = [escaped(action.sentence(0.02)) for action in found.actions]
    places = [text.index(f"<li>{sentence}</li>") for sentence in sentences]
    assert places == sorted(places)
    rows = chapter(left, "next_actions", rows=True)
    assert rows.count("The row labelled ") == len(found.pairs[:5])
    assert f"The row labelled {found.pairs[0].label}, twice" in rows and "wb-no-print" in rows
    assert "The row labelled" not in text
    session = ReportSession()
    view = EffectsView(session)
    session.report = left
    assert "Rows that show it" in said(view) and "Rows that show it" not in view.static_html()


def test_planted_leaks_are_summed_up(left: wb.AuditReport) -> None:
    found = left.planted_leaks
    assert found is not None
    text = chapter(left, "planted_leaks")
    assert f"from {found.leaks[0].smallest_80:.2g}" in text and "False alarms" in text
    for sentence in found.sentences():
        assert escaped(sentence) in text


def test_the_finding_in_plain_words_holds_them_too(honest: wb.AuditReport) -> None:
    assert honest.change is not None
    plain = chapter(honest, "meaning")
    assert honest.change.headline in plain and "used to train the model" in plain
    found = evidence(0.8, 0.5, 0.6, 1.0)
    asked = chapter(replace(honest, checks={**honest.checks, "membership": found}), "meaning")
    assert escaped(found.finding) in asked and "evidence, not certainty" in asked
    assert "used to train the model" not in asked


def test_what_was_asked_and_left_out_says_why(honest: wb.AuditReport) -> None:
    names = ("membership", "next actions", "planted leaks")
    report = replace(honest, skipped=dict.fromkeys(names, f"because {HOSTILE}"))
    for key in ("membership", "next_actions", "planted_leaks"):
        assert "Left out.</strong> because &lt;img" in chapter(report, key)


def test_a_saved_report_shows_the_change_to_a_legal_reader(
    honest: wb.AuditReport, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("saved") / "report.json"
    path.write_text(honest.to_json(), encoding="utf-8")
    page = LegalReview(path)
    assert page.session.report is not None and page.session.report.change is not None
    assert "3. Left above that: the residue" in said(page)
    assert escaped(page.session.report.change.headline) in said(page)
