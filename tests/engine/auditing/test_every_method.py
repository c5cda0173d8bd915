"""One report with all six methods and both further checks: filled, repeatable, kept in a file."""

from __future__ import annotations

import io
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from rich.console import Console

import workbench as wb
from tests.engine.planted_world import planted_case
from workbench.checks.graph_sensitivity.measure import AuditedFinding
from workbench.checks.registry import CHECK_NAMES
from workbench.methods.registry import METHOD_NAMES
from workbench.models.trained_here import train_model
from workbench.report.terminal import print_report

ABOUT_COLUMNS = tuple(check for check in CHECK_NAMES if check != "membership")
"""Checks that a target of features can have; membership is about rows."""


def quiet(*_: object) -> None:
    pass


def case_of(world: wb.datasets.Dataset, n: int | None = None) -> wb.AuditCase:
    data = world.data
    if n is not None:
        data = data.sample(n, random_state=0).reset_index(drop=True)
    model = train_model(data, world.features, world.outcome, "logistic")
    return wb.AuditCase(data=data, model=model, graph=world.graph, outcome=world.outcome)


@pytest.fixture(scope="module")
def loan() -> wb.AuditReport:
    case = case_of(wb.datasets.loan(n=2_000, seed=0))
    target = wb.UnlearningTarget.feature("zip_code")
    return wb.audit(
        case, target, threshold=0.03, alpha=0.1, seed=4, checks=ABOUT_COLUMNS, progress=quiet
    )


def tables(report: wb.AuditReport) -> dict[str, tuple[pd.DataFrame, tuple[str, ...]]]:
    """Every table of a full report with the columns that must be numbers."""
    assert report.associations is not None and report.fairness is not None
    interval = ("value", "low", "high")
    parts = [f"{part}{end}" for part in ("total", "direct", "indirect") for end in ("", "_low")]
    found = {
        "effects": (report.to_frame(), tuple(parts)),
        "context": (report.context.to_frame(), tuple(parts)),
        "paths": (report.paths, ("effect", "effect_low", "effect_high")),
        "associations": (report.associations.table, (*interval, "p_value")),
        "fairness": (report.fairness, ("value",)),
        "equations": (report.diagnostics.equations, ("held_out_fit",)),
        "adjustment": (report.diagnostics.adjustment, ()),
        "agreement": (report.comparison().agreement, ()),
    }
    for attribution in report.attributions:
        found[attribution.method] = (attribution.to_frame(), ("value",))
    return found


def assert_filled(report: wb.AuditReport) -> None:
    assert report.methods == METHOD_NAMES and report.skipped == {}
    assert [a.method for a in report.attributions] == ["shap", "permutation", "fairtest"]
    assert report.verdict is not None and report.verdict.explanation
    assert report.comparison().sentences
    for name, (frame, numbers) in tables(report).items():
        assert len(frame), name
        values = frame[list(numbers)].to_numpy(dtype=float)
        assert np.isfinite(values).all(), name
    compared = report.comparison().to_frame()
    assert set(compared.index) >= {*report.features, *report.reads}
    methods = ("cafe_total", "shap", "permutation", "fairtest")
    assert np.isfinite(compared[list(methods)].dropna(how="all").to_numpy(dtype=float)).all()
    assert set(compared["fairtest"].dropna().index) >= set(report.reads)


def test_one_report_with_everything_survives_a_file(loan: wb.AuditReport) -> None:
    assert_filled(loan)
    hidden, sensitivity = loan.hidden_subgroups, loan.graph_sensitivity
    assert hidden is not None and sensitivity is not None
    assert len(hidden.table) and len(sensitivity.edits) and len(sensitivity.shares) == 3
    assert len(sensitivity.implications) and len(sensitivity.confounding) == 1
    back = wb.AuditReport.from_json(loan.to_json())
    assert back.associations is not None and loan.associations is not None
    assert back.hidden_subgroups is not None and back.graph_sensitivity is not None
    for one, other in (
        (loan.associations.table, back.associations.table),
        (loan.associations.contexts, back.associations.contexts),
        (hidden.table, back.hidden_subgroups.table),
        (sensitivity.edits, back.graph_sensitivity.edits),
        (sensitivity.implications, back.graph_sensitivity.implications),
        (sensitivity.shares, back.graph_sensitivity.shares),
        (sensitivity.confounding[0].measured, back.graph_sensitivity.confounding[0].measured),
    ):
        pd.testing.assert_frame_equal(one, other, check_dtype=len(one) > 0)
    assert back.associations.notes == loan.associations.notes
    assert back.associations.attribution is back.attributions[-1]
    sentences = (*hidden.sentences(), *sensitivity.sentences())
    assert (*back.hidden_subgroups.sentences(), *back.graph_sensitivity.sentences()) == sentences
    assert back.to_html() == loan.to_html()
    ours = ("association", "hidden", "other graphs")
    lines, again = (
        [line for line in r.to_csv().splitlines() if line.startswith(ours)] for r in (loan, back)
    )
    assert lines == again
    assert len(lines) == len(loan.associations.table) + 2 * len(hidden.table) + 3 + 1
    out = io.StringIO()
    print_report(back, Console(file=out, width=100))
    text = " ".join(out.getvalue().split())
    for sentence in sentences[:3]:
        assert sentence in text
    assert "An association is not a cause" in text
    assert "FairTest association 1" not in text  # ranks are for experts, on the page


def test_threshold_error_rate_and_seed_are_handed_on(loan: wb.AuditReport) -> None:
    case = case_of(wb.datasets.loan(n=2_000, seed=0))
    target = wb.UnlearningTarget.feature("zip_code")
    judged = loan.effects.of("debiased")
    audited = AuditedFinding(
        judged, loan.profile, loan.path_effects, loan.verdict.doubted, loan.diagnostics.unsteady
    )
    alone = wb.graph_sensitivity(case, target, threshold=0.03, alpha=0.1, audited=audited, seed=4)
    assert loan.graph_sensitivity is not None and loan.hidden_subgroups is not None
    assert (loan.graph_sensitivity.threshold, loan.graph_sensitivity.alpha) == (0.03, 0.1)
    pd.testing.assert_frame_equal(alone.edits, loan.graph_sensitivity.edits)
    pd.testing.assert_frame_equal(alone.shares, loan.graph_sensitivity.shares)
    groups = wb.subgroup_effects(case, target, smallest=0.03 / 4, alpha=0.1, seed=4)
    pd.testing.assert_frame_equal(groups.table, loan.hidden_subgroups.table)
    varied = wb.Contrast("MA 02467", "MA 02136")
    other = wb.audit(
        case, target, ["cafe"], intervention=varied, checks=ABOUT_COLUMNS, progress=quiet
    )
    assert other.graph_sensitivity is not None and other.hidden_subgroups is not None
    (turned,) = other.graph_sensitivity.confounding
    assert np.sign(turned.effect) == np.sign(other.effects["zip_code"].total.value)
    assert turned.effect != loan.graph_sensitivity.confounding[0].effect
    assert other.hidden_subgroups.table["whole"].iloc[0] != groups.table["whole"].iloc[0]


def test_a_stricter_audit_reports_fewer_groups() -> None:
    case, target = planted_case(), wb.UnlearningTarget.feature("f")

    def groups(**options: float) -> tuple[int, int, float]:
        report = wb.audit(
            case, target, ["cafe", "fairtest"], checks="subgroups", progress=quiet, **options
        )
        assert report.hidden_subgroups is not None and report.associations is not None
        table = report.hidden_subgroups.table
        contexts = len(report.associations.contexts)
        return len(table), contexts, float(table["difference"].abs().min())

    (usual, found, least), (strict, none, _) = groups(), groups(alpha=0.001)
    assert strict < usual and none < found
    coarse, _, smallest = groups(threshold=0.1)
    assert least < 0.1 / 4 <= smallest and 0 < coarse < usual


def test_the_call_repeats_methods_and_checks(loan: wb.AuditReport) -> None:
    assert loan.call.endswith("seed=4, checks=['subgroups', 'graph', 'actions', 'leaks'])")
    assert "methods" not in loan.call
    case = case_of(wb.datasets.loan(n=2_000, seed=0))
    target = wb.UnlearningTarget.feature("zip_code")
    again = eval(loan.call, {"wb": wb, "case": case, "target": target})
    assert again.call == loan.call
    assert again.hidden_subgroups.sentences() == loan.hidden_subgroups.sentences()
    assert again.graph_sensitivity.sentences() == loan.graph_sensitivity.sentences()
    few = wb.audit(case, target, ["cafe", "fairtest"], checks="graph", progress=quiet)
    assert "methods=['cafe', 'fairtest']" in few.call and "checks=['graph']" in few.call
    assert few.hidden_subgroups is None and few.graph_sensitivity is not None
    assert wb.audit(case, target, ["cafe"], progress=quiet).associations is None


def test_checks_are_off_by_default_and_unknown_ones_refused() -> None:
    case = case_of(wb.datasets.loan(n=300, seed=0))
    target = wb.UnlearningTarget.feature("zip_code")
    report = wb.audit(case, target, ["cafe"], progress=quiet)
    assert report.hidden_subgroups is None and report.graph_sensitivity is None
    assert "checks" not in report.call and report.skipped == {}
    with pytest.raises(wb.TargetError, match=r"Unknown checks: 'grap'\. .*'subgroups', 'graph'"):
        wb.audit(case, target, ["cafe"], checks=["grap"])
    # No method gives effects, and the checks still answer.
    alone = wb.audit(case, target, ["permutation"], checks=ABOUT_COLUMNS, progress=quiet)
    assert alone.verdict is None and alone.graph_sensitivity is not None
    assert wb.AuditReport.from_json(alone.to_json()).to_html() == alone.to_html()


def test_single_datapoints_are_left_out_in_words() -> None:
    case = case_of(wb.datasets.loan(n=300, seed=0))
    target = wb.UnlearningTarget.datapoints([3, 4], ["zip_code"])
    report = wb.audit(case, target, ["cafe", "fairtest"], checks=ABOUT_COLUMNS, progress=quiet)
    assert set(report.skipped) == {
        "fairtest",
        "hidden subgroups",
        "graph sensitivity",
        "planted leaks",
    }
    for check in ("hidden subgroups", "graph sensitivity"):
        assert "single datapoints" in report.skipped[check]
    assert "at least 20" in report.skipped["fairtest"]
    assert report.associations is None and report.attributions == ()
    back = wb.AuditReport.from_json(report.to_json())
    assert back.skipped == report.skipped
    assert back.to_html().count("Left out.</strong>") == 3


def test_a_graph_that_does_not_identify_leaves_the_check_out() -> None:
    case = planted_case(400)
    hidden = wb.CausalGraph(
        [("u", "f"), ("u", "m"), ("f", "m")], nodes=["age", "job"], latents=["u"]
    )
    report = wb.audit(
        case.with_graph(hidden),
        wb.UnlearningTarget.feature("f"),
        ["shap"],
        checks=["graph"],
        progress=quiet,
    )
    assert "u" in report.skipped["graph sensitivity"]


@pytest.mark.parametrize(
    "step", ["FairTest association", "where the influence hides", "hidden common causes"]
)
def test_progress_runs_through_and_cancelling_stops_at_once(step: str) -> None:
    case, target = planted_case(1_200), wb.UnlearningTarget.feature("f")
    said: list[tuple[str, float]] = []

    def stop(name: str, share: float) -> None:
        said.append((name, share))
        if name == step and share > 0.3:
            raise wb.AuditCancelled

    with pytest.raises(wb.AuditCancelled):
        wb.audit(case, target, ["cafe", "fairtest"], checks=ABOUT_COLUMNS, progress=stop)
    assert said[-1][0] == step
    shares = [share for name, share in said if name == step]
    assert all(0 <= share <= 1 for share in shares)
    assert all(a <= b for a, b in pairwise(shares))


def test_the_planted_group_is_in_the_sentences() -> None:
    report = wb.audit(
        planted_case(),
        wb.UnlearningTarget.feature("f"),
        ["cafe", "fairtest"],
        checks=["subgroups"],
        progress=quiet,
    )
    assert report.hidden_subgroups is not None and report.associations is not None
    first = report.hidden_subgroups.sentences()[0]
    assert "job == 'v' and age >" in first and "+0.400" in first
    assert len(report.associations.contexts)
    assert report.hidden_subgroups.n_searched + report.hidden_subgroups.n_tested == 2_400


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "feature", "rows"),
    [
        ("german_credit", "sex", 500),
        ("drug_consumption", "education", 500),
        ("adult", "sex", 2_000),
    ],
)
def test_all_six_methods_on_real_data(
    shared_data, name: str, feature: str, rows: int | None
) -> None:
    world = getattr(wb.datasets, name)(shared_data)
    case = case_of(world, rows)
    report = wb.audit(
        case, wb.UnlearningTarget.feature(feature), checks=ABOUT_COLUMNS, progress=quiet
    )
    assert_filled(report)
    assert report.hidden_subgroups is not None and report.hidden_subgroups.sentences()
    found = report.graph_sensitivity
    assert found is not None and len(found.edits) and len(found.implications)
    assert np.isfinite(found.edits[["total", "change"]].to_numpy(dtype=float)).all()
    assert len(found.sentences()) >= 4
    back = wb.AuditReport.from_json(report.to_json())
    assert back.to_html() == report.to_html()
