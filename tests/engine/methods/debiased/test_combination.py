"""The share of a correction that is taken, and what becomes of the interval."""

from __future__ import annotations

import numpy as np
import pytest

from workbench.methods.debiased.combination import corrected
from workbench.methods.effects import Effect
from workbench.methods.form_test import FormTest

N = 500


def effect(value: float, error: float, seed: int) -> Effect:
    noise = np.random.default_rng(seed).normal(size=N)
    return Effect(value, noise * error * N / np.linalg.norm(noise))


@pytest.mark.parametrize("delta", [0.011, 0.02, 0.05, -0.3])
def test_the_variance_is_that_of_the_mixture(delta: float) -> None:
    total, direct = effect(0.1, 0.01, 1), effect(0.04, 0.008, 2)
    correction = effect(delta, 0.01, 3)
    found, test = corrected(total, direct, correction)
    share = 1 - 0.01**2 / delta**2
    assert test == FormTest(delta, pytest.approx(0.01), pytest.approx(share))
    assert found.value == pytest.approx(0.1 + share * delta)
    for start, moved in ((total, found), (total - direct, found - direct)):
        expected = (
            (1 - share) * start.standard_error**2
            + share * (start + correction).standard_error ** 2
            + share * (1 - share) * delta**2
            + (1 - share) * 0.01**2 / 3
        )
        assert moved.standard_error**2 == pytest.approx(expected, rel=1e-6)


def test_a_correction_within_its_own_noise_is_not_taken() -> None:
    total, direct = effect(0.1, 0.01, 1), Effect(0.0, np.zeros(N))
    found, test = corrected(total, direct, effect(0.009, 0.01, 3))
    assert found.value == total.value
    assert found.standard_error == pytest.approx(np.hypot(0.01, 0.01 / np.sqrt(3)))
    assert test.weight == 0
    assert test.holds


def test_a_correction_of_many_errors_says_that_the_form_is_wrong() -> None:
    assert not FormTest(0.05, 0.01, 0.96).holds
    assert FormTest(0.02, 0.01, 0.75).holds
    assert FormTest(0.0, 0.0, 0.0).holds
