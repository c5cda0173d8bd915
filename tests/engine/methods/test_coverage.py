"""Simulation: 95 % intervals hold the truth in 95 % of repeated samples, and shorter ones do not.

Every replicate draws another linear world (graph, coefficients, rows) and another linear model; the
truth is path algebra. Scores (estimate − truth) / standard error are pooled over features and
replicates. Features of one replicate share rows, so the error of a pooled share is computed over
replicates, and the checks are wide enough for it: with the true rate at 95 %, a bound is at least
2.5 such errors away, and intervals that are 20 % too short (true rate 88.3 %) are further outside.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest
from scipy import special

from workbench import AuditCase, BlackBoxModel, Contrast, UnlearningTarget
from workbench import cafe_effects as cafe
from workbench import fuzzed_effects as fuzz
from workbench.datasets import Equation, SampleWorld, StructuralCausalModel, linear_world

pytestmark = pytest.mark.slow

LOW, HIGH = -0.5, 0.5
CONTRAST = Contrast(LOW, HIGH)
FEATURES = 6
EXACT = 1e-9
"""A standard error below this says that nothing was estimated: the value must be exact."""

Scores = dict[str, list[npt.NDArray[np.float64]]]
"""Scores by estimator and part, one array per replicate."""


def replicates(count: int, n: int, first: int) -> Iterator[tuple[SampleWorld, dict, AuditCase]]:
    for seed in range(first, first + count):
        world = linear_world(n=n, seed=seed, n_features=FEATURES)
        rng = np.random.default_rng([9, seed])
        read = [f for f in world.features if rng.random() < 0.6] or [world.features[0]]
        weights = {f: float(rng.choice([-1, 1]) * rng.uniform(0.3, 1)) for f in read}
        yield world, weights, linear_case(world, weights)


def linear_case(world: SampleWorld, weights: dict[str, float]) -> AuditCase:
    def score(rows: pd.DataFrame) -> npt.NDArray[np.float64]:
        return rows.to_numpy() @ np.array(list(weights.values()))

    model = BlackBoxModel(score, features=list(weights), output="value")
    return AuditCase(data=world.data, model=model, graph=world.graph, outcome=world.outcome)


def score(effect, truth: float) -> list[float]:
    """One score, or none where the estimate is exact, which is then checked here."""
    if effect.standard_error < EXACT:
        assert effect.value == pytest.approx(truth, abs=1e-6)
        return []
    return [(effect.value - truth) / effect.standard_error]


@pytest.fixture(scope="module")
def linear_scores() -> Scores:
    """CAFÉ: 300 worlds of 600 rows, both bases; fuzzing: the first 180 of them."""
    scores: Scores = defaultdict(list)
    for count, (world, weights, case) in enumerate(replicates(300, 600, 1000)):
        target = UnlearningTarget.features(world.features)
        tables = {
            "cafe": cafe(case, target, intervention=CONTRAST),
            "cafe linear": cafe(case, target, intervention=CONTRAST, basis="linear"),
        }
        if count < 180:
            tables["fuzzing"] = fuzz(case, target, intervention=CONTRAST)
        for name, table in tables.items():
            found = defaultdict(list)
            for feature in world.features:
                truth = world.linear_truth(weights, feature, LOW, HIGH)
                entry = table[feature]
                assert entry.direct.value == pytest.approx(truth.direct, abs=1e-9)
                found["total"] += score(entry.total, truth.total)
                if entry.pure_indirect is not None:
                    found["pure"] += score(entry.pure_indirect, truth.indirect)
            names = " + ".join(world.features)
            total = world.linear_truth(weights, world.features, [LOW] * 6, [HIGH] * 6)
            if name == "fuzzing":  # everything is set: the joint effect is the direct one
                joint = next(e for e in table if e.combination == "joint")
                assert joint.total.value == pytest.approx(total.total, abs=1e-9)
            parts = [world.linear_truth(weights, f, LOW, HIGH).total for f in world.features]
            found["sum"] += score(table[names].total, sum(parts))
            for part, values in found.items():
                scores[f"{name}, {part}"].append(np.array(values))
    return dict(scores)


def share_within(groups: list[npt.NDArray[np.float64]], factor: float) -> tuple[float, float]:
    """Share of intervals scaled by `factor` that hold the truth, and its error over replicates."""
    hits = [np.sum(np.abs(g) <= 1.959964 * factor) for g in groups if len(g)]
    sizes = np.array([len(g) for g in groups if len(g)])
    share = np.sum(hits) / sizes.sum()
    spread = np.asarray(hits) - share * sizes
    return float(share), float(np.sqrt((spread**2).sum()) / sizes.sum())


PARTS = ["cafe, total", "cafe linear, total", "fuzzing, total", "fuzzing, pure"]


@pytest.mark.parametrize("part", PARTS)
def test_intervals_cover(part: str, linear_scores: Scores) -> None:
    share, error = share_within(linear_scores[part], 1.0)
    assert error < 0.0085, "too few replicates for an honest check"
    assert 0.93 <= share <= 0.97


@pytest.mark.parametrize("part", PARTS)
def test_the_check_would_find_intervals_that_are_a_fifth_too_short(part, linear_scores) -> None:
    share, error = share_within(linear_scores[part], 0.8)
    assert share + 2 * error < 0.93
    wide, _ = share_within(linear_scores[part], 1.25)
    assert wide > 0.97


@pytest.mark.parametrize("part", PARTS)
def test_estimates_are_not_biased(part: str, linear_scores: Scores) -> None:
    pooled = np.concatenate(linear_scores[part])
    assert abs(pooled.mean()) < 3.5 / np.sqrt(len(pooled)) * 1.3
    assert 0.93 < pooled.std() < 1.07


@pytest.mark.parametrize("part", ["cafe, sum", "cafe linear, sum", "fuzzing, sum"])
def test_intervals_of_sums_cover(part: str, linear_scores: Scores) -> None:
    """One score per replicate: the check is as wide as three binomial errors."""
    share, _ = share_within(linear_scores[part], 1.0)
    count = sum(len(g) for g in linear_scores[part])
    assert abs(share - 0.95) < 3 * np.sqrt(0.95 * 0.05 / count)
    naive, _ = share_within(linear_scores[part], 0.8)
    assert naive < 0.93


def test_a_subgroup_and_its_difference_from_everyone_cover() -> None:
    """Influence columns are added: in a linear world both groups have the same effect."""
    scores: Scores = defaultdict(list)
    for world, weights, case in replicates(130, 600, 5000):
        order = [v for v in world.graph.topological_order() if v != world.outcome]
        late = order[-3:]
        everyone = cafe(case, UnlearningTarget.features(late), intervention=CONTRAST)
        some = cafe(
            case, UnlearningTarget.subgroup(f"{order[0]} > 0.3", late), intervention=CONTRAST
        )
        for feature in late:
            truth = world.linear_truth(weights, feature, LOW, HIGH).total
            scores["some"].append(np.array(score(some[feature].total, truth)))
            difference = some[feature].total - everyone[feature].total
            scores["difference"].append(np.array(score(difference, 0.0)))
    for part in ("some", "difference"):
        share, error = share_within(scores[part], 1.0)
        assert abs(share - 0.95) < max(0.02, 3 * error), part
        assert share_within(scores[part], 0.8)[0] < 0.93


# ---- categories on the way -----------------------------------------------------------------


def categorical_world(n: int, seed: int) -> SampleWorld:
    """``a`` moves a category of three levels, both move ``m``; the model curves."""

    def group(values, noise):
        a = values["a"]
        chances = special.softmax(np.stack([0 * a, 0.9 * a, -0.2 - 0.7 * a], axis=1), axis=1)
        level = (noise[:, None] >= np.cumsum(chances, axis=1)[:, :2]).sum(axis=1)
        return np.array(["red", "green", "blue"])[level]

    def carried(values, noise):
        return 0.8 * values["a"] + 0.9 * (values["g"] == "green") + 0.7 * noise

    return SampleWorld.draw(
        StructuralCausalModel(
            {
                "a": Equation("a = N", (), lambda _, noise: noise),
                "g": Equation("g", ("a",), group, "uniform"),
                "m": Equation("m", ("a", "g"), carried),
                "y": Equation.linear("y", {"m": 1.0}),
            }
        ),
        n,
        seed,
        name="categorical",
        outcome="y",
        features=("a", "g", "m"),
    )


def curved(rows: pd.DataFrame) -> npt.NDArray[np.float64]:
    inner = 0.6 * rows["m"] + 0.5 * (rows["g"] == "blue") + 0.4 * rows["a"] * rows["m"] - 0.3
    return np.asarray(special.expit(inner))


def test_intervals_cover_through_categories_and_a_curved_model() -> None:
    model = BlackBoxModel(curved, features=["a", "g", "m"])
    truth = categorical_world(1, 0).truth(model, "a", -0.7, 0.7, n=400_000)
    assert abs(truth.interaction) > 0.005
    scores: dict[str, list[float]] = defaultdict(list)
    for seed in range(160):
        world = categorical_world(800, seed)
        case = AuditCase(data=world.data, model=model, graph=world.graph, outcome="y")
        target = UnlearningTarget.feature("a")
        fuzzed = fuzz(case, target, intervention=Contrast(-0.7, 0.7), seed=seed)["a"]
        fast = cafe(case, target, intervention=Contrast(-0.7, 0.7), seed=seed)["a"]
        for name, effect, value in (
            ("fuzzing total", fuzzed.total, truth.total),
            ("fuzzing indirect", fuzzed.indirect, truth.indirect),
            ("fuzzing pure", fuzzed.pure_indirect, truth.pure_indirect),
            ("fuzzing interaction", fuzzed.interaction, truth.interaction),
            ("cafe total", fast.total, truth.total),
            ("cafe indirect", fast.indirect, truth.indirect),
            ("direct", fast.direct, truth.direct),
        ):
            scores[name] += score(effect, value)
    for name, values in scores.items():
        assert len(values) == 160
        share = np.mean(np.abs(values) <= 1.96)
        assert share > 0.95 - 3 * 0.0172, (name, share, np.mean(values), np.std(values))
        assert 0.85 < np.std(values) < 1.15, (name, share, np.mean(values), np.std(values))
