"""An audit that may ask only so much: never more, said beforehand, and right all the same."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import workbench as wb

TARGET = wb.UnlearningTarget.feature("f")


class Paid:
    """A model behind a counter: every row costs money."""

    def __init__(self) -> None:
        self.rows = 0

    def __call__(self, rows: pd.DataFrame) -> np.ndarray:
        self.rows += len(rows)
        return 0.1 * rows["m"].to_numpy() + 0.02 * rows["f"].to_numpy()


def world(seed: int = 0, n: int = 6_000) -> tuple[wb.AuditCase, Paid]:
    rng = np.random.default_rng(seed)
    z = rng.normal(size=n)
    f = 0.6 * z + rng.normal(size=n)
    m = f * z + 0.5 * f + 0.5 * rng.normal(size=n)
    paid = Paid()
    model = wb.BlackBoxModel(paid, features=["f", "m"], output="value")
    case = wb.AuditCase(
        data=pd.DataFrame({"z": z, "f": f, "m": m}),
        model=model,
        graph=wb.CausalGraph([("z", "f"), ("z", "m"), ("f", "m")]),
    )
    paid.rows = 0  # the rows as they are
    return case, paid


def test_subgroups_bring_the_estimate_that_they_need_into_the_plan_too() -> None:
    plan = wb.question_plan(
        world()[0], TARGET, ["cafe"], max_queries=40_000, subgroups={"upper": "z > 0"}
    )
    assert plan.tables == 2


@pytest.mark.parametrize("limit", [7_000, 12_000, 40_000])
def test_no_more_is_asked_than_allowed_and_the_plan_says_it_before(limit: int) -> None:
    case, paid = world()
    plan = wb.question_plan(case, TARGET, max_queries=limit, checks=["subgroups", "actions"])
    assert paid.rows == 0
    report = wb.audit(
        case,
        TARGET,
        max_queries=limit,
        threshold=0.01,
        checks=["subgroups", "actions"],
        subgroups={"upper": "z > 0"},
    )
    assert 0.5 * limit < paid.rows <= limit
    assert sum(report.provenance.queries.values()) == paid.rows
    assert plan.limit == limit and plan.profile + plan.effects + plan.again == limit
    for step in plan.left_out:
        assert "max_queries" in report.skipped[step]
    assert f"at most {limit:,} rows" in " ".join(report.diagnostics.warnings)
    assert f"max_queries={limit}" in report.call
    assert set(report.subgroups) == {"upper"}
    again = wb.AuditReport.from_json(report.to_json())
    assert again.skipped == report.skipped and again.call == report.call


def test_intervals_count_the_sample() -> None:
    """The truth of f: -0.5 → 0.5 is 0.05 + 0.02; many samples miss it no more than they may."""
    missed, sizes = 0, []
    for seed in range(15):
        case, _ = world(seed, 3_000)
        report = wb.audit(
            case, TARGET, ["debiased"], range=wb.Contrast(-0.5, 0.5), threshold=0.01, seed=seed,
            max_queries=6_000,
        )  # fmt: skip
        total = report.effects["f"].total
        missed += not total.interval(0.99)[0] < 0.07 < total.interval(0.99)[1]
        sizes.append(total.standard_error)
    assert missed <= 1
    whole = wb.debiased_effects(world(0, 3_000)[0], TARGET, wb.Contrast(-0.5, 0.5))["f"].total
    assert np.mean(sizes) > whole.standard_error


def test_too_little_is_refused_with_what_would_do() -> None:
    case, paid = world()
    with pytest.raises(wb.TargetError, match=r"too few .* give at least ([\d,]+)") as refused:
        wb.audit(case, TARGET, max_queries=300)
    assert paid.rows == 0
    least = int(str(refused.value).rsplit(" ", 1)[-1].rstrip(".").replace(",", ""))
    assert wb.question_plan(case, TARGET, max_queries=least).sample >= 200
    with pytest.raises(wb.TargetError):
        wb.question_plan(case, TARGET, max_queries=least - 1)


def test_levels_at_the_ends_of_the_data_need_not_be_in_the_sample() -> None:
    case, _ = world()
    ends = wb.Contrast(float(case.data["f"].min()), float(case.data["f"].max()))
    for seed in range(3):
        report = wb.audit(
            case, TARGET, ["debiased"], intervention=ends, max_queries=4_000, seed=seed
        )
        assert "debiased" not in report.skipped
        assert report.effects["f"].total.value > 0.3
    found = wb.subgroup_effects(case, TARGET, intervention=ends)
    assert found.n_tested == 3_000


def test_single_rows_are_counted_by_a_budget_instead() -> None:
    case, _ = world()
    with pytest.raises(wb.TargetError, match="names the rows"):
        wb.audit(case, wb.UnlearningTarget.datapoints([3], ["f"]), max_queries=5_000)
    with pytest.raises(wb.TargetError, match="whole number from 1"):
        wb.audit(case, TARGET, max_queries=0.5)
    with pytest.raises(wb.TargetError, match="leaves it out"):
        wb.audit(case, TARGET, ["cafe"], max_queries=5_000)


def test_compared_models_are_sampled_alike() -> None:
    case, _ = world()
    report = wb.audit(
        case,
        TARGET,
        ["debiased"],
        threshold=0.01,
        max_queries=8_000,
        compare={"retrained": wb.BlackBoxModel(
            lambda rows: 0.1 * rows["m"], features=["m"], output="value")},
    )  # fmt: skip
    residue = next(f for f in report.change.findings if f.part == "direct").residue
    width = report.effects["f"].direct.value
    assert residue.value == pytest.approx(width, rel=0.2)


@pytest.mark.parametrize("limit", [None, 8_000])
def test_the_debiased_estimate_alone_makes_a_whole_report(limit: int | None) -> None:
    case, _ = world()
    report = wb.audit(case, TARGET, ["debiased"], threshold=0.01, max_queries=limit)
    again = wb.AuditReport.from_json(report.to_json())
    for one in (report, again):
        assert ("the effect at single rows" in one.to_html()) == (limit is None)
