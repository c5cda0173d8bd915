"""What is said of the ways of an influence, where there are more of them than are followed."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest

import workbench as wb
from workbench.checks.verdict import as_judged
from workbench.common.blocks import Bullets, Table
from workbench.common.wording import span
from workbench.report.outline.paths import paths


def _said(most: int, monkeypatch: pytest.MonkeyPatch) -> str:
    """Return the account of three ways, worth 1, 1 and 2, of which some are followed."""
    monkeypatch.setattr("workbench.methods.fuzzing.paths.MOST_PATHS", most)
    rng = np.random.default_rng(0)
    a = rng.integers(0, 2, 2_000).astype(float)
    m = a + 0.5 * rng.normal(size=2_000)
    n = a + 2 * m + 0.5 * rng.normal(size=2_000)
    graph = wb.CausalGraph([("a", "m"), ("a", "n"), ("m", "n")])
    model = wb.BlackBoxModel(lambda rows: rows["m"] + rows["n"], ["m", "n"], output="value")
    case = wb.AuditCase(data=pd.DataFrame({"a": a, "m": m, "n": n}), model=model, graph=graph)
    report = wb.audit(
        case,
        wb.UnlearningTarget.feature("a"),
        ["fuzzing"],
        intervention=wb.Contrast(0.0, 1.0),
        progress=lambda *_: None,
    )
    (account,) = (block for block in paths(report).blocks if isinstance(block, Bullets))
    return " ".join(map(str, account.items))


def test_the_share_of_the_total_that_followed_paths_cover_is_said(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    said = _said(2, monkeypatch)

    assert "All followed ways of a raise the prediction" in said
    assert "1 longer paths of a were too many to follow. The 2 shortest, which are listed" in said
    cover = re.search(r": (\d+) % of the total effect by causal fuzzing, \+", said)
    assert cover is not None
    assert abs(int(cover[1]) - 50) <= 5
    assert "arises only when" not in said


def test_nothing_is_said_of_paths_left_out_where_all_were_followed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    said = _said(100, monkeypatch)

    assert "All ways of a raise the prediction" in said
    assert "too many to follow" not in said


def test_the_table_of_paths_has_the_intervals_of_the_verdict() -> None:
    rng = np.random.default_rng(1)
    a = rng.normal(size=400)
    frame = pd.DataFrame({"a": a, "m": a + rng.normal(size=400)})
    model = wb.BlackBoxModel(lambda rows: rows["m"] / 10, ["m"], output="value")
    case = wb.AuditCase(data=frame, model=model, graph=wb.CausalGraph([("a", "m")]))
    report = wb.audit(case, wb.UnlearningTarget.feature("a"), ["debiased", "fuzzing"])
    (own,), (judged,) = (
        report.path_effects,
        as_judged(report.path_effects, report.effects),
    )
    assert judged.effect.value == own.effect.value
    assert judged.effect.standard_error > own.effect.standard_error
    (table,) = (block for block in paths(report).blocks if isinstance(block, Table))
    assert table.rows[0][3] == span(judged.effect.interval(report.interval_level))
    assert "as wide as the verdict’s" in table.caption
