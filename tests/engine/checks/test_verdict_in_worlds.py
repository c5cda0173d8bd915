"""The verdict in worlds where an influence hides: the small twin of benchmarks/verdicts.py."""

from __future__ import annotations

import pytest

import workbench as wb
from workbench.datasets.hiding_places import HARD, HIDING_PLACES, hidden_world

TAU = 0.1


def decision(kind: str, ratio: float, seed: int) -> str:
    world = hidden_world(kind, ratio * TAU, 1_000, seed)
    model = wb.BlackBoxModel(world.predict, features=world.reads, output="value")
    case = wb.AuditCase(data=world.data, model=model, graph=world.graph)
    target = wb.UnlearningTarget.features(world.target)
    methods = ("debiased", "cafe", "fuzzing")
    report = wb.audit(case, target, methods, threshold=TAU, subgroups=world.groups, seed=seed)
    assert report.verdict is not None
    return report.verdict.decision


@pytest.mark.parametrize("kind", [kind for kind in HIDING_PLACES if kind not in HARD])
@pytest.mark.parametrize("seed", [1, 2])
def test_what_hides_is_found_and_nothing_else(kind: str, seed: int) -> None:
    assert decision(kind, 0.0, seed) == "below"
    assert decision(kind, 0.9, seed) != "above"
    assert decision(kind, 1.1, seed) != "below"
    assert decision(kind, 2.0, seed) == "above"


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_few_people_whom_nobody_named_are_not_called_unmoved(seed: int) -> None:
    assert decision("few people", 0.0, seed) == "below"
    assert decision("few people", 1.05, seed) != "below"
    assert decision("few people", 2.0, seed) != "below"
