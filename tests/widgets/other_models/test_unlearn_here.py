"""Unlearning shown on the page: what is made, from which rows, and the code that makes it again."""

from __future__ import annotations

import numpy as np
import pytest

import workbench as wb
from widgets.other_models.unlearn_here import RETRAINED, UnlearnedHere, Way, unlearn_here, ways
from workbench.models.trained_here import train_model

FEATURE = wb.UnlearningTarget.feature("zip_code")
ROWS = wb.UnlearningTarget.datapoints(range(40))


@pytest.fixture(scope="module")
def case() -> wb.AuditCase:
    world = wb.datasets.loan(n=1000, seed=1)
    model = train_model(world.data, world.features, world.outcome, "logistic")
    return wb.AuditCase(data=world.data, model=model, graph=world.graph, outcome=world.outcome)


def made(case: wb.AuditCase, target: wb.UnlearningTarget, method: str) -> UnlearnedHere:
    way = next(way for way in ways(target, "logistic") if way.method == method)
    return unlearn_here(
        case, target, way, learner="logistic", reads=case.reads, progress=lambda *_: None
    )


def change(found: UnlearnedHere) -> wb.AuditReport:
    compare = {role: list(models) for role, models in found.compare.items()}
    report = wb.audit(found.case, found.target, ("cafe",), compare=compare, training=found.training)
    assert report.change is not None
    return report


def test_an_honest_way_leaves_no_residue_and_a_pretended_one_does(case: wb.AuditCase) -> None:
    honest, pretended = made(case, FEATURE, "retrain"), made(case, FEATURE, "unchanged")
    assert change(honest).change.decision == "below"
    assert change(pretended).change.decision == "above"
    (total,) = [f for f in change(honest).change.findings if f.part == "total"]
    assert total.world.value > 0.3 > abs(total.residue.value)  # what the world carries is large
    assert "zip_code" in honest.compare["before"][0].features
    assert "zip_code" not in honest.case.reads
    assert len(honest.compare["retrained"]) == RETRAINED


def test_rows_are_erased_and_others_kept_aside(case: wb.AuditCase) -> None:
    found = made(case, ROWS, "retrain")
    assert found.training.rows[:40].all()  # what is to be erased was learned before
    assert found.training.rows.sum() == 800
    before, after = found.compare["before"][0], found.case.model
    assert not np.allclose(before.predict(case.data), after.predict(case.data), atol=1e-6)
    again = found.training.fit(case.data)
    assert np.allclose(before.predict(case.data), again.predict(case.data), atol=1e-6)


def test_the_ways_fit_the_target_and_the_learner() -> None:
    part = wb.UnlearningTarget.subgroup("income > 50", ["income"])
    assert {way.removal for way in ways(part, "forest")} == {"mean", "consequences"}
    assert "newton-step" in {way.method for way in ways(ROWS, "logistic")}
    trees = {way.method for way in ways(ROWS, "forest")}
    assert "bagged-trees" in trees and "newton-step" not in trees
    assert Way("", "unchanged").words.startswith("A fraud")


def test_too_many_rows_are_refused_in_words(case: wb.AuditCase) -> None:
    with pytest.raises(wb.ModelError, match="too few are left"):
        made(case, wb.UnlearningTarget.datapoints(range(900)), "retrain")


@pytest.mark.parametrize("target", [FEATURE, ROWS], ids=["feature", "rows"])
def test_the_code_makes_the_same_models(case: wb.AuditCase, target: wb.UnlearningTarget) -> None:
    found = made(case, target, "retrain")
    names = {"wb": wb, "data": case.data}
    exec(found.code, names)
    assert "widgets" not in found.code, "the engine alone repeats what the page made"
    training = names["training"]
    assert np.array_equal(training.rows, found.training.rows)
    again, first = (one.fit(case.data) for one in (training, found.training))
    assert np.array_equal(again.predict(case.data), first.predict(case.data))
    assert np.array_equal(names["model"].predict(case.data), found.case.predictions)
    for mine, theirs in zip(names["compare"]["retrained"], found.compare["retrained"], strict=True):
        assert np.array_equal(mine.predict(case.data), theirs.predict(case.data))


def test_the_code_of_undone_consequences_brings_the_graph(case: wb.AuditCase) -> None:
    way = next(way for way in ways(FEATURE, "logistic") if way.removal == "consequences")
    found = unlearn_here(
        case, FEATURE, way, learner="logistic", reads=case.reads, progress=lambda *_: None
    )
    names = {"wb": wb, "data": case.data}
    exec(found.code, names)
    assert np.array_equal(names["model"].predict(case.data), found.case.predictions)
    (total,) = [f for f in change(found).change.findings if f.part == "total"]
    assert abs(total.after.value) < 0.05 < abs(total.before.value)
