"""A retrained model out of the registry is known to be one; another was handed in."""

from __future__ import annotations

from pathlib import Path

import pytest
from sklearn.linear_model import LogisticRegression

import workbench as wb
from tests.engine.evidence.registry.small_bank import PURPOSE, Clock, new_registry
from workbench.evidence.registry.registry import Registry
from workbench.evidence.retraining import configuration_for

FEATURES = ["zip_code", "income", "debt_ratio"]


@pytest.fixture
def bank(tmp_path: Path) -> Registry:
    registry = new_registry(tmp_path, Clock())
    world = wb.datasets.loan(300, seed=2)
    table = world.data.assign(customer=[f"c-{n}" for n in range(300)])
    registry.source("loans", uri="file:loans.csv", licence="simulated")
    registry.ingest(table, subject="customer", source="loans", consent={"purpose": PURPOSE})
    data = registry.freeze(purpose=PURPOSE)
    made = configuration_for(registry.table(data.name), "approved", features=FEATURES)
    registry.train("credit", data, registry.commit(made))
    for person in range(20):
        registry.request("erasure", subject=f"c-{person}", clause="GDPR 17(1)(b)")
    registry.retrain_due("credit")
    return registry


def test_a_version_trained_here_is_known_whatever_it_is_called(bank: Registry) -> None:
    world = wb.datasets.loan(300, seed=2)
    data = world.data.drop(columns="zip_code").assign(
        zip_code=world.data["zip_code"], name="version credit/2"
    )
    new = bank.model("credit/2")
    outsider = LogisticRegression().fit(data[["income", "debt_ratio"]], data["approved"])
    claimed = wb.BlackBoxModel(
        lambda rows: outsider.predict_proba(rows[["income", "debt_ratio"]])[:, 1],
        features=["income", "debt_ratio"],
        name="version credit/2",
    )
    case = wb.AuditCase(data=data, model=new, graph=world.graph, outcome="approved")
    report = wb.audit(
        case,
        wb.UnlearningTarget.datapoints(range(20), ["income"]),
        methods=["cafe"],
        compare={"before": bank.model("credit/1"), "retrained": [new, claimed]},
    )
    found = bank.known_models(report, case)
    assert [(one.role, one.version and one.version.version) for one in found] == [
        ("before", "credit/1"),
        ("after", "credit/2"),
        ("retrained", "credit/2"),
        ("retrained", None),
    ]
    assert [one.retrained for one in found] == [False, True, True, False]
    assert "known to be retrained, with 20 rows excluded" in found[2].sentence()
    assert "was handed in" in found[3].sentence()
    other = wb.AuditCase(data=data[5:], model=new, graph=world.graph, outcome="approved")
    with pytest.raises(wb.EvidenceError, match="other data"):
        bank.known_models(report, other)
    bank.close()


def test_a_report_says_that_the_retrained_model_came_from_the_registry(tmp_path: Path) -> None:
    world = wb.datasets.loan(300, seed=2)
    with new_registry(tmp_path, Clock()) as registry:
        table = world.data.assign(customer=[f"c-{n}" for n in range(300)])
        registry.source("loans", uri="file:loans.csv", licence="simulated")
        registry.ingest(table, subject="customer", source="loans", consent={"purpose": PURPOSE})
        data = registry.freeze(purpose=PURPOSE)
        made = configuration_for(registry.table(data.name), "approved", features=FEATURES)
        registry.train("credit", data, registry.commit(made))
        registry.request("erasure", features=["zip_code"], clause="GDPR 17(1)(d)")
        registry.retrain_due("credit")
        old, new = registry.model("credit/1"), registry.model("credit/2")
        case = wb.AuditCase(data=world.data, model=new, graph=world.graph, outcome="approved")
        target = wb.UnlearningTarget.feature("zip_code")

        def told(retrained: wb.BlackBoxModel) -> list[str]:
            report = wb.audit(
                case, target, methods=["cafe"], compare={"before": old, "retrained": retrained}
            )
            said = registry.with_known_models(report, case)
            assert [m.known for m in report.change.models] == ["", "", ""], "the report is kept"
            return [m.known for m in said.change.models]

        assert told(new)[:2] == ["", ""]
        assert told(new)[2].startswith("version credit/2 of the registry, trained in place of")
        outsider = LogisticRegression().fit(world.data[["income"]], world.data["approved"])
        other = wb.BlackBoxModel(
            lambda rows: outsider.predict_proba(rows[["income"]])[:, 1],
            features=["income"],
            name="version credit/2",
        )
        assert told(other) == ["", "", ""]
