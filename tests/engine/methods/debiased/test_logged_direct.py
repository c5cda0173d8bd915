"""A model has no noise: what a regression of its log leaves over is a wrong form, not chance."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

import workbench as wb
from workbench.case.asking.variations import variations_of
from workbench.methods.cafe.rich_regression import RichRegression
from workbench.methods.effects import FeatureEffects

N = 1_000
Model = Callable[[pd.DataFrame], np.ndarray]
GRAPH = wb.CausalGraph([("z", "f"), ("f", "m"), ("z", "m")])


def chance(sums: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-sums))


def rows(seed: int = 0, noise: float = 0.6) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    z = rng.normal(size=N)
    f = 0.6 * z + rng.normal(size=N)
    m = 0.5 * f + 0.4 * z + noise * rng.normal(size=N)
    return pd.DataFrame({"z": z, "f": f, "m": m})


def found(model: Model, data: pd.DataFrame, feature: str = "m") -> FeatureEffects:
    case = wb.AuditCase(data=data, model=model, features=["z", "f", "m"], graph=GRAPH)
    change = wb.Contrast(-0.5, 0.5)
    # These rows alone, so that the interval holds nothing but the error of the form.
    target = wb.UnlearningTarget((feature,), tuple(data.index))
    return wb.debiased_effects(case, target, change, ask=False)[feature]


def truth(model: Model, data: pd.DataFrame, feature: str = "m") -> float:
    high, low = (model(data.assign(**{feature: at})) for at in (0.5, -0.5))
    return float(np.mean(high - low))


def bumps(data: pd.DataFrame) -> np.ndarray:
    bent = 2 * np.tanh(2 * data["m"] * data["f"]) - 1.5 * np.tanh(3 * data["z"] + data["m"])
    return np.asarray(chance(bent))


@pytest.mark.parametrize("feature", ["m", "f"])
def test_the_interval_holds_what_the_form_of_the_regression_misses(feature: str) -> None:
    """One estimate was 6.5 of its standard errors off, the other 2.5."""
    data = rows(noise=0.2)
    direct = found(bumps, data, feature).direct
    assert direct.low < truth(bumps, data, feature) < direct.high
    assert direct.standard_error < 0.2


def test_a_logistic_model_is_found_even_where_a_feature_is_nearly_a_function_of_another() -> None:
    """The regression of the prediction itself was 3 points off, by 7 of its standard errors."""

    def model(data: pd.DataFrame) -> np.ndarray:
        return np.asarray(chance(1.5 * data["m"] + 0.5 * data["z"] - 0.5))

    data = rows(noise=0.05)
    assert found(model, data).direct.value == pytest.approx(truth(model, data), abs=1e-3)
    # f acts through m alone: an innocent direct effect.
    assert found(model, data, "f").direct.value == pytest.approx(0.0, abs=1e-3)


def test_scores_beyond_chances_have_both_forms_too() -> None:
    def model(data: pd.DataFrame) -> np.ndarray:
        return np.asarray(40.0 * data["m"] - 3.0 * data["z"])

    data = rows()
    direct = found(model, data).direct
    assert direct.value == pytest.approx(40.0, abs=1e-6)
    assert direct.standard_error < 1e-6


def test_equal_predictions_have_no_effect() -> None:
    direct = found(lambda data: np.full(len(data), 0.3), rows()).direct
    assert (direct.value, direct.standard_error) == pytest.approx((0.0, 0.0), abs=1e-9)


def test_a_total_effect_carries_what_finer_knots_would_change() -> None:
    """Where a confounder acts by a step, one in seven intervals of the smooth curve missed."""
    rng = np.random.default_rng(2)
    z = rng.uniform(-2, 2, N)
    f = (rng.random(N) < np.where(z > 0.8, 0.8, 0.1)).astype(float)
    m = 0.3 * (z > 0.8) + 0.05 * f + 0.4 * rng.normal(size=N)
    data = pd.DataFrame({"z": z, "f": f, "m": m})
    case = wb.AuditCase(data=data, model=lambda q: q["m"].to_numpy(), features=["m"], graph=GRAPH)
    target, change = wb.UnlearningTarget.feature("f"), wb.Contrast(0.0, 1.0)
    total = wb.debiased_effects(case, target, change, ask=False)["f"].total
    everyone = np.arange(N)
    variation = variations_of(case, ["f"], everyone, change, 0)[0]
    smooth = RichRegression(case.columns, variation, ["z"], case.predictions)
    found = smooth.answer(everyone).effect
    bend = smooth.by_finest(everyone) - found.value
    assert abs(bend) > 0.01
    assert total.standard_error == pytest.approx(np.hypot(found.standard_error, bend), rel=0.02)
