"""CAFÉ's regression with products and knots, for any outcome."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from workbench.case.intervention import Variation
from workbench.methods.cafe.rich_regression import RichRegression
from workbench.tables.columns import encode_column

N = 3000
EVERYONE = np.arange(N)


def columns(**values: np.ndarray) -> dict:
    return {name: encode_column(name, pd.Series(array)) for name, array in values.items()}


def contrast(low: float, high: float, n: int = N) -> Variation:
    return Variation("f", f"{low} → {high}", np.full(n, low), (np.full(n, high),))


def asked(y: np.ndarray, low: float, high: float, **values: np.ndarray):
    given = [name for name in values if name != "f"]
    regression = RichRegression(columns(**values), contrast(low, high), given, y)
    return regression.answer(EVERYONE).effect


def test_products_of_covariates_are_adjusted_for() -> None:
    rng = np.random.default_rng(0)
    z, w, u = rng.normal(size=(3, N))
    f = z * w + 0.7 * u
    found = asked(z * w + 0.2 * f + 0.1 * rng.normal(size=N), -1.0, 1.0, f=f, z=z, w=w)
    assert found.value == pytest.approx(0.4, abs=0.08)


def test_knots_are_added_where_the_outcome_swings() -> None:
    rng = np.random.default_rng(1)
    f = rng.normal(size=N)
    found = asked(np.sin(6 * f) + 0.3 * rng.normal(size=N), -0.26, 0.26, f=f)
    assert found.value == pytest.approx(2 * np.sin(6 * 0.26), abs=0.15)


def test_a_level_that_is_set_stands_apart() -> None:
    rng = np.random.default_rng(2)
    f = rng.integers(0, 40, N).astype(float)
    found = asked(1.0 * (f >= 18) + 0.3 * rng.normal(size=N), 17.0, 18.0, f=f)
    assert found.value == pytest.approx(1.0, abs=0.2)


def test_the_standard_error_is_the_spread_over_repeated_data() -> None:
    found = []
    for seed in range(60):
        rng = np.random.default_rng([5, seed])
        z = rng.normal(size=800)
        f = 0.5 * z + rng.normal(size=800)
        y = f * z + z + rng.normal(size=800)
        made = columns(f=f, z=z)
        regression = RichRegression(made, contrast(-0.5, 0.5, 800), ["z"], y)
        found.append(regression.answer(np.arange(800)).effect)
    assert np.std([e.value for e in found]) == pytest.approx(
        np.mean([e.standard_error for e in found]), rel=0.3
    )


def test_the_mean_over_some_rows_is_that_of_their_row_effects() -> None:
    rng = np.random.default_rng(3)
    z = rng.normal(size=N)
    f = z + rng.normal(size=N)
    some = np.flatnonzero(z > 0.5)
    variation = contrast(-0.5, 0.5, len(some))
    regression = RichRegression(columns(f=f, z=z), variation, ["z"], f * z)
    found = regression.answer(some)
    assert found.effect.value == pytest.approx(found.per_draw[0].mean())
    assert found.effect.value == pytest.approx(z[some].mean(), rel=0.08)
    assert len(found.effect.influence) == N
