"""CAFÉ's regression with products and knots, for any outcome."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from workbench.case.intervention import Variation
from workbench.methods.cafe.rich_regression import RichRegression
from workbench.methods.fuzzing.alike_rows import AlikeRows
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


def test_rows_that_are_alike_count_as_often_as_there_are_of_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rng = np.random.default_rng(4)
    z, w = rng.integers(0, 12, N) * 1.0, rng.choice(["a", "b", "c"], N)
    f = np.clip(rng.poisson(1 + z / 3), 0, 9) * 1.0
    y = np.sin(f) + (f >= 6) + f * z / 9 + (w == "b") + 0.3 * rng.normal(size=N)
    made, beside = columns(f=f, z=z, w=w), columns(noise=rng.normal(size=N))["noise"]
    some = np.flatnonzero(z > 3)
    low, high = np.full(len(some), 1.0), np.full(len(some), 6.0)

    def found() -> list[np.ndarray]:
        return [
            *of(Variation("f", "set", low, (high,))),
            *of(Variation("f", "own", low, (f[some],))),
        ]

    def of(variation: Variation) -> list[np.ndarray]:
        regression = RichRegression(made, variation, ["z", "w"], y)
        further, p = regression.beside([beside])
        out = [np.array([p, regression.by_finest(some)])]
        values = {column.name: column.values for column in (*made.values(), beside)}
        np.testing.assert_allclose(further.fit.fitted, further.fit.at(values), atol=1e-9)
        for one in (regression, further, further.of_few_regressors()):
            answer = one.answer(some)
            out += [np.array([answer.effect.value]), answer.effect.influence, *answer.per_draw]
            out += list(one.by_draw(some))
        return out

    together = found()
    assert AlikeRows.of(list(made.values())).size < N / 5
    monkeypatch.setattr(
        AlikeRows,
        "of",
        lambda parents, values=None: AlikeRows(
            {p.name: p.values for p in parents} if values is None else values
        ),
    )
    for one, other in zip(together, found(), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-6, atol=1e-8)
