"""Path-specific effects against products of coefficients."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pandas as pd
import pytest

import workbench as wb
from workbench.datasets import linear_world
from workbench.methods.fuzzing.paths import MOST_PATHS, trace_paths

CONTRAST = wb.Contrast(-0.5, 0.5)


def linear_case(seed: int, n: int = 2_000) -> tuple[wb.AuditCase, dict[str, float], object]:
    world = linear_world(n=n, seed=seed, n_features=6)
    weights = dict(zip(world.features, np.random.default_rng(seed).normal(size=6), strict=True))
    model = wb.BlackBoxModel(
        lambda rows: rows[list(weights)].to_numpy() @ np.array(list(weights.values())),
        features=list(weights),
        output="value",
    )
    case = wb.AuditCase(data=world.data, model=model, graph=world.graph, outcome=world.outcome)
    return case, weights, world


@pytest.mark.parametrize("seed", range(4))
def test_paths_are_products_of_coefficients_and_sum_to_the_total(seed: int) -> None:
    case, weights, world = linear_case(seed)
    target = wb.UnlearningTarget.features(list(weights))
    contrasts = dict.fromkeys(weights, CONTRAST)
    frame = wb.path_effects(case, target, intervention=contrasts)
    totals = wb.fuzzed_effects(case, target, intervention=contrasts)
    for feature in weights:
        own = frame[frame["feature"] == feature]
        truth = world.path_truth(weights, feature, -0.5, 0.5)
        assert set(own["path"]) == set(truth)
        for row in own.itertuples():
            margin = 4 * (row.effect_high - row.effect_low) / 3.92 + 1e-9
            assert abs(row.effect - truth[row.path]) < margin
        # Products of estimated equations need not add up exactly when splines are fitted.
        total = totals[feature].total
        assert own["effect"].sum() == pytest.approx(
            total.value, abs=3 * total.standard_error + 1e-9
        )
        assert own["share"].abs().sum() == pytest.approx(1.0)


def test_intervals_of_paths_cover_the_truth() -> None:
    scores = []
    for seed in range(30):
        case, weights, world = linear_case(seed + 100, n=800)
        feature = max(weights, key=lambda name: len(case.carriers(name)))
        target = wb.UnlearningTarget.feature(feature)
        frame = wb.path_effects(case, target, intervention=CONTRAST)
        truth = world.path_truth(weights, feature, -0.5, 0.5)
        for row in frame.itertuples():
            error = (row.effect_high - row.effect_low) / 3.92
            if error > 1e-6:
                scores.append((row.effect - truth[row.path]) / error)
    coverage = np.mean(np.abs(scores) < 1.96)
    assert len(scores) > 100
    # Paths of one world are correlated, so the check is wider than a binomial one.
    assert 0.91 < coverage < 0.985
    assert 0.85 < np.std(scores) < 1.15


def test_a_target_the_model_reads_has_a_direct_path() -> None:
    case, weights, _ = linear_case(0)
    feature = case.features[0]
    target = wb.UnlearningTarget.feature(feature)
    frame = wb.path_effects(case, target, intervention=CONTRAST)
    direct = frame[frame["path"] == (feature, "prediction")]
    assert direct["effect"].item() == pytest.approx(weights[feature])
    assert direct["effect_low"].item() == pytest.approx(weights[feature])


def test_opposite_paths_are_told_apart() -> None:
    rng = np.random.default_rng(3)
    a = rng.normal(size=1_000)
    data = pd.DataFrame({"a": a, "up": a + rng.normal(size=1_000)})
    data["down"] = -a + rng.normal(size=1_000)
    case = wb.AuditCase(
        data=data,
        model=wb.BlackBoxModel(lambda rows: rows["up"] + rows["down"], features=["up", "down"]),
        graph=wb.CausalGraph([("a", "up"), ("a", "down")]),
    )
    found = trace_paths(case, wb.UnlearningTarget.feature("a"), intervention=CONTRAST)
    by_path = {path.path: path.effect.value for path in found}
    assert by_path["a", "up", "prediction"] == pytest.approx(1.0, abs=0.15)
    assert by_path["a", "down", "prediction"] == pytest.approx(-1.0, abs=0.15)


def test_too_many_paths_are_counted_not_hidden() -> None:
    """A ladder of eight layers has more paths than are followed."""
    layers, edges = 8, []
    names = [[f"l{layer}_{side}" for side in "xy"] for layer in range(layers)]
    for before, after in pairwise(names):
        edges += [(b, a) for b in before for a in after]
    nodes = [name for layer in names for name in layer]
    rng = np.random.default_rng(0)
    data = pd.DataFrame(rng.normal(size=(300, len(nodes))), columns=nodes)
    case = wb.AuditCase(
        data=data,
        model=wb.BlackBoxModel(lambda rows: rows[names[-1][0]], features=[names[-1][0]]),
        graph=wb.CausalGraph(edges),
    )
    target = wb.UnlearningTarget.feature(names[0][0])
    found = trace_paths(case, target, intervention=CONTRAST)
    assert len(found) <= MOST_PATHS
    assert found[0].left_out == 2 ** (layers - 2) - len(found)


def test_same_seed_same_paths() -> None:
    case, weights, _ = linear_case(1)
    target = wb.UnlearningTarget.features(list(weights))
    first, second = (wb.path_effects(case, target, max_rows=500, seed=4) for _ in range(2))
    pd.testing.assert_frame_equal(first, second)
