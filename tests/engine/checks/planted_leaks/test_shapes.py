"""Leaks of every shape have the size they are said to have, and the audit's verdict judges them."""

from __future__ import annotations

import json
from functools import cache

import numpy as np
import pytest

import workbench as wb
from tests.engine.checks.planted_leaks.test_trials import case_of, world
from workbench.case.asking.variations import variations_of
from workbench.checks.planted_leaks.findings import PlantedLeaks
from workbench.checks.planted_leaks.shapes import _leaky_case, _plots
from workbench.methods.profile.ranges import profile_levels


@cache
def planted(feature: str, repeats: int = 4) -> PlantedLeaks:
    target = wb.UnlearningTarget.feature(feature)
    return wb.planted_leaks(
        case_of(world(0, 2_000)), target, threshold=0.02, repeats=10, shape_repeats=repeats
    )


@pytest.mark.parametrize("feature", ["f", "number", "place"])
def test_a_leak_has_the_size_it_is_said_to_have(feature: str) -> None:
    """Set the feature of everybody to every value: the largest effect on a kind of people."""
    case = case_of(world(1, 40_000))
    target = wb.UnlearningTarget.feature(feature)
    (variation,) = variations_of(case, (feature,), np.arange(case.n_rows), None, 0)
    tested = profile_levels(case, target)[feature]
    plots = list(_plots(case, variation, tested, 0.5, {}))
    values = case.columns[feature].values
    for plot in plots:
        inside = np.ones(len(values), dtype=bool)
        if case.columns[feature].is_numeric:
            inside = (values > np.quantile(values, 0.01)) & (values < np.quantile(values, 0.99))
        drawn = np.random.default_rng(0).random(case.n_rows) < plot.chance
        leaky = _leaky_case(case, plot, drawn)
        factor = np.ones(len(values)) if plot.factor is None else plot.factor(case.data)
        assert np.array_equal(leaky.predictions, drawn * factor)
        if plot.shape == "one group":
            assert set(factor) == {0.0, 1.0} and 0.1 < factor.mean() < 0.2
        if plot.shape == "sign-changing":
            assert set(factor) == {-1.0, 1.0} and abs(factor.mean()) < 0.2
        bins = values[inside]
        if case.columns[feature].is_numeric:
            bins = np.searchsorted(np.quantile(bins, np.linspace(0, 1, 21)[1:-1]), bins)
        means = [drawn[inside][bins == b].mean() for b in np.unique(bins)]
        assert np.ptp(means) == pytest.approx(plot.unit, abs=0.06), plot.shape


def test_shapes_that_a_feature_cannot_have_are_not_planted() -> None:
    shapes = {name: {leak.shape for leak in planted(name).shapes} for name in ("f", "place")}
    everywhere = {"additive", "one group", "sign-changing"}
    assert shapes == {"f": everywhere, "place": everywhere | {"one level"}}


def test_what_the_verdict_finds_differs_by_shape_and_is_said() -> None:
    found = {(leak.shape, round(leak.size, 3)): leak.found for leak in planted("place").shapes}
    assert found["additive", 0.1] == found["one level", 0.1] == 4
    assert found["one group", 0.025] < 4 and found["sign-changing", 0.025] < 4
    first, second = planted("place").sentences()[:2]
    assert first.startswith("Of leaks of place of 0.025, the audit's verdict would have found")
    assert "one group (15 % of the rows)" in second and "one level 4 of 4" in second
    assert planted("place").headline == first


def test_a_named_group_is_judged_and_its_leak_found() -> None:
    case = case_of(world(0, 4_000))
    found = wb.planted_leaks(
        case,
        wb.UnlearningTarget.feature("f"),
        threshold=0.02,
        repeats=10,
        shape_repeats=3,
        groups={"high z": "z > 1.0"},
    )
    counts = [leak.found for leak in found.shapes if leak.shape == "one group"]
    assert counts[-1] == 3


def test_without_shapes_the_sentences_are_those_of_earlier_reports() -> None:
    none = planted("f", 0)
    assert none.shapes == () and none.headline.startswith("In the difference to a retrained model")


def test_a_file_keeps_them_and_a_file_without_them_still_opens() -> None:
    case = case_of(world(0, 1_000))
    report = wb.audit(
        case, wb.UnlearningTarget.feature("f"), ["cafe"], threshold=0.02, checks=["leaks"]
    )
    assert len(report.planted_leaks.shapes) == 6
    again = wb.AuditReport.from_json(report.to_json())
    assert again.planted_leaks.shapes == report.planted_leaks.shapes
    document = json.loads(report.to_json())
    saved = document["planted_leaks"] if "planted_leaks" in document else document["checks"]
    saved = saved if "shapes" in saved else saved["planted_leaks"]
    del saved["shapes"]
    saved["sentences"] = [s for s in saved["sentences"] if not s.startswith(("Of leaks", "The si"))]
    old = wb.AuditReport.from_json(json.dumps(document))
    assert old.planted_leaks.shapes == ()
    assert "Leaks by shape" in report.to_html() and "Leaks by shape" not in old.to_html()
