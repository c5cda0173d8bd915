"""An audit of a table in partitions says which rows each of its figures rests on."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import workbench as wb

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
    said = " ".join(_audit(3).diagnostics.warnings)

    assert "has 4,000 rows. The verdict, the profile and every other figure" in said
    assert "rest on 1,000 rows of it, drawn at random" in said
    assert "CAFÉ over all 4,000 rows of the target, a (" in said
    assert "Added up over 3 partitions, in one process." in said
    assert "more than chance explains" not in said


def test_a_sample_that_is_unlike_its_table_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("workbench.case.audit_case.SAMPLE_ROWS", 1_000)

    assert any(
        "from the sample's, more than chance explains" in warning
        for warning in _audit(3, shifted=True).diagnostics.warnings
    )


def test_memory_that_runs_out_is_told_in_words(monkeypatch: pytest.MonkeyPatch) -> None:
    def runs_out(*_: object) -> None:
        raise MemoryError

    monkeypatch.setattr("workbench.auditing.audit.run_effects", runs_out)
    with pytest.raises(wb.DataError, match=r"memory ran out in the audit of 4,000 rows .* fewer"):
        _audit(1)

    frame = pd.DataFrame({"a": np.arange(50.0), "b": np.arange(50.0) % 7})
    model = wb.BlackBoxModel.from_predictions(frame["b"], ["b"], output="value")
    case = wb.AuditCase(data=frame, model=model, graph=wb.CausalGraph([("a", "b")]))
    with pytest.raises(wb.DataError, match=r"of 50 rows .*wb\.Table\.pandas\(data\)"):
        wb.audit(case, TARGET, methods=["cafe"], progress=lambda *_: None)
