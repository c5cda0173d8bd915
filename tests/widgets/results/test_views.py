"""Step 6 without a browser: the result shown, left in a notebook, and downloaded."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from xml.etree import ElementTree

import anywidget
import ipywidgets as W
import pytest
from IPython.core.formatters import DisplayFormatter
from traitlets import HasTraits, Instance

import workbench as wb
from tests.engine.planted_world import planted_case
from tests.widgets.widget_tree import (
    HOSTILE,
    LONG,
    escaped,
    finished,
    hostile_case,
    loan_case,
    said,
    walk,
)
from widgets.results.downloads import Downloads
from widgets.results.outline_view import ComparisonView, EffectsView
from widgets.results.report_panel import ReportPanel
from widgets.session.session import AuditSession, AuditSettings
from workbench.checks.registry import CHECK_NAMES
from workbench.common.wording import signed, span
from workbench.report.outline.moved import moved_words

VIEWS = (EffectsView, ComparisonView, ReportPanel)
QUICK = ("cafe", "fuzzing", "permutation", "aif360")


class SavedReport(HasTraits):
    """What a page for saved reports has in a session's place."""

    report = Instance(wb.AuditReport, allow_none=True)


@pytest.fixture(scope="module")
def report() -> wb.AuditReport:
    target = wb.UnlearningTarget.features(["zip_code", "credit_score"])
    groups = {"Black applicants": "race == 'Black'", "nobody": "income > 1e9"}
    return wb.audit(loan_case(), target, QUICK, threshold=0.02, subgroups=groups)


def show(report: wb.AuditReport) -> list[W.VBox]:
    session = SavedReport()
    views = [view(session) for view in VIEWS]
    session.report = report
    return views


def sent(views: list[W.VBox]) -> int:
    """Bytes of the state that the page is sent for these views, files of anywidget aside."""
    states = [
        {k: v for k, v in w.get_state().items() if k not in ("_esm", "_css")}
        for view in views
        for w in walk(view)
    ]
    return len(json.dumps(states, default=str))


def test_the_result_is_shown_and_gone_with_the_case(session: AuditSession) -> None:
    effects, comparison, panel = (view(session) for view in VIEWS)
    session.open(loan_case())
    session.target = wb.UnlearningTarget.feature("zip_code")
    session.settings = AuditSettings(methods=("cafe", "fuzzing", "permutation"), threshold=0.02)
    report = finished(session)
    text = said(effects)
    assert report.verdict is not None and report.verdict.headline in text
    entry = report.effects["zip_code"]
    assert f"<small>{span((entry.total.low, entry.total.high))}</small>" in text
    assert "0 directly, as it is not read" in text
    assert "zip_code → neighborhood_income → prediction" in text
    for sentence in report.comparison().sentences:
        assert escaped(sentence) in said(comparison)
    assert report.provenance.data_fingerprint in said(panel)
    session.settings = AuditSettings(methods=("cafe",), threshold=0.5)
    assert report.verdict.headline in said(effects), "dimmed, and said to be of before"
    session.close()
    assert report.verdict.headline not in said(effects)
    assert said(comparison).strip() == "" and said(panel).strip() == ""


def test_a_subgroup_and_a_row_are_named_in_the_words(session: AuditSession) -> None:
    session.open(loan_case())
    session.target = wb.UnlearningTarget.subgroup("race == 'Black'", ["zip_code"])
    report = finished(session)
    assert f"over these {report.n_target_rows:,} rows" in moved_words(report)[0]
    session.target = wb.UnlearningTarget.datapoints([3], ["zip_code"])
    report = finished(session)
    assert "for this row" in moved_words(report)[0]
    assert "Behind the average" not in said(show(report)[0])


def test_the_views_need_a_report_and_nothing_else(report: wb.AuditReport) -> None:
    effects, comparison, panel = show(report)
    text = said(effects)
    for title in ("Through which features", "What was found", "How sure are we"):
        assert f"<h3>{title}</h3>" in text
    for title in (
        "Behind the average",
        "In the groups that were named",
        "Do the estimators agree?",
    ):
        assert f"<h4>{title}" in text
    assert "Kendall" in said(comparison) and "Group fairness of the" in said(comparison)
    assert "What it does not mean" in said(panel)
    for view in (effects, comparison, panel):
        assert "workbench itself failed" not in said(view)


def test_a_saved_report_is_shown_as_the_one_it_was_saved_from(report: wb.AuditReport) -> None:
    saved = wb.AuditReport.from_json(report.to_json())
    for now, then in zip(show(report), show(saved), strict=True):
        text = said(then)
        assert "workbench itself failed" not in text
        before = re.sub(r"<svg.*?</svg>|<details.*?</details>", "", said(now), flags=re.DOTALL)
        after = re.sub(r"<svg.*?</svg>|<details.*?</details>", "", text, flags=re.DOTALL)
        warned = (
            r'<div class="wb-notice wb-warning" role="note">\s*<strong>This report was.*?</div>'
        )
        after = re.sub(warned, "", after, flags=re.DOTALL)
        assert "".join(after.split()) == "".join(before.split())


@pytest.fixture(scope="module")
def checked() -> wb.AuditReport:
    """A report in which f moves the prediction of one group only."""
    case, target = planted_case(), wb.UnlearningTarget.feature("f")
    return wb.audit(case, target, ("cafe", "fairtest"), checks=CHECK_NAMES)


def test_associations_and_further_checks_begin_with_their_sentences(
    checked: wb.AuditReport,
) -> None:
    saved = wb.AuditReport.from_json(checked.to_json())
    assert saved.hidden_subgroups and saved.graph_sensitivity and saved.associations
    for one in (checked, saved):
        effects, comparison, _ = (said(view) for view in show(one))
        for text, title, sentences in (
            (effects, "Where the influence hides", saved.hidden_subgroups.sentences()),
            (effects, "What if the graph is wrong?", saved.graph_sensitivity.sentences()),
        ):
            start = text.index(f"<h4>{escaped(title)}</h4>")
            assert start < text.index(escaped(sentences[0]), start) < text.index("<details", start)
            for sentence in sentences:
                assert f"<li>{escaped(sentence)}</li>" in text
        assert "An association is not a cause" in comparison
        for row in saved.associations.contexts.to_dict("records"):
            assert (
                escaped(f"Where {row['context']}, f and the prediction go together") in comparison
            )
        for row in saved.associations.table.to_dict("records"):
            assert signed(row["value"]).lstrip("+") in comparison
        for row in saved.graph_sensitivity.edits.to_dict("records"):
            assert escaped(row["edit"]) in effects
        assert "workbench itself failed" not in effects + comparison
        assert effects.count("<table") == effects.count("<caption")
        assert comparison.count("<table") == comparison.count("<caption")


def test_checks_that_were_left_out_say_why_where_they_would_stand() -> None:
    target = wb.UnlearningTarget.datapoints([3], ["zip_code"])
    report = wb.audit(loan_case(), target, ("cafe", "fairtest"), checks=CHECK_NAMES)
    effects, comparison, _ = (said(view) for view in show(report))
    assert effects.count("Left out.</strong>") == 4 and "single datapoints" in effects
    assert "single datapoints" not in comparison
    assert "Left out: FairTest association." in comparison
    assert "not a cause" not in comparison


def test_nobody_asked_nothing_is_said(report: wb.AuditReport) -> None:
    text = "".join(map(said, show(report)))
    for title in ("Where the influence hides", "What if the graph is wrong?", "(FairTest)"):
        assert title not in text


def test_every_figure_has_a_name_and_words_and_every_table_a_caption(
    report: wb.AuditReport,
) -> None:
    text = "".join(map(said, show(report)))
    figures = re.findall(r"<svg.*?</svg>", text, flags=re.DOTALL)
    figures = [figure for figure in figures if 'aria-hidden="true"' not in figure]
    assert len(figures) >= 6
    space = "{http://www.w3.org/2000/svg}"
    for figure in figures:
        root = ElementTree.fromstring(figure)
        title, words = root.find(f"{space}title"), root.find(f"{space}desc")
        assert title is not None and title.text and words is not None and words.text
        assert (
            root.get("role") == "img" and title.get("id") in root.get("aria-labelledby", "").split()
        )
    assert text.count("<table") == text.count("<caption") > 6
    assert text.count("<figure") == len(figures)


def test_names_and_levels_are_text_in_every_view_and_in_a_saved_notebook() -> None:
    target = wb.UnlearningTarget.feature(HOSTILE)
    report = wb.audit(
        hostile_case(), target, ("cafe", "fuzzing", "permutation"), subgroups={HOSTILE: "`b<c` > 0"}
    )
    for view in show(report):
        for text in (said(view), view._repr_mimebundle_()["text/html"]):
            assert "<img" not in text and "<script" not in text and "b<c" not in text
    asked = wb.audit(hostile_case(), target, ("cafe", "fairtest"), checks=CHECK_NAMES)
    assert asked.graph_sensitivity is not None and asked.associations is not None
    for text in map(said, show(asked)):
        assert "<img" not in text and "<script" not in text and "b<c" not in text
    assert escaped(f"remove {HOSTILE} → b<c") in said(show(asked)[0])
    assert escaped(HOSTILE) in said(show(report)[0])


def test_what_a_saved_report_names_itself_is_text_too(report: wb.AuditReport) -> None:
    baselines = {HOSTILE: replace(report.attributions[0], method=HOSTILE)}
    forged = replace(report, baselines=baselines, skipped={HOSTILE: HOSTILE})
    for view in show(forged):
        assert "<img" not in said(view)
    comparison = said(show(forged)[1])
    assert f'<th scope="row">{escaped(HOSTILE)}</th>' in comparison  # a row of the agreement


def test_many_warnings_do_not_bury_the_verdict(report: wb.AuditReport) -> None:
    warnings = tuple(f"warning number {i}" for i in range(5))
    checks = replace(report.diagnostics, warnings=warnings)
    text = said(show(replace(report, diagnostics=checks))[0])
    folded = text.index("<summary>1 more</summary>")
    assert text.index("number 3") < folded < text.index("number 4")


def test_a_saved_notebook_keeps_tables_and_figures(report: wb.AuditReport) -> None:
    for view in show(report):
        bundle, _ = DisplayFormatter().format(view)  # what a kernel stores in the notebook
        assert "application/vnd.jupyter.widget-view+json" in bundle
        assert "<table" in bundle["text/html"] and "<script" not in bundle["text/html"]
    empty = EffectsView(SavedReport())
    assert "The result appears here" in empty._repr_mimebundle_()["text/html"]
    assert "text/html" not in ComparisonView(SavedReport())._repr_mimebundle_()


def test_a_results_page_is_sent_in_a_fifth_of_a_megabyte(report: wb.AuditReport) -> None:
    assert 20_000 < sent(show(report)) < 200_000


def test_downloads_hold_the_report(session: AuditSession) -> None:
    panel = Downloads(session)
    code = "data = my_table()\nmodel = my_model()"
    session.open(loan_case(), code=code)
    session.target = wb.UnlearningTarget.feature("zip_code")
    report = finished(session)
    made = {}
    for button in walk(panel):
        if isinstance(button, anywidget.AnyWidget) and hasattr(button, "_file"):
            name, _, make = button._file
            made[name] = make().decode("utf-8", "replace")
    assert made["audit.json"] == report.to_json()
    assert made["audit.csv"] == report.to_csv()
    assert made["audit.py"] == report.to_code(load=code) and code in made["audit.py"]
    assert made["audit.html"].lstrip().lower().startswith("<!doctype html>")
    session.code = "another = None"
    session.settings = replace(session.settings, seed=3)
    assert make().decode() == made["audit.py"], "of the run that is shown"
    session.close()
    with pytest.raises(wb.TargetError, match="Run the audit first"):
        make()


def test_a_section_that_fails_says_so_and_the_others_stay(
    session: AuditSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_: object) -> None:
        raise RuntimeError("boom")

    monkeypatch.setattr("workbench.report.outline.audit.effects", broken)
    view = EffectsView(session)
    session.open(loan_case())
    session.target = wb.UnlearningTarget.feature("zip_code")
    session.run()
    assert session.wait(LONG)
    assert session.state == "done" and session.report is not None
    text = said(view)
    assert "workbench itself failed here (RuntimeError)" in text and "boom" not in text
    assert session.report.verdict is not None and session.report.verdict.headline in text
    assert "Through which features" in text
