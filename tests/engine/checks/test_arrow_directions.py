"""A small effect that rests on the direction of a drawn arrow says so; a root's says nothing."""

from __future__ import annotations

import io
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from rich.console import Console

import workbench as wb
from workbench.case.asking.variations import variations_of
from workbench.checks.arrow_directions import turned_arrows
from workbench.report.outline.overturn import Footing, assumptions
from workbench.report.terminal import print_report

N = 3_000
SAID = "if m comes before f, as drawn"


def _table(seed: int = 0) -> pd.DataFrame:
    """f causes m; w has nothing to do with either."""
    rng = np.random.default_rng(seed)
    f = rng.integers(0, 2, N)
    return pd.DataFrame({"f": f, "m": 0.6 * f + rng.normal(size=N), "w": rng.normal(size=N)})


def _audit(
    graph: wb.CausalGraph, data: pd.DataFrame | None = None, own: float = 0.0
) -> wb.AuditReport:
    model = wb.BlackBoxModel(
        lambda rows: 0.5 + 0.2 * np.tanh(rows["m"]) + (own * rows["f"] if own else 0.0),
        features=["f", "m"] if own else ["m"],
        output="probability",
    )
    case = wb.AuditCase(data=_table() if data is None else data, model=model, graph=graph)
    return wb.audit(
        case, wb.UnlearningTarget.feature("f"), ["debiased"], threshold=0.02, progress=_silent
    )


def _silent(_: str, __: float) -> None:
    pass


@pytest.fixture(scope="module")
def wrong() -> wb.AuditReport:
    return _audit(wb.CausalGraph([("m", "f")], nodes=["w"]))


def test_not_found_names_the_arrow_that_it_rests_on(wrong: wb.AuditReport) -> None:
    verdict = wrong.verdict
    assert verdict is not None
    assert verdict.decision == "below"
    (arrow,) = verdict.turned
    assert (arrow.feature, arrow.causes) == ("f", ("m",))
    truth = 0.2 * (np.tanh(_noise() + 0.6) - np.tanh(_noise())).mean()
    assert arrow.low < truth < arrow.high
    assert verdict.headline.endswith(f"{SAID}.")
    assert "If f came before m" in verdict.reason


def test_what_may_lie_below_the_threshold_is_not_said_to_be_above(wrong: wb.AuditReport) -> None:
    """The largest of several differences was picked: its interval is not told as one."""
    assert wrong.verdict is not None
    (arrow,) = wrong.verdict.turned
    assert ", more than 0.02" in arrow.sentence(0.02)
    near = replace(arrow, value=0.021, low=0.012, high=0.03)
    assert "by about +0.0210, perhaps more than 0.02" in near.sentence(0.02)
    assert "interval" not in near.sentence(0.02)
    unsure = replace(wrong, verdict=replace(wrong.verdict, turned=(near,)))
    assert "may be above" in assumptions(unsure)[0].said
    assert "would be above" in assumptions(wrong)[0].said


def test_a_small_subgroup_is_told_what_all_rows_say() -> None:
    data = _table()
    case = wb.AuditCase(
        data=data,
        model=wb.BlackBoxModel(lambda rows: 0.5 + 0.2 * np.tanh(rows["m"]), features=["m"]),
        graph=wb.CausalGraph([("m", "f")], nodes=["w"]),
    )
    few = wb.UnlearningTarget.subgroup("w > 1.5", ["f"])
    varied = variations_of(case, ["f"], np.flatnonzero(few.mask(data)), None, 0)
    (arrow,) = turned_arrows(case, few, varied, None, threshold=0.02)
    assert "in all rows of the data" in arrow.sentence(0.02)
    everyone = wb.UnlearningTarget.feature("f")
    (arrow,) = turned_arrows(case, everyone, varied, None, threshold=0.02)
    assert "in all rows" not in arrow.sentence(0.02)


def _noise() -> np.ndarray:
    return np.random.default_rng(9).normal(size=200_000)


def test_also_where_the_feature_is_read_a_little() -> None:
    verdict = _audit(wb.CausalGraph([("m", "f")]), own=0.01).verdict
    assert verdict is not None
    assert verdict.decision == "below"
    assert SAID in verdict.headline


def test_a_chain_drawn_backwards_is_noticed() -> None:
    """One arrow turned alone would lead nowhere: what stands behind it turns with it."""
    data = _table()
    data["k"] = data["f"] + 0.5 * np.random.default_rng(3).normal(size=N)
    data["m"] = 0.6 * data["k"] + np.random.default_rng(4).normal(size=N)
    verdict = _audit(wb.CausalGraph([("m", "k"), ("k", "f")]), data).verdict
    assert verdict is not None
    assert [arrow.causes for arrow in verdict.turned] == [("k",)]


def test_a_hidden_cause_of_both_is_doubted_as_an_arrow_is() -> None:
    graph = wb.CausalGraph([("u", "f"), ("u", "m")], latents=["u"])
    verdict = _audit(graph).verdict
    assert verdict is not None
    assert verdict.decision == "below"
    assert "if the hidden u is behind f and others, as drawn" in verdict.headline


def test_a_feature_that_nothing_is_drawn_before_has_nothing_to_turn() -> None:
    data = _table().assign(f=np.random.default_rng(7).integers(0, 2, N))
    verdict = _audit(wb.CausalGraph([("f", "w"), ("w", "m")]), data).verdict
    assert verdict is not None
    assert not verdict.turned
    assert "as drawn" not in verdict.explanation + verdict.headline


def test_a_cause_that_predictions_do_not_go_with_is_not_named() -> None:
    data = _table().assign(m=np.random.default_rng(5).normal(size=N))
    verdict = _audit(wb.CausalGraph([("w", "f")]), data).verdict
    assert verdict is not None
    assert verdict.decision == "below"
    assert not verdict.turned


def test_an_arrow_with_a_reason_is_no_condition_of_the_headline() -> None:
    graph = wb.CausalGraph([("m", "f")], notes={("m", "f"): "f is decided after m was measured"})
    verdict = _audit(graph).verdict
    assert verdict is not None
    assert "as drawn" not in verdict.headline
    assert "for the reason that the graph gives" in verdict.reason


def test_terminal_and_saved_report_say_it(wrong: wb.AuditReport) -> None:
    written = io.StringIO()
    print_report(wrong, Console(file=written, width=4_000))
    assert SAID in written.getvalue()
    assert "If f came before m" in written.getvalue()
    assert SAID in wrong.to_html()
    again = wb.AuditReport.from_json(wrong.to_json())
    assert again.verdict is not None
    assert wrong.verdict is not None
    assert again.verdict.headline == wrong.verdict.headline
    assert again.verdict.reason == wrong.verdict.reason


def test_it_stands_among_what_would_overturn_the_finding(wrong: wb.AuditReport) -> None:
    first = assumptions(wrong)[0]
    assert first.footing == Footing.FAILED
    assert "m comes before f" in first.said
    assert wrong.verdict is not None
    plain = replace(wrong, verdict=replace(wrong.verdict, turned=()))
    assert assumptions(plain)[0].footing != Footing.FAILED


def test_only_the_arrow_that_matters_is_named() -> None:
    data = _table()
    data["f"] = (data["f"] + data["w"] > 0.5).astype(int)
    verdict = _audit(wb.CausalGraph([("m", "f"), ("w", "f")]), data).verdict
    assert verdict is not None
    assert [arrow.causes for arrow in verdict.turned] == [("m",)]
