"""Gradients row by row: what each kind of equation gives for many rows, against one alone."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from workbench.methods.debiased.location_scale import LocationScaleEquation
from workbench.methods.debiased.piled_up import PiledUpEquation, fit_number
from workbench.methods.fuzzing.equation import Equation
from workbench.methods.fuzzing.equations import (
    CategoricalEquation,
    NumericEquation,
    fit_equation,
)
from workbench.tables.columns import Column, encode_column

KINDS = {
    "number": NumericEquation,
    "category": CategoricalEquation,
    "location and scale": LocationScaleEquation,
    "piled up": PiledUpEquation,
}


def columns(kind: str, n: int = 900) -> tuple[Column, list[Column]]:
    rng = np.random.default_rng(5)
    age, group = rng.normal(size=n), rng.choice(["a", "b", "c"], n)
    base = age + (group == "b") + np.exp(0.3 * age) * rng.normal(size=n)
    values = {
        "category": pd.Series(np.where(base > 1, "high", np.where(base > 0, "mid", "low"))),
        "piled up": pd.Series(np.maximum(base, 0.3)),
    }.get(kind, pd.Series(base))
    causes = [encode_column("age", pd.Series(age)), encode_column("group", pd.Series(group))]
    return encode_column("node", values), causes


def fitted(kind: str) -> tuple[Equation, list[Column]]:
    column, causes = columns(kind)
    fit = fit_equation if kind in ("number", "category") else fit_number
    equation = fit(column, causes)
    assert type(equation) is KINDS[kind]
    return equation, causes


@pytest.mark.parametrize("abducted", [True, False])
@pytest.mark.parametrize("kind", KINDS)
def test_each_row_has_the_gradient_that_it_has_alone(kind: str, abducted: bool) -> None:
    equation, causes = fitted(kind)
    m, rng = 60, np.random.default_rng(6)
    was = {c.name: c.values[:m] for c in causes}
    now = was | {"age": was["age"] + rng.normal(size=m)}
    shape = (m, 3) if kind == "category" else (m,)
    response, observed = rng.normal(size=shape), equation.column.values[:m]
    found = equation.row_gradients(response, now, was if abducted else None, observed)
    for row in range(m):
        one = slice(row, row + 1)
        alone = equation.gradient(
            response[one],
            {name: values[one] for name, values in now.items()},
            {name: values[one] for name, values in was.items()} if abducted else None,
            observed[one],
        )
        np.testing.assert_allclose(found[row], alone, rtol=1e-9, atol=1e-12)
    assert np.any(found) or (kind == "category" and not abducted)
