"""What step 6 says and draws, against numbers that are known."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import workbench as wb
from tests.widgets.widget_tree import loan_case
from widgets.results.effects_view import disagreement_section, effects_section, verdict_section
from widgets.results.findings import legal_findings, plain_words
from widgets.results.path_ledger import path_ledger
from widgets.results.spread_view import row_spread
from widgets.results.subgroup_view import subgroup_comparison
from workbench.common.wording import signed, span


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
    rows = re.findall(r"<tr>(.*?)</tr>", html, flags=re.DOTALL)
    found = next(row for row in rows if start in row)
    return [
        re.sub(r"<[^>]+>", "", cell) for cell in re.findall(r"<t[hd].*?</t[hd]>", found, re.DOTALL)
    ]


def test_the_ledger_adds_up_and_says_what_cancels() -> None:
    report = cancelling_report()
    html = path_ledger(report)
    up, down = (p.effect.value for p in sorted(report.path_effects, key=lambda p: -p.effect.value))
    assert up == pytest.approx(1, abs=0.02) and down == pytest.approx(-1.35, abs=0.1)
    assert cells(html, "a → up → prediction")[1:3] == [signed(up), ""]
    assert cells(html, "a → down → prediction")[1:3] == ["", signed(down)]
    assert cells(html, "All paths together")[1:3] == [signed(up), signed(down)]
    assert cells(html, "What the paths leave")[1:3] == ["", signed(up + down)]
    total = report.effects.of("fuzzing")["a"].total
    assert cells(html, "Total effect (causal fuzzing)")[2:] == [
        signed(total.value),
        span((total.low, total.high)),
    ]
    left = report.effects.of("fuzzing")["a"].total.value - up - down
    assert cells(html, "Left over")[1 if left > 0 else 2] == signed(left)
    assert "Ways of a work against each other" in html
    assert f"raise the prediction by {signed(up)} and lower it by {signed(down)}" in html


def test_what_hardly_cancels_is_not_called_a_cancellation() -> None:
    html = path_ledger(cancelling_report(opposed=0.5))
    assert "hardly cancel" in html and "work against each other" not in html


def test_many_paths_are_folded_and_still_add_up() -> None:
    report = cancelling_report()
    small = replace(report.path_effects[0], path=("a", "up", "prediction"))
    paths = report.path_effects + tuple(
        replace(small, path=("a", f"node{i}", "prediction"), effect=small.effect - small.effect)
        for i in range(12)
    )
    html = path_ledger(replace(report, path_effects=paths))
    assert "6 more paths" in html and "<details" in html and "The other 6 paths of a" in html
    before = cells(path_ledger(report), "All paths together")
    assert cells(html, "All paths together") == before


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
    assert html.count("<svg") == 1 and "rows between" in html
    assert row_spread(replace(report, verdict=None)) == ""


def test_groups_are_told_apart_where_they_differ_and_only_there() -> None:
    groups = {"on the right": "group == 'right'", "all of them": "a > -100", "none": "a > 100"}
    report = cancelling_report(subgroups=groups)
    html = subgroup_comparison(report)
    frame = report.subgroup_frame().set_index("subgroup")
    right = frame.loc["on the right"]
    assert right["total"] == pytest.approx(1 - 1.8, abs=0.1)
    apart = signed(right["total_difference"])
    bounds = span((right["total_difference_low"], right["total_difference_high"]))
    assert f"{apart} apart from the whole (95 % interval {bounds})" in html
    assert "In 1 group, no difference to the whole was found" in html
    assert "Left out: the group none." in html
    row = cells(html, "on the right")
    assert row[1] == "group == &#x27;right&#x27;" and row[-1] == f"{apart}\n({bounds})"
    assert subgroup_comparison(cancelling_report()) == ""


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
    html = disagreement_section(replace(report, diagnostics=checks))
    assert "They differ by more than chance explains" in html
    assert cells(html, "+0.400")[1:] == ["+0.400", "+0.100", "+0.300 (+0.200 to +0.400)", "yes"]
    checks = replace(checks, disagreement=pd.DataFrame([row | {"differs": False}]))
    html = disagreement_section(replace(report, diagnostics=checks))
    assert "The difference is what chance alone would give" in html


@pytest.mark.parametrize(
    ("threshold", "decision", "said"),
    [
        (0.001, "above", "still depend on a"),
        (50.0, "below", "No influence of a above the agreed threshold of 50 was found"),
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
    assert plain_words(report)[0].startswith("Changing credit_score (shifted by -10) moves")


def test_without_a_causal_method_nothing_is_claimed() -> None:
    target = wb.UnlearningTarget.feature("credit_score")
    report = wb.audit(loan_case(), target, ("permutation",))
    assert "no verdict" in text_of(verdict_section(report))
    for section in (effects_section, path_ledger, row_spread, disagreement_section):
        assert section(report) == ""
    assert "nothing can be said" in legal_findings(report)["What it means"][0]
