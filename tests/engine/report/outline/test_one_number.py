"""The number that decided leads everywhere, with one width of interval; others agree or differ."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest

import workbench as wb
from workbench.common.blocks import Sentence, Table, Tiles
from workbench.common.wording import span
from workbench.methods.effects import Effect
from workbench.report.outline.decided import agrees, as_decided
from workbench.report.outline.effects import effects
from workbench.report.outline.lead_sentence import by_how_much, lead_sentence
from workbench.report.outline.verdict import verdict
from workbench.report.page.markup import render_blocks

METHODS = ("debiased", "fuzzing", "cafe")


def audited(
    output: str = "probability",
    scale: float = 1.0,
    methods: tuple[str, ...] = METHODS,
    **options: object,
) -> wb.AuditReport:
    rng = np.random.default_rng(3)
    gender = rng.integers(0, 2, 900)
    income = 1.2 * gender + rng.normal(size=900)
    data = pd.DataFrame({"gender": np.where(gender, "man", "woman"), "income": income})
    model = wb.BlackBoxModel(
        lambda rows: scale / (1 + np.exp(-rows["income"])), features=["income"], output=output
    )
    case = wb.AuditCase(data=data, model=model, graph=wb.CausalGraph([("gender", "income")]))
    target = wb.UnlearningTarget.feature("gender")
    return wb.audit(case, target, methods, progress=lambda *_: None, **options)  # type: ignore[arg-type]


def test_the_deciding_number_stands_everywhere_with_its_own_interval() -> None:
    report = audited()
    assert report.verdict is not None and report.verdict.deciding is not None
    claim = report.verdict.deciding
    ends = span((claim.low, claim.high))
    (shown, *_) = as_decided(report)
    assert (shown.total.value, span(shown.total.interval(report.interval_level))) == (
        claim.value,
        ends,
    )
    compared = report.comparison().to_frame().loc["gender"]
    assert compared["debiased_total"] == claim.value
    assert compared["debiased_indirect"] == shown.indirect.value
    blocks = effects(report)
    tiles = next(block for block in blocks if isinstance(block, Tiles))
    table = next(block for block in blocks if isinstance(block, Table))
    for made in (tiles, table):
        assert ends in render_blocks((made,))
    plain = span(report.effects.judged["gender"].total.interval())
    assert plain != ends
    body = render_blocks(tuple(b for b in blocks if getattr(b, "key", "") != "alone"))
    assert plain not in body and plain in render_blocks(blocks)


def test_what_decided_stands_beside_the_estimator_that_it_is_of() -> None:
    """Without a debiased estimate, fuzzing makes the profile, and CAFÉ's entry comes first."""
    report = audited(methods=("cafe", "fuzzing"))
    assert report.verdict is not None and report.verdict.deciding is not None
    claim = report.verdict.deciding
    assert report.effects["gender"].estimator.kind == "cafe"
    assert report.profile is not None and report.profile["gender"].estimator == "fuzzing"
    sign = 1 if report.effects["gender"].intervention == claim.change else -1
    assert report.comparison().to_frame().loc["gender", "fuzzing_total"] == sign * claim.value


def test_an_indirect_effect_that_decided_is_one_number_too() -> None:
    rng = np.random.default_rng(3)
    age = rng.integers(20, 60, 900) * 1.0
    income = 0.02 * age + 0.6 * rng.integers(0, 2, 900) + rng.normal(size=900)
    model = wb.BlackBoxModel(
        lambda rows: 1 / (1 + np.exp(-rows["income"] - 0.01 * rows["age"])), ["income", "age"]
    )
    case = wb.AuditCase(
        data=pd.DataFrame({"age": age, "income": income}),
        model=model,
        graph=wb.CausalGraph([("age", "income")]),
    )
    report = wb.audit(case, wb.UnlearningTarget.feature("age"), ("debiased",))
    assert report.verdict is not None and report.verdict.deciding is not None
    claim = report.verdict.deciding
    entry = as_decided(report)["age"]
    assert (claim.kind, claim.change) == ("indirect", entry.intervention)
    assert entry.indirect.value == pytest.approx(claim.value, abs=1e-12)
    assert span(entry.indirect.interval(report.interval_level)) == span((claim.low, claim.high))
    assert entry.indirect.value != pytest.approx(report.effects["age"].indirect.value, abs=1e-6)


def test_the_sentence_says_who_from_what_by_how_much_through_what_and_if() -> None:
    report = audited()
    told = lead_sentence(report)
    assert told.startswith("If gender were woman instead of man in all 900 rows")
    assert "The model does not read gender; all of it comes through income." in told
    assert told.endswith("This holds if the drawn graph is right.")
    assert report.verdict is not None and report.verdict.deciding is not None
    points = 100 * abs(report.verdict.deciding.value)
    assert f"lower by {points:.1f} points" in told


def test_points_are_said_of_probabilities_only() -> None:
    told = lead_sentence(audited("value", scale=20_000.0))
    assert "points" not in told and "lower by" in told


def test_what_was_asked_of_the_model_is_not_said_to_rest_on_the_graph() -> None:
    rng = np.random.default_rng(0)
    data = pd.DataFrame({"a": rng.normal(size=400), "b": rng.normal(size=400)})
    model = wb.BlackBoxModel(lambda rows: np.sin(4 * rows["a"]), features=["a", "b"])
    case = wb.AuditCase(data=data, model=model, graph=wb.CausalGraph([], nodes=["a", "b"]))
    report = wb.audit(case, wb.UnlearningTarget.feature("a"), METHODS, progress=lambda *_: None)
    told = lead_sentence(report)
    assert "the graph gives it no other way" in told or "asked of the model itself" in told


def signs_case(direct: float) -> wb.AuditCase:
    """Return a case whose feature moves each row directly by ±direct, on average by nothing."""
    z, sex = np.arange(800) % 2, np.arange(800) // 2 % 2
    job = sex + np.random.default_rng(0).normal(size=800)
    return wb.AuditCase(
        data=pd.DataFrame({"sex": sex, "z": z, "job": job}),
        model=lambda r: direct * r["sex"] * (2 * r["z"] - 1) + 0.125 * r["job"],
        features=["sex", "z", "job"],
        graph=wb.CausalGraph([("sex", "job")], nodes=["z"]),
    )


@pytest.mark.parametrize(
    ("direct", "said"),
    [
        (0.0, "Nothing comes directly, all of it through job."),
        (0.25, "On average nothing comes directly, but single rows may move up or down; all of "),
        (0.3, "On average nothing comes directly, but single rows may move up or down; all of "),
    ],
)
def test_what_cancels_over_the_rows_is_not_said_to_be_nothing(direct: float, said: str) -> None:
    target = wb.UnlearningTarget.feature("sex")
    report = wb.audit(signs_case(direct), target, ["debiased"], threshold=0.02)
    assert abs(report.effects["sex"].direct.value) < 1e-12
    assert said in lead_sentence(report)
    assert lead_sentence(wb.AuditReport.from_json(report.to_json())) == lead_sentence(report)


def test_a_change_of_all_that_is_read_leaves_everything_else_as_it_is() -> None:
    rng = np.random.default_rng(1)
    sex = rng.integers(0, 2, 400)
    frame = pd.DataFrame({"sex": sex, "job": sex + rng.normal(size=400)})
    case = wb.AuditCase(
        data=frame,
        model=lambda rows: 0.2 * rows["sex"] + 0.1 * rows["job"],
        features=["sex", "job"],
        graph=wb.CausalGraph([("sex", "job")]),
    )
    target = wb.UnlearningTarget.features(["sex", "job"])
    told = lead_sentence(wb.audit(case, target, ["debiased"], threshold=0.02))
    assert "with everything else left as it is, " in told and "in the graph" not in told
    assert told.endswith("it does not rest on the graph.")


def test_nothing_is_said_where_nothing_was_found() -> None:
    report = audited(threshold=0.9)
    assert report.verdict is not None and report.verdict.decision == "below"
    assert lead_sentence(report) == ""
    n = len(report.verdict.claims)
    assert f"All {n} effects that were tested together" in report.verdict.explanation
    assert "in at most 5 of 100 cases, if the graph" in report.verdict.explanation


def test_an_open_verdict_says_no_interval_and_no_error_rate() -> None:
    report = audited()
    assert report.verdict is not None and report.verdict.deciding is not None
    near = round(abs(report.verdict.deciding.value), 3)
    open_one = audited(threshold=near)
    assert open_one.verdict is not None and open_one.verdict.decision == "inconclusive"
    said = " ".join(
        one.text if isinstance(one, Sentence) else one
        for one in verdict(open_one).blocks[0].sentences  # type: ignore[union-attr]
    )
    assert "Least certain" in said and "of 100 cases" not in said and "interval" not in said


@pytest.mark.parametrize(
    ("second", "fits"),
    [(0.101, True), (0.108, True), (0.112, False), (0.094, True), (0.05, False)],
)
def test_methods_agree_by_a_stated_rule(second: float, fits: bool) -> None:
    first = Effect(0.1, np.full(100, 0.01))  # standard error 0.001
    assert agrees(second, first, level=0.95, threshold=0.02) is fits


def test_a_large_threshold_makes_no_agreement() -> None:
    first = Effect(0.166, np.full(100, 0.01))
    assert agrees(0.17, first, level=0.95, threshold=0.139)
    assert not agrees(0.22, first, level=0.95, threshold=0.139)


def test_numbers_on_both_sides_of_the_threshold_do_not_agree() -> None:
    first = Effect(0.022, np.full(100, 0.005))
    assert agrees(0.0225, first, level=0.95, threshold=0.02)
    assert not agrees(0.019, first, level=0.95, threshold=0.02)


def test_what_is_higher_is_never_written_as_lower() -> None:
    for value in (0.3, -0.3, 0.0004, -12.5):
        said = by_how_much(value, (value - abs(value) / 4, value + abs(value) / 4), "value")
        assert said.startswith("higher" if value > 0 else "lower")
        size, low, high = (float(n) for n in re.findall(r"[\d.]+", said))
        assert low < size < high and size == pytest.approx(abs(value), rel=0.01)
