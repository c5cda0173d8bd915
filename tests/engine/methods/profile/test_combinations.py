"""What several features are set to together is no single person's row."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pandas as pd

import workbench as wb
from workbench.methods.profile.combinations import HELD_BY

KINDS = {f"k{i}": list("abcd") for i in range(6)}


def case_of(n: int = 400) -> wb.AuditCase:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({name: rng.choice(levels, n) for name, levels in KINDS.items()})
    frame.loc[: n // 4] = list("aaaaaa")  # many alike: their combination may be told
    frame["days"] = rng.integers(1, 15, n).astype(float)
    model = wb.BlackBoxModel(
        lambda rows: 0.02 * (rows[list(KINDS)] == "b").sum(axis=1) + 0.01 * rows["days"],
        features=list(frame),
    )
    return wb.AuditCase(data=frame, model=model, graph=wb.CausalGraph([], nodes=list(frame)))


def combinations(report: wb.AuditReport, names: list[str]) -> list[tuple[object, ...]]:
    joint = next(found for found in report.profile if found.combination)
    return [tuple(dict(level.raw)[name] for name in names) for level in joint.levels]


def test_no_combination_of_many_features_is_that_of_a_few_rows() -> None:
    case = case_of()
    names = list(KINDS)
    report = wb.audit(case, wb.UnlearningTarget.features(names), ["fuzzing"], threshold=0.05)
    rows = Counter(case.data[names].itertuples(index=False, name=None))
    told = [rows[one] for one in combinations(report, names)]
    assert len(told) > 8 and not any(0 < count < HELD_BY for count in told)
    assert max(told) > 50, "what many rows hold is still asked about"
    assert "mixed where fewer than 5 hold one" in " ".join(report.verdict.basis)
    assert "; …" in report.verdict.headline and len(report.verdict.headline) < 200


def test_named_rows_that_hold_every_level_leave_some_to_test() -> None:
    case = case_of()
    days = case.data["days"]
    rows = [int(days.index[days == day][0]) for day in sorted(days.unique())]
    whole = wb.audit(case, wb.UnlearningTarget.datapoints(rows, ["days"]), ["fuzzing"])
    assert 2 <= len(whole.profile["days"].levels) < days.nunique() + 2
    assert whole.verdict.decision == "above"
