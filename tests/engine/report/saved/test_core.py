"""A report that went through a file says the same."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import workbench as wb
from tests.engine.report.saved.sample_reports import KINDS, report_of
from workbench.methods.effects import Effect
from workbench.methods.estimator import Estimator
from workbench.methods.joint_uncertainty import pack, unpack
from workbench.report.audit_report import read_report


def same(one: pd.DataFrame | None, other: pd.DataFrame | None) -> None:
    if one is None or other is None:
        assert one is other
    else:
        pd.testing.assert_frame_equal(one, other, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("kind", KINDS)
def test_a_report_says_the_same_after_a_file(kind: str, tmp_path: Path) -> None:
    report = report_of(kind)
    report.to_json(tmp_path / "r.json")
    back = read_report(tmp_path / "r.json")
    assert back.from_file and not report.from_file
    for table in ("effects", "context"):
        same(getattr(report, table).to_frame(), getattr(back, table).to_frame())
    same(report.subgroup_frame(), back.subgroup_frame())
    for name, group in report.subgroups.items():
        same(group.to_frame(), back.subgroups[name].to_frame())
    same(report.paths, back.paths)
    same(report.fairness, back.fairness)
    same(report.comparison().table, back.comparison().table)
    same(report.comparison().agreement, back.comparison().agreement)
    for table in ("disagreement", "equations", "overlap", "adjustment"):
        same(getattr(report.diagnostics, table), getattr(back.diagnostics, table))
    for one, other in zip(report.attributions, back.attributions, strict=True):
        same(one.to_frame(), other.to_frame())
        assert (one.exact, one.n_rows, one.queries) == (other.exact, other.n_rows, other.queries)
    assert back.comparison().sentences == report.comparison().sentences
    assert back.diagnostics.warnings == report.diagnostics.warnings
    assert back.provenance == report.provenance
    assert (back.graph, back.audit_graph) == (report.graph, report.audit_graph)
    assert back.audit_graph.nodes == report.audit_graph.nodes
    for kept in ("reads", "outcome", "unit", "methods", "features", "skipped", "call"):
        assert getattr(back, kept) == getattr(report, kept), kept
    assert back.subgroup_conditions == report.subgroup_conditions
    assert back.target.describe() == report.target.describe()
    assert back.to_code() == report.to_code()
    assert back._repr_html_() == report._repr_html_()
    assert back.to_html() == report.to_html()
    assert repr(back) == repr(report)
    if report.verdict:
        same(report.verdict.to_frame(), back.verdict.to_frame())
        assert back.verdict.headline == report.verdict.headline
        assert back.verdict.explanation == report.verdict.explanation
        assert back.verdict.cancellations == report.verdict.cancellations


def test_rows_stay_at_home_and_their_summary_travels() -> None:
    report = report_of("every method")
    text = report.to_json()
    back = wb.AuditReport.from_json(text)
    for estimator in (None, "debiased", "cafe", "fuzzing"):
        one, other = (r.row_summary("zip_code", estimator) for r in (report, back))
        same(one.to_frame(), other.to_frame())
        same(one.histogram("indirect"), other.histogram("indirect"))
    assert back.row_summary("zip_code").estimator == Estimator("debiased")
    with pytest.raises(wb.TargetError, match="saved report keeps only their summary"):
        back.effects.row_effects("zip_code")
    with pytest.raises(wb.TargetError, match="no effects of 'nothing'"):
        back.row_summary("nothing")
    rows = report.effects["zip_code"].rows
    assert rows is not None
    assert repr(float(rows.total.max())) not in text
    assert len(text) < 250_000


def test_a_report_may_be_saved_again_and_again() -> None:
    first = wb.AuditReport.from_json(report_of("several features").to_json())
    third = wb.AuditReport.from_json(wb.AuditReport.from_json(first.to_json()).to_json())
    same(first.subgroup_frame(), third.subgroup_frame())
    assert first.to_html() == third.to_html()


def test_differences_between_any_two_effects_keep_their_error() -> None:
    report = report_of("several features")
    back = wb.AuditReport.from_json(report.to_json())

    def pairs(r: wb.AuditReport) -> list[float]:
        every = [e for t in (r.effects, r.context, *r.subgroups.values()) for e in t]
        parts = [effect for entry in every for effect in entry.parts().values()]
        return [(a - b).standard_error for a in parts for b in parts]

    wanted, found = np.array(pairs(report)), np.array(pairs(back))
    assert np.allclose(found, wanted, rtol=1e-9, atol=1e-12)
    assert ((wanted == 0) == (found == 0)).all()  # exactly 0 stays exactly 0


def test_short_columns_keep_what_nearly_cancels() -> None:
    rng = np.random.default_rng(0)
    base, small = rng.normal(size=(2, 30_011))
    effects = [Effect(0.0, base), Effect(0.0, base + 1e-7 * small), Effect(0.0, np.zeros(30_011))]
    block = pack(effects)
    assert block.references == (0, 1, None)
    assert [len(column.split()) for column in block.columns] == [1, 2]
    a, b = (Effect(0.0, column) for column in unpack(block.columns, 5))
    wanted = (effects[1] - effects[0]).standard_error
    assert (b - a).standard_error == pytest.approx(wanted, rel=1e-6)  # a Gram matrix gives 0.05


def test_many_columns_are_kept_apart_without_mixing() -> None:
    report = report_of("every method")
    found = json.loads(report.to_json())["estimates"]
    assert len(found["blocks"]) == 1
    import workbench.report.saved.document as module

    few = module.MOST_TOGETHER
    try:
        module.MOST_TOGETHER = 0
        back = wb.AuditReport.from_json(report.to_json())
    finally:
        module.MOST_TOGETHER = few
    same(report.context.to_frame(), back.context.to_frame())
    same(report.paths, back.paths)
    with pytest.raises(ValueError, match="shapes"):
        back.effects["zip_code"].total - back.path_effects[0].effect
