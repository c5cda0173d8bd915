"""What a terminal shows: every word of a report, whatever its columns are called."""

from __future__ import annotations

import io

import numpy as np
import pandas as pd
import pytest
from rich.console import Console

import workbench as wb
from workbench.report.terminal import print_report


@pytest.fixture(scope="module")
def report() -> wb.AuditReport:
    """Return an audit of a column whose name holds characters two columns wide."""
    rng = np.random.default_rng(0)
    a = rng.normal(size=300)
    data = pd.DataFrame({"größe 😀 年齢": a, "b": a + rng.normal(size=300)})
    case = wb.AuditCase(
        data=data,
        model=lambda frame: 0.1 * frame["b"].to_numpy(),
        graph=wb.CausalGraph([("größe 😀 年齢", "b")]),
        features=["b"],
    )
    return wb.audit(case, wb.UnlearningTarget.feature("größe 😀 年齢"), ("cafe", "fuzzing"))


def test_no_sentence_is_cut_where_characters_are_two_columns_wide(report: wb.AuditReport) -> None:
    for width in range(60, 120, 4):
        screen = io.StringIO()
        print_report(report, Console(file=screen, width=width))
        assert "…" not in screen.getvalue()
        said = " ".join(screen.getvalue().split())
        assert "what follows from it in the graph changed with it" in said
        assert "all of it comes through b. This holds if the drawn graph is right." in said
