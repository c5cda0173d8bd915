"""A model that is "retrained" is one that was trained again, and it agrees row by row."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import workbench as wb
from workbench.case.compared_cases import read_compared
from workbench.checks.change.agreement import RowAgreement, not_retrained, row_agreement
from workbench.checks.change.outline import outline

N = 3_000
TARGET = wb.UnlearningTarget.feature("g")


def world() -> pd.DataFrame:
    r = np.random.default_rng(0)
    frame = pd.DataFrame({"g": r.choice(list("abcd"), N), "years": r.normal(size=N)})
    frame["m"] = 0.8 * (frame["g"] == "a") + r.normal(size=N)
    return frame


def honest(rows: pd.DataFrame) -> np.ndarray:
    return (1 / (1 + np.exp(-rows["m"] + 0.5 * rows["years"]))).to_numpy()


def case_of(after: Callable[[pd.DataFrame], np.ndarray]) -> wb.AuditCase:
    frame = world()
    return wb.AuditCase(
        data=frame,
        model=wb.BlackBoxModel(after, features=["g", "m", "years"]),
        graph=wb.CausalGraph([("g", "m")], nodes=list(frame)),
    )


def change(after: Callable[[pd.DataFrame], np.ndarray], **compare: object) -> wb.AuditReport:
    return wb.audit(case_of(after), TARGET, ("cafe", "fuzzing"), threshold=0.02, compare=compare)


RETRAINED = wb.BlackBoxModel(honest, features=["m", "years"])


@pytest.mark.parametrize(
    "residue",
    [
        lambda d: -0.12 * (d["g"] == "b"),
        lambda d: 0.2 * (d["g"] == "c") * np.where(d["years"] > 0, 1, -1),
        lambda d: 0.1 * np.where(d["g"].isin(["a", "d"]), 1, -1) * np.sign(d["years"]),
    ],
    ids=["one level", "a coin in one level", "signs that cancel"],
)
def test_a_residue_that_means_hide_is_found(residue: Callable[[pd.DataFrame], pd.Series]) -> None:
    report = change(lambda d: (honest(d) + residue(d).to_numpy()).clip(0, 1), retrained=RETRAINED)
    assert report.change.decision == "above"
    assert report.verdict.decision == "above"
    again = wb.AuditReport.from_json(report.to_json())
    assert again.change.headline == report.change.headline


def test_a_model_that_was_never_retrained_is_no_yardstick() -> None:
    def old(rows: pd.DataFrame) -> np.ndarray:
        return (honest(rows) - 0.1 * (rows["g"] == "a").to_numpy()).clip(0, 1)

    model = wb.BlackBoxModel(old, features=["g", "m", "years"])
    report = change(old, before=model, retrained=model)
    assert report.change.decision == "unknown"
    assert "reads it" in report.change.headline
    assert "as the model before does" in report.change.headline
    assert "behaves like" not in report.to_html()
    assert wb.AuditReport.from_json(report.to_json()).change.headline == report.change.headline
    charts = [one.chart for one in outline(report.change, report.about()) if hasattr(one, "chart")]
    assert charts and all(bar.residue is None for chart in charts for bar in chart.rows)
    saved = json.loads(report.to_json())
    assert not saved["change"]["residues"] and saved["change"]["smallest_threshold"] is None
    # As files said it before residues beside such a model were left out.
    first = saved["change"]["findings"][0]
    one = {name: first[name] for name in ("feature", "part", "estimator")}
    one |= dict.fromkeys(("value", "low", "high"), 0.2) | {"name": "g", "p_above": 0.0}
    saved["change"]["residues"] = [one | {"below": False, "above": True}]
    saved["change"]["smallest_threshold"] = first["residue"] = 0.2
    assert wb.AuditReport.from_json(json.dumps(saved)).change.residues == ()


def test_a_noisy_model_that_only_lists_the_feature_is_not_said_to_read_it() -> None:
    noise = np.random.default_rng(3)

    def noisy(rows: pd.DataFrame) -> np.ndarray:
        return 1e6 * (honest(rows) + noise.normal(0, 0.01, len(rows)))

    def reads(rows: pd.DataFrame) -> np.ndarray:
        return noisy(rows) + 1e5 * (rows["g"] == "b").to_numpy()

    def reads_seldom(rows: pd.DataFrame) -> np.ndarray:
        return noisy(rows) + 5e5 * ((rows["g"] == "b") & (rows["years"] > 2.5)).to_numpy()

    for model, said in ((noisy, ""), (reads, "reads it"), (reads_seldom, "reads it")):
        box = wb.BlackBoxModel(model, features=["g", "m", "years"], output="value")
        compared = read_compared(case_of(noisy), TARGET, {"retrained": box})
        found = " ".join(not_retrained(compared, seed=0))
        assert said in found and bool(said) == bool(found)


def test_the_error_rate_counts_residues_and_direct_use() -> None:
    """Either of two families may say "above", each wrong in 5 % of audits."""
    report = change(
        lambda d: (honest(d) + 0.2 * (d["g"] == "c").to_numpy()).clip(0, 1), retrained=RETRAINED
    )
    assert report.change.levels and report.change.wrong_above == 2 * report.change.alpha
    assert "in at most 10 % of such audits" in report.change.explanation
    logged = replace(report.change, levels=())
    assert "in at most 5 % of such audits" in logged.explanation


def test_rows_that_differ_within_chance_are_not_called_without_residue() -> None:
    alike, apart = (RowAgreement(100, differing, 0.01, 0.02) for differing in (0, 40))
    report = change(honest, retrained=RETRAINED)
    assert "on average and at single rows" in replace(report.change, rows=alike).headline
    headline = replace(report.change, rows=apart).headline
    assert replace(report.change, rows=apart).decision == "below"
    assert "at single rows than chance in training explains" in headline


def test_an_honest_model_behaves_like_the_one_handed_in() -> None:
    report = change(honest, retrained=RETRAINED)
    assert report.change.decision == "below"
    assert "handed in" in report.change.headline
    assert "of any size" not in report.change.explanation


def test_a_residue_between_other_levels_is_not_called_the_same() -> None:
    """The explained change is between a and d: what is left of b shows in none of its residues."""
    found = change(lambda d: honest(d) + 0.005 * (d["g"] == "b").to_numpy(), retrained=RETRAINED)
    assert found.change.decision == "below" and found.change.smallest_threshold == 0
    assert "effects are the same" not in found.change.explanation
    assert "ruled out is 0.005" in found.change.explanation


def test_several_models_are_not_told_as_one() -> None:
    old = wb.BlackBoxModel(
        lambda d: (honest(d) - 0.1 * (d["g"] == "a")).clip(0, 1), features=["g", "m", "years"]
    )
    report = change(honest, retrained=[RETRAINED, old])
    assert "The mean of 2 models handed in as retrained gives" in report.change.sentences()[0]
    assert "Compared with the models handed in as retrained:" in report.to_html()
    beside = change(honest, retrained=[RETRAINED, RETRAINED]).change
    assert beside.headline.endswith("like those handed in as retrained without the target.")


def test_rows_that_differ_by_chance_are_not_called_alike() -> None:
    r = np.random.default_rng(1)
    base = r.random(500)
    seeds = [base + r.normal(0, 0.05, 500) for _ in range(4)]
    alone = row_agreement(seeds[0], [seeds[1]], 0.02)
    assert not alone.holds and "is unknown" in alone.sentence(0.02)
    assert row_agreement(seeds[0], seeds[1:], 0.02).differing > 5
    far = row_agreement(seeds[0] + 0.3, seeds[1:], 0.02)
    assert not far.holds


@pytest.mark.parametrize("reads", [["m", "years"], ["g", "m", "years"]])
def test_a_model_that_was_trained_here_without_the_feature_is_known(reads: list[str]) -> None:
    frame = world()
    r = np.random.default_rng(2)
    frame["y"] = (r.random(N) < honest(frame)).astype(int)
    here = wb.train_model(frame, reads, "y")
    case = wb.AuditCase(
        data=frame,
        model=wb.train_model(frame, ["m", "years"], "y"),
        graph=wb.CausalGraph([("g", "m")], nodes=["g", "m", "years"]),
        outcome="y",
    )
    report = wb.audit(case, TARGET, ("debiased",), compare={"retrained": here})
    known = "g" not in reads
    assert [m.known != "" for m in report.change.models] == [False, known]
    if not known:
        assert report.change.decision == "unknown"
        return
    assert "that the workbench trained without the target" in report.change.headline
    said = " ".join(report.change.sentences())
    assert "trained here: logistic on 3,000 rows, reading m and years" in said
    assert "whoever handed it in" not in said
    assert "trained here" in report.to_html()
    again = wb.AuditReport.from_json(report.to_json())
    assert again.change.headline == report.change.headline
    # Of the same model as a function nothing is known.
    box = wb.BlackBoxModel(lambda rows: here.predict_proba(rows)[:, 1], features=reads)
    told = wb.audit(case, TARGET, ("debiased",), compare={"retrained": box})
    assert "handed in" in told.change.headline
