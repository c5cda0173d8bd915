"""Models whose answers are no function of the row: found at the start, said, and never firm."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

import workbench as wb
from workbench.case.asking.budget import Budget
from workbench.case.asking.steadiness import Unsteady, unsteady_answers
from workbench.methods.answer_noise import wider_effects

RNG = np.random.default_rng(0)
N = 600
A = RNG.normal(size=N)
DATA = pd.DataFrame({"a": A, "m": 2 * A + RNG.normal(size=N), "y": A})
GRAPH = wb.CausalGraph([("a", "m"), ("m", "y")])
Scores = Callable[[pd.DataFrame], Any]


def case_of(scores: Scores) -> wb.AuditCase:
    model = wb.BlackBoxModel(scores, ["a", "m"], output="value")
    return wb.AuditCase(data=DATA, model=model, graph=GRAPH, outcome="y")


def noisy(size: float) -> Scores:
    rng = np.random.default_rng(1)
    return lambda rows: rows["m"] + rng.normal(size=len(rows)) * size


def drifting(size: float) -> Scores:
    """All answers of one call are off together."""
    rng = np.random.default_rng(2)
    return lambda rows: rows["m"] + rng.normal() * size


def ranked(rows: pd.DataFrame) -> Any:
    return rows["m"].rank(pct=True)


def in_turn(rows: pd.DataFrame) -> Any:
    """The order of the rows leaks in."""
    return rows["m"] + np.linspace(0, 1, len(rows))


def steady(rows: pd.DataFrame) -> Any:
    return rows["m"] * 1.0


def single_precision(rows: pd.DataFrame) -> Any:
    """Rounds otherwise with the size of the batch, as networks do."""
    return (rows["m"].to_numpy(np.float32) * np.float32(1 + 1e-7 * (len(rows) % 7))).astype(float)


@pytest.mark.parametrize("scores", [steady, single_precision])
def test_a_function_of_the_row_is_taken_for_one(scores: Scores) -> None:
    assert unsteady_answers(case_of(scores)) is None


@pytest.mark.parametrize(
    ("scores", "cause"),
    [(noisy(0.1), "noise"), (drifting(0.1), "noise"), (ranked, "company"), (in_turn, "company")],
)
def test_what_is_no_function_of_the_row_is_found(scores: Scores, cause: str) -> None:
    found = unsteady_answers(case_of(scores))
    assert found is not None and found.cause == cause
    assert "not a function of the row" in found.sentence()


def by_label(rows: pd.DataFrame) -> Any:
    """The row's label leaks in, whatever stands in the row."""
    return rows["m"] + np.asarray(rows.index) % 2


def kept_by_label() -> Scores:
    """What a label was answered first is answered for good."""
    known: dict[Any, float] = {}
    return lambda rows: np.array(
        [known.setdefault(k, m) for k, m in zip(rows.index, rows["m"], strict=True)]
    )


@pytest.mark.parametrize("scores", [by_label, kept_by_label()])
def test_answers_that_go_by_the_rows_label_are_found(scores: Scores) -> None:
    found = unsteady_answers(case_of(scores))
    assert found is not None and found.cause == "company" and found.differing > 50
    assert "under other labels" in found.sentence()


def unsure_of_what_is_new(rows: pd.DataFrame) -> Any:
    """Draws at random only where a row is none of the table's, as what imputes or looks up does."""
    known = dict(zip(DATA["m"], DATA["a"], strict=True))
    new = np.array([known.get(m) != a for a, m in zip(rows["a"], rows["m"], strict=True)])
    return rows["m"] + new * RNG.normal(size=len(rows))


def test_rows_that_the_audit_makes_are_asked_about_twice_too() -> None:
    case = case_of(unsure_of_what_is_new)
    assert unsteady_answers(case) is None
    found = unsteady_answers(case, moved=["a"])
    assert found is not None and (found.cause, found.differing) == ("noise", 100)
    for kept in (steady, single_precision):
        assert unsteady_answers(case_of(kept), moved=["a"]) is None
    asked = set()
    whole = wb.BlackBoxModel(lambda rows: asked.update(map(str, rows.dtypes)) or rows["n"] * 1.5)
    frame = pd.DataFrame({"n": range(40), "c": pd.Categorical(["u", "v"] * 20)})
    model = whole.reading(["n", "c"])
    mixed = wb.AuditCase(data=frame, model=model, graph=wb.CausalGraph([], nodes=["n", "c"]))
    unsteady_answers(mixed, moved=["n", "c"])
    assert asked == {"int64", "category"}, "values keep their types"


def out_of_quota(rows_left: int) -> Scores:
    """Answers with a default once so many rows have been asked about."""
    left = [rows_left]

    def scores(rows: pd.DataFrame) -> Any:
        left[0] -= len(rows)
        return rows["m"] * float(left[0] > 0)

    return scores


@pytest.mark.parametrize("rows_left", [1_500, 3_000])
def test_a_model_that_changes_in_the_course_of_the_audit_is_found(rows_left: int) -> None:
    report = audited(out_of_quota(rows_left), threshold=0.5)
    assert report.verdict is not None and report.verdict.decision == "inconclusive"
    assert report.diagnostics.unsteady is not None
    assert "not a function of the row" in report.diagnostics.warnings[0]


def test_noise_in_few_rows_shows_no_rows_that_moved() -> None:
    rng = np.random.default_rng(3)
    seldom = 0.03

    def scores(rows: pd.DataFrame) -> Any:
        return np.where(rng.random(len(rows)) < seldom, 3.0, 0.001 * rows["m"])

    report = audited(scores, threshold=0.5)
    assert report.verdict is not None and report.diagnostics.unsteady is not None
    assert report.verdict.decision != "above" and not any(c.above for c in report.verdict.claims)
    assert report.diagnostics.unsteady.largest > 2 and "at most" in report.diagnostics.warnings[0]


def test_sizes_are_those_of_the_noise() -> None:
    found = unsteady_answers(case_of(noisy(0.1)))
    assert found is not None
    # The difference of two draws has the standard deviation 0.1 √2; 95 % lie within 1.96 of it.
    assert found.difference == pytest.approx(0.1 * np.sqrt(2) * 1.96, rel=0.1)
    assert found.call_error < 0.02, "independent noise has nothing in common"


def test_what_a_call_has_in_common_is_measured() -> None:
    errors = [unsteady_answers(case_of(drifting(0.1)), seed=seed) for seed in range(20)]
    sizes = [found.call_error for found in errors if found is not None]
    assert 0.08 < np.median(sizes) < 0.25


def test_logged_predictions_ask_nothing() -> None:
    model = wb.BlackBoxModel.from_predictions(DATA.y, ["a", "m"], output="value")
    case = wb.AuditCase(data=DATA, model=model, graph=GRAPH, outcome="y")
    assert unsteady_answers(case) is None


def test_a_small_budget_is_not_spent_on_it() -> None:
    budget = Budget(100)
    assert unsteady_answers(case_of(noisy(1.0)).counted_in(budget)) is None
    assert budget.spent == 0


def audited(scores: Scores, **options: Any) -> wb.AuditReport:
    target = wb.UnlearningTarget.feature("a")
    return wb.audit(case_of(scores), target, ["cafe", "fuzzing"], **options)


def test_nothing_firm_is_said_where_the_noise_exceeds_the_threshold() -> None:
    report = audited(noisy(0.5), threshold=0.1)
    assert report.verdict is not None and report.verdict.decision == "inconclusive"
    assert "nothing firm is said" in report.verdict.explanation
    assert "not a function of the row" in report.diagnostics.warnings[0]
    assert "not a function of the row" in report.to_html()


def test_small_noise_leaves_the_verdict_and_is_said() -> None:
    report = audited(noisy(0.01), threshold=0.2)
    assert report.verdict is not None and report.verdict.decision == "above"
    assert "not a function of the row" in report.diagnostics.warnings[0]


def centred(rows: pd.DataFrame) -> Any:
    """Answers with the distance from the mean of the rows beside: setting everybody moves none."""
    return rows["m"] - rows["m"].mean()


def test_nothing_firm_is_said_of_a_model_that_looks_at_the_rows_beside() -> None:
    report = audited(centred, threshold=0.5)
    assert report.verdict is not None and report.verdict.decision == "inconclusive"
    assert "depends on the rows beside it" in report.verdict.explanation


def test_the_steady_twin_is_firm_and_silent() -> None:
    report = audited(steady, threshold=0.1)
    assert report.verdict is not None and report.verdict.decision == "above"
    assert not any("function of the row" in warning for warning in report.diagnostics.warnings)


def test_a_saved_report_keeps_it() -> None:
    report = audited(noisy(0.5), threshold=0.1)
    again = wb.AuditReport.from_json(report.to_json())
    assert again.diagnostics.unsteady == report.diagnostics.unsteady
    assert again.verdict is not None and again.verdict.decision == "inconclusive"


def test_intervals_are_wider_by_what_a_call_has_in_common() -> None:
    effects = audited(steady, threshold=0.1).effects
    wider = wider_effects(effects, 0.3)
    for before, after in zip(effects, wider, strict=True):
        own = before.total.standard_error
        assert after.total.standard_error == pytest.approx(np.hypot(own, 0.3 * np.sqrt(2)))
        assert after.total.value == before.total.value


def test_a_drift_from_call_to_call_widens_claims_about_levels_too() -> None:
    report = audited(drifting(0.02), threshold=0.3)
    assert report.diagnostics.unsteady is not None and report.verdict is not None
    error = report.diagnostics.unsteady.call_error
    assert error > 0.005
    about_levels = [claim for claim in report.verdict.claims if claim.over != "change"]
    widest = max(claim.high - claim.low for claim in about_levels)
    assert widest > 2 * 1.64 * error


def test_a_threshold_that_exceeds_the_noise_withholds_nothing() -> None:
    found = Unsteady(200, 200, 0.05, 0.0, "noise")
    assert found.withholds(0.06) == "" and "more than the threshold" in found.withholds(0.04)
    beside = replace(found, cause="company")
    assert "another order" in beside.sentence() and "rows beside" in beside.withholds(0.9)
    assert "on its label" in beside.withholds(0.9), "a model may go by the label alone"
    assert replace(beside, difference=1e-4).withholds(0.9) == "", "as much as rounding does"
    assert "asked again, this audit gives other" in found.sentence()
    assert "asked again" not in beside.sentence(), "the very same questions get the same answers"
