"""A person can stop an estimate wherever it says how far it is."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from workbench.case.target import UnlearningTarget
from workbench.common.errors import AuditCancelled
from workbench.methods.cafe.estimator import cafe_effects
from workbench.methods.effects import EffectTable
from workbench.methods.fuzzing.estimator import fuzzed_effects


@pytest.mark.parametrize(
    ("estimate", "other"), [(cafe_effects, "credit_score"), (fuzzed_effects, "race")]
)
def test_the_person_can_stop_it(cases, estimate: Callable[..., EffectTable], other: str) -> None:
    _, case = cases["loan", "forest"]
    steps: list[tuple[str, float]] = []
    target = UnlearningTarget.features(["zip_code", other, "income"])
    estimate(case, target, progress=lambda step, share: steps.append((step, share)))
    assert steps and all(0 <= share <= 1 for _, share in steps)
    for stop_at in range(len(steps)):
        seen = 0

        def stop(step: str, share: float, stop_at: int = stop_at) -> None:
            nonlocal seen
            seen += 1
            if seen > stop_at:
                raise AuditCancelled("stopped")

        with pytest.raises(AuditCancelled):
            estimate(case, target, progress=stop)
