"""No sentence says more than was done: what was not asked, who is better off, how often it errs."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import workbench as wb
from workbench.common.blocks import Bullets, Number, Sentence, lines_of
from workbench.common.wording import amount, share, stated
from workbench.report.outline.lead_sentence import lead_sentence
from workbench.report.outline.overturn import assumptions
from workbench.report.outline.provenance import provenance
from workbench.report.outline.spread import spread


def audited(*, logged: bool, methods: tuple[str, ...] = ("cafe",)) -> wb.AuditReport:
    rng = np.random.default_rng(0)
    group = rng.integers(0, 2, 600).astype(float)
    income = group + rng.normal(size=600)
    data = pd.DataFrame({"group": group, "income": income})
    model = wb.BlackBoxModel(lambda rows: 0.1 * rows["income"], features=["income"])
    answers = 0.1 * data["income"]
    case = wb.AuditCase(
        data=data,
        model=wb.BlackBoxModel.from_predictions(answers, ["income"]) if logged else model,
        graph=wb.CausalGraph([("group", "income")]),
    )
    return wb.audit(case, wb.UnlearningTarget.feature("group"), methods)


def steps(report: wb.AuditReport) -> str:
    said = next(block for block in provenance(report).blocks if isinstance(block, Bullets))
    return " ".join(one.text if isinstance(one, Sentence) else one for one in said.items)


def test_logged_predictions_are_not_said_to_have_been_asked_for() -> None:
    said = steps(audited(logged=True))
    assert "no changed row was asked about" in said and "the model’s answers" not in said
    asked = steps(audited(logged=False))
    assert "the model’s answers are compared" in asked and "no changed row" not in asked


@pytest.mark.parametrize(
    ("value", "said"), [(42160.4, "42,160"), (0.02, "0.02"), (0.0, "0"), (1.2e-6, "0.0000012")]
)
def test_amounts_have_no_exponent(value: float, said: str) -> None:
    assert amount(value) == said


def test_of_a_model_that_moves_every_row_alike_no_rows_are_announced() -> None:
    page = spread(audited(logged=True))
    assert page is not None
    said = " ".join(block.text for block in page.blocks if isinstance(block, Sentence))
    assert "Here every row moves by the same amount." in said and "estimates for each" not in said


def test_an_error_rate_is_not_rounded_down() -> None:
    report = audited(logged=False)
    assert report.verdict is not None
    half = replace(report, verdict=replace(report.verdict, alpha=0.025))
    said = [block.text for block in provenance(half).blocks if isinstance(block, Sentence)]
    assert "wrong at most 2.5 % of the time" in " ".join((*said, steps(half)))


def test_every_family_that_shares_the_error_rate_is_named() -> None:
    report = audited(logged=False, methods=("debiased", "fuzzing"))
    assert report.profile is not None and report.verdict is not None
    rates = next(one for one in report.verdict.basis if one.startswith("Error rates:"))
    named = rates.split("(", 1)[1].split(")", 1)[0].split(", ")
    assert len(named) == report.profile.families


def test_paths_that_no_tested_equations_carry_take_no_part_of_the_error_rate() -> None:
    report = audited(logged=False, methods=("cafe", "fuzzing"))
    assert report.path_effects and report.profile is not None and report.verdict is not None
    rates = next(one for one in report.verdict.basis if one.startswith("Error rates:"))
    assert "(values, people), each family tested at 2.5 %" in rates
    assert report.profile.families == 2


def test_without_an_equation_no_form_is_called_untested() -> None:
    data = pd.DataFrame({"x": np.random.default_rng(0).normal(size=400)})
    case = wb.AuditCase(
        data=data,
        model=lambda rows: 0.2 * rows["x"],
        features=["x"],
        graph=wb.CausalGraph(nodes=["x"]),
    )
    found = wb.audit(case, wb.UnlearningTarget.datapoints([1]), ("debiased", "fuzzing"))
    assert "The equations have the right form" not in {one.name for one in assumptions(found)}


def test_without_unlearning_nothing_is_called_left() -> None:
    case = wb.datasets.loan(n=800, seed=0)
    model = wb.BlackBoxModel(
        lambda rows: 0.002 * rows["neighborhood_income"].astype(float),
        features=["neighborhood_income"],
    )
    made = wb.AuditCase(data=case.data, model=model, graph=case.graph, outcome=case.outcome)
    report = wb.audit(made, wb.UnlearningTarget.feature("zip_code"), ("cafe",), checks=["actions"])
    assert report.next_actions is not None and report.next_actions.actions
    said = " ".join(report.next_actions.sentences())
    assert "The total effect of zip_code" in said and "left" not in said.lower()


@pytest.mark.parametrize(
    ("value", "said"), [(1e6, "1,000,000"), (0.01234, "0.01234"), (4000.5, "4,000.5"), (0.1, "0.1")]
)
def test_a_threshold_is_said_as_it_was_stated(value: float, said: str) -> None:
    assert stated(value) == said


def test_what_only_rounds_to_all_or_none_is_not_called_so() -> None:
    assert share(0.9996) == "over 99 %" and share(0.0001) == "under 1 %"
    exact = Number(0.0, (0.0, 0.0), form="share")
    assert lines_of(exact) == ("0 %",)
    assert lines_of(Number(0.9999, (0.9994, 1.0), form="share")) == (
        "over 99 %",
        "over 99 % to 100 %",
    )


def test_no_threshold_of_a_large_scale_has_an_exponent() -> None:
    rng = np.random.default_rng(1)
    group = rng.integers(0, 2, 600).astype(float)
    data = pd.DataFrame({"group": group, "income": group + rng.normal(size=600)})
    model = wb.BlackBoxModel(lambda rows: 4e7 * rows["income"], features=["income"])
    case = wb.AuditCase(data=data, model=model, graph=wb.CausalGraph([("group", "income")]))
    target = wb.UnlearningTarget.feature("group")
    report = wb.audit(
        case, target, ("debiased", "fuzzing"), threshold=2_500_000.0, progress=lambda *_: None
    )
    page = report.to_html()
    assert "2,500,000" in page
    body = page.split('id="how-h"')[0]  # the code may write numbers as Python does
    assert "e+06" not in body and "e+07" not in body


def test_a_level_that_holds_an_arrow_is_not_taken_apart() -> None:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"grade": np.where(rng.random(600) < 0.5, "low → mid", "high")})
    frame["z"] = rng.normal(size=600)
    case = wb.AuditCase(
        data=frame,
        model=lambda rows: 0.3 * (rows["grade"] == "high"),
        features=["grade", "z"],
        graph=wb.CausalGraph([], nodes=["grade", "z"]),
    )
    report = wb.audit(case, wb.UnlearningTarget.feature("grade"), ["debiased"], threshold=0.05)
    words = lead_sentence(report)
    assert "If grade were " in words
    assert "high instead of low -> mid" in words or "low -> mid instead of high" in words


def test_a_feature_whose_name_ends_in_together_is_one_feature() -> None:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"live together": rng.choice(["yes", "no"], 600)})
    frame["rent"] = (frame["live together"] == "yes") + rng.normal(size=600)
    case = wb.AuditCase(
        data=frame,
        model=lambda rows: 0.2 * rows["rent"],
        features=["rent"],
        graph=wb.CausalGraph([("live together", "rent")]),
    )
    report = wb.audit(case, wb.UnlearningTarget.feature("live together"), ["debiased"])
    words = lead_sentence(report)
    assert words.startswith("If live together were ")
    assert "does not read live together; all of it comes through rent" in words
