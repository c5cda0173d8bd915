"""A claim keeps its levels, whom it is about and whether it is joint as values, not as words."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pandas as pd
import pytest

import workbench as wb
from workbench.checks.verdict.cancellations import cancellations_of
from workbench.checks.verdict.claims import Claim
from workbench.report.outline.lead_sentence import lead_sentence


@pytest.fixture(scope="module")
def cancelling() -> wb.AuditReport:
    """Two features whose influences cancel when set together; one is named like a joint change."""
    r = np.random.default_rng(0)
    first = r.integers(0, 2, 1500)
    rows = pd.DataFrame({"work together": first, "b + c": np.where(r.random(1500) < 0.1, 1, first)})
    case = wb.AuditCase(
        data=rows,
        model=lambda d: 0.5 + 0.2 * d["work together"] - 0.2 * d["b + c"],
        features=list(rows),
        graph=wb.CausalGraph([], nodes=list(rows)),
    )
    return wb.audit(case, wb.UnlearningTarget.features(list(rows)), ["cafe"], threshold=0.05)


def test_a_name_makes_no_claim_a_joint_one(cancelling: wb.AuditReport) -> None:
    assert cancelling.verdict is not None
    claims = cancelling.verdict.claims
    assert {c.combination for c in claims if c.feature == "work together"} == {""}
    assert {c.combination for c in claims if c.feature == "b + c"} == {""}
    assert any(c.combination == "joint" for c in claims)


def test_a_cancellation_is_not_hidden_by_a_name() -> None:
    def claim(feature: str, value: float, above: bool, combination: Any = "") -> Claim:
        numbers = (value, value - 0.01, value + 0.01, 0.5)
        about = (f"{feature}, total effect", feature, "total")
        return Claim(*about, *numbers, not above, above, "values", combination=combination)

    apart = [claim("work together", 0.2, True), claim("b", -0.2, True)]
    found = cancellations_of([*apart, claim("all", 0.0, False, "joint")], 0.05)
    assert [(one.over, len(one.parts)) for one in found] == [("features", 2)]


def test_both_levels_are_kept(cancelling: wb.AuditReport) -> None:
    assert cancelling.verdict is not None
    for claim in cancelling.verdict.claims:
        if claim.over != "change":
            assert claim.change == f"{claim.before} → {claim.after}"


def test_a_group_is_named_whatever_its_name_holds() -> None:
    r = np.random.default_rng(0)
    rows = pd.DataFrame({"f": r.integers(0, 2, 2000), "g": (r.random(2000) < 0.15).astype(int)})
    case = wb.AuditCase(
        data=rows,
        model=lambda d: 0.5 + 0.1 * d["f"] * d["g"],
        features=["f", "g"],
        graph=wb.CausalGraph([], nodes=["f", "g"]),
    )
    name = "the side effect for g: 1"
    report = wb.audit(
        case,
        wb.UnlearningTarget.feature("f"),
        ["cafe"],
        threshold=0.05,
        subgroups={name: "g == 1"},
    )
    assert report.verdict is not None
    assert report.verdict.headline == f"Influence above 0.05 found for {name}: f, 0 → 1."
    assert f" for {name}, " in lead_sentence(report)


def test_a_report_from_before_both_levels_were_kept_opens(cancelling: wb.AuditReport) -> None:
    saved = json.loads(cancelling.to_json())
    for claim in saved["verdict"]["claims"]:
        for key in ("before", "after", "combination", "group"):
            del claim[key]

    def without_ends(value: object) -> object:
        if isinstance(value, dict):
            return {k: without_ends(v) for k, v in value.items() if k != "ends"}
        return [without_ends(v) for v in value] if isinstance(value, list) else value

    old = wb.AuditReport.from_json(json.dumps(without_ends(saved)))
    assert old.verdict is not None and cancelling.verdict is not None
    # The same claims but for what rounding leaves of p-values.
    kept = [(c.name, c.before, c.after, c.combination) for c in old.verdict.claims]
    assert kept == [(c.name, c.before, c.after, c.combination) for c in cancelling.verdict.claims]
