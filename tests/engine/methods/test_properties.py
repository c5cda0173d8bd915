"""What holds in every world: properties of both estimators over random graphs."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from workbench import (
    AuditCase,
    BlackBoxModel,
    Budget,
    CausalGraph,
    Contrast,
    EffectTable,
    Resample,
    UnlearningTarget,
    cafe_effects,
    fuzzed_effects,
)
from workbench.datasets import SampleWorld, linear_world

N = 200
CONTRAST = Contrast(-0.5, 0.5)
PARTS = ("total", "direct", "indirect", "pure_indirect", "interaction")
ESTIMATORS = {
    "cafe": cafe_effects,
    "cafe linear": lambda *a, **k: cafe_effects(*a, basis="linear", **k),
    "cafe by regression": lambda *a, **k: cafe_effects(*a, direct="regression", **k),
    "fuzzing": fuzzed_effects,
}


def examples(count: int) -> settings:
    """So many worlds; a smaller world would say no more about what is wrong, so none is sought."""
    return settings(max_examples=count, phases=(Phase.explicit, Phase.generate))


class Linear:
    """A linear model over a mixed set of features, that remembers what it was asked."""

    def __init__(self, weights: dict[str, float], constant: float = 0.0) -> None:
        self.weights, self.constant, self.asked = weights, constant, 0

    def __call__(self, rows: pd.DataFrame) -> np.ndarray:
        self.asked += len(rows)
        out = np.full(len(rows), self.constant)
        for name, weight in self.weights.items():
            out = out + weight * rows[name].to_numpy(dtype=float)
        return out


def case_of(world: SampleWorld, weights: dict[str, float], constant: float = 0.0) -> AuditCase:
    model = BlackBoxModel(Linear(weights, constant), features=list(weights), output="value")
    return AuditCase(data=world.data, model=model, graph=world.graph, outcome=world.outcome)


@st.composite
def worlds(draw, most: int = 5) -> tuple[SampleWorld, dict[str, float]]:
    size = draw(st.integers(2, most))
    density = draw(st.sampled_from([0.0, 0.3, 0.6, 1.0]))
    world = linear_world(n=N, seed=draw(st.integers(0, 10_000)), n_features=size, density=density)
    read = draw(st.sets(st.sampled_from(world.features), min_size=1))
    weight = st.floats(0.2, 2).flatmap(lambda w: st.sampled_from([w, -w]))
    return world, {f: draw(weight) for f in world.features if f in read}


def values(table: EffectTable) -> pd.DataFrame:
    names = [c for p in PARTS for c in (p, f"{p}_low", f"{p}_high")]
    names += ["total_mean_abs", "direct_mean_abs", "indirect_mean_abs"]
    return table.to_frame().set_index(["feature", "combination"])[names]


def assert_same(one: EffectTable, two: EffectTable, *, factor: float = 1.0) -> None:
    first, second = values(one), values(two)
    if factor < 0:  # the ends of the intervals change places
        turned = {f"{p}_low": f"{p}_high" for p in PARTS}
        second = second.rename(columns=turned | {v: k for k, v in turned.items()})
    sizes = [c for c in first if c.endswith("abs")]
    wanted = first * factor
    wanted[sizes] = first[sizes] * abs(factor)
    assert list(second.index) == list(wanted.index)
    second = second[wanted.columns]
    np.testing.assert_allclose(second, wanted, rtol=1e-6, atol=2e-8 * max(1, abs(factor)))


# ---- truth in linear worlds ----------------------------------------------------------------


@pytest.mark.parametrize("estimator", ESTIMATORS)
@pytest.mark.parametrize("seed", [0, 1])
def test_thirty_nodes_match_the_path_algebra(estimator: str, seed: int) -> None:
    world = linear_world(n=1500, seed=seed, n_features=30, density=0.1)
    rng = np.random.default_rng([seed, 1])
    read = [f for f in world.features if rng.random() < 0.5]
    weights = {f: float(rng.uniform(-1, 1)) for f in read}
    case = case_of(world, weights)
    chosen = list(world.features)[seed::2]
    if estimator == "fuzzing":  # the slower one
        chosen = chosen[:8]
    table = ESTIMATORS[estimator](case, UnlearningTarget.features(chosen), intervention=CONTRAST)
    scores = []
    for feature in chosen:
        truth = world.linear_truth(weights, feature, -0.5, 0.5)
        paths = world.path_truth(weights, feature, -0.5, 0.5)
        assert sum(paths.values()) == pytest.approx(truth.total)
        entry = table[feature]
        assert entry.direct.value == pytest.approx(truth.direct, abs=1e-6)
        error = entry.total.value - truth.total
        if entry.total.standard_error < 1e-9:
            assert abs(error) < 1e-6
        else:
            scores.append(error / entry.total.standard_error)
            assert abs(error) < 0.3
    assert len(scores) >= 4
    assert np.abs(scores).max() < 4 and np.mean(np.abs(scores) < 1.96) >= 0.75


@given(worlds())
@examples(15)
def test_small_worlds_match_the_path_algebra(drawn) -> None:
    world, weights = drawn
    case = case_of(world, weights)
    target = UnlearningTarget.features(world.features)
    for estimate in ESTIMATORS.values():
        table = estimate(case, target, intervention=CONTRAST)
        for feature in world.features:
            truth = world.linear_truth(weights, feature, -0.5, 0.5)
            entry = table[feature]
            assert entry.direct.value == pytest.approx(truth.direct, abs=1e-6)
            assert abs(entry.total.value - truth.total) < 4.5 * entry.total.standard_error + 1e-6
            assert entry.indirect.value == entry.total.value - entry.direct.value


# ---- exact zeros ---------------------------------------------------------------------------


@given(worlds())
@examples(20)
def test_what_is_not_read_has_no_direct_effect_and_costs_nothing(drawn) -> None:
    world, weights = drawn
    case = case_of(world, weights)
    asked = case.model._predict
    for feature in set(world.features) - set(weights):
        before = asked.asked
        entry = cafe_effects(case, UnlearningTarget.feature(feature))[feature]
        assert asked.asked == before and entry.queries == 0
        assert (entry.direct.value, entry.direct.standard_error) == (0.0, 0.0)
        assert not entry.rows.direct.any()
        fuzzed = fuzzed_effects(case, UnlearningTarget.feature(feature))[feature]
        assert (fuzzed.direct.value, fuzzed.direct.standard_error) == (0.0, 0.0)
        assert fuzzed.pure_indirect.value == fuzzed.total.value
        assert fuzzed.interaction.value == 0.0
        if not case.carriers(feature):
            assert asked.asked == before and fuzzed.queries == 0
            assert (fuzzed.total.value, fuzzed.total.standard_error) == (0.0, 0.0)


@given(worlds())
@examples(20)
def test_without_mediators_nothing_is_indirect(drawn) -> None:
    world, weights = drawn
    case = case_of(world, weights)
    for feature in world.features:
        if case.carriers(feature):
            continue
        for chosen in (None, Resample(3)):
            entry = fuzzed_effects(case, UnlearningTarget.feature(feature), intervention=chosen)[
                feature
            ]
            for effect in (entry.indirect, entry.pure_indirect, entry.interaction):
                assert (effect.value, effect.standard_error) == (0.0, 0.0)
            assert not entry.rows.indirect.any() and not entry.rows.indirect_size.any()


@given(worlds())
@examples(10)
def test_the_budget_is_the_count_of_what_was_asked(drawn) -> None:
    world, weights = drawn
    for estimate in (cafe_effects, fuzzed_effects):
        case, budget = case_of(world, weights), Budget()
        told_before = case.model._predict.asked
        table = estimate(case.counted_in(budget), UnlearningTarget.features(world.features))
        singles = [e for e in table if e.combination != "sum"]
        # A question that several effects share is put once.
        assert budget.spent <= sum(e.queries for e in singles)
        assert case.model._predict.asked - told_before == budget.spent


@given(worlds(), st.sampled_from([0.0, 0.3, -7.0]))
@examples(10)
def test_a_model_that_ignores_everything(drawn, constant: float) -> None:
    world, weights = drawn
    case = case_of(world, dict.fromkeys(weights, 0.0), constant)
    for name, estimate in ESTIMATORS.items():
        for chosen in (CONTRAST, None, Resample(2)):
            table = estimate(case, UnlearningTarget.features(world.features), intervention=chosen)
            found = values(table).fillna(0.0).to_numpy()
            if name == "fuzzing":
                np.testing.assert_array_equal(found, 0.0)
            np.testing.assert_allclose(found, 0.0, atol=1e-12 * max(1.0, abs(constant)))


# ---- symmetry ------------------------------------------------------------------------------


@given(worlds(), st.sampled_from([-1.0, 2.5, -1e-3, 1e4]))
@examples(8)
def test_effects_scale_with_the_model_and_change_sign_with_it(drawn, factor: float) -> None:
    world, weights = drawn
    scaled = case_of(world, {f: factor * w for f, w in weights.items()})
    target = UnlearningTarget.features(world.features)
    for estimate in ESTIMATORS.values():
        one = estimate(case_of(world, weights), target, intervention=CONTRAST)
        assert_same(one, estimate(scaled, target, intervention=CONTRAST), factor=factor)


@given(worlds(), st.sampled_from([-3.0, 100.0]))
@examples(6)
def test_a_constant_added_to_the_model_changes_nothing(drawn, constant: float) -> None:
    world, weights = drawn
    target = UnlearningTarget.features(world.features)
    for estimate in ESTIMATORS.values():
        one = estimate(case_of(world, weights), target, intervention=CONTRAST)
        assert_same(one, estimate(case_of(world, weights, constant), target, intervention=CONTRAST))


@given(worlds())
@examples(6)
def test_going_back_is_minus_going(drawn) -> None:
    world, weights = drawn
    case, target = case_of(world, weights), UnlearningTarget.features(world.features)
    back = Contrast(CONTRAST.b, CONTRAST.a)
    for estimate in ESTIMATORS.values():
        one = estimate(case, target, intervention=CONTRAST)
        assert_same(one, estimate(case, target, intervention=back), factor=-1.0)


@given(worlds(), st.randoms(use_true_random=False))
@examples(8)
def test_the_order_of_rows_and_columns_does_not_matter(drawn, random) -> None:
    world, weights = drawn
    rows, columns, nodes, edges, reads = (
        random.sample(list(things), len(things))
        for things in (
            range(N), world.data.columns, world.graph.nodes, world.graph.edges, weights
        )
    )  # fmt: skip
    shuffled = AuditCase(
        data=world.data.iloc[rows][columns],
        model=BlackBoxModel(Linear(weights), features=reads, output="value"),
        graph=CausalGraph(edges, nodes=nodes),
        outcome=world.outcome,
    )
    case, target = case_of(world, weights), UnlearningTarget.features(world.features)
    for estimate in ESTIMATORS.values():
        one = estimate(case, target, intervention=CONTRAST)
        two = estimate(shuffled, target, intervention=CONTRAST)
        assert_same(one, two)
        for feature in world.features:
            by_row = one.row_effects(feature)
            np.testing.assert_allclose(
                two.row_effects(feature).loc[by_row.index], by_row, atol=1e-7
            )


@given(worlds())
@examples(6)
def test_names_mean_nothing(drawn) -> None:
    world, weights = drawn
    new = {f: f"{chr(122 - i)} · {f[::-1]}" for i, f in enumerate(world.data.columns)}
    renamed = AuditCase(
        data=world.data.rename(columns=new),
        model=BlackBoxModel(
            Linear({new[f]: w for f, w in weights.items()}),
            features=[new[f] for f in weights],
            output="value",
        ),
        graph=CausalGraph(
            [(new[a], new[b]) for a, b in world.graph.edges],
            nodes=[new[v] for v in world.graph.nodes],
        ),
        outcome=new[world.outcome],
    )
    case = case_of(world, weights)
    for estimate in ESTIMATORS.values():
        for feature in world.features:
            one = estimate(case, UnlearningTarget.feature(feature), intervention=CONTRAST)
            other = UnlearningTarget.feature(new[feature])
            two = estimate(renamed, other, intervention=CONTRAST)
            np.testing.assert_allclose(values(two), values(one), rtol=1e-6, atol=2e-8)


@given(worlds(), st.integers(0, 3))
@examples(6)
def test_the_same_input_gives_the_same_bits(drawn, seed: int) -> None:
    world, weights = drawn
    target = UnlearningTarget.features(world.features)
    for estimate in ESTIMATORS.values():
        for chosen in (CONTRAST, Resample(2)):
            one, two = (
                estimate(case_of(world, weights), target, intervention=chosen, seed=seed)
                for _ in range(2)
            )
            pd.testing.assert_frame_equal(one.to_frame(), two.to_frame(), check_exact=True)
            for feature in world.features:
                np.testing.assert_array_equal(
                    one[feature].total.influence, two[feature].total.influence
                )


# ---- several features ----------------------------------------------------------------------


@given(worlds())
@examples(10)
def test_sums_add_up_and_joint_interventions_follow_the_path_algebra(drawn) -> None:
    world, weights = drawn
    chosen = world.features[: max(2, len(world.features) // 2)]
    case, target = case_of(world, weights), UnlearningTarget.features(chosen)
    for name, estimate in ESTIMATORS.items():
        table = estimate(case, target, intervention=CONTRAST)
        singles = [table[f] for f in chosen]
        total = table[" + ".join(chosen)]
        assert total.combination == "sum"
        for part in ("total", "direct", "indirect"):
            added = sum(getattr(e, part).value for e in singles)
            assert getattr(total, part).value == pytest.approx(added, abs=1e-12)
            influence = sum(getattr(e, part).influence for e in singles)
            np.testing.assert_allclose(getattr(total, part).influence, influence, atol=1e-9)
        joint = [e for e in table if e.combination == "joint"]
        assert len(joint) == (name == "fuzzing")
        for entry in joint:
            k = len(chosen)
            truth = world.linear_truth(weights, chosen, [-0.5] * k, [0.5] * k)
            error = entry.total.value - truth.total
            assert abs(error) < 4.5 * entry.total.standard_error + 1e-9
            assert entry.direct.value == pytest.approx(truth.direct, abs=1e-9)


@given(worlds())
@examples(8)
def test_a_subgroup_of_everyone_is_everyone_and_parts_average_to_the_whole(drawn) -> None:
    world, weights = drawn
    case = case_of(world, weights)
    names = list(world.features)
    labels = world.data.index
    for estimate in (cafe_effects, fuzzed_effects):
        whole = estimate(case, UnlearningTarget.features(names), intervention=CONTRAST)
        again = estimate(case, UnlearningTarget.subgroup("x0 > -99", names), intervention=CONTRAST)
        assert_same(whole, again)
        halves = [
            estimate(case, UnlearningTarget.datapoints(part, names), intervention=CONTRAST)
            for part in (labels[:70].tolist(), labels[70:].tolist())
        ]
        for feature in names:
            mean = sum(h[feature].total.value * h[feature].n_rows for h in halves) / N
            assert mean == pytest.approx(whole[feature].total.value, abs=1e-8)
