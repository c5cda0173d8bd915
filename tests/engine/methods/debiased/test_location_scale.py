"""Equations of numbers: what a move keeps, what a unit must not change, and their own error."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from workbench.methods.debiased.location_scale import (
    BOOSTED_ROWS,
    LocationScaleEquation,
    fit_location_scale,
)
from workbench.tables.columns import Column, encode_column

N = 3000


def column(name: str, values) -> Column:
    return encode_column(name, pd.Series(values))


def widening(offset: float = 0.0, scale: float = 1.0, n: int = N) -> LocationScaleEquation:
    rng = np.random.default_rng(0)
    x = rng.normal(size=n)
    v = np.sin(4 * x) + (0.2 + np.abs(x)) * rng.normal(size=n)
    return fit_location_scale(column("v", offset + scale * v), [column("x", x)])


def moved(equation: LocationScaleEquation, to: float) -> np.ndarray:
    x = equation.parents[0].values
    was, now = (equation.expected({"x": at}) for at in (x, np.full(len(x), to)))
    return equation.move(equation.column.values, was, now, np.full(len(x), 0.5), "abduct")


def test_a_row_whose_causes_did_not_move_stays_to_the_last_digit() -> None:
    equation = widening(offset=1e6)
    was = equation.expected({"x": equation.parents[0].values})
    again = equation.move(equation.column.values, was, was, np.zeros(N), "abduct")
    np.testing.assert_array_equal(again, equation.column.values)


@pytest.mark.parametrize(("offset", "scale"), [(1e8, 1.0), (-50.0, 1e-6), (3.0, 1e5)])
def test_neither_unit_nor_offset_of_a_node_changes_a_move(offset: float, scale: float) -> None:
    plain, other = moved(widening(), 1.0), moved(widening(offset, scale), 1.0)
    np.testing.assert_allclose((other - offset) / scale, plain, atol=1e-5)


def test_noise_is_stretched_where_the_data_is_wider() -> None:
    equation = widening()
    assert equation.scale is not None
    narrow, wide = moved(equation, 0.0), moved(equation, 1.5)
    assert np.std(wide) > 3 * np.std(narrow)


def test_even_noise_needs_no_scale() -> None:
    rng = np.random.default_rng(1)
    x = rng.normal(size=N)
    assert fit_location_scale(column("v", x + rng.normal(size=N)), [column("x", x)]).scale is None


def test_a_level_that_is_set_stands_apart() -> None:
    rng = np.random.default_rng(2)
    x = rng.integers(0, 20, N).astype(float)
    v = column("v", 2.0 * (x == 7) + 0.1 * x + 0.3 * rng.normal(size=N))
    causes = [column("x", x)]
    found = [
        fit_location_scale(v, causes, keep=keep) for keep in (None, {"x": np.array([7.0, 8.0])})
    ]
    gaps = [float(np.diff(e.expected({"x": np.array([8.0, 7.0])})[:, 0])[0]) for e in found]
    assert gaps[1] == pytest.approx(1.9, abs=0.15)
    rare = fit_location_scale(v, causes, keep={"x": np.array([6.5])})
    assert rare.terms.width == found[0].terms.width


def test_a_gradient_is_a_derivative() -> None:
    """Of the mean of slope · v, by every coefficient of H and of S."""
    from dataclasses import replace

    equation = widening()
    assert equation.scale is not None
    rng = np.random.default_rng(3)
    x = equation.parents[0].values
    slope = rng.normal(size=N)
    gradient = equation.gradient(slope, {"x": x + 0.3}, {"x": x}, equation.column.values)
    width = equation.terms.width
    assert len(gradient) == width + equation.scale.terms.width

    def mean(changed: LocationScaleEquation) -> float:
        was, now = (changed.expected({"x": at}) for at in (x, x + 0.3))
        stretch = now[:, 1] / was[:, 1]
        noise = changed.column.values - changed.centre - was[:, 0]
        return float(np.mean(slope * (now[:, 0] + stretch * noise)))

    step = 1e-6
    for place in (0, 2, width - 1):
        nudged = equation.fit.coefficients.copy()
        nudged[place] += step
        other = replace(equation, fit=replace(equation.fit, coefficients=nudged))
        slope_here = (mean(other) - mean(equation)) / step
        assert gradient[place] == pytest.approx(slope_here, rel=1e-3, abs=1e-6)
    for place in (0, 3):
        nudged = equation.scale.fit.coefficients.copy()
        nudged[place] += step
        scale = replace(equation.scale, fit=replace(equation.scale.fit, coefficients=nudged))
        slope_here = (mean(replace(equation, scale=scale)) - mean(equation)) / step
        assert gradient[width + place] == pytest.approx(slope_here, rel=1e-2, abs=1e-5)


def test_influences_add_up_to_the_error_of_a_prediction() -> None:
    """The standard error that they give is the spread over repeated data."""
    at = np.array([0.4])
    values, errors = [], []
    for seed in range(60):
        rng = np.random.default_rng([9, seed])
        x = rng.normal(size=600)
        v = column("v", 0.5 * x + (0.3 + 0.3 * np.abs(x)) * rng.normal(size=600))
        equation = fit_location_scale(v, [column("x", x)])
        values.append(equation.centre + equation.expected({"x": at})[0, 0])
        gradient = equation.gradient(np.ones(1), {"x": at}, None, at)
        influence = equation.influences(gradient[None, :])[0]
        errors.append(np.sqrt((influence**2).sum()) / 600)
    assert np.mean(errors) == pytest.approx(np.std(values), rel=0.3)


@pytest.mark.parametrize(("n", "boosts"), [(BOOSTED_ROWS - 1, False), (BOOSTED_ROWS, True)])
def test_trees_have_no_part_in_an_equation_of_few_rows(n: int, boosts: bool) -> None:
    rng = np.random.default_rng(7)
    a, b = rng.normal(size=(2, n))
    y = 3.0 * (a > 0.5) * (b > 0.5) * (a + b < 2) + 0.1 * rng.normal(size=n)
    fitted = fit_location_scale(column("y", y), [column("a", a), column("b", b)])
    assert (fitted.boosted is not None) == boosts
