"""Fuzzing's errors and input: the bootstrap, hidden causes, shared equations, models that fail."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import special

from tests.engine.methods.fuzzing.one_effect import one
from workbench import (
    AuditCase,
    BlackBoxModel,
    CausalGraph,
    Contrast,
    UnlearningTarget,
    fuzzed_effects,
)
from workbench.common.errors import (
    AuditError,
    InterventionError,
    ModelError,
    NotIdentifiableError,
)
from workbench.methods.estimator import Estimator
from workbench.methods.fuzzing.propagation import fit_equations

# ---- standard errors ------------------------------------------------------------------------


def categorical_case(data: pd.DataFrame) -> AuditCase:
    def score(rows: pd.DataFrame):
        level = rows["g"].map({"u": 0.0, "v": 0.8, "w": -0.6}).astype(float)
        return special.expit(0.5 * rows["m"] + level + 0.3 * rows["a"])

    return AuditCase(
        data=data,
        model=BlackBoxModel(score, features=["a", "g", "m"], output="probability"),
        graph=CausalGraph([("a", "g"), ("a", "m"), ("g", "m")]),
    )


def categorical_data(n: int, seed: int) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    a = rng.normal(size=n)
    log_odds = np.stack([0 * a, 1.2 * a, -np.tanh(a)], axis=1)
    g = np.array(["u", "v", "w"])[np.argmax(log_odds + rng.gumbel(size=(n, 3)), axis=1)]
    m = a**2 / 2 + 1.0 * (g == "v") - 0.5 * (g == "w") + rng.normal(size=n)
    return pd.DataFrame({"a": a, "g": g, "m": m})


def test_standard_errors_are_those_of_the_bootstrap() -> None:
    """Through a category; 60 resamples know an error to about 9 %."""
    n = 800
    data = categorical_data(n, 3)
    entry = one(categorical_case(data), "a", -0.7, 0.9)
    rng = np.random.default_rng(1)
    again = [
        one(
            categorical_case(data.iloc[rng.integers(0, n, n)].reset_index(drop=True)),
            "a", -0.7, 0.9, seed=seed,
        )
        for seed in range(60)
    ]  # fmt: skip
    ratios = {}
    for part in ("total", "direct", "indirect", "pure_indirect"):
        spread = np.std([getattr(e, part).value for e in again], ddof=1)
        ratios[part] = getattr(entry, part).standard_error / spread
    assert np.mean(list(ratios.values())) == pytest.approx(1.0, abs=0.15), ratios
    assert all(0.78 < ratio < 1.28 for ratio in ratios.values()), ratios


def test_the_noise_of_one_row_is_part_of_its_interval() -> None:
    """At one row a category's noise is drawn; other seeds must stay within what is claimed."""
    case = categorical_case(categorical_data(3000, 5))
    target = UnlearningTarget.datapoints([4], ["a"])
    found = [one(case, "a", -0.7, 0.9, target=target, seed=s).total for s in range(12)]
    spread = np.std([e.value for e in found], ddof=1)
    assert spread < 1.3 * np.mean([e.standard_error for e in found])


# ---- identification -------------------------------------------------------------------------


def test_a_latent_confounder_is_named() -> None:
    rng = np.random.default_rng(1)
    data = pd.DataFrame(rng.normal(size=(200, 3)), columns=["f", "m", "other"])
    graph = CausalGraph(
        [("wealth", "f"), ("wealth", "m"), ("f", "m")], nodes=["other"], latents=["wealth"]
    )
    case = AuditCase(data=data, model=lambda rows: rows["m"], features=["m"], graph=graph)
    with pytest.raises(NotIdentifiableError, match=r"equation of 'm'.*'wealth' was never") as found:
        fuzzed_effects(case, UnlearningTarget.feature("f"))
    assert found.value.confounders == ("wealth",)
    # What the latent does not reach is not refused.
    assert fuzzed_effects(case, UnlearningTarget.feature("other"))["other"].total.value == 0.0
    assert fuzzed_effects(case, UnlearningTarget.feature("m"))["m"].total.value > 0


def test_latents_that_do_no_harm() -> None:
    """A latent mediator, and a latent cause shared with a column that does not move."""
    rng = np.random.default_rng(6)
    wealth, x = rng.normal(size=(2, 4000))
    x = x + wealth
    w = wealth + 0.5 * rng.normal(size=4000)
    m = 0.9 * (0.5 * x + rng.normal(size=4000)) + rng.normal(size=4000)
    graph = CausalGraph(
        [("wealth", "x"), ("wealth", "w"), ("x", "mood"), ("mood", "m")],
        latents=["wealth", "mood"],
    )
    case = AuditCase(
        data=pd.DataFrame({"x": x, "w": w, "m": m}),
        model=lambda rows: 2 * rows["m"] + rows["w"],
        features=["m", "w"],
        graph=graph,
    )
    entry = one(case, "x", 0.0, 1.0)
    assert abs(entry.total.value - 0.9) < 4 * entry.total.standard_error
    assert entry.direct.value == 0.0


def test_logged_predictions_cannot_be_fuzzed(cases) -> None:
    world, case = cases["loan", "linear"]
    logged = AuditCase(
        data=world.data,
        model=BlackBoxModel.from_predictions(case.predictions, world.features),
        graph=world.graph,
        outcome=world.outcome,
    )
    with pytest.raises(ModelError, match=r"logged predictions and cannot be asked .* cafe_effects"):
        fuzzed_effects(logged, UnlearningTarget.feature("zip_code"))


# ---- shared equations, input, progress ------------------------------------------------------


def test_equations_can_be_shared(cases) -> None:
    _, case = cases["loan", "linear"]
    names = ["zip_code", "race"]
    shared = fit_equations(case, names)
    for feature in names:
        target = UnlearningTarget.feature(feature)
        alone = fuzzed_effects(case, target)[feature]
        again = fuzzed_effects(case, target, equations=shared)[feature]
        assert again.total.value == pytest.approx(alone.total.value, abs=1e-12)


def test_shared_equations_that_leave_out_what_moves(cases) -> None:
    """Equations of another feature's mediators must not make an indirect effect vanish."""
    _, case = cases["loan", "linear"]
    foreign = fit_equations(case, ["income"])
    target = UnlearningTarget.feature("zip_code")
    try:
        found = fuzzed_effects(case, target, equations=foreign)["zip_code"]
    except AuditError:
        return
    assert found.total.value == pytest.approx(fuzzed_effects(case, target)["zip_code"].total.value)


def test_shared_equations_say_which_variant_they_are(cases) -> None:
    _, case = cases["loan", "linear"]
    dropped = fit_equations(case, ["zip_code"], residuals="drop")
    entry = fuzzed_effects(case, UnlearningTarget.feature("zip_code"), equations=dropped)
    assert entry["zip_code"].estimator == Estimator("fuzzing", residuals="drop")


def test_unknown_residuals_are_refused(cases) -> None:
    _, case = cases["loan", "linear"]
    with pytest.raises(AuditError, match="'keep'"):
        fuzzed_effects(case, UnlearningTarget.feature("zip_code"), residuals="keep")


def test_constant_features_and_unseen_levels() -> None:
    data = pd.DataFrame({"g": ["lo", "hi"] * 50, "fixed": 1.0, "x": np.arange(100.0)})
    case = AuditCase(
        data=data,
        model=lambda rows: rows["x"] + rows["fixed"],
        features=["x", "fixed"],
        graph=CausalGraph([("g", "x"), ("fixed", "x")]),
    )
    with pytest.raises(InterventionError, match="'fixed' has the same value in every row"):
        fuzzed_effects(case, UnlearningTarget.feature("fixed"))
    with pytest.raises(InterventionError, match=r"'g' never takes the level 'hig'.*mean 'hi'\?"):
        one(case, "g", "lo", "hig")
    # A constant cause of something that moves is no obstacle.
    assert np.isfinite(one(case, "g", "lo", "hi").total.value)


def test_a_level_that_the_model_has_never_seen() -> None:
    """In the data, but not in the model's training: it fails, and in the auditor's words."""

    def score(rows: pd.DataFrame):
        if ((rows["g"] == "hi") & (rows["x"] > 90)).any():
            raise ValueError("Found unknown categories ['hi']")
        return (rows["g"] == "lo") * 0.5

    data = pd.DataFrame({"g": ["lo", "hi"] * 40 + ["lo"] * 20, "x": np.arange(100.0)})
    case = AuditCase(
        data=data, model=score, features=["g", "x"], graph=CausalGraph([], nodes=["g", "x"])
    )
    target = UnlearningTarget.datapoints([95, 96], ["g"])
    with pytest.raises(ModelError, match=r"failed when asked .* unknown categories \['hi'\]"):
        fuzzed_effects(case, target, intervention=Contrast("lo", "hi"))


def test_a_model_that_fails_when_asked_again() -> None:
    calls = []

    def score(rows: pd.DataFrame):
        calls.append(len(rows))
        if len(calls) > 1:
            return np.full(len(rows), np.nan)
        return rows["a"]

    data = pd.DataFrame({"a": np.arange(50.0)})
    case = AuditCase(data=data, model=score, features=["a"], graph=CausalGraph([], nodes=["a"]))
    with pytest.raises(ModelError, match=r"answered 98 of 98 rows with NaN or infinity"):
        fuzzed_effects(case, UnlearningTarget.feature("a"))
