"""Numbers of which many rows hold the lowest or highest value: what moves on and off the pile."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import workbench as wb
from workbench.methods.debiased.location_scale import LocationScaleEquation
from workbench.methods.debiased.piled_up import PiledUpEquation, fit_number
from workbench.tables.columns import Column, encode_column

N = 4000


def column(name: str, values) -> Column:
    return encode_column(name, pd.Series(values))


def incomes(x: np.ndarray, seed: int = 0) -> np.ndarray:
    """None at all for many; what the others have does not go with how many have some."""
    rng = np.random.default_rng(seed)
    some = rng.random(len(x)) < 1 / (1 + np.exp(-x))
    return some * np.exp(0.5 - 0.3 * x + 0.4 * rng.normal(size=len(x)))


def drawn(seed: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=N)


def fitted(values: np.ndarray, x: np.ndarray) -> PiledUpEquation:
    equation = fit_number(column("v", values), [column("x", x)])
    assert isinstance(equation, PiledUpEquation)
    return equation


def moved(equation: PiledUpEquation, to: float) -> np.ndarray:
    x = equation.parents[0].values
    was, now = (equation.expected({"x": at}) for at in (x, np.full(len(x), to)))
    uniform = np.random.default_rng(5).random(len(x))
    return np.asarray(equation.move(equation.column.values, was, now, uniform, "abduct"))


@pytest.mark.parametrize("to", [-1.0, 0.0, 1.0])
def test_as_many_rows_are_on_the_pile_as_there_would_be_and_the_others_where_they_would(
    to: float,
) -> None:
    x = drawn()
    found = moved(fitted(incomes(x), x), to)
    true = incomes(np.full(40 * N, to), seed=9)
    assert np.mean(found == 0) == pytest.approx(np.mean(true == 0), abs=0.035)
    share = [0.1, 0.5, 0.9]
    rest = np.quantile(found[found > 0], share)
    np.testing.assert_allclose(rest, np.quantile(true[true > 0], share), rtol=0.12)


def test_noise_has_the_shape_it_has_where_as_much_is_cut_off() -> None:
    """A normal curve cut near its peak starts steep, one cut far out does not."""
    x = drawn()
    equation = fitted(np.maximum(x + 0.7 * np.random.default_rng(2).normal(size=N), 0.0), x)
    noise = 0.7 * np.random.default_rng(3).normal(size=200_000)
    skew = []
    for to in (-0.7, 1.5):
        found, true = moved(equation, to), np.maximum(to + noise, 0.0)
        assert np.mean(found == 0) == pytest.approx(np.mean(true == 0), abs=0.035)
        assert found.mean() == pytest.approx(true.mean(), abs=0.03)
        skew.append(float(pd.Series(found[found > 0]).skew()))
    # In truth 1.30 and 0.18.
    assert skew[0] > 0.8
    assert skew[1] < 0.45


def test_a_row_whose_causes_did_not_move_stays() -> None:
    x = drawn()
    equation = fitted(incomes(x), x)
    was = equation.expected({"x": x})
    again = equation.move(equation.column.values, was, was, np.zeros(N), "abduct")
    np.testing.assert_array_equal(again, equation.column.values)
    # Nor does a cause that hardly moved move it far, on and off the pile.
    now = equation.expected({"x": x + 1e-9})
    again = equation.move(equation.column.values, was, now, np.full(N, 0.5), "abduct")
    assert np.mean(np.abs(again - equation.column.values) > 1e-6) < 0.01


def test_a_pile_at_the_top_is_the_mirror_of_one_at_the_bottom() -> None:
    x = drawn()
    low, high = (moved(fitted(sign * incomes(x), x), 0.8) for sign in (1.0, -1.0))
    assert np.mean(low == 0) == pytest.approx(np.mean(high == 0), abs=1e-9)
    np.testing.assert_allclose(np.sort(low), np.sort(-high), atol=0.02)


@pytest.mark.parametrize(("offset", "scale"), [(1e6, 1.0), (-3.0, 1e-5)])
def test_neither_unit_nor_offset_changes_a_move(offset: float, scale: float) -> None:
    x = drawn()
    plain = moved(fitted(incomes(x), x), 1.0)
    other = moved(fitted(offset + scale * incomes(x), x), 1.0)
    np.testing.assert_allclose((other - offset) / scale, plain, atol=1e-4)


def test_whole_numbers_stay_whole_and_gaps_stay_gaps() -> None:
    x = drawn()
    values = np.round(40 * incomes(x))
    values[:200] = np.nan
    found = moved(fitted(values, x), 1.0)
    assert np.isnan(found[:200]).all()
    np.testing.assert_array_equal(found[200:], np.round(found[200:]))
    assert np.mean(found[200:] == 0) == pytest.approx(1 / (1 + np.e), abs=0.035)


def test_without_the_noise_the_mean_is_taken() -> None:
    x = drawn()
    equation = fitted(incomes(x), x)
    at = equation.expected({"x": np.array([0.0])})
    mean = equation.move(np.array([0.0]), at, at, np.zeros(1), "drop")
    assert mean[0] == pytest.approx(incomes(np.zeros(200_000), seed=9).mean(), rel=0.08)


def test_what_is_no_pile_gets_the_equation_of_any_other_number() -> None:
    rng, x = np.random.default_rng(4), drawn()
    ordinary = {
        "smooth": rng.normal(size=N),
        "counts that taper off": rng.poisson(1.3, N).astype(float),
        "few values": np.where(rng.random(N) < 0.5, 0.0, rng.integers(1, 6, N)),
        "a pile in the middle": np.where(rng.random(N) < 0.5, 0.0, rng.normal(size=N)),
        "a few rows": np.where(rng.random(N) < 0.03, 0.0, rng.uniform(1, 2, N)),
    }
    for what, values in ordinary.items():
        equation = fit_number(column("v", values), [column("x", x)])
        assert isinstance(equation, LocationScaleEquation), what


def test_a_gradient_is_a_derivative_of_the_mean() -> None:
    """Of the mean of slope · v over draws of the pile, by what the two parts estimated."""
    x = drawn()
    equation = fitted(incomes(x), x)
    now = {"x": np.full(N, 0.9)}
    found = equation.gradient(np.ones(N), now, None, equation.column.values)
    width = equation.chance.terms.width

    def mean(other: PiledUpEquation) -> float:
        at = other.expected(now)
        return float(other.move(equation.column.values, at, at, np.zeros(N), "drop").mean())

    for place in (0, 1):
        nudge = np.zeros((width, 1))
        nudge[place] = 1e-5
        chance = replace(equation.chance, coefficients=equation.chance.coefficients + nudge)
        slope = (mean(replace(equation, chance=chance)) - mean(equation)) / 1e-5
        assert found[place] == pytest.approx(slope, rel=1e-3)
    fit = equation.rest.fit
    more = replace(fit, coefficients=fit.coefficients + np.eye(len(fit.coefficients))[0] * 1e-5)
    slope = (mean(replace(equation, rest=replace(equation.rest, fit=more))) - mean(equation)) / 1e-5
    assert found[width] == pytest.approx(slope, rel=1e-3)


def test_an_interval_says_how_far_the_mean_of_a_move_varies_from_sample_to_sample() -> None:
    """The spread of the mean after a move, over samples, against what the influences say."""
    values, errors = [], []
    for seed in range(20):
        x = drawn(seed + 50)
        equation = fitted(incomes(x, seed + 500), x)
        after = moved(equation, 1.0)
        gradient = equation.gradient(
            np.ones(N), {"x": np.full(N, 1.0)}, {"x": x}, equation.column.values
        )
        influence = equation.influences(gradient[None])[0]
        # What was observed moves along with the rows that were drawn.
        influence = influence + equation.column.values - equation.column.values.mean()
        values.append(after.mean())
        errors.append(np.std(influence) / np.sqrt(N))
    assert 0.6 < np.mean(errors) / np.std(values) < 1.9


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_an_effect_through_a_pile_needs_no_correction(seed: int) -> None:
    """More have some, and those have less; the equation of other numbers was off by 3 to 5 s."""
    rng = np.random.default_rng(seed)
    z = rng.normal(size=N)
    f = 0.5 * z + rng.normal(size=N)
    case = wb.AuditCase(
        data=pd.DataFrame({"z": z, "f": f, "v": incomes(1.2 * f, seed + 20)}),
        model=lambda rows: np.tanh(0.5 * rows["v"].to_numpy()),
        features=["v"],
        graph=wb.CausalGraph([("z", "f"), ("f", "v"), ("z", "v")]),
    )
    low, high = (np.tanh(0.5 * incomes(np.full(200_000, 1.2 * to), 9)).mean() for to in (-1, 1))
    target, levels = wb.UnlearningTarget.feature("f"), wb.Contrast(-1.0, 1.0)
    found = wb.debiased_effects(case, target, levels)["f"]
    assert found.form is not None
    assert abs(found.form.correction) < 2 * found.form.standard_error
    assert found.total.low < high - low < found.total.high
