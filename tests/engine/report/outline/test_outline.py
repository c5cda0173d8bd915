"""What a report says, against numbers that are known."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from html import escape

import numpy as np
import pandas as pd
import pytest

import workbench as wb
from workbench.checks.finding import Check
from workbench.checks.registry import CHECKS
from workbench.common.blocks import Bullets, Column, Section, Table, public
from workbench.common.wording import signed, span
from workbench.models.trained_here import train_model
from workbench.report.outline.audit import chapters, outline_of
from workbench.report.outline.diagnostics import diagnostics
from workbench.report.outline.groups import groups
from workbench.report.outline.meaning import meaning
from workbench.report.outline.moved import moved_words
from workbench.report.outline.paths import paths
from workbench.report.outline.profile import profile
from workbench.report.outline.spread import spread
from workbench.report.page.markup import render_blocks


def loan_case() -> wb.AuditCase:
    world = wb.datasets.loan(n=300, seed=1)
    model = train_model(world.data, world.features, world.outcome, "logistic")
    return wb.AuditCase(data=world.data, model=model, graph=world.graph, outcome=world.outcome)


def html_of(*sections: Section | None) -> str:
    return render_blocks([section for section in sections if section is not None])


def path_ledger(report: wb.AuditReport) -> str:
    return html_of(paths(report))


def row_spread(report: wb.AuditReport) -> str:
    return html_of(spread(report))


def legal_findings(report: wb.AuditReport) -> dict[str, tuple[str, ...]]:
    """The sentences of the finding in plain words, by title."""
    found: dict[str, tuple[str, ...]] = {}
    for section in meaning(report).blocks:
        assert isinstance(section, Section)
        (bullets,) = section.blocks
        assert isinstance(bullets, Bullets)
        found[section.title] = tuple(map(str, bullets.items))
    return found


def cancelling_report(opposed: float = -0.9, **options: object) -> wb.AuditReport:
    """A reaches the prediction by two ways of opposite sign, and differs between two groups."""
    rng = np.random.default_rng(4)
    n = 2_000
    a, group = rng.normal(size=n), rng.choice(["left", "right"], size=n)
    up, down = a + 0.1 * rng.normal(size=n), a + 0.1 * rng.normal(size=n)
    data = pd.DataFrame({"a": a, "up": up, "down": down, "group": group})
    model = wb.BlackBoxModel(
        lambda t: (t["up"] + opposed * t["down"] * (1 + (t["group"] == "right"))).to_numpy(),
        features=["up", "down", "group"],
    )
    graph = wb.CausalGraph([("a", "up"), ("a", "down")], nodes=list(data))
    case = wb.AuditCase(data=data, model=model, graph=graph)
    target = wb.UnlearningTarget.feature("a")
    return wb.audit(
        case, target, ("cafe", "fuzzing"), intervention=wb.Contrast(0.0, 1.0), **options
    )


def text_of(html: str) -> str:
    return re.sub(r"<[^>]+>", " ", re.sub(r"<svg.*?</svg>", "", html, flags=re.DOTALL))


def cells(html: str, start: str) -> list[str]:
    """The cells of the table's row that starts with a text."""
    rows = re.findall(r"<tr[^>]*>(.*?)</tr>", html, flags=re.DOTALL)
    found = next(row for row in rows if start in row)
    return [
        re.sub(r"<[^>]+>", "", cell.replace("<small>", " "))
        for cell in re.findall(r"<t[hd].*?</t[hd]>", found, re.DOTALL)
    ]


def test_the_ledger_adds_up_and_says_what_cancels() -> None:
    report = cancelling_report()
    html = path_ledger(report)
    up, down = (p.effect.value for p in sorted(report.path_effects, key=lambda p: -p.effect.value))
    assert up == pytest.approx(1, abs=0.02) and down == pytest.approx(-1.35, abs=0.1)
    assert cells(html, "a → up → prediction")[1:3] == [signed(up), ""]
    assert cells(html, "a → down → prediction")[1:3] == ["", signed(down)]
    assert cells(html, "What raises and what lowers")[1:3] == [signed(up), signed(down)]
    assert cells(html, "Sum of the paths")[1:3] == ["", signed(up + down)]
    total = report.effects.of("fuzzing")["a"].total
    assert cells(html, "Total effect (causal fuzzing)")[2:4] == [
        signed(total.value),
        span(total.interval(report.interval_level)),
    ]
    left = report.effects.of("fuzzing")["a"].total.value - up - down
    assert left == pytest.approx(0, abs=1e-9)  # rounding, which is said to be none
    assert cells(html, "Left over")[2] == "0"
    assert "Ways of a work against each other" in html
    assert f"raise the prediction by {signed(up)} and lower it by {signed(down)}" in html


def test_what_hardly_cancels_is_not_called_a_cancellation() -> None:
    html = path_ledger(cancelling_report(opposed=0.5))
    assert "All ways of a raise the prediction; none works against the others." in html
    assert "work against each other" not in html
    little = path_ledger(cancelling_report(opposed=-0.03))
    assert "hardly cancel" in little and "work against each other" not in little


def test_many_paths_are_folded_and_still_add_up() -> None:
    report = cancelling_report()
    small = replace(report.path_effects[0], path=("a", "up", "prediction"))
    paths = report.path_effects + tuple(
        replace(small, path=("a", f"node{i}", "prediction"), effect=small.effect - small.effect)
        for i in range(12)
    )
    html = path_ledger(replace(report, path_effects=paths))
    assert "6 more paths" in html and "<details" in html and "The other 6 paths of a" in html
    before = cells(path_ledger(report), "What raises and what lowers")
    assert cells(html, "What raises and what lowers") == before


def test_the_spread_tells_what_the_average_hides() -> None:
    report = cancelling_report(opposed=-0.66, threshold=0.1)
    html = row_spread(report)
    rows = report.effects.of("fuzzing").row_effects("a")["total"]
    above, below = np.mean(rows > 0.1), np.mean(rows < -0.1)
    assert 0.3 < above < 0.7 and 0.3 < below < 0.7 and abs(rows.mean()) < 0.1
    assert (
        f"The total effect of a: for {100 * above:.0f} % of the rows it is above +0.1 and for "
        f"{100 * below:.0f} % of the rows it is below −0.1, although the average is "
        f"{signed(rows.mean())}."
    ) in html
    table = cells(html, "total")
    assert table[2] == f"{100 * below:.0f} %" and table[4] == f"{100 * above:.0f} %"
    every = row_spread(cancelling_report(opposed=0.5, threshold=0.1))
    assert "The total effect of a: at every row it is above +0.1; the average is" in every
    assert html.count("<svg") == 1


def test_groups_are_told_apart_where_they_differ_and_only_there() -> None:
    named = {"on the right": "group == 'right'", "all of them": "a > -100", "none": "a > 100"}
    report = cancelling_report(subgroups=named)
    html = html_of(groups(report))
    frame = report.subgroup_frame().set_index("subgroup")
    right = frame.loc["on the right"]
    assert right["total"] == pytest.approx(1 - 1.8, abs=0.1)
    apart = signed(right["total_difference"])
    difference = report.subgroups["on the right"]["a"].total - report.effects.believed["a"].total
    bounds = span(difference.interval(report.interval_level))
    assert f"{apart} apart from the whole ({bounds})" in html
    assert "in 1 group, no difference to the whole was found" in html
    assert "Left out: none." in html
    row = cells(html, "on the right")
    assert row[0] == "on the right group == &#39;right&#39;" and row[-1] == f"{apart} {bounds}"
    assert groups(cancelling_report()) is None


def test_the_estimators_disagreement_is_said_with_its_interval() -> None:
    report = cancelling_report()
    row = {
        "feature": "a",
        "cafe_total": 0.4,
        "fuzzing_total": 0.1,
        "difference": 0.3,
        "difference_low": 0.2,
        "difference_high": 0.4,
        "differs": True,
    }
    checks = replace(report.diagnostics, disagreement=pd.DataFrame([row]))
    html = render_blocks(diagnostics(replace(report, diagnostics=checks)))
    assert "They differ by more than chance explains" in html
    assert cells(html, "they differ")[1:4] == ["+0.400", "+0.100", "+0.300 +0.200 to +0.400"]
    checks = replace(checks, disagreement=pd.DataFrame([row | {"differs": False}]))
    html = render_blocks(diagnostics(replace(report, diagnostics=checks)))
    assert "They differ by no more than chance alone would give" in html and "Rely on" not in html


@pytest.mark.parametrize(
    ("threshold", "decision", "said"),
    [
        (0.001, "above", "still depend on a"),
        (50.0, "below", "No influence of a above the threshold of 50 was found"),
    ],
)
def test_the_words_for_a_lawyer_follow_the_verdict(
    threshold: float, decision: str, said: str
) -> None:
    report = cancelling_report(threshold=threshold)
    assert report.verdict is not None and report.verdict.decision == decision
    findings = legal_findings(report)
    assert said in " ".join(findings["What it means"])
    assert "lawful" in " ".join(findings["What it does not mean"])
    assert "none is drawn" in " ".join(findings["What it rests on"])
    assert "prove" not in " ".join(map(" ".join, findings.values()))


def test_an_inconclusive_verdict_is_not_worded_as_a_finding() -> None:
    report = cancelling_report()
    assert report.verdict is not None
    verdict = replace(report.verdict, decision="inconclusive", smallest_threshold=0.0123)
    means = " ".join(legal_findings(replace(report, verdict=verdict))["What it means"])
    assert "do not decide" in means and "0.0123" in means


def test_hidden_causes_that_were_drawn_are_named() -> None:
    case = loan_case()
    graph = case.graph.add_node("U", latent=True).add_edge("U", "race").add_edge("U", "zip_code")
    target = wb.UnlearningTarget.feature("credit_score")
    report = wb.audit(case.with_graph(graph), target, ("cafe",))
    assert "were drawn (U)" in " ".join(legal_findings(report)["What it rests on"])


def test_a_change_that_is_no_pair_of_levels_reads_as_a_sentence() -> None:
    target = wb.UnlearningTarget.feature("credit_score")
    report = wb.audit(loan_case(), target, ("cafe",), intervention=wb.Shift(-10))
    assert moved_words(report)[0].startswith("Changing credit_score (shifted by -10) moves")


def test_without_a_causal_method_nothing_is_claimed() -> None:
    target = wb.UnlearningTarget.feature("credit_score")
    report = wb.audit(loan_case(), target, ("permutation",))
    words = text_of(render_blocks(outline_of(report).verdict.blocks))
    assert "No verdict." in words and "this audit ran permutation" in words
    assert spread(report) is None
    found = text_of(html_of(*chapters(report, "found", "ways", "sure")))
    assert "No causal method ran" in found and "Single paths were not measured" in found
    assert "nothing can be said" in legal_findings(report)["What it means"][0]


@dataclass(frozen=True)
class Toy:
    """A check's finding that brings no outline of its own."""

    decision: str = "seen"
    headline: str = "A toy <b>headline</b>."

    def sentences(self) -> tuple[str, ...]:
        return (self.headline, "A toy sentence.")

    def to_frame(self) -> pd.DataFrame:
        return pd.DataFrame({"toy": ["<i>cell</i>"], "size": [0.123456]})


def test_a_new_check_is_said_without_another_line(monkeypatch: pytest.MonkeyPatch) -> None:
    toy = Check[Toy](
        name="toy",
        key="toy",
        title="A toy <b>chapter</b>",
        question="?",
        does="plays",
        cost="none",
        run=lambda *_: Toy(),
        saved=CHECKS[0].saved,
    )
    monkeypatch.setattr("workbench.report.outline.audit.CHECKS", (*CHECKS, toy))
    report = cancelling_report()
    before = [chapter.key for chapter in chapters(report)]
    assert "toy" not in before
    asked = replace(report, checks={"toy": Toy()})
    assert [chapter.key for chapter in chapters(asked, "toy")] == ["toy"]
    page = asked.to_html()
    assert '<section id="toy"' in page and '<a href="#toy">' in page
    assert "A toy &lt;b&gt;headline" in page and page.count("A toy sentence.") == 1
    assert "&lt;i&gt;cell" in page and "0.1235" in page and "<i>cell" not in page
    left_out = replace(report, skipped={"toy": "because <b>"})
    assert "Left out.</strong> because &lt;b&gt;" in left_out.to_html()


def test_sections_about_peoples_rows_are_left_out_at_any_depth() -> None:
    rows = Section("rows", "Rows", (Bullets(("Ann, 31",)),), personal=True)
    kept = Section("outer", "Outer", (Section("inner", "Inner", (rows, Bullets(("kept",)))),))
    assert "Ann" in render_blocks((kept,)) and "wb-no-print" in render_blocks((kept,))
    shown = render_blocks(public((kept, rows)))
    assert "Ann" not in shown and "kept" in shown


def test_a_table_with_a_missing_cell_is_refused() -> None:
    with pytest.raises(ValueError, match="has 1 cells for 2 columns"):
        Table("numbers", (Column("a"), Column("b")), (("x",),))


def test_levels_people_and_what_was_tested_are_told_with_their_numbers() -> None:
    target = wb.UnlearningTarget.feature("zip_code")
    report = wb.audit(loan_case(), target, ("cafe", "fuzzing"), seed=0)
    assert report.profile is not None and report.verdict is not None
    (found,) = report.profile
    html = html_of(profile(report))
    assert all(escape(text) in html for text in report.verdict.basis)
    for level in found.levels:
        assert escape(level.label) in html and signed(level.effects["total"][0]) in html
    total = found.parts["total"]
    assert cells(html, "zip_code, total")[1:3] == [
        escape(total.surest.text),
        signed(total.surest.value),
    ]
    people = found.people["total"]
    assert f'<td class="n">{100 * people.share:.0f} %' in html
    alone = wb.audit(
        loan_case(), target, ("cafe",), intervention=wb.Contrast("MA 02121", "MA 02467")
    )
    assert (profile(alone) is None) == (alone.profile is None)
