"""Rows with the same causes, taken together: the same sums and answers as row by row."""

import numpy as np
import pandas as pd
import pytest

from workbench.methods.fuzzing.alike_rows import AlikeRows
from workbench.methods.fuzzing.equation_terms import choose_terms
from workbench.tables.columns import encode_column


@pytest.fixture
def columns():
    rng = np.random.default_rng(3)
    frame = pd.DataFrame(
        {
            "age": rng.integers(18, 60, 3_000),
            "kind": rng.choice(["a", "b", "c"], 3_000),
            "pay": rng.normal(size=3_000),
        }
    )
    return {name: encode_column(name, frame[name]) for name in frame}


def test_sums_over_combinations_are_sums_over_rows(columns):
    parents = [columns["age"], columns["kind"]]
    values = {p.name: p.values for p in parents}
    alike, alone = AlikeRows.of(parents, values), AlikeRows(values)
    terms = choose_terms(parents, 3_000)
    y = np.random.default_rng(4).normal(size=3_000)
    assert alike.size <= 42 * 3 < alone.size == 3_000
    for chosen in (slice(None), y > 0):
        some, each = alike.some(chosen), alone.some(chosen)
        found = some.normal_equations(terms(some.causes), y[chosen])
        wanted = each.normal_equations(terms(each.causes), y[chosen])
        for ours, theirs in zip(found, wanted, strict=True):
            np.testing.assert_allclose(ours, theirs, rtol=1e-10, atol=1e-9)
    for k in (1, 5):
        weights = np.random.default_rng(k).normal(size=(terms.width, k))
        np.testing.assert_allclose(
            alike.applied(terms, weights), alone.applied(terms, weights), atol=1e-12
        )


def test_a_cause_that_is_too_fine_keeps_every_row_to_itself(columns):
    parents = [columns["age"], columns["pay"]]
    alike = AlikeRows.of(parents, {p.name: p.values for p in parents})
    assert alike.place is None and alike.size == 3_000


@pytest.mark.parametrize("level", [30.5, 17.0, 60.0, 150.0])
def test_a_level_between_or_beyond_the_data_is_not_taken_for_another(columns, level):
    """A number of an intervention may lie where no code of the column does."""
    parents = [columns["age"], columns["kind"]]
    values = {p.name: p.values.copy() for p in parents}
    values["age"][:10], values["age"][10:20] = level, np.nan
    alike = AlikeRows.of(parents, values)
    np.testing.assert_array_equal(alike.by_row(alike.causes["age"]), values["age"])
    np.testing.assert_array_equal(alike.by_row(alike.causes["kind"]), values["kind"])
