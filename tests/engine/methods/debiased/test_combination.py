"""The share of a correction that is taken, and what becomes of the interval."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from scipy import integrate, stats

from workbench.methods.debiased.combination import RIGHT, SIZES, corrected, shrunk
from workbench.methods.effects import Effect
from workbench.methods.form_test import FormTest

N = 500
NONE = np.zeros(N)


def effect(value: float, error: float, seed: int) -> Effect:
    noise = np.random.default_rng(seed).normal(size=N)
    return Effect(value, noise * error * N / np.linalg.norm(noise))


@pytest.mark.parametrize("ratio", [0.0, 0.7, -1.5, 2.5, 4.0, 9.0])
def test_what_is_left_of_a_measurement_is_the_posterior(ratio: float) -> None:
    def density(x: float) -> float:
        prior = np.mean([stats.norm.pdf(x, scale=size) for size in SIZES]) * (1 - RIGHT)
        return float(prior * stats.norm.pdf(ratio - x))

    edges = [-60.0, -10.0, 0.0, 10.0, 60.0]

    def moment(k: int) -> float:
        pieces = pairwise(edges)
        return sum(integrate.quad(lambda x: x**k * density(x), a, b)[0] for a, b in pieces)

    mass = moment(0) + RIGHT * stats.norm.pdf(ratio)
    mean = moment(1) / mass
    assert shrunk(ratio) * ratio == pytest.approx(mean, abs=1e-6)


def test_a_large_correction_is_taken_as_it_is_and_a_small_one_by_half() -> None:
    weights = [float(shrunk(ratio)) for ratio in (0.0, 1.0, 2.0, 3.0, 5.0, 30.0)]
    assert weights == sorted(weights)
    assert weights[0] < 0.5
    assert weights[-1] > 0.99


@pytest.mark.parametrize("truth", [0.0, 1.0, 1.75, 2.25, 3.0, 4.5, 8.0, 20.0])
def test_the_interval_holds_a_correction_of_any_size(truth: float) -> None:
    """Also where nothing else is open: the error of the estimate it is put on only helps."""
    measured = truth + np.random.default_rng(0).normal(size=40_000)
    taken = shrunk(measured) * measured
    held = np.abs(taken - truth) <= 1.96 * np.hypot(1.0, measured - taken)
    assert held.mean() >= 0.935


@pytest.mark.parametrize("delta", [0.011, 0.02, 0.05, -0.3])
def test_total_and_indirect_effect_carry_what_the_correction_may_still_be(delta: float) -> None:
    total, direct = effect(0.1, 0.01, 1), effect(0.04, 0.008, 2)
    found, test = corrected(total, direct, effect(delta, 0.01, 3), NONE)
    weight = float(shrunk(delta / 0.01))
    assert test == FormTest(delta, pytest.approx(0.01), pytest.approx(weight))
    assert found.value == pytest.approx(0.1 + weight * delta)
    for start, moved in ((total, found), (total - direct, found - direct)):
        expected = start.standard_error**2 + 0.01**2 + ((1 - weight) * delta) ** 2
        assert moved.standard_error**2 == pytest.approx(expected, rel=1e-6)


def test_the_equations_error_is_not_counted_twice() -> None:
    """What the equations took from the noise is not found again in what they leave."""
    sampling, own, equations = (effect(0.0, 0.01, seed).influence for seed in (1, 2, 3))
    own = own + 0.9 * equations
    total, correction = Effect(0.1, sampling + equations), Effect(0.05, own)
    plain = corrected(total, Effect(0.0, NONE), correction, NONE)
    found = corrected(total, Effect(0.0, NONE), correction, equations)
    noise = Effect(0.0, own - equations).standard_error
    assert found[1].standard_error == pytest.approx(noise)
    assert found[1].standard_error < plain[1].standard_error
    assert found[1].weight > plain[1].weight
    assert found[0].standard_error < plain[0].standard_error


def test_a_correction_of_many_errors_says_that_the_form_is_wrong() -> None:
    assert not FormTest(0.05, 0.01, 0.96).holds
    assert FormTest(0.02, 0.01, 0.75).holds
    assert FormTest(0.0, 0.0, 0.0).holds


def test_what_few_regressors_find_is_taken_though_many_hide_it_in_their_noise() -> None:
    total = effect(0.1, 0.01, 1)
    coarse = effect(0.05, 0.01, 2)
    whole = coarse + effect(0.0, 0.04, 3)
    as_one, _ = corrected(total, Effect(0.0, NONE), whole, NONE)
    in_parts, test = corrected(total, Effect(0.0, NONE), whole, NONE, coarse)
    assert as_one.value < 0.135
    assert in_parts.value > 0.145
    assert test.standard_error == pytest.approx(whole.standard_error)


@pytest.mark.parametrize("smooth", [0.0, 2.0, 5.0])
@pytest.mark.parametrize("rough", [0.0, 1.5, 3.0, 6.0])
def test_the_interval_holds_both_parts_of_a_correction(smooth: float, rough: float) -> None:
    rng = np.random.default_rng(0)
    total, one, other = (effect(0.0, error, seed) for seed, error in enumerate((0.003, 0.01, 0.02)))
    held = []
    for first, further in rng.normal(size=(400, 2)):
        coarse = Effect(0.01 * (smooth + first), one.influence)
        more = Effect(0.02 * (rough + further), other.influence)
        found, _ = corrected(total, Effect(0.0, NONE), coarse + more, NONE, coarse)
        held.append(abs(found.value - 0.01 * smooth - 0.02 * rough) <= 1.96 * found.standard_error)
    assert np.mean(held) >= 0.91
