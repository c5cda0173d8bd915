"""What to do next: blocked totals against exact truth, the smallest sets, places and pairs."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from dataclasses import replace
from itertools import combinations

import numpy as np
import pandas as pd
import pytest

import workbench as wb
from tests.engine.fitted_worlds import LEVELS, fitted
from tests.engine.planted_world import GROUP, planted_case
from workbench.case.asking.batches import QueryBatch
from workbench.case.asking.variations import variations_of
from workbench.case.condition import Condition
from workbench.checks.next_actions import NextActions, next_actions
from workbench.checks.next_actions.blocking import OPEN, Routes
from workbench.common.errors import AuditCancelled, DataError, ModelError, TargetError
from workbench.datasets import SampleWorld, heart_disease, linear_world, loan, performance
from workbench.methods.fuzzing.propagation import fit_equations

CONTRAST = wb.Contrast(-0.5, 0.5)
WORLDS = {"heart_disease": heart_disease, "performance": performance, "loan": loan}


@functools.cache
def fitted_case(name: str, kind: str) -> tuple[SampleWorld, wb.AuditCase]:
    world = WORLDS[name](n=4_000, seed=7)
    model = fitted(world, kind)
    return world, wb.AuditCase(world.data, model, world.graph, outcome=world.outcome)


def linear_model(weights: Mapping[str, float]) -> wb.BlackBoxModel:
    slopes = np.array(list(weights.values()))
    return wb.BlackBoxModel(
        lambda rows: rows[list(weights)].to_numpy() @ slopes, features=list(weights), output="value"
    )


def world_of(
    edges: Mapping[tuple[str, str], float], n: int = 3_000, seed: int = 0, noise: float = 1.0
) -> SampleWorld:
    nodes = {node: None for edge in edges for node in edge}
    graph = wb.CausalGraph([*edges, *((node, "y") for node in nodes)])
    noises = {node: 1.0 if node in ("f", "g") else noise for node in nodes}
    return linear_world(graph, dict(edges), noises, n=n, seed=seed)


def case_of(world: SampleWorld, weights: Mapping[str, float]) -> wb.AuditCase:
    return wb.AuditCase(world.data, linear_model(weights), world.graph, outcome=world.outcome)


def routes_of(case: wb.AuditCase, feature: str, intervention=CONTRAST, seed: int = 0) -> Routes:
    positions = np.arange(case.n_rows)
    (variation,) = variations_of(case, [feature], positions, intervention, seed)
    equations = fit_equations(case, [feature], seed=seed)
    return Routes(case, equations, variation, positions, True, QueryBatch(case), seed)


def truth_without(
    paths: Mapping[tuple[str, ...], float], blocked: frozenset[str], feature: str
) -> float:
    """Sum of the path effects that pass no blocked node; the feature stands for its direct path."""

    def open_(path: tuple[str, ...]) -> bool:
        direct = len(path) == 2 and feature in blocked
        return not direct and not blocked.intersection(path[1:-1])

    return sum(effect for path, effect in paths.items() if open_(path))


@pytest.mark.parametrize("seed", range(2))
def test_what_remains_is_the_sum_of_the_paths_not_through_the_set(seed: int) -> None:
    world = linear_world(n=2_000, seed=seed, n_features=6)
    weights = dict(zip(world.features, np.random.default_rng(seed).normal(size=6), strict=True))
    case = case_of(world, weights)
    feature = max(weights, key=lambda name: len(case.carriers(name)))
    routes = routes_of(case, feature)
    paths = world.path_truth(weights, feature, -0.5, 0.5)
    assert len(routes.blockable) >= 3
    for size in range(len(routes.blockable) + 1):
        for chosen in combinations(routes.blockable, size):
            blocked = frozenset(chosen)
            (effect,) = routes.effects(blocked)
            truth = truth_without(paths, blocked, feature)
            assert abs(effect.value - truth) < 4.5 * effect.standard_error + 1e-9, chosen
    assert effect.value == 0 and effect.standard_error == 0  # everything is blocked


def test_intervals_of_what_remains_cover_the_truth() -> None:
    edges = {("f", "a"): 0.8, ("f", "b"): -0.5, ("a", "b"): 0.6}
    weights = {"f": 0.3, "a": 0.5, "b": 0.7}
    hits, changes = [], []
    for seed in range(60):
        world = world_of(edges, n=400, seed=seed)
        paths = world.path_truth(weights, "f", -0.5, 0.5)
        routes = routes_of(case_of(world, weights), "f")
        for blocked in (OPEN, frozenset("a"), frozenset("b"), frozenset("f")):
            total, effect = routes.effects(OPEN, blocked)
            truth = truth_without(paths, blocked, "f")
            hits.append(effect.low <= truth <= effect.high)
            if blocked:
                change = total - effect
                gone = sum(paths.values()) - truth
                changes.append(change.low - 1e-9 <= gone <= change.high + 1e-9)
    assert np.mean(hits) == pytest.approx(0.95, abs=0.035)
    assert np.mean(changes) >= 0.92


@pytest.mark.parametrize(
    "target",
    [wb.UnlearningTarget.feature("smoking"), wb.UnlearningTarget.datapoints([4, 9], ["smoking"])],
    ids=["all rows", "two rows"],
)
def test_with_nothing_blocked_it_is_the_total_of_fuzzing(target: wb.UnlearningTarget) -> None:
    _, case = fitted_case("heart_disease", "linear")
    expected = wb.fuzzed_effects(case, target, seed=5)["smoking"].total
    ((_, value, low, high),) = next_actions(
        case, target, threshold=10.0, max_rows=None, seed=5
    ).left
    assert (value, low, high) == pytest.approx((expected.value, expected.low, expected.high))


@pytest.mark.parametrize("name", ["heart_disease", "performance", "loan"])
@pytest.mark.parametrize("kind", ["linear", "forest"])
def test_blocking_in_the_sample_worlds_is_as_their_equations_say(name: str, kind: str) -> None:
    world, case = fitted_case(name, kind)
    feature = next(f for f in LEVELS[name] if len(case.carriers(f)) > 0)
    low, high = LEVELS[name][feature]
    routes = routes_of(case, feature, wb.Contrast(low, high))
    observed = world.mechanism.intervene(world.noise)
    spread = np.quantile(case.predictions, 0.95) - np.quantile(case.predictions, 0.05)
    for node in routes.blockable:
        held = {} if node == feature else {node: observed[node].to_numpy()}
        answers = []
        for level in (low, high):
            state = world.mechanism.intervene(world.noise, {**held, feature: level})
            if node == feature:
                state[feature] = observed[feature]
            answers.append(case.model.predict(state.drop(columns=world.outcome)))
        truth = float(np.mean(answers[1] - answers[0]))
        (effect,) = routes.effects(frozenset({node}))
        assert abs(effect.value - truth) < 4 * effect.standard_error + 0.01 * spread, node


def smallest(found: NextActions) -> set[str]:
    """The last step, or the first mediator where one suffices."""
    steps = [a for a in found.actions if a.kind == "step"] or [found.actions[0]]
    assert steps[-1].below
    assert not any(step.below for step in steps[:-1])
    return set(steps[-1].what)


@pytest.mark.parametrize(
    ("edges", "weights", "expected"),
    [
        # One of three mediators carries enough.
        (
            {("f", "a"): 1.0, ("f", "b"): 0.02, ("f", "c"): 0.02},
            {"a": 1.0, "b": 1.0, "c": 1.0},
            {"a"},
        ),
        # Two are needed.
        (
            {("f", "a"): 1.0, ("f", "b"): 0.7, ("f", "c"): 0.05},
            {"a": 1.0, "b": 1.0, "c": 1.0},
            {"a", "b"},
        ),
        # The direct route has to be closed as well.
        ({("f", "a"): 0.6, ("f", "b"): 0.03}, {"f": 0.8, "a": 1.0, "b": 1.0}, {"direct", "a"}),
        # The largest single one, m, is not in the smallest set {a, b}: both a and b pass it by.
        (
            {("f", "a"): 1.0, ("f", "b"): 1.0, ("a", "m"): 0.6, ("b", "m"): 0.6},
            {"a": 0.5, "b": 0.5, "m": 1.0},
            {"a", "b"},
        ),
        # Direct alone: nothing follows from the feature that matters.
        ({("f", "a"): 0.05}, {"f": 1.0, "a": 1.0}, {"direct"}),
    ],
)
def test_the_smallest_set_is_found(edges, weights, expected) -> None:
    case = case_of(world_of(edges, noise=0.3), weights)
    found = next_actions(
        case, wb.UnlearningTarget.feature("f"), threshold=0.2, intervention=CONTRAST
    )
    assert smallest(found) == expected
    assert [action.rank for action in found.actions] == list(range(1, len(found.actions) + 1))


def test_the_mediator_that_carries_most_comes_first_with_its_share() -> None:
    case = case_of(world_of({("f", "a"): 0.3, ("f", "b"): 0.7}), {"a": 1.0, "b": 1.0})
    found = next_actions(
        case, wb.UnlearningTarget.feature("f"), threshold=0.01, intervention=CONTRAST
    )
    first, second = found.actions[:2]
    assert (first.kind, first.what, second.what) == ("mediator", ("b",), ("a",))
    assert first.share == pytest.approx(0.7, abs=0.05)
    assert first.low < 0.3 < first.high
    said = found.sentences()
    assert said[1].startswith("Block b: it carries 7") and said[1].endswith("still above 0.01.")
    assert sum(text.startswith("Block ") for text in said) == 3  # the two alone, then together
    assert "remain, below 0.01." in said[3]


def test_routes_that_work_against_each_other_are_named() -> None:
    weights = {"a": 1.0, "b": -0.6}
    case = case_of(world_of({("f", "a"): 1.0, ("f", "b"): 1.0}), weights)
    target = wb.UnlearningTarget.feature("f")
    found = next_actions(case, target, threshold=0.05, intervention=CONTRAST)
    assert found.actions[0].share > 1.5
    assert any("works against" in note for note in found.notes)
    hidden = case_of(world_of({("f", "a"): 1.0}), {"f": -1.0, "a": 1.0})
    quiet = next_actions(hidden, target, threshold=0.15, intervention=CONTRAST)
    assert not quiet.actions
    assert any("cancel" in note for note in quiet.notes)


def test_many_mediators_are_searched_step_by_step_and_it_is_said() -> None:
    names = [f"m{i:02d}" for i in range(11)]
    world = world_of({("f", name): 0.5 for name in names}, n=800, noise=0.3)
    case = case_of(world, dict.fromkeys(names, 0.2))
    found = next_actions(
        case, wb.UnlearningTarget.feature("f"), threshold=0.25, intervention=CONTRAST
    )
    # 11 routes of 0.1 each: nine leave 0.2, and eight 0.3.
    assert 9 <= len(smallest(found)) <= 10
    assert any("not all combinations" in note for note in found.notes)


def test_with_a_retrained_model_it_is_about_the_residue() -> None:
    edges = {("f", "a"): 1.0, ("f", "b"): 0.8}
    world = world_of(edges)
    after, clean = {"f": 0.5, "a": 1.0, "b": 1.0}, {"a": 0.4, "b": 1.0}
    case, retrained = case_of(world, after), case_of(world, clean)
    target = wb.UnlearningTarget.feature("f")
    found = next_actions(case, target, retrained=retrained, threshold=0.05, intervention=CONTRAST)
    ((_, value, low, high),) = found.left
    assert low < 0.5 + 0.6 < high
    assert value < 1.2  # the audited model's own total is 2.3
    assert found.residue
    assert "beyond what a retrained model carries" in found.sentences()[0]
    assert {a.what for a in found.actions if a.kind == "mediator"} == {("a",), ("direct",)}
    assert found.pairs and all(pair.retrained is not None for pair in found.pairs)
    same = next_actions(case, target, retrained=case, threshold=0.05, intervention=CONTRAST)
    assert not same.actions and same.left[0][1:] == (0.0, 0.0, 0.0)
    assert same.sentences()[0].startswith("No total influence above 0.05 beyond what a retrained")


def test_when_nothing_is_left_one_sentence_says_so() -> None:
    case = case_of(world_of({("f", "a"): 0.3}, n=4_000), {"a": 0.1})
    found = next_actions(
        case, wb.UnlearningTarget.feature("f"), threshold=0.1, intervention=CONTRAST
    )
    assert not found.actions and not found.pairs
    sentence, about = found.sentences()
    assert about == "This is about one change, on average: f: −0.5 → 0.5."
    assert sentence.startswith("No total influence above 0.1 was found")
    assert found.to_frame().empty


def test_the_subgroup_that_carries_most_is_found_on_fresh_rows() -> None:
    case = planted_case(4_000)
    found = next_actions(case, wb.UnlearningTarget.feature("f"), threshold=0.02)
    (group,) = [action for action in found.actions if action.kind == "subgroup"]
    truth = Condition(GROUP).mask(case.data)
    mask = Condition(group.what[0]).mask(case.data)
    assert (mask & truth).sum() / (mask | truth).sum() > 0.6
    assert group.effect > 0.3
    assert group.share > 0.6
    assert group.rows_share == pytest.approx(mask.mean(), abs=0.03)
    assert group.remaining + group.share * found.left[0][1] == pytest.approx(
        found.left[0][1], abs=0.03
    )


def test_the_range_of_values_that_carries_most_is_found() -> None:
    world = world_of({("f", "a"): 0.5}, n=4_000)
    model = wb.BlackBoxModel(
        lambda rows: 0.1 * rows["f"] + 1.0 * rows["f"] * (rows["a"] > 1.0),
        features=["f", "a"],
        output="value",
    )
    case = wb.AuditCase(world.data, model, world.graph, outcome="y")
    found = next_actions(
        case, wb.UnlearningTarget.feature("f"), threshold=0.05, intervention=CONTRAST
    )
    (place,) = [action for action in found.actions if action.kind == "range"]
    inside = Condition(place.what[0]).mask(world.data)
    assert world.data["a"][inside].min() > 0.5
    assert place.effect_low < place.effect < place.effect_high
    assert place.effect > 0.6


def test_where_the_effect_is_the_same_for_all_no_place_is_named() -> None:
    named = 0
    for seed in range(20):
        case = case_of(world_of({("f", "a"): 1.0}, n=1_200, seed=seed), {"a": 1.0})
        found = next_actions(
            case, wb.UnlearningTarget.feature("f"), threshold=0.02, intervention=CONTRAST, seed=seed
        )
        named += any(action.kind in ("subgroup", "range") for action in found.actions)
    assert named <= 2


def test_chance_differences_between_rows_are_no_places() -> None:
    """Row effects differ widely, but by nothing that a subgroup could be described by."""
    named = 0
    for seed in range(20):
        world = world_of({("f", "a"): 1.0}, n=1_200, seed=seed)
        model = wb.BlackBoxModel(
            lambda rows: rows["f"] * (0.5 + np.sign(np.sin(1e6 * rows["a"]))) + 0.0 * rows["a"],
            features=["f", "a"],
            output="value",
        )
        case = wb.AuditCase(world.data, model, world.graph, outcome="y")
        found = next_actions(
            case, wb.UnlearningTarget.feature("f"), threshold=0.02, intervention=CONTRAST, seed=seed
        )
        named += any(action.kind in ("subgroup", "range") for action in found.actions)
    assert named <= 4


@pytest.mark.parametrize("name", ["loan", "heart_disease", "performance"])
def test_pairs_differ_in_the_target_and_what_follows_only(name: str) -> None:
    _, case = fitted_case(name, "linear")
    feature, (low, high) = next(iter(LEVELS[name].items()))
    found = next_actions(
        case,
        wb.UnlearningTarget.feature(feature),
        threshold=0.001,
        intervention=wb.Contrast(low, high),
    )
    assert 1 <= len(found.pairs) <= 5
    assert len({pair.label for pair in found.pairs}) == len(found.pairs)
    for pair in found.pairs:
        allowed = {feature, *case.graph.descendants(feature)}
        assert set(pair.before) == set(pair.after) <= allowed
        assert (pair.before[feature], pair.after[feature]) == (low, high)
        row = case.data.loc[[pair.label], list(case.reads)].astype(object)
        for values, prediction in zip((pair.before, pair.after), pair.predictions, strict=True):
            shown = row.copy()
            for column, value in values.items():
                if column in shown:
                    shown[column] = value
            asked = case.model.predict(shown.infer_objects())
            assert asked[0] == pytest.approx(prediction)
        assert pair.to_frame().index[-1] == "prediction"
    if any(pair.crosses for pair in found.pairs):
        assert found.pairs[0].crosses
        assert "The decision changes." in found.pairs[0].sentence()


def test_labels_of_rows_stay_out_of_what_is_saved() -> None:
    case = planted_case(2_400)
    frame = case.data.rename(index=lambda i: f"person {i}")
    case = wb.AuditCase(frame, case.model, case.graph)
    found = next_actions(case, wb.UnlearningTarget.feature("f"), threshold=0.02)
    assert found.pairs and str(found.pairs[0].label).startswith("person")
    text = found.to_frame().to_string() + " ".join(found.sentences())
    assert "person" not in text
    assert "person" not in found.pairs[0].sentence()


def test_named_datapoints_have_routes_but_no_places() -> None:
    case = case_of(world_of({("f", "a"): 1.0}), {"f": 0.5, "a": 1.0})
    found = next_actions(
        case, wb.UnlearningTarget.datapoints([3, 5], ["f"]), threshold=0.05, intervention=CONTRAST
    )
    assert {action.kind for action in found.actions} == {"mediator", "step"}
    assert {pair.label for pair in found.pairs} <= {3, 5}


def test_several_features_are_followed_largest_first_and_draws_work() -> None:
    case = case_of(world_of({("f", "a"): 1.0, ("g", "a"): 0.3}), {"f": 0.1, "a": 1.0})
    found = next_actions(
        case,
        wb.UnlearningTarget.features(["g", "f"]),
        threshold=0.05,
        intervention={"f": CONTRAST, "g": wb.Shift(1.0)},
    )
    assert [entry[0] for entry in found.left] == ["g", "f"]
    assert found.actions[0].feature == "f"
    assert {action.feature for action in found.actions} == {"f", "g"}
    drawn = next_actions(
        case, wb.UnlearningTarget.feature("f"), threshold=0.0001, intervention=wb.Resample(3)
    )
    assert drawn.left[0][1] == pytest.approx(0, abs=0.15)


def test_the_same_input_gives_the_same_output_and_can_be_stopped() -> None:
    case = planted_case(1_200)
    target = wb.UnlearningTarget.feature("f")
    one, other = (next_actions(case, target, threshold=0.02, seed=3) for _ in range(2))
    pd.testing.assert_frame_equal(one.to_frame(), other.to_frame())
    assert one.sentences() == other.sentences()
    shares: list[float] = []
    next_actions(case, target, threshold=0.02, progress=lambda _, share: shares.append(share))
    assert len(shares) > 8 and max(shares) <= 1.0

    def stop(step: str, share: float) -> None:
        if step.startswith("next actions"):
            raise AuditCancelled

    with pytest.raises(AuditCancelled):
        next_actions(case, target, threshold=0.02, progress=stop)


def test_mistakes_are_explained() -> None:
    world = world_of({("f", "a"): 1.0}, n=200)
    case = case_of(world, {"a": 1.0})
    target = wb.UnlearningTarget.feature("f")
    with pytest.raises(TargetError, match="above 0"):
        next_actions(case, target, threshold=0)
    logged = wb.BlackBoxModel.from_predictions(case.predictions, ["a"])
    silent = wb.AuditCase(world.data, logged, world.graph, outcome="y")
    with pytest.raises(ModelError, match="cannot be asked"):
        next_actions(silent, target, threshold=0.1)
    with pytest.raises(ModelError, match="takes an AuditCase"):
        next_actions(case, target, threshold=0.1, retrained=case.model)
    fewer = case_of(world_of({("f", "a"): 1.0}, n=150), {"a": 1.0})
    with pytest.raises(DataError, match="other rows"):
        next_actions(case, target, threshold=0.1, retrained=fewer)
    other = case_of(world_of({("f", "a"): 1.0}, n=200, seed=9), {"a": 1.0})
    with pytest.raises(DataError, match="not the same"):
        next_actions(case, target, threshold=0.1, retrained=other)
    odds = wb.BlackBoxModel(lambda rows: rows["a"], features=["a"], output="log-odds")
    unlike = wb.AuditCase(world.data, odds, world.graph, outcome="y")
    with pytest.raises(ModelError, match="means nothing"):
        next_actions(case, target, threshold=0.1, retrained=unlike)


def test_shares_that_add_up_to_more_than_all_are_explained() -> None:
    chain = case_of(world_of({("f", "a"): 1.0, ("a", "b"): 1.0}), {"b": 1.0})
    target = wb.UnlearningTarget.feature("f")
    found = next_actions(chain, target, threshold=0.05, intervention=CONTRAST)
    shares = [action.share for action in found.actions if action.kind == "mediator"]
    assert shares == pytest.approx([1.0, 1.0])
    assert any("adds up to 200 %" in note and "passes several" in note for note in found.notes)
    side_by_side = case_of(world_of({("f", "a"): 0.5, ("f", "b"): 0.5}), {"a": 1.0, "b": 1.0})
    quiet = next_actions(side_by_side, target, threshold=0.05, intervention=CONTRAST)
    assert not any("adds up to" in note for note in quiet.notes)


def test_what_is_left_is_the_estimate_that_is_judged() -> None:
    """The routes carry 1.0 of a total that the better estimate puts at 1.3."""
    case = case_of(world_of({("f", "a"): 0.5, ("f", "b"): 0.5}), {"a": 1.0, "b": 1.0})
    target = wb.UnlearningTarget.feature("f")
    effects = wb.debiased_effects(case, target, CONTRAST)
    entry = effects["f"]
    more = replace(entry, total=entry.total + wb.Effect(0.3, 0.0 * entry.total.influence))
    better = replace(effects, entries=(more,))
    plain = next_actions(case, target, threshold=0.6, intervention=CONTRAST, effects=effects)
    found = next_actions(case, target, threshold=0.6, intervention=CONTRAST, effects=better)
    assert found.left[0][1] == pytest.approx(more.total.value)
    kept = {a.what: a for a in plain.actions if a.kind in ("mediator", "step")}
    for action in (a for a in found.actions if a.kind in ("mediator", "step")):
        if len(action.what) < 2:  # what the routes do not carry is left, too
            assert action.remaining == pytest.approx(kept[action.what].remaining + 0.3)
        else:  # nothing is, when the model is asked about rows as they are
            assert action.remaining == 0 and action.effect == pytest.approx(found.left[0][1])
    assert any("No route can be named for the difference" in note for note in found.notes)
    assert not any("No route can be named" in note for note in plain.notes)
    assert "one change, on average: f: −0.5 → 0.5" in " ".join(found.sentences())


def test_in_an_audit_actions_follow_the_judged_estimate_and_stay_in_a_file() -> None:
    case = case_of(world_of({("f", "a"): 0.5, ("f", "b"): 0.5}), {"a": 1.0, "b": 1.0})
    report = wb.audit(
        case, wb.UnlearningTarget.feature("f"), ["debiased"], threshold=0.05, checks=["actions"]
    )
    assert report.next_actions.left[0][1] == pytest.approx(report.effects["f"].total.value)
    again = wb.AuditReport.from_json(report.to_json()).next_actions
    assert again.sentences() == report.next_actions.sentences()


def test_blocking_that_hides_a_curve_from_one_change_is_told_over_all_levels() -> None:
    """The explained change runs between levels that agree through u, which bends."""
    rng = np.random.default_rng(0)
    f = rng.uniform(-2, 2, 1_200)
    m, u = f + 0.3 * rng.normal(size=len(f)), np.abs(f) + 0.1 * rng.normal(size=len(f))
    model = wb.BlackBoxModel(
        lambda d: 0.5 * d["m"] + 0.4 * d["u"], features=["m", "u"], output="value"
    )
    graph = wb.CausalGraph([("f", "m"), ("f", "u")])
    case = wb.AuditCase(data=pd.DataFrame({"f": f, "m": m, "u": u}), model=model, graph=graph)
    report = wb.audit(
        case,
        wb.UnlearningTarget.feature("f"),
        ["debiased"],
        threshold=0.2,
        range="levels",
        intervention=wb.Contrast(-1.0, 1.0),
        checks=["actions"],
    )
    found = report.next_actions
    assert found.actions[0].what == ("m",) and found.actions[0].below
    assert "with m blocked" in found.notes[-1] and "still above 0.2" in found.notes[-1]
    assert "with m blocked" in " ".join(
        wb.AuditReport.from_json(report.to_json()).next_actions.notes
    )


def test_a_residue_is_followed_where_it_is_largest() -> None:
    """The explained change leaves none; the level that it does not name has it all."""
    rng = np.random.default_rng(4)
    zone = rng.choice(["a", "b", "c"], 1_500)
    frame = pd.DataFrame({"zone": zone, "pay": (zone == "c") + rng.normal(size=1_500)})
    graph = wb.CausalGraph([("zone", "pay")])

    def model(rows: pd.DataFrame, more: float = 0.0) -> pd.Series:
        return 0.1 * rows["pay"] - more * (rows["zone"] == "b").to_numpy()

    reads = ["pay", "zone"]
    after = wb.BlackBoxModel(functools.partial(model, more=0.12), features=reads, output="value")
    clean = wb.BlackBoxModel(model, features=reads, output="value")
    case, retrained = (wb.AuditCase(data=frame, model=one, graph=graph) for one in (after, clean))
    target = wb.UnlearningTarget.feature("zone")
    contrast = {"zone": wb.Contrast("a", "c")}
    profile = wb.effect_profile(case, target, threshold=0.02)
    found = next_actions(
        case,
        target,
        retrained=retrained,
        threshold=0.02,
        intervention=contrast,
        profile=profile,
    )
    assert found.about in ("zone: a → b", "zone: b → a", "zone: b → c", "zone: c → b")
    assert abs(found.left[0][1]) == pytest.approx(0.12)
    assert [action.what for action in found.actions][:1] == [("direct",)]
    assert any("no two of the 3 tested levels differ: 0 exactly" in note for note in found.notes)
    assert (
        next_actions(
            case, target, retrained=retrained, threshold=0.02, intervention=contrast
        ).decision
        == "no action"
    )


def rare_rows() -> pd.DataFrame:
    """Return rows of which a few are rare, where a model can treat groups apart."""
    rng = np.random.default_rng(0)
    g = rng.integers(0, 3, 9_000)
    frame = pd.DataFrame({"g": np.array(list("abc"))[g], "job": g + rng.normal(size=9_000)})
    return frame.assign(rare=(rng.random(9_000) < 1 / 1_500).astype(int))


def said_with_job_blocked(frame: pd.DataFrame, more: str, shown: Callable[..., pd.Series]) -> str:
    """Return what is said of all levels of g, which shows in another column besides job."""
    case = wb.AuditCase(
        data=frame,
        model=lambda rows: 0.1 * rows["job"] + shown(rows[more], rows["g"]),
        features=["g", "job", more],
        graph=wb.CausalGraph([("g", "job")], nodes=[more]),
    )
    target = wb.UnlearningTarget.feature("g")
    report = wb.audit(case, target, ["debiased"], checks=["actions"], threshold=0.05)
    (said,) = (note for note in report.next_actions.notes if "with job blocked" in note)
    return said


def test_what_few_rows_carry_is_not_said_to_be_exactly_nothing() -> None:
    frame = rare_rows()
    said = said_with_job_blocked(frame, "rare", lambda rare, g: 0.9 * rare * (g == "b"))
    assert "exactly" not in said and "below 0.05" in said
    assert f"{0.9 * frame['rare'].mean():.5f}" in said  # 7 of 9,000 rows


def test_what_cancels_over_the_rows_is_not_said_to_be_exactly_nothing() -> None:
    frame = rare_rows()[:900].assign(sign=np.tile([-1, 1], 450))
    said = said_with_job_blocked(frame, "sign", lambda sign, g: 0.25 * sign * (g == "c"))
    assert "a and c: " in said and "exactly" not in said


@pytest.mark.parametrize("scale", [1.0, 30_000.0])
def test_a_sum_s_last_bits_are_nothing_that_is_left(scale: float) -> None:
    """What blocking leaves of a residue is the difference of two equal sums."""
    frame = rare_rows()[:2_000]
    graph = wb.CausalGraph([("g", "job")])

    def case_of_more(more: float) -> wb.AuditCase:
        model = wb.BlackBoxModel(
            lambda rows: scale * (1 + 0.1 * rows["job"] + more * (rows["g"] == "c")),
            features=["g", "job"],
            output="value",
        )
        return wb.AuditCase(data=frame, model=model, graph=graph)

    target = wb.UnlearningTarget.feature("g")
    profile = wb.effect_profile(case_of_more(0.3), target, threshold=0.05 * scale)
    found = next_actions(
        case_of_more(0.3),
        target,
        retrained=case_of_more(0.0),
        threshold=0.05 * scale,
        profile=profile,
    )
    assert found.actions[0].what == ("direct",)
    assert (found.actions[0].remaining, found.actions[0].low, found.actions[0].high) == (0, 0, 0)
    assert any("no two of the 3 tested levels differ: 0 exactly" in note for note in found.notes)
    assert "≈" not in " ".join(found.sentences())


def followed_residue(
    frame: pd.DataFrame, more: Callable[[pd.DataFrame], pd.Series], **options: object
) -> NextActions:
    """Follow what a model says more than a retrained one; the explained change is from a to c."""
    case, retrained = (
        wb.AuditCase(
            data=frame,
            model=lambda rows, there=there: 0.1 * rows["job"] + there * more(rows),
            features=["g", "job", "rare"],
            graph=wb.CausalGraph([("g", "job")], nodes=["rare"]),
        )
        for there in (1.0, 0.0)
    )
    target = wb.UnlearningTarget.feature("g")
    return next_actions(
        case,
        target,
        retrained=retrained,
        threshold=0.02,
        profile=wb.effect_profile(case, target, threshold=0.02),
        intervention={"g": wb.Contrast("a", "c")},
        **options,
    )


def test_a_pair_that_was_chosen_for_its_residue_says_so() -> None:
    found = followed_residue(
        rare_rows()[:2_000], lambda rows: 0.2 * rows["job"] * (rows["g"] == "b")
    )
    (said,) = (note for note in found.notes if "does not count the choice" in note)
    assert said.startswith(f"{found.about} is the pair where most is left, chosen from 3 levels")
    assert "on 1,000 of these 2,000 rows" in said


def test_a_residue_of_few_rows_is_not_missed() -> None:
    """With this seed none of the rows on which the pair is looked for at first is rare."""
    frame = rare_rows()
    found = followed_residue(frame, lambda rows: 200.0 * rows["rare"] * (rows["g"] == "b"))
    assert abs(found.left[0][1]) == pytest.approx(200 * frame["rare"].mean())
    assert found.actions[0].what == ("direct",)


def test_a_small_total_is_said_to_cancel_only_where_its_routes_do() -> None:
    """Not where a better estimate is smaller; and by what each route carries by itself."""
    target = wb.UnlearningTarget.feature("f")
    case = case_of(world_of({("f", "a"): 0.5}), {"a": 0.1, "f": 1.0})
    effects = wb.debiased_effects(case, target, CONTRAST)
    less = replace(effects["f"], total=wb.Effect(0.2, effects["f"].total.influence))
    found = next_actions(
        case,
        target,
        threshold=0.5,
        intervention=CONTRAST,
        effects=replace(effects, entries=(less,)),
    )
    assert not found.actions and not any("cancel" in note for note in found.notes)
    f = np.arange(1_000) % 10 < 3
    frame = pd.DataFrame({"f": f, "a": f ^ (np.arange(1_000) % 20 == 0)}).astype(float)
    differ = wb.BlackBoxModel(
        lambda rows: (rows["f"] != rows["a"].round()) * 1.0, features=["f", "a"], output="value"
    )
    apart = wb.AuditCase(data=frame, model=differ, graph=wb.CausalGraph([("f", "a")]))
    told = next_actions(apart, target, threshold=0.2, intervention=wb.Contrast(0, 1))
    (said,) = (note for note in told.notes if "cancel" in note)
    alone = (1.0 - 2.0 * frame).mean()  # what is there where the other stays as it is
    assert f"+{alone['a']:.3f} directly" in said


def test_several_features_together_are_not_said_to_be_without_influence() -> None:
    """Each moves the mean by 0.04, both together by more than the threshold."""
    left = tuple((name, 0.04, 0.03, 0.05) for name in ("f", "g"))
    (said, *_) = NextActions((), left, 0.06, residue=False).sentences()
    assert said.startswith("No total influence of one feature by itself above 0.06 was found")
    (one, *_) = NextActions((), left[:1], 0.06, residue=False).sentences()
    assert one.startswith("No total influence above 0.06 was found")
