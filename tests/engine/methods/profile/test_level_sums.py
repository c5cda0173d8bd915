"""Sums over partitions say of levels and people what the rows say that they were made of."""

from __future__ import annotations

from functools import reduce
from operator import add

import numpy as np
import pandas as pd
import pytest

import workbench as wb
from workbench.case.partition import CaseOfPartitions
from workbench.methods.profile.answers import Answers, Assignment
from workbench.methods.profile.bounds import LevelMeans, pair_bounds
from workbench.methods.profile.level_sums import (
    AskedFeature,
    LevelJob,
    LevelSums,
    PeopleSums,
    sums_on,
)
from workbench.methods.profile.measured import Measured
from workbench.methods.profile.people import PeopleRules, people_profiles

ROWS, TAU = 3_000, 0.02
SHARES = np.array([0.4, 0.3, 0.2, 0.1])


def _drawn() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    before = rng.random(ROWS)
    scores = before + rng.normal(size=(4, ROWS)) * 0.01 * (rng.random(ROWS) < 0.2)
    scores[3] += 0.004
    return before, scores, rng.random((4, ROWS)) < 0.9


@pytest.mark.parametrize("masked", [False, True])
def test_sums_of_parts_compare_levels_as_rows_do(masked: bool) -> None:
    before, scores, plausible = _drawn()
    plausible = plausible if masked else np.ones_like(plausible)
    changes = scores - before
    parts = [
        LevelSums.of(changes[:, rows], plausible[:, rows])
        for rows in np.array_split(np.arange(ROWS), 7)
    ]

    found = reduce(add, parts).bounds()
    (by_row,) = pair_bounds(
        [LevelMeans(scores, plausible, np.arange(ROWS), None, sampled=True, n=ROWS)]
    )

    np.testing.assert_allclose(found.values, by_row.values, atol=1e-12)
    np.testing.assert_allclose(found.errors, by_row.errors, atol=1e-12)
    np.testing.assert_allclose(found.shares, by_row.shares)
    assert (found.factor is None) == masked
    if found.factor is not None and by_row.factor is not None:
        covariance = by_row.factor @ by_row.factor.T
        np.testing.assert_allclose(found.factor @ found.factor.T, covariance, atol=1e-12)


def test_sums_of_parts_count_people_as_rows_do() -> None:
    before, scores, plausible = _drawn()
    means = LevelMeans(scores, plausible, np.arange(ROWS), None, sampled=True, n=ROWS)
    labels = ("a", "b", "c", "d")
    assignment = Assignment(("x",), tuple({"x": k} for k in range(4)), labels, labels, SHARES)
    measured = Measured(
        Answers({"direct": means}, before, 0), assignment, [((("x", k)),) for k in labels], "query"
    )
    by_row = people_profiles(measured, PeopleRules(TAU, 0.05, 0.01, 0.01))["direct"]

    parts = [
        PeopleSums.of((scores - before)[:, rows], plausible[:, rows], SHARES, TAU)
        for rows in np.array_split(np.arange(ROWS), 7)
    ]
    found = reduce(add, parts)

    assert 0 < found.moved == by_row.moved
    assert found.size / ROWS == pytest.approx(by_row.mean_size)
    variance = found.squares / ROWS - (found.size / ROWS) ** 2
    assert np.sqrt(variance / ROWS) == pytest.approx(by_row.error)
    assert by_row.reach <= found.reach(int(0.01 * ROWS), TAU) <= 1.02 * by_row.reach


def test_a_level_that_the_sample_lacks_does_not_pass_for_the_one_that_stands_for_it() -> None:
    """A row of an unknown level is asked about at every level, its filler's included."""
    frame = pd.DataFrame({"a": ["often"] * 60 + ["seldom"] * 40, "b": np.arange(100.0)})
    answers = {"often": 0.1, "seldom": 0.1, "new": 0.9}
    model = wb.BlackBoxModel(
        lambda rows: rows["a"].map(answers).to_numpy(dtype=float), ["a"], output="probability"
    )
    case = wb.AuditCase(data=frame, model=model, graph=wb.CausalGraph([], nodes=["a", "b"]))
    head = CaseOfPartitions.of(case, wb.UnlearningTarget.feature("a"))
    job = LevelJob(head, (AskedFeature("a", (0, 1), np.array([0.6, 0.4]), None),), TAU)
    frame["a"] = ["often"] * 50 + ["new"] * 50

    sums, people, _ = sums_on(job, wb.Table.pandas(frame).partitions[0]).features[0]

    assert people.moved == 50
    assert sums.bounds().values[0] == 0.0
    assert people.size / people.rows == pytest.approx(0.4)
