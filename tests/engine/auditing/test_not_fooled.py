"""Models that one average contrast acquits: every audit here must say "above", or not say "below".

Each kind of hiding place comes in several shapes: curves, bands, levels, groups, mediators, joint
targets.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

import workbench as wb

N = 3_000
Score = Callable[[pd.DataFrame], pd.Series]


def audit(
    frame: pd.DataFrame,
    score: Score,
    reads: list[str],
    target: str | list[str],
    edges: list[tuple[str, str]],
    **options: object,
) -> wb.AuditReport:
    """Audit a model that squeezes a score into a probability."""
    model = wb.BlackBoxModel(
        lambda rows: (1 / (1 + np.exp(-score(rows)))).to_numpy(), features=reads
    )
    graph = wb.CausalGraph(edges, nodes=list(frame))
    case = wb.AuditCase(data=frame, model=model, graph=graph)
    names = [target] if isinstance(target, str) else target
    return wb.audit(
        case, wb.UnlearningTarget.features(names), ("cafe", "fuzzing"), threshold=0.02, **options
    )


def people(seed: int = 0, n: int = N) -> pd.DataFrame:
    r = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {
            "x": r.normal(size=n),
            "s": r.integers(0, 2, n),
            "z": r.normal(size=n),
            "b": r.integers(0, 2, n),
        }
    )
    frame["u"] = frame["x"] ** 2 + r.normal(0, 0.3, n)
    frame["w"] = np.cos(2 * frame["x"]) + r.normal(0, 0.3, n)
    frame["v"] = frame["b"] + r.normal(0, 0.3, n)
    return frame


@pytest.mark.parametrize(
    ("score", "reads", "edges"),
    [
        (lambda d: d.x**2 - 1 + d.z, ["x", "z"], []),
        (lambda d: d.u - 1 + d.z, ["u", "z"], [("x", "u")]),
        (lambda d: 1.0 * (d.x.abs() < 0.3) + d.z, ["x", "z"], []),
        (lambda d: 1.5 * ((d.x > 1.2) & (d.x < 1.5)) + d.z, ["x", "z"], []),
        (lambda d: 1.0 * d.w + d.z, ["w", "z"], [("x", "w")]),
    ],
    ids=[
        "u-shape",
        "u-shape through a mediator",
        "notch",
        "narrow band",
        "wave through a mediator",
    ],
)
def test_a_curve_whose_quartiles_agree_is_found(
    score: Score, reads: list[str], edges: list[tuple[str, str]]
) -> None:
    report = audit(people(), score, reads, "x", edges)
    assert report.verdict.decision == "above"
    assert report.verdict.deciding.change
    low, high = report.verdict.deciding.change.split(" → ")
    assert low != high


@pytest.mark.parametrize(
    ("score", "reads", "edges"),
    [
        (lambda d: 2 * (d.b - 0.5) * (2 * d.s - 1) + d.z, ["b", "s", "z"], []),
        (lambda d: 2 * (d.v - 0.5) * (2 * d.s - 1) + d.z, ["v", "s", "z"], [("b", "v")]),
        (lambda d: (d.b - 0.5) * np.sign(d.z), ["b", "z"], []),
    ],
    ids=["by group", "through a mediator", "by the sign of another feature"],
)
def test_signs_that_cancel_over_people_are_found(
    score: Score, reads: list[str], edges: list[tuple[str, str]]
) -> None:
    report = audit(people(1), score, reads, "b", edges)
    assert report.verdict.decision == "above"
    assert "single people" in report.verdict.headline
    (alarm,) = [c for c in report.verdict.cancellations if c.over == "people"]
    assert "The average hides them" in alarm.sentence(0.02)


def test_a_group_that_was_named_decides_by_itself() -> None:
    frame = people(2)
    frame["g"] = (np.arange(N) % 12 == 0).astype(int)
    report = audit(
        frame,
        lambda d: 0.6 * d.v * d.g + d.z,
        ["v", "g", "z"],
        "b",
        [("b", "v")],
        subgroups={"the few": "g == 1"},
    )
    claims = [c for c in report.verdict.claims if c.over == "groups" and c.above]
    assert report.verdict.decision == "above" and claims
    assert "the few" in report.verdict.headline or claims[0].name.split(" for ")[1] == "the few"


@pytest.mark.parametrize("hidden", ["B", "C"])
def test_a_category_in_between_is_named(hidden: str) -> None:
    r = np.random.default_rng(3)
    n = 6_000
    zips = r.choice(list("ABCD"), n)
    credit = r.normal(size=n) + np.where(zips == hidden, 1.2, 0) - np.where(zips == "A", 0.03, 0)
    frame = pd.DataFrame({"zip": zips, "credit": credit})
    model = wb.BlackBoxModel(
        lambda d: (0.45 + 0.15 * d["credit"] - 0.18 * (d["zip"] == hidden)).clip(0, 1).to_numpy(),
        features=["zip", "credit"],
    )
    graph = wb.CausalGraph([("credit", "zip")], nodes=["zip", "credit"])
    case = wb.AuditCase(data=frame, model=model, graph=graph)
    report = wb.audit(case, wb.UnlearningTarget.feature("zip"), ("cafe", "fuzzing"), threshold=0.02)
    assert report.verdict.decision == "above"
    assert hidden in report.verdict.deciding.change
    # the report explains the change that decides
    assert hidden in report.effects["zip"].intervention


def test_features_that_cancel_each_other_raise_an_alarm() -> None:
    r = np.random.default_rng(4)
    first = r.integers(0, 2, N)
    frame = pd.DataFrame({"a": first, "c": first.copy(), "z": r.normal(size=N)})
    flip = r.random(N) < 0.1
    frame.loc[flip, "c"] = 1 - frame.loc[flip, "c"]
    report = audit(frame, lambda d: d.a - d.c + d.z, ["a", "c", "z"], ["a", "c"], [])
    assert report.verdict.decision == "above"


def test_nothing_is_found_where_nothing_is() -> None:
    report = audit(people(5), lambda d: d.z, ["z"], "x", [("x", "u")])
    assert report.verdict.decision == "below"
    assert "over all levels tested" in report.verdict.headline
    assert "The smallest threshold" not in report.verdict.explanation


def test_a_small_direct_influence_is_below_over_levels_and_people() -> None:
    report = audit(people(6), lambda d: 0.005 * d.x + d.z, ["x", "z"], "x", [])
    assert report.verdict.decision == "below"
    assert 0 < report.verdict.smallest_threshold < 0.02


def test_one_change_alone_is_said_to_be_one() -> None:
    frame = people(7)
    change = wb.Contrast(-0.675, 0.675)
    for options in ({"range": change}, {"intervention": change}):
        report = audit(frame, lambda d: 0.3 * d.x**4 + d.z, ["x", "z"], "x", [], **options)
        assert "for this one change" in report.verdict.headline
        assert "over all levels" not in report.verdict.headline
    wide = audit(
        frame,
        lambda d: 0.3 * d.x**4 + d.z,
        ["x", "z"],
        "x",
        [],
        range=[change, wb.Contrast(0.0, 2.0)],
    )
    assert wide.verdict.decision == "above"
    assert "range=[wb.Contrast" in wide.call


def test_logged_predictions_say_nothing_of_single_people() -> None:
    frame = people(8)
    logged = 1 / (1 + np.exp(-frame["z"].to_numpy()))
    case = wb.AuditCase(
        data=frame,
        model=wb.BlackBoxModel.from_predictions(logged, features=["z"]),
        graph=wb.CausalGraph([("b", "v")], nodes=list(frame)),
    )
    report = wb.audit(case, wb.UnlearningTarget.feature("b"), ("cafe",), threshold=0.1)
    assert report.verdict.decision == "below"
    assert "single people were not asked about" in report.verdict.headline
    assert not report.profile["b"].people


def test_few_rows_are_never_firm() -> None:
    small = audit(people(9, 40), lambda d: d.z, ["z"], "x", [])
    assert small.verdict.decision == "inconclusive"
    assert "nothing firm is said below 50" in small.verdict.explanation


def test_a_saved_profile_is_read_back_and_an_edited_one_refused() -> None:
    report = audit(people(10), lambda d: d.x**2 - 1 + d.z, ["x", "z"], "x", [])
    text = report.to_json()
    again = wb.AuditReport.from_json(text)
    assert again.verdict.headline == report.verdict.headline
    pd.testing.assert_frame_equal(again.profile.to_frame(), report.profile.to_frame())
    floor = report.profile["x"].parts["total"].floor
    edited = text.replace(f'"floor": {floor!r}', f'"floor": {floor + 0.1!r}')
    assert edited != text
    with pytest.raises(wb.DataError, match="profile do not follow"):
        wb.AuditReport.from_json(edited)


def test_a_threshold_as_wide_as_all_answers_is_said_to_be_so() -> None:
    """Ten times the chance is no influence above 0.02 where no chance exceeds 0.005."""
    frame = pd.DataFrame({"f": np.arange(600) % 2, "z": np.arange(600) % 7})
    for factor, told in ((1.0, True), (20.0, False)):
        model = wb.BlackBoxModel(
            lambda d, k=factor: (0.0005 * k * 10.0**d.f).to_numpy(), features=["f"]
        )
        case = wb.AuditCase(data=frame, model=model, graph=wb.CausalGraph([], nodes=["f", "z"]))
        report = wb.audit(case, wb.UnlearningTarget.feature("f"), ("debiased",), threshold=0.02)
        assert report.verdict.decision == ("below" if told else "above")
        warnings = report.diagnostics.warnings
        assert any("no further apart than the threshold" in one for one in warnings) == told


def test_groups_that_the_equations_do_not_follow_forbid_below() -> None:
    """The feature decides whether m is known, or how skewed it is; up for half, down for others."""
    r = np.random.default_rng(1_000)
    rows = pd.DataFrame(
        {"f": r.integers(0, 2, N), "w": r.normal(size=N), "m": r.exponential(size=N)}
    )
    gone = rows.assign(m=rows.m.where(r.random(N) > 0.05 + 0.25 * rows.f))
    skewed = rows.assign(m=np.where(rows.f == 1, rows.m - 1, 1 - rows.m))
    scores: list[tuple[pd.DataFrame, Callable[[pd.DataFrame], pd.Series], str]] = [
        (gone, lambda d: 0.5 + 0.3 * d.m.isna() * np.sign(d.w), "inconclusive"),
        (skewed, lambda d: 0.5 + 0.4 * (d.m > 1.2) * np.sign(d.w), "inconclusive"),
        (rows, lambda d: 0.5 + 0.2 * (d.m > 1.2) * np.sign(d.w), "below"),
    ]
    for frame, score, decision in scores:
        model = wb.BlackBoxModel(lambda d, s=score: s(d).to_numpy(), features=["m", "w"])
        graph = wb.CausalGraph([("f", "m")], nodes=["f", "w", "m"])
        case = wb.AuditCase(data=frame, model=model, graph=graph)
        report = wb.audit(case, wb.UnlearningTarget.feature("f"), ("debiased",), threshold=0.02)
        assert report.verdict.decision == decision
        told = any("In groups of rows" in warning for warning in report.diagnostics.warnings)
        assert told == (decision == "inconclusive")
