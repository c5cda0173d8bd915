"""No level that an audit tests and prints is a number that a handful of people have."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import workbench as wb
from workbench.methods.profile import levels as tested
from workbench.tables.columns import encode_column
from workbench.tables.shown_levels import FEWEST_HOLDERS, shown_level

RNG = np.random.default_rng(0)
COLUMNS = {
    "marks": RNG.permutation(np.r_[np.full(30, 1_500), RNG.integers(250, 18_000, 600)]),
    "one decimal": np.round(RNG.normal(20, 4, 300), 1),
    "whole and wide": RNG.integers(0, 10**9, 400),
    "fractions": RNG.normal(size=500),
}


@pytest.mark.parametrize("name", COLUMNS)
def test_no_level_is_what_a_few_people_have(name: str) -> None:
    values = COLUMNS[name]
    column = encode_column(name, pd.Series(values))
    levels = tested.tested_levels(column, None, seed=0)
    levels = tested.with_bends(levels, [float(v) for v in values[:40]])
    assert len(levels) > 8
    held = np.array([(values == level).sum() for level in levels.values])
    assert not ((held > 0) & (held < FEWEST_HOLDERS)).any()


@pytest.mark.parametrize("name", [*COLUMNS, "years in a short table"])
def test_a_level_is_not_moved_far(name: str) -> None:
    values = COLUMNS.get(name, RNG.integers(18, 90, 150))
    column = encode_column(name, pd.Series(values))
    away = [abs(shown_level(column, float(v)) - v) for v in values]
    low, high = np.quantile(values, [0.01, 0.99])
    assert max(away) <= 0.03 * (high - low)


def test_the_default_contrast_of_whole_numbers_names_nobody() -> None:
    frame = pd.DataFrame({"paid": np.arange(250, 1_250) * 13 + 1, "z": RNG.normal(size=1_000)})
    case = wb.AuditCase(
        data=frame,
        model=lambda rows: rows["paid"] / 20_000,
        features=["paid", "z"],
        graph=wb.CausalGraph([], nodes=["paid", "z"]),
    )
    found = wb.audit(case, wb.UnlearningTarget.feature("paid"), ["cafe"], threshold=0.02)
    ends = found.effects.entries[0].intervention.split(" → ")
    values = [int(end.replace(",", "")) for end in ends]
    assert values[0] < values[1] and not frame["paid"].isin(values).any()


def test_groups_split_beside_a_median_that_one_row_has() -> None:
    paid = np.arange(250, 1_251) * 13 + 1
    frame = pd.DataFrame({"paid": paid, "z": RNG.normal(size=1_001)})
    case = wb.AuditCase(
        data=frame,
        model=lambda rows: rows["paid"] / 20_000,
        features=["paid", "z"],
        graph=wb.CausalGraph([], nodes=["paid", "z"]),
    )
    found = wb.audit(case, wb.UnlearningTarget.feature("paid"), ["cafe", "aif360"])
    page = found.to_html()
    assert "plit near the median" in page
    assert f"{int(np.median(paid)):,}" not in page


def test_a_rare_category_is_counted_and_not_named() -> None:
    column = encode_column("job", pd.Series(["a"] * 60 + ["b"] * 60 + ["c"] * 9 + ["Smith"]))
    levels = tested.tested_levels(column, None, seed=0)
    assert (levels.untested, levels.n_untested) == (("c",), 2)
