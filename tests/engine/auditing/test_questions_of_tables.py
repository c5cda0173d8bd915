"""A table larger than its sample: each row is asked about once as it is, and no limit is passed."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

import workbench as wb
from workbench.case.asking.as_they_are import AsTheyAre

TARGET = wb.UnlearningTarget.feature("f")
ROWS, SAMPLE = 6_000, 1_000
PASSES = ["all rows at every level", "all rows of the table"]
SILENT = {"progress": lambda *_: None}


class Shown:
    """A model that remembers every row that it was shown."""

    def __init__(self) -> None:
        self.frames: list[pd.DataFrame] = []

    def __call__(self, rows: pd.DataFrame) -> np.ndarray:
        self.frames.append(rows)
        return 0.1 * rows["m"].to_numpy() + 0.05 * (rows["f"] == "yes").to_numpy()

    @property
    def rows(self) -> int:
        return sum(map(len, self.frames))


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> tuple[wb.AuditCase, Shown, pd.DataFrame]:
    monkeypatch.setattr("workbench.case.audit_case.SAMPLE_ROWS", SAMPLE)
    rng = np.random.default_rng(0)
    f = rng.random(ROWS) < 0.4
    frame = pd.DataFrame({"f": np.where(f, "yes", "no"), "m": f + rng.normal(size=ROWS)})
    shown = Shown()
    case = wb.AuditCase(
        data=wb.Table.pandas(frame, 3),
        model=wb.BlackBoxModel(shown, ["f", "m"], output="value"),
        graph=wb.CausalGraph([("f", "m")]),
    )
    shown.frames.clear()
    return case, shown, frame


def _as_they_are(shown: Shown, frame: pd.DataFrame) -> pd.Series:
    """Count how often each of the table's rows was shown as it is."""
    seen = pd.concat(shown.frames, ignore_index=True).assign(times=1)
    return frame.merge(seen, how="left", on=["f", "m"]).groupby("m")["times"].sum()


def test_each_row_is_asked_about_once_as_it_is(
    world: tuple[wb.AuditCase, Shown, pd.DataFrame],
) -> None:
    case, shown, frame = world
    report = wb.audit(case, TARGET, ["debiased"], **SILENT)  # type: ignore[arg-type]

    outside = ~frame.index.isin(case.data.index)
    times = _as_they_are(shown, frame).reindex(frame["m"])[outside]
    assert times.max() == times.min() == 1
    assert report.profile is not None and report.profile["f"].direct_rows == ROWS
    assert report.whole_table is not None
    steps = report.provenance.queries
    assert sum(steps.values()) == shown.rows
    # The rows as they are, and each at the one level that it does not have, in either pass.
    assert steps["all rows at every level"] == 2 * ROWS
    assert steps["all rows of the table"] == ROWS


def test_a_table_too_large_to_keep_its_answers_gives_the_same(
    world: tuple[wb.AuditCase, Shown, pd.DataFrame], monkeypatch: pytest.MonkeyPatch
) -> None:
    case = world[0]
    kept = wb.whole_table_effects(case, TARGET)
    plan = wb.whole_table_plan(case, TARGET)
    monkeypatch.setattr("workbench.case.asking.as_they_are.MOST_KEPT", ROWS - 1)
    again = wb.whole_table_effects(case, TARGET)

    assert again.effects["f"].total.value == kept.effects["f"].total.value
    assert again.queries - kept.queries == ROWS
    assert wb.whole_table_plan(case, TARGET).questions - plan.questions == ROWS


@pytest.mark.parametrize(("limit", "passes"), [(5_000, 0), (30_000, 0), (60_000, 1), (80_000, 2)])
def test_a_limit_holds_over_the_passes_too(
    world: tuple[wb.AuditCase, Shown, pd.DataFrame], limit: int, passes: int
) -> None:
    """Either pass may take 18,000 questions, and both together half of the limit."""
    case, shown, _ = world
    plan = wb.question_plan(case, TARGET, ["debiased"], max_queries=limit)
    assert shown.rows == 0
    report = wb.audit(case, TARGET, ["debiased"], max_queries=limit, **SILENT)  # type: ignore[arg-type]

    assert shown.rows <= limit
    assert sum(report.provenance.queries.values()) == shown.rows
    assert plan.profile + plan.effects + plan.again + plan.all_rows == limit
    made = [step for step in PASSES if step not in plan.left_out]
    assert made == PASSES[:passes]
    for step in plan.left_out:
        assert "max_queries" in report.skipped[step]
    assert report.profile is not None
    assert (report.profile["f"].direct_rows == ROWS) == (passes > 0)
    assert (report.whole_table is not None) == (passes > 1)


def test_an_account_with_a_limit_is_looked_at_before_the_rows_are_asked_about(
    world: tuple[wb.AuditCase, Shown, pd.DataFrame],
) -> None:
    case, shown, _ = world
    account = wb.Budget(limit=18_500)
    report = wb.audit(case.counted_in(account), TARGET, ["debiased"], **SILENT)  # type: ignore[arg-type]

    assert shown.rows == account.spent <= 18_500
    assert "may be asked about at most 18,500 rows" in report.skipped["all rows of the table"]
    plan = wb.whole_table_plan(case.counted_in(account), TARGET)
    assert plan.timed <= (18_500 - shown.rows) // 100 + 1


def test_what_is_refused_before_it_is_asked_is_not_counted(
    world: tuple[wb.AuditCase, Shown, pd.DataFrame],
) -> None:
    case, shown, _ = world
    account = wb.Budget(limit=100_000)
    wb.audit(case.counted_in(account), TARGET, ["debiased"], intervention=wb.Resample(), **SILENT)  # type: ignore[arg-type]
    assert shown.rows == account.spent


def test_a_plan_says_what_it_asked_itself(
    world: tuple[wb.AuditCase, Shown, pd.DataFrame],
) -> None:
    case, shown, _ = world
    account: Any = wb.Budget()
    plan = wb.whole_table_plan(case.counted_in(account), TARGET)

    assert plan.timed == account.spent == shown.rows == SAMPLE
    assert plan.questions == 3 * ROWS and plan.at_levels == 2 * ROWS
    assert "To time the model it was asked about 1,000 rows" in plan.sentences()[0]


def test_a_case_whose_model_is_a_column_has_nothing_to_ask() -> None:
    frame = pd.DataFrame({"a": np.arange(50.0), "score": np.arange(50.0)})
    case = wb.AuditCase(
        data=wb.Table.pandas(frame, 2),
        model=wb.BlackBoxModel.from_predictions("score", ["a"], output="value"),
        graph=wb.CausalGraph([], nodes=["a"]),
    )
    assert AsTheyAre(case).most_questions(3) == 0
