"""The bound on a hidden common cause, in worlds where the cause is known."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import workbench as wb
from workbench.checks.graph_sensitivity.hidden_confounder import Confounding, hidden_confounding

TARGET = wb.UnlearningTarget.feature("f")
STEP = wb.Contrast(0, 1)


def world(seed: int, with_f: float, with_y: float, n: int = 4_000) -> tuple[wb.AuditCase, float]:
    """A linear world with a cause u of f and of what the model reads; and the true effect."""
    rng = np.random.default_rng(seed)
    u, z = rng.normal(size=(2, n))
    f = 0.5 * z + with_f * u + rng.normal(size=n)
    m = 0.8 * f + 0.3 * z + with_y * u + rng.normal(size=n)
    frame = pd.DataFrame({"f": f, "z": z, "m": m, "u": u})
    graph = wb.CausalGraph([("z", "f"), ("z", "m"), ("f", "m")])
    model = wb.BlackBoxModel(lambda rows: 0.1 * rows["m"], features=["m"], output="value")
    return wb.AuditCase(data=frame, model=model, graph=graph), 0.08


def found(case: wb.AuditCase, threshold: float = 0.02) -> Confounding:
    return hidden_confounding(case, TARGET, threshold=threshold, intervention=STEP)[0]


def partial_r2(y: np.ndarray, x: np.ndarray, given: np.ndarray) -> float:
    """The share of what `given` leaves of y that x explains."""
    basis = np.column_stack([np.ones(len(y)), given])
    left = [v - basis @ np.linalg.lstsq(basis, v, rcond=None)[0] for v in (y, x)]
    return float((left[0] @ left[1]) ** 2 / (left[0] @ left[0]) / (left[1] @ left[1]))


@pytest.mark.parametrize("strengths", [(0.3, 0.4), (0.8, 0.2), (0.5, -0.6)])
def test_the_bias_of_a_known_cause_is_exactly_the_bound(strengths: tuple[float, float]) -> None:
    case, _ = world(1, *strengths)
    data, y = case.data, case.predictions
    short = found(case)
    with_f = partial_r2(data["f"].to_numpy(), data["u"].to_numpy(), data[["z"]].to_numpy())
    with_y = partial_r2(y, data["u"].to_numpy(), data[["z", "f"]].to_numpy())
    long_terms = np.column_stack([np.ones(len(y)), data[["f", "z", "u"]].to_numpy()])
    adjusted = np.linalg.lstsq(long_terms, y, rcond=None)[0][1]
    assert abs(short.effect - adjusted) == pytest.approx(short.bias(with_f, with_y), rel=1e-4)


def test_a_cause_weaker_than_the_robustness_cannot_carry_the_effect_over_the_threshold() -> None:
    case, truth = world(2, 0.0, 0.0)
    sound = found(case)
    assert sound.effect == pytest.approx(truth, abs=0.01)
    at_border = sound.bias(sound.robustness, sound.robustness)
    assert abs(sound.effect) - at_border == pytest.approx(sound.threshold, abs=1e-9)
    weaker = sound.bias(0.9 * sound.robustness, 0.9 * sound.robustness)
    assert abs(sound.effect) - weaker > sound.threshold


def test_an_effect_below_the_threshold_asks_what_could_hide_one() -> None:
    case, _ = world(3, 0.0, 0.0)
    small = found(case, threshold=0.2)
    assert abs(small.effect) < 0.2
    reached = abs(small.effect) + small.bias(small.robustness, small.robustness)
    assert reached == pytest.approx(0.2, abs=1e-9)
    assert "above 0.2" in small.sentence()


def test_the_measured_covariate_is_named_for_comparison() -> None:
    case, _ = world(4, 0.3, 0.3)
    row = found(case).measured.set_index("covariate").loc["z"]
    data = case.data
    assert row["with_feature"] == pytest.approx(
        partial_r2(data["f"].to_numpy(), data["z"].to_numpy(), np.empty((len(data), 0))), abs=1e-4
    )
    assert row["with_prediction"] == pytest.approx(
        partial_r2(case.predictions, data["z"].to_numpy(), data[["f"]].to_numpy()), abs=1e-4
    )
    assert "z explains" in found(case).sentence()


def test_a_category_of_three_levels_and_missing_numbers() -> None:
    rng = np.random.default_rng(5)
    n = 900
    frame = pd.DataFrame({"f": rng.choice(list("abc"), n), "z": rng.normal(size=n)})
    frame.loc[::9, "z"] = np.nan
    frame["m"] = (frame["f"] == "b") * 1.0 + rng.normal(size=n)
    model = wb.BlackBoxModel(lambda rows: rows["m"], features=["m"], output="value")
    graph = wb.CausalGraph([("z", "f"), ("z", "m"), ("f", "m")])
    case = wb.AuditCase(data=frame, model=model, graph=graph)
    result = hidden_confounding(case, TARGET, threshold=0.05, intervention=wb.Contrast("a", "b"))[0]
    assert result.effect == pytest.approx(1.0, abs=0.25)
    assert 0.1 < result.robustness < 0.9
