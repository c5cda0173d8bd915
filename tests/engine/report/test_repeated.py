"""A run compared with the report that its code repeats."""

from __future__ import annotations

import contextlib
import io

import workbench as wb
from workbench.report.audit_report import AuditReport


def small_report() -> AuditReport:
    world = wb.datasets.loan(n=400, seed=0)
    model = wb.train_model(world.data, world.features, world.outcome, "logistic")
    case = wb.AuditCase(data=world.data, model=model, graph=world.graph, outcome=world.outcome)
    report = wb.audit(case, wb.UnlearningTarget.feature("zip_code"), ["cafe"])
    return report


LOAD = """world = wb.datasets.loan(n=400, seed=0)
data = world.data
model = wb.train_model(data, world.features, world.outcome, 'logistic')"""


def test_the_code_of_a_report_prints_its_verdict_and_finds_its_numbers_again():
    report = small_report()
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(report.to_code(LOAD), {})
    assert report.verdict is not None
    said = printed.getvalue().splitlines()
    assert said[0] == report.verdict.headline
    assert said[-1] == "All 2 effects are those of the report, to four digits."
    assert "NOT THE SAME" not in printed.getvalue()


def test_what_is_not_as_the_report_told_it_is_named():
    report = small_report()
    space: dict[str, object] = {}
    code = report.to_code(LOAD).replace("'decision': 'above'", "'decision': 'below'")
    code = code.replace("    'data': '", "    'data': '0")
    code = code.replace("total effect by CAFÉ': 0", "total effect by CAFÉ': 1")
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(code, space)
    wrong = [line for line in printed.getvalue().splitlines() if line.startswith("NOT THE SAME")]
    assert len(wrong) == 3
    assert "the data" in wrong[0] and "in the report below" in wrong[1]
    assert "zip_code, total effect by CAFÉ" in wrong[2]
