"""A report about one person, or a handful, hands no value of their rows on."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

import workbench as wb
from workbench.models.trained_here import train_model
from workbench.report.terminal import print_report

NUMBERS = ("neighborhood_income", "employment_years", "income", "credit_score", "debt_ratio")


@pytest.mark.parametrize("rows", [[17], [40, 41, 42], [3, 900, 1500, 21, 77, 1200]])
def test_no_value_of_a_row_is_in_any_output(rows: list[int]) -> None:
    world = wb.datasets.loan(n=2_000)
    model = train_model(world.data, world.features, world.outcome)
    case = wb.AuditCase(data=world.data, model=model, graph=world.graph, outcome=world.outcome)
    report = wb.audit(
        case,
        wb.UnlearningTarget.datapoints(rows),
        ("cafe", "fuzzing", "aif360"),
        progress=lambda step, share: None,
    )
    screen = io.StringIO()
    print_report(report, Console(file=screen, width=200))
    outputs = {
        "html": report.to_html(),
        "json": report.to_json(),
        "csv": report.to_csv(),
        "terminal": screen.getvalue(),
        "code": report.to_code(),
    }
    for kind, text in outputs.items():
        for row in rows:
            for name in NUMBERS:
                value = float(world.data.loc[row, name])
                for form in (repr(value), f"{value:g}"):
                    assert form not in text, (kind, name, row)
    assert "Group metrics need at least 10 rows" in report.skipped["aif360"]
    assert report.verdict.decision != "below"
