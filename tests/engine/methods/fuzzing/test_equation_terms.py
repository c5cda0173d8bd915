"""The regressors of an equation, multiplied and added up without making them."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pandas as pd
import pytest

from workbench.methods.fuzzing.equation_terms import Terms
from workbench.tables.column_bases import column_basis
from workbench.tables.columns import encode_column

N = 400


def _terms() -> tuple[Terms, dict[str, np.ndarray]]:
    rng = np.random.default_rng(0)
    data = pd.DataFrame(
        {
            "a": rng.normal(size=N),
            "b": np.where(rng.random(N) < 0.1, np.nan, rng.normal(size=N)),
            "c": rng.choice(["u", "v", "w"], N),
        }
    )
    columns = {name: encode_column(name, data[name]) for name in data}
    mains = tuple(column_basis(columns[name], "flexible") for name in data)
    paired = [column_basis(columns[name], "coarse") for name in data]
    values = {name: columns[name].values for name in data}
    return Terms(mains, tuple(combinations(paired, 2))), values


def test_weighted_and_summed_are_products_with_the_regressors() -> None:
    terms, values = _terms()
    rng = np.random.default_rng(1)
    by_term, by_row = rng.normal(size=terms.width), rng.normal(size=N)
    regressors = terms(values)
    assert terms.weighted(values, by_term) == pytest.approx(regressors @ by_term, abs=1e-11)
    assert terms.summed(values, by_row) == pytest.approx(by_row @ regressors, abs=1e-10)


def test_an_equation_without_causes_is_its_intercept() -> None:
    terms = Terms(())
    assert terms.weighted({}, np.array([2.0])).tolist() == [2.0]
    assert terms.summed({}, np.array([3.0])).tolist() == [3.0]
