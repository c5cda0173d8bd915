"""What a change audit takes over from the audit of the model after unlearning."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import workbench as wb
from workbench.methods.debiased import simulator


def test_equations_and_the_audited_models_effects_are_made_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rng = np.random.default_rng(0)
    a = rng.normal(size=1_500)
    frame = pd.DataFrame({"a": a, "m": a + rng.normal(size=1_500), "c": rng.normal(size=1_500)})
    fitted: list[int] = []
    original = simulator.better_equations

    def counting(*args: object, **options: object) -> object:
        fitted.append(1)
        return original(*args, **options)

    monkeypatch.setattr(simulator, "better_equations", counting)

    def model(size: float) -> wb.BlackBoxModel:
        return wb.BlackBoxModel(
            lambda rows: size * np.tanh(rows["m"]) + 0.1 * rows["c"],
            features=["m", "c"],
            output="value",
        )

    case = wb.AuditCase(
        data=frame, model=model(0.2), graph=wb.CausalGraph([("a", "m")], nodes=["c"])
    )
    report = wb.audit(
        case,
        wb.UnlearningTarget.feature("a"),
        ["debiased"],
        threshold=0.05,
        compare={"before": model(1.0), "retrained": model(0.0)},
    )
    assert sum(fitted) == 1
    assert report.provenance.queries["change"] == 0
    found = next(f for f in report.change.findings if f.part == "total")
    assert found.after is report.effects["a"].total
    # the same effect of the other models: five times as large, and none
    assert found.before.value == pytest.approx(5 * found.after.value, rel=0.02)
    assert found.world.value == pytest.approx(0.0, abs=0.01)
    saved = wb.AuditReport.from_json(report.to_json())
    again = next(f for f in saved.change.findings if f.part == "total")
    assert again.removed.standard_error == pytest.approx(found.removed.standard_error)
