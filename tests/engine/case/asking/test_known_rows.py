"""A row that the model answered about is not asked again, and no row is taken for another."""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
import pytest

import workbench as wb
from workbench.case.asking.batches import QueryBatch
from workbench.case.asking.budget import Budget
from workbench.case.asking.known_rows import KnownRows, one_cell_each

N = 400
GRAPH = wb.CausalGraph([("group", "count"), ("count", "amount")])


def frame(rng: np.random.Generator) -> pd.DataFrame:
    amount = rng.integers(0, 3, N) / 2.0
    amount[::9] = np.nan
    group = rng.choice(np.array(["1", "2", None], dtype=object), N)
    return pd.DataFrame({"group": group, "count": rng.integers(1, 4, N), "amount": amount})


def score(rows: pd.DataFrame) -> np.ndarray:
    """Give every row that differs a score of its own."""
    group = rows["group"].map({"1": 1.0, "2": 2.0}).fillna(7.0).to_numpy(dtype=float)
    amount = rows["amount"].fillna(-3.0).to_numpy(dtype=float)
    return group + 10.0 * rows["count"].to_numpy(dtype=float) + 1000.0 * amount


def test_scores_are_the_models_and_each_distinct_row_is_asked_about_once() -> None:
    rng = np.random.default_rng(0)
    told: list[pd.DataFrame] = []

    def model(rows: pd.DataFrame) -> np.ndarray:
        told.append(rows)
        return score(rows)

    data = frame(rng)
    box = wb.BlackBoxModel(model, features=list(data), output="value")
    budget = Budget()
    case = wb.AuditCase(data, box, GRAPH).counted_in(budget)
    told.clear()
    case.answered.rows = KnownRows(dict(case.columns), case.predictions)
    columns, everyone = case.columns, np.arange(N)
    asked = []
    for names in itertools.chain.from_iterable(itertools.combinations(columns, k) for k in (1, 2)):
        changes = {name: columns[name].values[rng.permutation(N)] for name in names}
        if "count" in changes:  # fractions, and what lies beyond every count of the data
            changes["count"] = changes["count"] + rng.choice([0.0, 0.25, 8.0, -2.0], N)
        rows = data.copy()
        for name, values in changes.items():
            rows[name] = columns[name].decode(values)
        batch = QueryBatch(case)
        np.testing.assert_array_equal(batch.ask(everyone, changes).scores, score(rows))
        asked.append(rows)
    new = set(score(pd.concat(asked))) - set(score(data))
    assert budget.spent == sum(len(rows) for rows in told) == len(new)


@pytest.mark.parametrize("noise", [0.0, 0.1])
def test_an_audit_knows_rows_only_where_the_answer_is_a_function_of_the_row(noise: float) -> None:
    rng = np.random.default_rng(1)
    data = frame(rng).fillna({"amount": 0.0})
    keys: list[float] = []

    def model(rows: pd.DataFrame) -> np.ndarray:
        keys.extend(score(rows))
        return score(rows) + noise * rng.normal(size=len(rows))

    box = wb.BlackBoxModel(model, features=list(data), output="value")
    case = wb.AuditCase(data, box, GRAPH)
    keys.clear()
    report = wb.audit(case, wb.UnlearningTarget.feature("count"), ["debiased", "cafe", "fuzzing"])
    again = sum(
        rows for step, rows in report.provenance.queries.items() if step.startswith("same answers")
    )
    assert sum(report.provenance.queries.values()) == len(keys)
    asked_once = len(keys) - again <= len(set(keys))
    assert asked_once == (noise == 0.0)
    counted = {entry.estimator.label: entry.queries for entry in report.effects}
    assert report.profile is not None
    counted["profile"] = report.profile.queries
    steps = report.provenance.queries
    assert counted == {name: steps[name] for name in ("debiased", "cafe", "fuzzing", "profile")}
    assert counted["profile"] > 0


def test_a_model_that_nobody_looked_at_is_asked_as_often_as_before() -> None:
    rng = np.random.default_rng(2)
    data = pd.DataFrame({"a": np.arange(60) % 3, "b": rng.integers(0, 2, 60)})
    told: list[float] = []

    def model(rows: pd.DataFrame) -> np.ndarray:
        told.extend(rows["a"] + 10 * rows["b"])
        return rows["a"].to_numpy() + rng.normal(size=len(rows))

    box = wb.BlackBoxModel(model, features=list(data), output="value")
    case = wb.AuditCase(data, box, wb.CausalGraph([("a", "b")]))
    told.clear()
    least = 3_744  # which leaves nothing to ask again with
    report = wb.audit(case, wb.UnlearningTarget.feature("a"), ["debiased"], max_queries=least)
    asked = report.provenance.queries
    assert asked["same answers"] == 0 and sum(asked.values()) == len(told)
    assert asked["profile"] > len(set(told)), "one noisy answer must not stand for all"


def test_rows_that_a_model_tells_apart_by_the_kind_of_missing_value_are_all_asked() -> None:
    rng = np.random.default_rng(2)
    kind = rng.integers(0, 3, N)
    some = np.array(["x", None, float("nan")], dtype=object)
    data = pd.DataFrame({"a": rng.integers(0, 2, N), "b": rng.integers(0, 3, N)})
    data["c"] = pd.Series(some[kind], dtype=object)
    data.loc[(data["a"] == 0) & (kind == 2), "b"] = 0

    def model(rows: pd.DataFrame) -> np.ndarray:
        missing = [{"x": 0.0, None: 1.0}.get(c, 0.5) for c in rows["c"]]
        return 0.3 * rows["a"].to_numpy(float) * missing + 0.01 * rows["b"].to_numpy(float)

    box = wb.BlackBoxModel(model, features=list(data), output="value")
    case = wb.AuditCase(data, box, wb.CausalGraph([("b", "a")]))
    report = wb.audit(case, wb.UnlearningTarget.feature("a"), ["debiased"])
    truth = model(data.assign(a=1)) - model(data.assign(a=0))
    assert report.effects["a"].direct.value == pytest.approx(truth.mean(), abs=1e-12)


@pytest.mark.parametrize("dtype", ["float32", "Float64"])
def test_a_table_with_a_negative_zero_does_not_tell_all_of_a_cell(dtype: str) -> None:
    assert one_cell_each(pd.Series([0.0, 1.0, 2.5], dtype=dtype))
    assert not one_cell_each(pd.Series([0.0, -0.0, 2.5], dtype=dtype))
