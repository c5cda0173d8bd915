"""An audit of a table in partitions says which rows each of its figures rests on."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import workbench as wb
from benchmarks.partitions import gaps, saved, synthetic

TARGET = wb.UnlearningTarget.feature("a")


def _audit(partitions: int, *, rows: int = 4_000, shifted: bool = False) -> wb.AuditReport:
    rng = np.random.default_rng(0)
    a = rng.normal(size=rows)
    frame = pd.DataFrame({"a": a, "b": 2 * a + rng.normal(size=rows)})
    frame["score"] = 0.3 * frame["a"] + 0.5 * frame["b"] + 0.01 * rng.normal(size=rows)
    table = wb.Table.pandas(frame, partitions)
    if shifted:  # outside the sample the scores follow another rule
        outside = frame.index.difference(table.sample(1_000).index)
        frame.loc[outside, "score"] = -frame["score"]
        table = wb.Table.pandas(frame, partitions)
    model = wb.BlackBoxModel.from_predictions("score", ["a", "b"], output="value")
    case = wb.AuditCase(data=table, model=model, graph=wb.CausalGraph([("a", "b")]))
    return wb.audit(case, TARGET, methods=["debiased", "cafe"], progress=lambda *_: None)


def _without_times(report: wb.AuditReport) -> list[tuple[float, ...]]:
    return [
        (e.total.value, e.direct.value, e.total.standard_error, e.direct.standard_error)
        for e in report.effects
    ]


def test_a_table_that_fits_is_audited_as_the_frame_it_is() -> None:
    one, many = _audit(1), _audit(17)

    assert _without_times(one) == _without_times(many)
    assert one.verdict == many.verdict
    assert one.provenance.data_fingerprint == many.provenance.data_fingerprint
    assert not any("drawn at random" in warning for warning in one.diagnostics.warnings)


def test_a_larger_table_says_what_rests_on_its_sample(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("workbench.case.audit_case.SAMPLE_ROWS", 1_000)
    report = _audit(3)
    said = " ".join(report.diagnostics.warnings)

    assert "has 4,000 rows. The verdict, the profile and every other figure" in said
    assert "rest on 1,000 rows of it, drawn at random" in said
    assert "CAFÉ over all 4,000 rows of the target, a (" in said
    assert "more than chance explains" not in said
    code = report.to_code()
    assert 'data = wb.Table.parquet("data/*.parquet")  # 4,000 rows, ' in code
    assert "# Of the table's 4,000 rows the audit draws 1,000 at random;" in code
    html = report.to_html().replace("&#39;", "'")
    assert "1,000 of them asked about; a random sample of the table's 4,000 rows" in html
    assert "indirect effects rest on a random sample of 1,000 of the table's 4,000 rows" in html
    assert report.whole_table is not None
    whole = report.whole_table["a"]
    assert (whole.n_rows, report.effects["a"].n_rows) == (4_000, 1_000)

    again = wb.AuditReport.from_json(report.to_json())
    assert again.whole_table is not None
    for part, effect in again.whole_table["a"].parts().items():
        kept = whole.parts()[part]
        assert effect.value == kept.value
        assert effect.interval() == pytest.approx(kept.interval(), rel=1e-12)
    assert "all rows of the table,,a,cafe (direct by regression),total,4000," in report.to_csv()


def test_a_sample_that_is_unlike_its_table_is_said_and_doubted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("workbench.case.audit_case.SAMPLE_ROWS", 1_000)
    diagnostics = _audit(3, shifted=True).diagnostics

    assert diagnostics.doubted == ("a",)
    assert any(
        "from the sample's, more than chance explains" in warning
        for warning in diagnostics.warnings
    )


def _largest_gap(one: object, other: object) -> float:
    return max((gap for _, gap in gaps(one, other)), default=0.0)


def test_a_saved_report_does_not_depend_on_partitions_or_workers(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("workbench.case.audit_case.SAMPLE_ROWS", 600)
    frame, model, graph = synthetic(1_800)

    def report(partitions: int, on: int | None = None) -> object:
        return saved(wb.Table.pandas(frame, partitions), model, graph, "a", on)

    one = report(1)
    assert _largest_gap(one, report(3)) < 1e-9
    assert _largest_gap(one, report(17)) < 1e-9
    assert _largest_gap(one, report(3, on=2)) < 1e-9
    other = wb.Table.pandas(frame.assign(z=2 * frame["z"]), 3)
    assert _largest_gap(one, saved(other, model, graph, "a", None)) == float("inf")


def test_a_saved_report_does_not_depend_on_dask(monkeypatch: pytest.MonkeyPatch) -> None:
    import distributed

    monkeypatch.setattr("workbench.case.audit_case.SAMPLE_ROWS", 600)
    frame, model, graph = synthetic(1_800)
    here = saved(wb.Table.pandas(frame, 1), model, graph, "a", None)

    options = {"n_workers": 2, "threads_per_worker": 1, "dashboard_address": "127.0.0.1:0"}
    with distributed.Client(processes=False, timeout=120, **options) as client:
        there = saved(wb.Table.pandas(frame, 3), model, graph, "a", client)

    assert _largest_gap(here, there) < 1e-9


def test_a_table_that_changes_on_the_way_is_not_added_up(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("workbench.case.audit_case.SAMPLE_ROWS", 600)
    frame, model, graph = synthetic(1_800)
    for place in range(3):
        frame[600 * place : 600 * (place + 1)].to_parquet(tmp_path / f"{place}.parquet")
    case = wb.AuditCase(data=wb.Table.parquet(tmp_path), model=model, graph=graph)
    frame[600:1_100].to_parquet(tmp_path / "1.parquet")
    report = wb.audit(case, TARGET, ["cafe"], progress=lambda *_: None)

    assert report.whole_table is None
    assert "600 rows now has 500: the table was changed" in report.skipped["all rows of the table"]
    assert report.profile is not None and report.profile["a"].direct_rows == 0


def test_memory_that_runs_out_is_told_in_words(monkeypatch: pytest.MonkeyPatch) -> None:
    def runs_out(*_: object) -> None:
        raise MemoryError

    monkeypatch.setattr("workbench.auditing.estimates.run_effects", runs_out)
    with pytest.raises(wb.DataError, match=r"memory ran out in the audit of 4,000 rows .* fewer"):
        _audit(1)

    monkeypatch.setattr("workbench.auditing.whole_table.SAMPLE_ROWS", 40)
    frame = pd.DataFrame({"a": np.arange(50.0), "b": np.arange(50.0) % 7})
    model = wb.BlackBoxModel.from_predictions(frame["b"], ["b"], output="value")
    case = wb.AuditCase(data=frame, model=model, graph=wb.CausalGraph([("a", "b")]))
    with pytest.raises(wb.DataError, match=r"of 50 rows .*wb\.Table\.pandas\(data\).* at 40 rows"):
        wb.audit(case, TARGET, methods=["cafe"], progress=lambda *_: None)
