"""Effects as values: arithmetic keeps intervals honest, tables say what was estimated."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.common.errors import TargetError
from workbench.methods.effects import Effect, EffectTable, FeatureEffects, RowEffects
from workbench.methods.estimator import Estimator

RNG = np.random.default_rng(1)
ROWS = RowEffects(
    total=np.array([0.3, -0.1]),
    direct=np.array([0.1, -0.1]),
    total_size=np.array([0.3, 0.2]),
    direct_size=np.array([0.1, 0.1]),
    indirect_size=np.array([0.2, 0.1]),
)


def effect(value: float, seed: int = 0, n: int = 50) -> Effect:
    return Effect(value, np.random.default_rng(seed).normal(size=n))


def entry(**changes) -> FeatureEffects:
    parts = {
        "feature": "zip",
        "estimator": Estimator("cafe"),
        "intervention": "N → S",
        "total": effect(0.3, 1),
        "direct": effect(0.1, 2),
        "rows": ROWS,
        "n_rows": 2,
        "queries": 4,
    }
    return FeatureEffects(**(parts | changes))


def table(*entries: FeatureEffects) -> EffectTable:
    return EffectTable(entries, pd.Index(["u", "v"]), "probability", 0)


def test_the_standard_error_is_that_of_a_mean() -> None:
    sample = RNG.normal(3, 2, size=400)
    mean = Effect(float(sample.mean()), sample - sample.mean())
    assert mean.standard_error == pytest.approx(sample.std() / 20)
    low, high = mean.interval()
    assert (high - low) / 2 == pytest.approx(1.959964 * mean.standard_error)
    assert (mean.low, mean.high) == (low, high)
    assert (low + high) / 2 == pytest.approx(mean.value)
    wide = mean.interval(0.99)
    assert wide[0] < low < high < wide[1]


def test_the_interval_covers() -> None:
    """95 % of the intervals of a mean hold the truth: 2,000 samples, within four errors."""
    samples = RNG.exponential(size=(2000, 200))
    hits = 0
    for sample in samples:
        low, high = Effect(sample.mean(), sample - sample.mean()).interval()
        hits += low <= 1.0 <= high
    assert 0.92 < hits / 2000 < 0.97


@given(st.integers(0, 99), st.integers(100, 199), st.floats(-1, 1), st.floats(-1, 1))
def test_arithmetic(one: int, two: int, a: float, b: float) -> None:
    x, y = effect(a, one), effect(b, two)
    assert (x + y).value == a + b and (x - y).value == a - b and (-x).value == -a
    assert (x - x).standard_error == 0 and (x - x).value == 0
    assert (x + x).standard_error == pytest.approx(2 * x.standard_error)
    assert (-x).standard_error == x.standard_error
    assert (-x).interval() == pytest.approx((-x.high, -x.low))
    assert abs(x.standard_error - y.standard_error) <= (x + y).standard_error + 1e-12
    assert (x + y).standard_error <= x.standard_error + y.standard_error + 1e-12


def test_exactly_nothing() -> None:
    zero = Effect(0.0, np.zeros(10))
    assert (zero.low, zero.high, zero.standard_error) == (0, 0, 0)
    assert repr(effect(0.25)).startswith("Effect(+0.2500, 95 % interval ")


def test_the_three_cannot_disagree() -> None:
    one = entry()
    assert one.indirect.value == one.total.value - one.direct.value
    np.testing.assert_array_equal(
        one.indirect.influence, one.total.influence - one.direct.influence
    )
    np.testing.assert_array_equal(ROWS.indirect, ROWS.total - ROWS.direct)
    assert one.interaction is None and list(one.parts()) == ["total", "direct", "indirect"]
    pure = entry(pure_indirect=effect(0.15, 3))
    assert pure.interaction.value == pytest.approx(0.3 - 0.1 - 0.15)
    assert list(pure.parts())[3:] == ["pure_indirect", "interaction"]


def test_frame() -> None:
    frame = table(entry(adjustment=("a", "b")), entry(feature="a + b", rows=None)).to_frame()
    first, second = frame.iloc[0], frame.iloc[1]
    assert first["total"] == 0.3 and first["indirect"] == pytest.approx(0.2)
    assert first["total_low"] < 0.3 < first["total_high"]
    assert first["total_mean_abs"] == pytest.approx(0.25)
    assert first["indirect_mean_abs"] == pytest.approx(0.15)
    assert first["adjustment"] == "a, b" and first["queries"] == 4
    assert np.isnan(first["pure_indirect"]) and np.isnan(first["interaction_high"])
    assert np.isnan(second["total_mean_abs"])
    for part in ("total", "direct", "indirect", "pure_indirect", "interaction"):
        assert {part, f"{part}_low", f"{part}_high"} <= set(frame)


def test_looking_up() -> None:
    joint = entry(feature="a + b", combination="joint")
    both = table(entry(), joint) + table(
        entry(estimator=Estimator("fuzzing", residuals="drop"), feature="age")
    )
    assert len(both) == 3 and [e.feature for e in both] == ["zip", "a + b", "age"]
    assert both["zip"].feature == "zip"
    assert [e.feature for e in both.of("fuzzing")] == ["age"]
    with pytest.raises(TargetError, match=r"No effect of 'zap' was estimated. Estimated: 'zip'"):
        both["zap"]


def test_row_effects() -> None:
    frame = table(entry()).row_effects("zip")
    assert frame.index.tolist() == ["u", "v"]
    np.testing.assert_allclose(frame["indirect"], frame["total"] - frame["direct"])
    with pytest.raises(TargetError, match="is a sum over features and has no row effects"):
        table(entry(rows=None, combination="sum")).row_effects("zip")
    with pytest.raises(TargetError, match="keeps only their summary"):
        table(entry(rows=None)).row_effects("zip")


def test_html_escapes_what_users_named() -> None:
    nasty = "<script>alert('x')</script>"
    shown = table(entry(feature=nasty, intervention=f"{nasty} → b"))._repr_html_()
    assert "<script" not in shown and "&lt;script&gt;" in shown
    assert "+0.3000" in shown and "<caption>" in shown
