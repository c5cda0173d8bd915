"""The page, the terminal and the tables on what unlearning changed."""

from __future__ import annotations

import csv
import io
import re

import pytest
from rich.console import Console

from tests.engine.changed_models import COMPARED, EVERY, MARKUP, changed
from tests.engine.report.page.checked_page import Page, checked
from workbench.common.charts import ChangeRow, Mark, RateCurve, RatePoint
from workbench.common.wording import signed, span
from workbench.report.audit_report import AuditReport
from workbench.report.charts.change_chart import change_chart
from workbench.report.charts.rate_chart import rate_chart
from workbench.report.terminal import print_report


def words_of(text: str) -> str:
    return re.sub(r"\s+", " ", text)


def printed(report: AuditReport) -> str:
    console = Console(width=80, file=io.StringIO(), highlight=False, markup=False)
    print_report(report, console)
    found: str = console.file.getvalue()  # type: ignore[attr-defined]
    return found


def section(report: AuditReport, name: str) -> Page:
    text = report.to_html()
    start = text.index(f'<section id="{name}"')
    return Page(text[start : text.index("</section>", start) + len("</section>")])


@pytest.mark.parametrize("kind", EVERY)
def test_every_page_is_whole_and_its_sections_are_counted(kind: str) -> None:
    report = changed(kind)
    page = checked(report)
    heads = [t for t in page.texts["h2"] if re.match(r"\d+\. ", t.strip())]
    assert [int(t.partition(".")[0]) for t in heads] == list(range(1, len(heads) + 1))
    text = report.to_html()
    named = re.findall(r'href="#(\w+)"', text[text.index("<nav") : text.index("</nav>")])
    assert named == [a["id"] for tag, a in page.elements if tag == "section"]
    assert MARKUP not in report.to_html()


@pytest.mark.parametrize("kind", COMPARED)
def test_the_page_says_what_the_change_says(kind: str) -> None:
    change = changed(kind).change
    found = section(changed(kind), "change")
    words = found.text()
    assert change.headline in words and words_of(change.explanation) in words
    for sentence in change.sentences():
        assert words_of(sentence) in words
    for finding in change.findings:
        known = [finding.after, finding.before, finding.world, finding.removed, finding.residue]
        for number in (one for one in known if one is not None):
            assert signed(number.value) in words
            assert span(number.interval()) in words
    assert found.count("svg") == (2 if kind in ("rows", "before only") else 1)


def test_the_verdict_points_to_what_a_retrained_model_carries() -> None:
    for kind, there in (("several retrained", True), ("before only", False)):
        text = changed(kind).to_html()
        top = Page(text[: text.index("</header>")]).text()
        assert ("Compared with a model retrained without the target" in top) == there
        assert (changed(kind).change.headline in top) == there


def test_what_is_not_known_is_not_shown() -> None:
    words = section(changed("before only"), "change").text()
    assert "Without a retrained model, a residue cannot be told" in words
    picture = words[: words.index("Bars start at 0")]
    assert "removed +" in picture or "removed −" in picture
    assert "now − retrained" not in words and "◇ open" not in words
    alone = section(changed("actions and leaks"), "change").text()
    assert "before − now" not in alone and "now − retrained" in alone


def test_a_report_without_a_comparison_has_no_such_sections() -> None:
    text = changed("membership").to_html()
    assert (
        'id="change"' not in text
        and 'id="next_actions"' not in text
        and 'id="planted_leaks"' not in text
    )
    assert 'id="membership"' in text


def test_the_compared_models_stand_in_the_provenance() -> None:
    report = changed("several retrained")
    words = section(report, "how").text()
    for model in report.change.models:
        assert model.fingerprint in words


def test_cliffs_are_an_alarm() -> None:
    report = changed("several retrained")
    assert "Performance cliff" not in section(report, "change").text().split("No performance")[0]
    from dataclasses import replace

    from workbench.checks.change.utility import Cliff

    utility = report.change.utility
    fallen = replace(utility, cliffs=(Cliff("after", "rich", "auc", -0.2, -0.25, -0.15),))
    worse = replace(
        report, checks={**report.checks, "change": replace(report.change, utility=fallen)}
    )
    text = worse.to_html()
    alarm = r'<div class="wb-notice wb-alarm" role="note">\s*<strong>Performance cliff</strong>'
    assert re.search(alarm, text)
    assert "retrain from a clean snapshot" in section(worse, "change").text()


def test_what_to_do_next_and_the_rows_that_show_it() -> None:
    report = changed("actions and leaks")
    found = section(report, "next_actions")
    words = found.text()
    for sentence in report.next_actions.sentences():
        assert words_of(sentence) in words
    assert "are personal data" in words
    for pair in report.next_actions.pairs:
        assert pair.sentence() not in words and f"The row labelled {pair.label}" not in words
    words = " ".join(re.sub("<[^>]*>", " ", report.to_html(rows=True)).split())
    assert "These are rows of the data." in words
    for pair in report.next_actions.pairs[:5]:
        assert pair.sentence() in words and f"The row labelled {pair.label}, " in words


def test_planted_leaks_are_drawn_and_counted() -> None:
    report = changed("actions and leaks")
    words = section(report, "planted_leaks").text()
    for sentence in report.planted_leaks.sentences():
        assert words_of(sentence) in words
    for rate in report.planted_leaks.rates:
        assert f"{rate.found} of {rate.trials}" in words


def test_power_stands_beside_the_result() -> None:
    report = changed("membership")
    words = section(report, "membership").text()
    for sentence in report.membership.sentences():
        assert words_of(sentence) in words
    for attack in report.membership.attacks:
        for figures in (attack.power, attack.result):
            assert f"{figures.auc.value:.3f}" in words
    assert words.count("known members") > len(report.membership.attacks)


@pytest.mark.parametrize("kind", EVERY)
def test_the_terminal_says_it_within_80_columns(kind: str) -> None:
    report = changed(kind)
    text = printed(report)
    assert max(map(len, text.splitlines())) <= 80
    words = words_of(text)
    parts = [report.change, report.next_actions, report.planted_leaks, report.membership]
    for part in (part for part in parts if part is not None):
        for sentence in part.sentences():
            assert words_of(sentence) in words
    if report.change is not None:
        assert report.change.headline in words and "What unlearning changed" in words


def test_every_finding_is_in_the_csv() -> None:
    rows = [
        row
        for kind in ("several retrained", "actions and leaks", "membership")
        for row in csv.DictReader(io.StringIO(changed(kind).to_csv()))
    ]
    sections = {row["section"] for row in rows}
    assert {"change", "utility", "utility minus before", "action"} <= sections
    assert {"planted leak found", "membership"} <= sections
    finding = changed("several retrained").change.findings[0]
    for name in ("before", "after", "removed", "residue"):
        own = getattr(finding, name)
        found = next(r for r in rows if r["section"] == "change" and r["name"] == name)
        numbers = tuple(float(found[key]) for key in ("value", "low", "high"))
        assert numbers == pytest.approx((own.value, *own.interval()))


def test_the_notebook_shows_the_change() -> None:
    report = changed("several retrained")
    shown = Page(report._repr_html_()).text()
    assert report.change.headline in shown
    for sentence in report.change.sentences():
        assert sentence in shown
    assert MARKUP not in report._repr_html_()


# ---- drawings ------------------------------------------------------------------------------


def estimate(name: str, value: float) -> Mark:
    return Mark(name, value, value - 0.01, value + 0.01)


def spans(drawn: str) -> list[tuple[float, float]]:
    """Return the ends of the thick lines, in pixels."""
    paths = re.findall(r'<path d="([^"]+)" fill="none"[^>]*stroke-width="2.4"', drawn)
    found = []
    for path in paths:
        ends = [float(x) for x in re.findall(r"[MH]([\d.]+)", path)]
        found.append((min(ends), max(ends)))
    return found


def test_spans_lie_between_the_bars_they_compare() -> None:
    models = (estimate("before", 0.4), estimate("now", 0.3), estimate("retrained", 0.1))
    row = ChangeRow(
        "zip", models, removed=estimate("removed", 0.1), residue=estimate("residue", 0.2)
    )
    drawn = change_chart([row], threshold=0.02, title="t", axis="a")
    bars = [
        (float(x), float(x) + float(w))
        for x, w in re.findall(r'<rect x="([\d.]+)" y="[\d.]+" width="([\d.]+)" height="18"', drawn)
    ]
    before, now, retrained = (end for _, end in bars)
    removed, residue, world = spans(drawn)
    assert removed == pytest.approx((now, before), abs=0.2)
    assert residue == pytest.approx((retrained, now), abs=0.2)
    assert world == pytest.approx((bars[2][0], retrained), abs=0.2)
    assert "removed +0.100" in drawn and "residue +0.200" in drawn
    assert drawn.count("within ±0.02") == 1


def test_the_chart_holds_its_marks_whatever_the_signs() -> None:
    for values in ((-0.4, -0.3, 0.2), (0.0, 0.0, 0.0), (1e-9, 5.0, -5.0)):
        names = ("before", "now", "retrained")
        models = tuple(estimate(n, v) for n, v in zip(names, values, strict=True))
        row = ChangeRow("x" * 300, models, (0.1, -0.2), models[0], models[1])
        drawn = change_chart([row, row], threshold=0.02, title="t", axis="a")
        numbers = [float(x) for x in re.findall(r'(?:x="|M|H)(-?[\d.]+)', drawn)]
        assert min(numbers) >= 0 and max(numbers) <= 760
        assert drawn == change_chart([row, row], threshold=0.02, title="t", axis="a")


def test_rates_rise_upwards_within_their_frame() -> None:
    points = tuple(RatePoint(s, r, max(r - 0.1, 0), min(r + 0.1, 1)) for s, r in ((0, 0), (0.1, 1)))
    drawn = rate_chart([RateCurve("one", points)], threshold=0.02, title="t", axis="a")
    (x1, y1, x2, y2) = map(
        float, re.search(r'd="M([\d.]+) ([\d.]+)L([\d.]+) ([\d.]+)" fill="none"', drawn).groups()
    )
    assert x1 < x2 and y1 > y2
    assert "size 0.1: found in 100 %" in drawn
