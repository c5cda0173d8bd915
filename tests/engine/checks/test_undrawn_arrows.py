"""An arrow that is missing out of a root is noticed: in any shape, beside others, in a log."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import workbench as wb

N = 3_000


def _audit(data: pd.DataFrame, model: wb.BlackBoxModel, graph: wb.CausalGraph) -> wb.AuditReport:
    case = wb.AuditCase(data=data, model=model, graph=graph)
    target = wb.UnlearningTarget.feature("f")
    return wb.audit(case, target, ["debiased"], threshold=0.02, progress=lambda _, __: None)


def _rows(undrawn: bool) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    f = rng.normal(size=N)
    m = (f**2 if undrawn else rng.normal(size=N) ** 2) + 0.5 * rng.normal(size=N)
    k = f + rng.normal(size=N)
    return pd.DataFrame({"f": f, "m": m, "k": k})


def _answers(rows: pd.DataFrame) -> pd.Series:
    return 0.5 + 0.1 * np.tanh(rows["m"] - 1) + 0.002 * np.tanh(rows["k"])


def _model(logged: pd.DataFrame | None = None) -> wb.BlackBoxModel:
    reads = ["m", "k"]
    if logged is not None:
        return wb.BlackBoxModel.from_predictions(
            _answers(logged), features=reads, output="probability"
        )
    return wb.BlackBoxModel(_answers, features=reads, output="probability")


@pytest.mark.parametrize("drawn", [False, True])
@pytest.mark.parametrize("logged", [False, True])
def test_predictions_that_go_with_a_root_in_a_u_shape_are_noticed(
    drawn: bool, logged: bool
) -> None:
    data = _rows(undrawn=True)
    graph = wb.CausalGraph([("f", "k")] if drawn else [], nodes=["f", "m", "k"])
    report = _audit(data, _model(data if logged else None), graph)
    assert report.verdict is not None
    if logged and drawn:  # the regression of the log holds it, and finds it
        assert report.verdict.decision == "above"
        return
    assert report.verdict.decision == "inconclusive"
    assert report.diagnostics.doubted == ("f",)
    assert any("may miss an arrow out of f" in said for said in report.diagnostics.warnings)


def test_where_the_graph_misses_nothing_nothing_is_doubted() -> None:
    report = _audit(_rows(undrawn=False), _model(), wb.CausalGraph([("f", "k")], nodes=["m"]))
    assert report.verdict is not None
    assert report.verdict.decision == "below"
    assert not report.diagnostics.doubted
