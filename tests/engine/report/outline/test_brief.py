"""The first page stands alone: levels, people, assumptions, what it does not mean."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import workbench as wb
from workbench.common.blocks import Bullets, Figure, Section
from workbench.common.charts import BarChart
from workbench.report.outline.brief import brief
from workbench.report.page.page import render_page


@pytest.fixture(scope="module")
def report() -> wb.AuditReport:
    rng = np.random.default_rng(3)
    gender = rng.integers(0, 2, 900)
    data = pd.DataFrame(
        {
            "gender": np.where(gender, "man", "woman"),
            "income": 1.2 * gender + rng.normal(size=900),
        }
    )
    model = wb.BlackBoxModel(
        lambda rows: 1 / (1 + np.exp(-rows["income"])), features=["income"], output="probability"
    )
    case = wb.AuditCase(data=data, model=model, graph=wb.CausalGraph([("gender", "income")]))
    target = wb.UnlearningTarget.feature("gender")
    return wb.audit(case, target, ("debiased", "fuzzing"), progress=lambda *_: None)


def said(block: object) -> str:
    assert isinstance(block, Section)
    (bullets,) = block.blocks
    assert isinstance(bullets, Bullets)
    return " ".join(str(item) for item in bullets.items)


def test_the_first_picture_has_levels_and_the_threshold(report: wb.AuditReport) -> None:
    figure, people, rests, not_meant = brief(report).blocks
    assert isinstance(figure, Figure) and isinstance(figure.chart, BarChart)
    assert [row.label for row in figure.chart.rows] == ["man", "woman"]
    assert report.verdict is not None and figure.chart.threshold == report.verdict.threshold
    assert report.profile is not None
    sizes = report.profile["gender"].people["total"]
    assert f"by {100 * sizes.mean_size:.1f} points on average" in said(people)
    assert "moves none of the 900 rows" in said(people)
    assert "The drawn graph is right (not tested here)." in said(rests)
    assert "does not decide whether an influence is lawful" in said(not_meant)


def test_an_audit_of_one_change_has_no_picture_of_levels(report: wb.AuditReport) -> None:
    from dataclasses import replace

    assert report.profile is not None
    one = replace(report, profile=replace(report.profile, scope="change"))
    assert not [block for block in brief(one).blocks if isinstance(block, Figure)]


def test_the_reader_chooses_how_much_is_printed(report: wb.AuditReport) -> None:
    page = render_page(report)
    assert page.index('id="brief"') < page.index("<nav") < page.index("<main>")
    assert page.count('type="radio" name="print"') == 2
    assert "body:has(#print-short:checked) :is(main,footer){display:none}" in page
