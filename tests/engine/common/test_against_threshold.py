"""Comparisons with ±τ: one p-value for numbers and arrays, normal and Student's t."""

from __future__ import annotations

import ast
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import integrate, stats

from workbench.common.against_threshold import exceeds, lies_beyond, lies_within, p_within

HOUSE = Path(__file__).parents[3]
numbers = st.floats(-5, 5)
errors = st.floats(0.01, 3)
borders = st.floats(0.01, 3)


@given(numbers, errors, borders, st.sampled_from([np.inf, 1.0, 4.5]))
def test_it_is_how_rarely_a_value_at_the_border_gives_an_estimate_as_large(
    value: float, error: float, threshold: float, degrees: float
) -> None:
    """At the border τ the estimate is τ + error·T; its size exceeds |value| in two tails."""
    chance = stats.norm if np.isinf(degrees) else stats.t(degrees)
    low, high = (-abs(value) - threshold) / error, (abs(value) - threshold) / error
    # Without a point inside it, a narrow peak of a wide interval is missed.
    peak = [point for point in (-30, -3, 0, 3, 30) if low < point < high]
    inside, _ = integrate.quad(chance.pdf, low, high, limit=200, points=peak or None)
    assert p_within(value, error, threshold, degrees) == pytest.approx(1 - inside, abs=1e-6)


@given(st.lists(st.tuples(numbers, st.floats(0, 3)), min_size=1, max_size=8), borders)
def test_an_array_is_its_numbers(pairs: list[tuple[float, float]], threshold: float) -> None:
    values, sizes = (np.array(column) for column in zip(*pairs, strict=True))
    for degrees in (np.inf, 3.0):
        one_by_one = [p_within(v, e, threshold, degrees) for v, e in pairs]
        np.testing.assert_array_equal(p_within(values, sizes, threshold, degrees), one_by_one)


def test_without_error_the_estimate_is_the_truth() -> None:
    assert [p_within(v, 0.0, 0.02) for v in (0.0, 0.02, -0.02, 0.0200001, -1.0)] == [1, 1, 1, 0, 0]
    assert p_within(float("nan"), 1.0, 0.02) != p_within(0.0, 1.0, 0.02)


@given(numbers, numbers, borders)
def test_an_interval_lies_within_beyond_or_across(one: float, two: float, threshold: float) -> None:
    low, high = sorted((one, two))
    within, beyond = lies_within(low, high, threshold), lies_beyond(low, high, threshold)
    points = np.linspace(low, high, 101)
    assert within == bool((np.abs(points) < threshold).all())
    assert not (within and beyond)
    if beyond:
        assert exceeds(points, threshold).all()


def test_no_other_file_makes_this_p_value() -> None:
    """Tails of (|value| ± τ) / error stand here only."""
    found = [
        path.name
        for path in (HOUSE / "workbench").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.BinOp)
        and isinstance(node.op, ast.Div)
        and isinstance(node.left, ast.BinOp)
        and isinstance(node.left.op, ast.Add | ast.Sub)
        and ast.unparse(node.left.right).split(".")[-1] in ("threshold", "tau")
    ]
    assert set(found) == {"against_threshold.py"}
