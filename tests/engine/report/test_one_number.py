"""One finding is one number, with one interval and in one direction, wherever it is printed."""

from __future__ import annotations

import csv
import io

import numpy as np
import pandas as pd
import pytest

import workbench as wb
from workbench.checks.verdict import as_judged
from workbench.report.outline.decided import as_decided


@pytest.fixture(scope="module")
def report() -> wb.AuditReport:
    """Audit a number of which a profile asks about some of the rows only; it goes down in z."""
    rng = np.random.default_rng(0)
    f = rng.normal(size=900)
    m = f + rng.normal(size=900)
    frame = pd.DataFrame({"f": f, "m": m, "z": rng.normal(size=900)})
    model = wb.BlackBoxModel(
        lambda rows: 0.3 * rows["f"] * (rows["z"] > 0) + 0.1 * rows["m"],
        features=["f", "m", "z"],
        output="value",
    )
    graph = wb.CausalGraph([("f", "m")], nodes=["f", "m", "z"])
    case = wb.AuditCase(data=frame, model=model, graph=graph)
    return wb.audit(case, wb.UnlearningTarget.feature("f"), ["debiased", "fuzzing"], threshold=0.02)


def test_a_direct_effect_is_the_number_that_all_rows_give(report: wb.AuditReport) -> None:
    (found,) = report.profile
    assert found.asked_rows < found.n_rows  # else there were nothing to tell apart
    asked = report.effects.judged.entries[0].direct
    (claim,) = [c for c in report.verdict.claims if (c.over, c.kind) == ("values", "direct")]
    assert claim.change == report.effects.entries[0].intervention
    assert claim.value == asked.value != found.parts["direct"].deciding(0.02).value
    assert as_decided(report).entries[0].direct.value == asked.value
    (path,) = [p for p in as_judged(report.path_effects, report.effects) if len(p.path) == 2]
    assert path.effect.value == asked.value
    assert path.effect.standard_error == pytest.approx(asked.standard_error)
    rows = list(csv.DictReader(io.StringIO(report.to_csv())))
    own = [r for r in rows if r["feature"] == "f"]
    direct = {
        float(r["value"]) for r in own if r["part"] == "direct" or r["name"] == "f → prediction"
    }
    assert direct == {asked.value}


def test_a_change_is_named_in_the_verdicts_direction() -> None:
    rng = np.random.default_rng(1)
    sex = rng.choice(["man", "woman"], 1_000)
    job = rng.choice(["a", "b", "c"], 1_000)
    frame = pd.DataFrame({"sex": sex, "job": job})
    model = wb.BlackBoxModel(
        lambda rows: 0.5 - 0.1 * (rows["job"] == "b").to_numpy() - 0.2 * (rows["job"] == "c"),
        features=["sex", "job"],
        output="value",
    )
    case = wb.AuditCase(data=frame, model=model, graph=wb.CausalGraph([], nodes=["sex", "job"]))
    found = wb.audit(case, wb.UnlearningTarget.feature("job"), ["cafe", "fuzzing"], threshold=0.02)
    deciding = found.verdict.deciding
    assert deciding.change == "c → a" and deciding.value > 0
    (about,) = found.profile
    for part in about.parts.values():
        if part.surest.value:
            assert part.surest.text == "c → a" and part.surest.value > 0
    assert about.people["direct"].pair.text == "c → a"
    assert any("Clearest difference: c → a, +0.200" in said for said in found.verdict.basis)
