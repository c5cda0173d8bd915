"""Worlds in which CAFÉ or fuzzing were wrong with confidence, and two more of each kind."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest

import workbench as wb
from workbench.methods.effects import FeatureEffects

Rng = np.random.Generator
Draw = Callable[[Rng, int, float | None], pd.DataFrame]
TRUTH_ROWS = 200_000


def chance(x: npt.ArrayLike) -> npt.NDArray[np.float64]:
    return np.asarray(1 / (1 + np.exp(-np.asarray(x, dtype=float))))


def feature(rng: Rng, drawn: npt.NDArray[np.float64], do: float | None) -> npt.NDArray[np.float64]:
    return drawn if do is None else np.full(len(drawn), do)


def truth(draw: Draw, model: wb.BlackBoxModel, low: float, high: float) -> float:
    after, before = (
        model.predict(draw(np.random.default_rng(1), TRUTH_ROWS, do)) for do in (high, low)
    )
    return float(np.mean(after - before))


def audited(
    draw: Draw,
    edges: list[tuple[str, str]],
    model: wb.BlackBoxModel,
    low: float,
    high: float,
    n: int,
    seed: int = 0,
) -> FeatureEffects:
    case = wb.AuditCase(
        data=draw(np.random.default_rng(seed), n, None), model=model, graph=wb.CausalGraph(edges)
    )
    return wb.debiased_effects(
        case, wb.UnlearningTarget.feature("f"), wb.Contrast(low, high), seed=seed
    )["f"]


def reads_m(slope: float) -> wb.BlackBoxModel:
    return wb.BlackBoxModel(lambda rows: chance(slope * rows["m"].to_numpy()), features=["m"])


def assert_right(found: FeatureEffects, expected: float, largest_error: float) -> None:
    """Within three standard errors, and these small enough to mean something."""
    assert abs(found.total.value - expected) <= 3 * found.total.standard_error + 0.002
    assert found.total.standard_error < largest_error


# -- confounders that act by their product ------------------------------------------------------


def product(rng: Rng, n: int, do: float | None) -> pd.DataFrame:
    z, w, u, v = rng.normal(size=(4, n))
    f = feature(rng, z * w + 0.7 * u, do)
    return pd.DataFrame({"z": z, "w": w, "f": f, "m": 0.8 * z * w + 0.25 * f + 0.7 * v})


def squares(rng: Rng, n: int, do: float | None) -> pd.DataFrame:
    z, w, u, v = rng.normal(size=(4, n))
    both = 0.5 * z**2 * np.sign(w)
    f = feature(rng, both + 0.7 * u, do)
    return pd.DataFrame({"z": z, "w": w, "f": f, "m": 0.8 * both + 0.25 * f + 0.7 * v})


def by_group(rng: Rng, n: int, do: float | None) -> pd.DataFrame:
    z, u, v = rng.normal(size=(3, n))
    w = rng.choice([-1.0, 0.0, 1.0], n)
    f = feature(rng, z * w + 0.7 * u, do)
    return pd.DataFrame({"z": z, "w": w, "f": f, "m": 0.8 * z * w + 0.25 * f + 0.7 * v})


@pytest.mark.parametrize("draw", [product, squares, by_group])
def test_confounders_that_act_together_are_adjusted_for(draw: Draw) -> None:
    edges = [("z", "f"), ("w", "f"), ("z", "m"), ("w", "m"), ("f", "m")]
    model = reads_m(1.2)
    found = audited(draw, edges, model, -1.0, 1.0, 6000)
    assert_right(found, truth(draw, model, -1.0, 1.0), 0.03)


# -- a rule at one value ------------------------------------------------------------------------


def grown_up(rng: Rng, n: int, do: float | None) -> pd.DataFrame:
    f = feature(rng, np.floor(16 + 64 * rng.random(n)), do)
    return pd.DataFrame({"f": f, "m": 0.5 * (f >= 18) + 0.5 * rng.normal(size=n)})


def retired(rng: Rng, n: int, do: float | None) -> pd.DataFrame:
    f = feature(rng, np.floor(20 + 60 * rng.random(n)), do)
    return pd.DataFrame({"f": f, "m": -0.6 * (f >= 66) + 0.5 * rng.normal(size=n)})


def free_places(rng: Rng, n: int, do: float | None) -> pd.DataFrame:
    f = feature(rng, rng.poisson(4, n).astype(float), do)
    return pd.DataFrame({"f": f, "m": 0.7 * (f == 3) + 0.1 * f + 0.5 * rng.normal(size=n)})


@pytest.mark.parametrize(
    ("draw", "low", "high"), [(grown_up, 17, 19), (retired, 65, 66), (free_places, 2, 3)]
)
def test_a_rule_at_one_value_is_not_smoothed_away(draw: Draw, low: float, high: float) -> None:
    model = reads_m(1.0)
    found = audited(draw, [("f", "m")], model, float(low), float(high), 20_000)
    assert_right(found, truth(draw, model, float(low), float(high)), 0.015)


# -- mediators that swing to and fro ------------------------------------------------------------


def sine(rng: Rng, n: int, do: float | None) -> pd.DataFrame:
    f = feature(rng, rng.normal(size=n), do)
    return pd.DataFrame({"f": f, "m": 0.8 * np.sin(6 * f) + 0.4 * rng.normal(size=n)})


def bands(rng: Rng, n: int, do: float | None) -> pd.DataFrame:
    f = feature(rng, rng.uniform(0, 10, n), do)
    return pd.DataFrame({"f": f, "m": 0.8 * (np.floor(f) % 2) + 0.4 * rng.normal(size=n)})


def seasons(rng: Rng, n: int, do: float | None) -> pd.DataFrame:
    f = feature(rng, rng.uniform(0, 4, n), do)
    swing = (0.5 + 0.1 * f) * np.cos(2 * np.pi * f)
    return pd.DataFrame({"f": f, "m": swing + 0.4 * rng.normal(size=n)})


@pytest.mark.parametrize(
    ("draw", "low", "high"), [(sine, -0.26, 0.26), (bands, 2.5, 7.5), (seasons, 1.0, 2.5)]
)
def test_a_mediator_may_swing_to_and_fro(draw: Draw, low: float, high: float) -> None:
    model = reads_m(1.0)
    found = audited(draw, [("f", "m")], model, low, high, 8000)
    assert_right(found, truth(draw, model, low, high), 0.02)


# -- mediators far from zero ---------------------------------------------------------------------


def kelvin(rng: Rng, n: int, do: float | None) -> pd.DataFrame:
    z = rng.normal(size=n)
    f = feature(rng, z + rng.normal(size=n), do)
    return pd.DataFrame({"z": z, "f": f, "m": 290 + 2 * z + 3 * rng.normal(size=n)})


def timestamp(rng: Rng, n: int, do: float | None) -> pd.DataFrame:
    z = rng.normal(size=n)
    f = feature(rng, rng.normal(size=n), do)
    noise = 3e5 * np.exp(0.5 * f) * rng.normal(size=n)
    return pd.DataFrame({"z": z, "f": f, "m": 1.6e9 + 4e5 * f + noise})


@pytest.mark.parametrize("ask", [True, False])
@pytest.mark.parametrize(("draw", "at", "unit"), [(kelvin, 290, 5.0), (timestamp, 1.6e9, 1e6)])
def test_where_a_mediator_starts_does_not_matter(
    draw: Draw, at: float, unit: float, ask: bool
) -> None:
    model = wb.BlackBoxModel(lambda rows: chance((rows["m"] - at) / unit), features=["m"])
    graph = wb.CausalGraph([("z", "f"), ("z", "m"), ("f", "m")])
    case = wb.AuditCase(data=draw(np.random.default_rng(0), 3000, None), model=model, graph=graph)
    found = wb.debiased_effects(
        case, wb.UnlearningTarget.feature("f"), wb.Contrast(-1.0, 1.0), ask=ask
    )["f"]
    assert_right(found, truth(draw, model, -1.0, 1.0), 0.03)
    assert found.form is not None
    assert found.form.ratio < 3


# -- a step in a confounder that is lent to the feature ------------------------------------------


def stepped(rng: Rng, share: tuple[float, float], at: float, n: int = 2500) -> pd.DataFrame:
    age = rng.uniform(20, 80, n).round(1)
    f = (rng.random(n) < np.where(age > at, *share)).astype(int)
    return pd.DataFrame({"age": age, "f": f, "hours": 40 - 25 * f + 4 * rng.normal(size=n)})


def by_age(rows: pd.DataFrame, slope: float, at: float) -> npt.NDArray[np.float64]:
    score = 0.3 + 0.4 * (rows["age"] > at) + slope * (rows["hours"] - 30)
    return score.clip(0, 1).to_numpy()


GRAPH = [("age", "f"), ("f", "hours")]


@pytest.mark.parametrize(("share", "at"), [((0.9, 0.03), 62), ((0.5, 0.1), 40), ((0.05, 0.8), 55)])
def test_a_step_in_a_confounder_raises_no_alarm(share: tuple[float, float], at: float) -> None:
    """The model reads age and a little of the hours: the truth is −25 · 0.00025."""
    for seed in range(6):
        rows = stepped(np.random.default_rng(seed), share, at)
        model = wb.BlackBoxModel(lambda q: by_age(q, 0.00025, at), features=["age", "hours"])
        case = wb.AuditCase(data=rows, model=model, graph=wb.CausalGraph(GRAPH))
        found = wb.debiased_effects(case, wb.UnlearningTarget.feature("f"), seed=seed)["f"]
        assert found.total.value == pytest.approx(-0.00625, abs=0.002)
        assert found.total.high < 0.02


@pytest.mark.parametrize("reads", [["age"], ["age", "income"]])
def test_no_way_to_anything_that_is_read_is_no_effect(reads: list[str]) -> None:
    rows = stepped(np.random.default_rng(0), (0.9, 0.03), 62)
    rows["income"] = np.random.default_rng(1).normal(size=len(rows))
    case = wb.AuditCase(
        data=rows,
        model=wb.BlackBoxModel.from_predictions(by_age(rows, 0.0, 62), features=reads),
        graph=wb.CausalGraph(GRAPH, nodes=[*rows.columns]),
    )
    found = wb.debiased_effects(case, wb.UnlearningTarget.feature("f"))["f"]
    assert (found.total.value, found.total.standard_error) == (0.0, 0.0)


@pytest.mark.parametrize(("share", "at"), [((0.9, 0.03), 62), ((0.5, 0.1), 40), ((0.05, 0.8), 55)])
def test_logged_predictions_raise_no_alarm_by_a_step(share: tuple[float, float], at: float) -> None:
    """What the regression's form may have missed is in its interval."""
    wrong = 0
    for seed in range(5):
        rows = stepped(np.random.default_rng(seed), share, at)
        logged = wb.BlackBoxModel.from_predictions(
            by_age(rows, 0.00025, at), features=["age", "hours"]
        )
        case = wb.AuditCase(data=rows, model=logged, graph=wb.CausalGraph(GRAPH))
        found = wb.debiased_effects(case, wb.UnlearningTarget.feature("f"), seed=seed)["f"]
        wrong += min(abs(found.total.low), abs(found.total.high)) > 0.02 and (
            found.total.low * found.total.high > 0
        )
    assert wrong == 0


# -- subgroups -----------------------------------------------------------------------------------


@pytest.mark.parametrize("condition", ["z > 0.5", "w < -0.5", "z > 0 and w > 0"])
def test_a_subgroup_is_estimated_on_its_own_rows(condition: str) -> None:
    edges = [("z", "f"), ("w", "f"), ("z", "m"), ("w", "m"), ("f", "m")]
    model = reads_m(1.2)
    case = wb.AuditCase(
        data=product(np.random.default_rng(0), 6000, None),
        model=model,
        graph=wb.CausalGraph(edges),
    )
    target = wb.UnlearningTarget.subgroup(condition, ["f"])
    found = wb.debiased_effects(case, target, wb.Contrast(-1.0, 1.0))["f"]
    after, before = (product(np.random.default_rng(1), TRUTH_ROWS, do) for do in (1.0, -1.0))
    inside = after.eval(condition).to_numpy()
    expected = float(np.mean((model.predict(after) - model.predict(before))[inside]))
    assert_right(found, expected, 0.05)


# -- a mediator that is missing ------------------------------------------------------------------


@pytest.mark.parametrize(
    "where", ["at random", "where the score is low", "where the score is high"]
)
def test_a_change_is_carried_past_a_missing_mediator(where: str) -> None:
    rng = np.random.default_rng(0)
    n = 6000
    f = rng.integers(0, 2, n)
    income = 2.0 * f + rng.normal(size=n)
    score = income + rng.normal(size=n)
    odds = {"at random": 0.0, "where the score is low": -1.0, "where the score is high": 1.0}[where]
    gone = rng.random(n) < 0.3 * chance(odds * score)
    rows = pd.DataFrame({"f": f, "income": np.where(gone, np.nan, income), "score": score})
    model = wb.BlackBoxModel(lambda d: chance(0.2 * d["score"]), features=["score"])
    graph = wb.CausalGraph([("f", "income"), ("income", "score")])
    case = wb.AuditCase(data=rows, model=model, graph=graph)
    target = wb.UnlearningTarget.subgroup("income is None", ["f"])
    for estimate in (wb.fuzzed_effects, wb.debiased_effects):
        found = estimate(case, target)["f"]
        assert found.filled_rows == gone.sum() == found.n_rows
        assert found.total.value == pytest.approx(0.095, abs=0.02)
    whole = wb.debiased_effects(case, wb.UnlearningTarget.feature("f"))["f"]
    assert whole.filled_rows == gone.sum()


# -- what else an entry holds --------------------------------------------------------------------


def test_without_mediators_the_model_answers() -> None:
    rng = np.random.default_rng(0)
    rows = pd.DataFrame({"a": rng.normal(size=400), "b": rng.normal(size=400)})
    model = wb.BlackBoxModel(lambda q: 2.0 * q["a"] + q["b"], features=["a", "b"])
    case = wb.AuditCase(data=rows, model=model, graph=wb.CausalGraph([], nodes=["a"]))
    found = wb.debiased_effects(case, wb.UnlearningTarget.feature("a"), wb.Contrast(-1.0, 1.0))["a"]
    assert found.estimator.label == "debiased"
    assert found.total.value == pytest.approx(4.0)
    assert found.form is None


def test_a_wrong_form_is_told() -> None:
    """The edge from the feature to the second mediator is not drawn."""
    rng = np.random.default_rng(0)
    f = rng.normal(size=4000)
    one = 0.5 * f + 0.5 * rng.normal(size=4000)
    two = 0.5 * one + f + 0.5 * rng.normal(size=4000)
    rows = pd.DataFrame({"f": f, "one": one, "two": two})
    model = wb.BlackBoxModel(lambda q: chance(q["two"]), features=["two"])
    right = wb.CausalGraph([("f", "one"), ("one", "two"), ("f", "two")])
    wrong = wb.CausalGraph([("f", "one"), ("one", "two")])
    found = {
        name: wb.debiased_effects(
            wb.AuditCase(data=rows, model=model, graph=graph),
            wb.UnlearningTarget.feature("f"),
            wb.Contrast(-0.5, 0.5),
        )["f"]
        for name, graph in (("right", right), ("wrong", wrong))
    }
    assert found["right"].form is not None and found["right"].form.holds
    assert found["wrong"].form is not None and not found["wrong"].form.holds
    # Adjustment for nothing is right in both, and so is the corrected total.
    assert found["wrong"].total.value == pytest.approx(found["right"].total.value, abs=0.01)


def test_several_features_have_a_sum_and_a_joint_intervention() -> None:
    rows = product(np.random.default_rng(0), 2000, None)
    case = wb.AuditCase(
        data=rows,
        model=reads_m(1.0),
        graph=wb.CausalGraph([("z", "f"), ("w", "f"), ("z", "m"), ("w", "m"), ("f", "m")]),
    )
    table = wb.debiased_effects(case, wb.UnlearningTarget.features(["f", "z"]))
    assert [entry.combination for entry in table] == ["", "", "sum", "joint"]
    assert table.entries[2].total.value == pytest.approx(
        table["f"].total.value + table["z"].total.value
    )
    assert len({entry.estimator for entry in table}) == 1


@pytest.mark.parametrize("edges", [[("f", "m")], [("f", "w"), ("w", "m"), ("f", "m")]])
def test_set_together_features_are_exact_where_nothing_outside_carries_their_change(
    edges: list[tuple[str, str]],
) -> None:
    # w lies between the two and reaches the model through m only, which is set.
    r = np.random.default_rng(0)
    f = r.normal(size=500)
    rows = pd.DataFrame({"f": f, "w": f * r.exponential(size=500), "z": r.normal(size=500)})
    rows["m"] = f**2 * r.exponential(size=500) + rows["w"]  # no equation has this form
    model = wb.BlackBoxModel(
        lambda d: chance(d["f"] + d["m"] - d["f"] * d["m"]), features=["f", "m"]
    )
    case = wb.AuditCase(data=rows, model=model, graph=wb.CausalGraph(edges, nodes=["z"]))
    target = wb.UnlearningTarget.features(["f", "m"])
    change = {"f": wb.Contrast(-1.0, 1.0), "m": wb.Contrast(0.0, 2.0)}
    truth = float(model.predict(rows.assign(f=1.0, m=2.0)).mean()) - float(
        model.predict(rows.assign(f=-1.0, m=0.0)).mean()
    )
    for options in ({}, {"max_queries": 4_000}):
        joint = wb.debiased_effects(case, target, change, **options).entries[-1]
        assert joint.combination == "joint"
        assert joint.total.value == pytest.approx(truth)
        assert joint.total.standard_error < 1e-12
        assert (joint.indirect.value, joint.indirect.standard_error) == (0, 0)
    assert case.carriers("f") and not case.carriers("f", "m")


def test_the_same_seed_gives_the_same_estimate() -> None:
    found = [audited(product, [("z", "f"), ("w", "f"), ("z", "m"), ("w", "m"), ("f", "m")],
                     reads_m(1.0), -1.0, 1.0, 1500, seed) for seed in (3, 3)]  # fmt: skip
    assert found[0].total.value == found[1].total.value
    np.testing.assert_array_equal(found[0].total.influence, found[1].total.influence)


def test_a_row_is_asked_about_once_where_the_answers_are_a_function_of_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rng = np.random.default_rng(0)
    f, z = rng.integers(0, 4, size=(2, 2_000)) * 1.0
    rows = pd.DataFrame({"f": f, "z": z, "m": np.clip(rng.poisson(1 + f), 0, 5)})
    graph = wb.CausalGraph([("f", "m"), ("z", "m")])

    def steady(asked: pd.DataFrame) -> npt.NDArray[np.float64]:
        return chance(asked["m"] * asked["f"] - asked["z"])

    def found(model: Callable[[pd.DataFrame], npt.NDArray[np.float64]]) -> FeatureEffects:
        box = wb.BlackBoxModel(model, features=["f", "z", "m"])
        case = wb.AuditCase(data=rows, model=box, graph=graph).counted_in(budget)
        return wb.debiased_effects(case, wb.UnlearningTarget.feature("f"))["f"]

    budget = wb.Budget()
    once = found(steady)
    assert budget.spent <= 400 + 4 * 4 * 6
    budget = wb.Budget()
    found(lambda asked: steady(asked) + rng.normal(scale=0.01, size=len(asked)))
    assert budget.spent > 5_000
    monkeypatch.setattr("workbench.methods.debiased.estimator.MANY_ROWS", 2_001)
    budget = wb.Budget()
    often = found(steady)
    assert budget.spent > 5_000
    np.testing.assert_allclose(once.total.influence, often.total.influence, atol=1e-12)
    assert once.total.value == pytest.approx(often.total.value, abs=1e-12)
