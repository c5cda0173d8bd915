"""What a dossier repeats of an audit: bounded by what the report says and by what was seen."""

from __future__ import annotations

import dataclasses

import pytest
from sklearn.linear_model import LogisticRegression

import workbench as wb
from workbench.evidence.audit_results import HANDED_IN, ITSELF, NOT_SEEN, measured_by, report_file
from workbench.report.audit_report import AuditReport


@pytest.fixture(scope="module")
def compared() -> AuditReport:
    world = wb.datasets.loan(400, seed=2)
    data = world.data

    def model(*names: str) -> wb.BlackBoxModel:
        fitted = LogisticRegression(max_iter=500).fit(data[list(names)], data["approved"])
        return wb.BlackBoxModel(
            lambda rows: fitted.predict_proba(rows[list(names)])[:, 1], features=list(names)
        )

    case = wb.AuditCase(data, model("income", "debt_ratio"), world.graph, outcome="approved")
    others = {"retrained": model("income")}
    target = wb.UnlearningTarget.feature("credit_score")
    return wb.audit(case, target, methods=["cafe"], threshold=0.5, compare=others)


def _retrained(report: AuditReport, **changes: str) -> AuditReport:
    change = report.change
    assert change is not None
    models = tuple(
        dataclasses.replace(model, **changes) if model.role == "retrained" else model
        for model in change.models
    )
    checks = {**report.checks, "change": dataclasses.replace(change, models=models)}
    return dataclasses.replace(report, checks=checks)


def test_a_report_that_nobody_saw_to_be_of_the_model_is_inconclusive(
    compared: AuditReport,
) -> None:
    found = measured_by(compared)
    assert set(found) == {"causal audit", "causal residue"}
    assert all(one.verdict == "INCONCLUSIVE" for one in found.values())
    assert all(one.sentence.endswith(NOT_SEEN) for one in found.values())
    assert all(len(one.sentence) <= 500 for one in found.values())


def test_a_residue_supports_only_against_a_model_that_is_known_to_be_retrained(
    compared: AuditReport,
) -> None:
    assert measured_by(compared, "")["causal audit"].verdict == "CONSISTENT"
    handed = measured_by(compared, "")["causal residue"]
    assert (handed.verdict, HANDED_IN in handed.sentence) == ("INCONCLUSIVE", True)
    known = _retrained(compared, known="version credit/2 of the registry")
    assert measured_by(known, "")["causal residue"].verdict == "CONSISTENT"
    assert compared.change is not None
    (after,) = (one for one in compared.change.models if one.role == "after")
    itself = measured_by(_retrained(known, fingerprint=after.fingerprint), "")["causal residue"]
    assert (itself.verdict, ITSELF in itself.sentence) == ("INCONCLUSIVE", True)


def test_a_report_without_results_is_refused_and_a_file_reads_back(compared: AuditReport) -> None:
    empty = dataclasses.replace(compared, verdict=None, checks={})
    with pytest.raises(wb.EvidenceError, match="neither a verdict"):
        measured_by(empty)
    read = AuditReport.from_json(report_file(compared))
    assert measured_by(read) == measured_by(compared)
