"""True effects of structural causal models: closed forms, drawn worlds, and mistakes in words."""

from __future__ import annotations

import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.engine.datasets.true_effects import contrast, true_score
from workbench.common.errors import AuditError, DataError
from workbench.datasets import (
    Equation,
    SampleWorld,
    StructuralCausalModel,
    linear_world,
    loan,
    random_world,
)
from workbench.graph.causal_graph import CausalGraph

# ---- truth ----------------------------------------------------------------------------------


@pytest.mark.parametrize("feature", ["gender", "age", "education_years", "experience_years"])
def test_closed_form_equals_simulation_in_performance(staff: SampleWorld, feature: str):
    low, high = contrast(staff.data[feature])
    exact = staff.linear_truth(None, feature, low, high)
    drawn = staff.truth(true_score(staff), feature, low, high, n=2_000)
    assert drawn.total == pytest.approx(exact.total, abs=1e-9)
    assert drawn.direct == pytest.approx(exact.direct, abs=1e-9)
    assert drawn.indirect == pytest.approx(exact.indirect, abs=1e-9)
    assert drawn.pure_indirect == pytest.approx(exact.indirect, abs=1e-9)
    assert drawn.se < 1e-9


@settings(max_examples=40)
@given(seed=st.integers(0, 1_000), n_features=st.integers(1, 9))
def test_closed_form_equals_simulation_in_random_linear_worlds(seed: int, n_features: int):
    world = linear_world(n=20, seed=seed, n_features=n_features)
    weights = world.equations["y"].coefficients
    for feature in world.features:
        exact = world.linear_truth(None, feature, -1.0, 0.5)
        paths = world.path_truth(None, feature, -1.0, 0.5)
        drawn = world.truth(true_score(world), feature, -1.0, 0.5, n=None)
        assert drawn.total == pytest.approx(exact.total, abs=1e-9)
        assert exact.direct == pytest.approx(1.5 * weights.get(feature, 0.0))
        assert sum(paths.values()) == pytest.approx(exact.total, abs=1e-9)
        assert set(paths) == {
            (*path[:-1], "prediction") for path in world.graph.directed_paths(feature, "y")
        }


def test_joint_closed_form_equals_simulation():
    world = linear_world(n=20, seed=4, n_features=7)
    names, low, high = ["x0", "x3", "x5"], (0.0, 1.0, -1.0), (1.0, -1.0, 2.0)
    exact = world.linear_truth(None, names, low, high)
    drawn = world.truth(true_score(world), names, low, high, n=None)
    assert drawn.total == pytest.approx(exact.total)
    assert drawn.direct == pytest.approx(exact.direct)


def test_joint_descendant_is_held_at_its_own_level():
    graph = CausalGraph([("a", "b"), ("b", "y")])
    world = linear_world(graph, {("a", "b"): 2.0, ("b", "y"): 3.0}, n=50)
    assert world.linear_truth(None, ["a", "b"], (0, 0), (5, 1)).total == pytest.approx(3.0)
    assert world.truth(true_score(world), ["a", "b"], (0, 0), (5, 1)).total == pytest.approx(3.0)


def test_effects_by_hand_with_interaction():
    # b = 2a; the model is a·b: total of a: 0 -> 1 is 2, direct is the mean of b, pure the rest's.
    world = SampleWorld.draw(
        StructuralCausalModel(
            {
                "a": Equation("a = 3", (), lambda _, noise: np.full(len(noise), 3.0)),
                "b": Equation.linear("b", {"a": 2.0}, noise_sd=0.0),
                "y": Equation.linear("y", {"b": 1.0}),
            }
        ),
        10,
        0,
        name="by hand",
        outcome="y",
        features=("a", "b"),
    )
    truth = world.truth(lambda d: d["a"] * d["b"], "a", 0.0, 1.0, n=None)
    assert truth.total == pytest.approx(2.0)
    assert truth.direct == pytest.approx(6.0)
    assert truth.indirect == pytest.approx(-4.0)
    assert truth.pure_indirect == pytest.approx(6.0)
    assert truth.interaction == pytest.approx(-10.0)


def test_standard_error_is_that_of_the_mean(loans: SampleWorld, bank):
    means = [loans.truth(bank, "race", "Black", "White", n=2_000, seed=s) for s in range(40)]
    spread = np.std([t.total for t in means], ddof=1)
    assert means[0].se == pytest.approx(spread, rel=0.4)


def test_a_mask_takes_the_own_rows(heart: SampleWorld):
    mask = (heart.data["age"] > 50).to_numpy()
    truth = heart.truth(true_score(heart), "bmi", 23, 28, rows=mask)
    assert truth.n_rows == mask.sum()
    rows = heart.row_effects(true_score(heart), "bmi", 23, 28)
    assert truth.total == pytest.approx(rows.loc[mask, "total"].mean())
    assert truth.mean_abs_total == pytest.approx(rows.loc[mask, "total"].abs().mean())


def test_a_model_that_ignores_everything_has_no_effects(heart: SampleWorld):
    rows = heart.row_effects(lambda frame: np.full(len(frame), 0.3), "smoking", 0, 1)
    assert (rows == 0).all().all()


# ---- drawn worlds ---------------------------------------------------------------------------


def test_linear_world_keeps_what_it_is_given():
    graph = CausalGraph([("a", "b"), ("b", "y")], nodes=["a", "b", "lonely", "y"])
    world = linear_world(graph, {("a", "b"): 0.5}, {"b": 2.0}, n=20_000, seed=1)
    assert world.graph == graph
    assert world.features == ("a", "b", "lonely")
    assert world.equations["b"].coefficients == {"a": 0.5}
    assert 0.3 <= abs(world.equations["y"].coefficients["b"]) <= 1.0
    assert world.data["b"].std() == pytest.approx(np.hypot(2.0, 0.5), rel=0.05)


def test_linear_world_of_thirty_nodes():
    world = linear_world(n=100, seed=2, n_features=30, density=0.2)
    assert len(world.features) == 30
    assert world.data.std().max() < 10


@pytest.mark.parametrize("seed", range(12))
def test_random_world_has_the_stated_scale(seed: int):
    world = random_world(seed)
    assert world.data.equals(random_world(seed).data)
    assert set(world.data["y"].unique()) == {0, 1}
    assert 0.3 < world.data["y"].mean() < 0.7
    for name in world.features:
        column = world.data[name]
        if column.nunique() > 2:
            assert column.std() == pytest.approx(1.0, abs=0.05)
            assert column.mean() == pytest.approx(0.0, abs=0.05)
            assert column.kurtosis() < 5
    assert str(world.mechanism).count("\n") == 6


def test_random_worlds_compute_what_they_print():
    seen = ""
    for world in (random_world(seed, n=50) for seed in range(12)):
        for name, equation in world.equations.items():
            seen += str(equation)
            noise = world.noise[name].to_numpy()
            code = str(equation).split(" = ")[1].removeprefix("[").removesuffix("]")
            code = re.sub(r"(x\d)²", r"\1**2", code).replace("·", "*").replace("tanh", "np.tanh")
            names = {v: world.data[v].to_numpy() for v in world.features}
            logistic = {"logistic": lambda x: 1 / (1 + np.exp(-x))}
            value = eval(code, {"np": np, "N": noise, "U": noise, **logistic, **names})
            np.testing.assert_allclose(value, world.data[name], rtol=1e-9, atol=1e-9)
    assert all(mark in seen for mark in ("tanh(1.5·", "²)", "·tanh(x", "[U < logistic("))


# ---- errors ---------------------------------------------------------------------------------


def test_errors_say_what_would_be_right(heart: SampleWorld):
    score = true_score(heart)
    with pytest.raises(DataError, match=r"no node 'smokin'. Did you mean 'smoking'\?"):
        heart.truth(score, "smokin", 0, 1)
    with pytest.raises(DataError, match=r"not linear.*ask `truth`"):
        heart.linear_truth(None, "bmi", 20, 25)
    with pytest.raises(DataError, match="No row satisfies the condition"):
        heart.truth(score, "bmi", 20, 25, rows="age > 200", n=100)
    with pytest.raises(DataError, match=r"boolean mask of shape \(10000,\)"):
        heart.truth(score, "bmi", 20, 25, rows=[True, False])
    with pytest.raises(DataError, match="One level is needed for each of 'age', 'bmi'"):
        heart.truth(score, ["age", "bmi"], 1, 2, n=10)
    with pytest.raises(DataError, match="at least one row"):
        loan(0)
    with pytest.raises(DataError, match=r"no edge .'b', 'a'."):
        linear_world(CausalGraph([("a", "b"), ("b", "y")]), {("b", "a"): 1.0})
    with pytest.raises(DataError, match="must come last; it causes 'b'"):
        linear_world(CausalGraph([("y", "b")]))
    with pytest.raises(DataError, match="is not in the graph"):
        linear_world(CausalGraph([("a", "b")]))
    with pytest.raises(DataError, match="must come before it"):
        StructuralCausalModel({"b": Equation.linear("b", {"a": 1.0})})
    assert issubclass(DataError, AuditError)
