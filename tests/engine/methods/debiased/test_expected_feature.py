"""What a feature is expected to be: where products of confounders mislead a regression."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import workbench as wb
from workbench.methods.debiased.expected_feature import expected_feature
from workbench.tables.columns import Column, encode_column

N = 2500


def column(name: str, values) -> Column:
    return encode_column(name, pd.Series(values))


def columns(how: str, seed: int = 0) -> tuple[Column, list[Column], np.ndarray]:
    """Return a feature, its causes and what it is expected to be in truth."""
    rng = np.random.default_rng(seed)
    z, w, u = rng.normal(size=(3, N))
    true = {
        "a sum": np.sin(z) + 0.5 * w,
        "a product": z * w,
        "three": np.sign(z * w) * u,
        "neither": np.zeros(N),
    }[how]
    f = true + 0.7 * rng.normal(size=N)
    return column("f", f), [column("z", z), column("w", w), column("u", u)], true


@pytest.mark.parametrize(("how", "least"), [("a product", 0.95), ("three", 0.7)])
def test_products_are_found(how: str, least: float) -> None:
    feature, given, true = columns(how)
    found = expected_feature(feature, given)
    assert found is not None
    assert np.corrcoef(found.values, true)[0, 1] > least


@pytest.mark.parametrize("how", ["a sum", "neither"])
def test_what_a_sum_of_curves_says_needs_no_covariate_more(how: str) -> None:
    feature, given, _ = columns(how)
    assert expected_feature(feature, given) is None


def test_no_row_helps_to_predict_itself() -> None:
    """Else what is expected would hold the feature's own noise, which is what is asked about."""
    feature, given, true = columns("a product")
    found = expected_feature(feature, given)
    assert found is not None
    noise = feature.values - true
    assert abs(np.corrcoef(found.values - true, noise)[0, 1]) < 0.1


def test_gaps_and_single_covariates_are_left_alone() -> None:
    feature, given, _ = columns("a product")
    gaps = column("f", np.where(np.arange(N) < 5, np.nan, feature.values))
    assert expected_feature(gaps, given) is None
    assert expected_feature(feature, given[:1]) is None


def test_logged_predictions_where_three_confounders_act_in_a_product() -> None:
    """The regression alone answered 0.16 too much, by 13 of its standard errors."""
    rng = np.random.default_rng(3)
    z, w, u, own, rest = rng.normal(size=(5, N))
    product = np.sign(z * w) * u
    f = 0.6 * product + 0.7 * own
    m = 0.6 * product + 0.3 * f + 0.6 * rest

    def score(values: np.ndarray) -> np.ndarray:
        return 1 / (1 + np.exp(-1.2 * values))

    case = wb.AuditCase(
        data=pd.DataFrame({"z": z, "w": w, "u": u, "f": f, "m": m}),
        model=lambda rows: score(rows["m"].to_numpy()),
        features=["m"],
        graph=wb.CausalGraph([(a, b) for a in "zwu" for b in "fm"] + [("f", "m")]),
    )
    levels = (-0.7, 0.7)
    low, high = (score(0.6 * product + 0.3 * to + 0.6 * rest).mean() for to in levels)
    target = wb.UnlearningTarget.feature("f")
    found = wb.debiased_effects(case, target, wb.Contrast(*levels), ask=False)["f"]
    assert found.total.low < high - low < found.total.high
    assert found.form is not None
    assert not found.form.holds
