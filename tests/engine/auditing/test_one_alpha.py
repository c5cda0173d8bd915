"""The error rate that the auditor states decides the level of every interval, not a fixed 95 %."""

from __future__ import annotations

import csv
import io

import numpy as np
import pandas as pd
import pytest
import scipy

import workbench as wb
from workbench.checks.registry import CHECK_BY_NAME
from workbench.report.outline.decided import as_decided

CHECKS = ("graph", "subgroups", "actions")


@pytest.fixture(scope="module")
def report() -> wb.AuditReport:
    r = np.random.default_rng(3)
    frame = pd.DataFrame({"f": r.normal(size=600), "old": r.integers(0, 2, 600)})
    frame["m"] = frame["f"] + r.normal(size=600)
    graph = wb.CausalGraph([("f", "m")], nodes=["old"])

    def reads(direct: float, carried: float) -> wb.AuditCase:
        model = wb.BlackBoxModel(
            lambda d: direct * d["f"] * d["old"] + carried * d["m"],
            features=["f", "old", "m"],
            output="value",
        )
        return wb.AuditCase(data=frame, model=model, graph=graph)

    return wb.audit(
        reads(0.3, 0.2),
        wb.UnlearningTarget.feature("f"),
        ("debiased", "fuzzing"),
        threshold=0.05,
        alpha=0.2,
        checks=CHECKS,
        compare={"before": reads(0.6, 0.2).model, "retrained": reads(0.0, 0.2).model},
    )


def half_of(low: float, high: float) -> float:
    return (high - low) / 2


def test_what_the_checks_measure_has_intervals_of_that_level(report: wb.AuditReport) -> None:
    z = float(scipy.stats.norm.isf(0.1))
    found = report.checks
    assert {check.level for check in found.values()} == {0.8}
    change = found["change"]
    row = change.to_frame().iloc[0]
    before = change.findings[0].before
    assert half_of(row["before_low"], row["before_high"]) == pytest.approx(
        z * before.standard_error
    )
    assert len(found["subgroups"].table)
    again = wb.AuditReport.from_json(report.to_json())
    assert {check.level for check in again.checks.values()} == {0.8}
    pd.testing.assert_frame_equal(again.checks["graph"].shares, found["graph"].shares)


def test_the_words_say_that_level(report: wb.AuditReport) -> None:
    for name in (*CHECKS, "change"):
        said = repr(CHECK_BY_NAME[name].outline(report.checks[name], report.about()))
        assert "80 % interval" in said, name
        assert "95 %" not in said, name
    first = report.to_csv().splitlines()[1]
    low, high = map(float, first.split(",")[-3:-1])
    total = as_decided(report).entries[0].total
    assert (low, high) == total.interval(report.interval_level)


def test_every_interval_of_the_table_says_its_level(report: wb.AuditReport) -> None:
    rows = list(csv.DictReader(io.StringIO(report.to_csv())))
    decided = str(round(report.interval_level, 12))
    assert {row["level"] for row in rows} == {"0.8", decided, ""}
    assert {row["level"] for row in rows if row["section"] in ("effect", "path")} == {decided}
    for row in rows:
        assert bool(row["level"]) == bool(row["low"])
