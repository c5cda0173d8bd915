"""CAFÉ over a table in partitions: the effects of the whole frame, from sums alone."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

import workbench as wb
from workbench.tables.partitions import table as tables

READS = ["z", "a", "g", "m"]
GRAPH = wb.CausalGraph([("z", "a"), ("z", "m"), ("a", "m"), ("g", "m")])
PARTS = ("total", "direct", "indirect")


def _score(rows: pd.DataFrame) -> Any:
    m = rows["m"].fillna(0)
    odds = 0.4 * m + 0.3 * (rows["a"] == "yes") + 0.2 * rows["z"] + 0.2 * (rows["g"] == "b")
    return 1 / (1 + np.exp(-odds))


def _frame(n: int = 6_000) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    z = rng.normal(size=n)
    a = rng.random(n) < 1 / (1 + np.exp(-z))
    g = rng.choice(list("abcde"), n, p=[0.4, 0.3, 0.2, 0.09, 0.01])
    m = np.where(rng.random(n) < 0.05, np.nan, z + a * (1 + (g == "a")) + rng.normal(size=n))
    frame = pd.DataFrame({"z": z, "a": np.where(a, "yes", "no"), "g": g, "m": m})
    return frame.assign(score=_score(frame))


MODELS = {
    "asked": wb.BlackBoxModel(_score, READS, output="probability"),
    "logged": wb.BlackBoxModel.from_predictions("score", READS, output="probability"),
}
TARGETS = {
    "one": wb.UnlearningTarget.feature("a"),
    "two": wb.UnlearningTarget.features(["g", "z"]),
    "some rows": wb.UnlearningTarget.subgroup("g == 'e' or z > 1", ["a"]),
}


def _case(table: Any, model: str) -> wb.AuditCase:
    return wb.AuditCase(data=table, model=MODELS[model], graph=GRAPH)


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("target", TARGETS)
def test_any_number_of_partitions_gives_the_effects_of_the_whole_frame(
    model: str, target: str
) -> None:
    frame, wanted = _frame(), TARGETS[target]
    expected = wb.cafe_effects(_case(frame, model), wanted)

    for partitions in (1, 3, 17):
        found = wb.whole_table_effects(_case(wb.Table.pandas(frame, partitions), model), wanted)
        assert found.partitions == partitions
        assert found.n_target == expected.entries[0].n_rows
        for entry in expected:
            for part in PARTS:
                one, other = getattr(entry, part), getattr(found.effects[entry.feature], part)
                assert other.value == pytest.approx(one.value, rel=0, abs=1e-9)
                assert other.standard_error == pytest.approx(one.standard_error, rel=0, abs=1e-9)


def test_values_that_the_sample_does_not_know_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("workbench.case.audit_case.SAMPLE_ROWS", 2_000)
    frame = _frame()
    table = wb.Table.pandas(frame, 3)
    outside = frame.drop(table.sample(2_000).index).index
    frame.loc[outside[:3], "g"] = "new"
    frame.loc[outside[3:5], "z"] = 99.0
    frame.loc[outside[5], "z"] = np.nan
    case = _case(wb.Table.pandas(frame, 3), "logged")

    known = case.data["m"].agg(["min", "max"])
    rest = frame["m"].drop(case.data.index)
    beyond = int(((rest < known["min"]) | (rest > known["max"])).sum())
    z = frame["z"].drop(case.data.index)
    odd = int(((z < case.columns["z"].low) | (z > case.columns["z"].high)).sum())
    strange = dict(wb.whole_table_effects(case, TARGETS["two"]).strange)

    assert strange.pop("g") == 3
    assert strange.pop("z") == odd + 1 >= 3
    assert strange.pop("m", 0) == beyond
    assert not strange


def test_what_partitions_cannot_answer_is_refused_in_words() -> None:
    case = _case(wb.Table.pandas(_frame(), 3), "asked")

    with pytest.raises(wb.AuditError, match=r"Give a wb\.Contrast"):
        wb.whole_table_effects(case, TARGETS["one"], intervention=wb.Resample())
    with pytest.raises(wb.TargetError, match="Say which rows by a condition"):
        wb.whole_table_effects(case, wb.UnlearningTarget.datapoints([3, 4], ["a"]))
    with pytest.raises(wb.AuditError, match=r"need a case of a wb\.Table"):
        wb.whole_table_effects(_case(_frame(), "asked"), TARGETS["one"])


def test_messages_that_do_not_fit_are_refused_before_any_row_is_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    case = _case(wb.Table.pandas(_frame(), 3), "asked")
    monkeypatch.setattr("workbench.methods.cafe.table_memory.MESSAGES", 10**12)
    monkeypatch.setattr("workbench.methods.cafe.whole_table.summed_on", None)

    with pytest.raises(wb.DataError, match=r"have \d+ columns, so that every partition"):
        wb.whole_table_effects(case, TARGETS["one"])
    with pytest.raises(wb.DataError, match=r"Leave out columns, join rare levels"):
        wb.whole_table_plan(case, TARGETS["one"])


def test_a_column_of_predictions_that_the_table_lacks_is_named() -> None:
    lacking = wb.BlackBoxModel.from_predictions("scores", READS)

    with pytest.raises(wb.ModelError, match=r"no column 'scores' .* Did you mean 'score'\?"):
        wb.AuditCase(data=wb.Table.pandas(_frame()), model=lacking, graph=GRAPH)


def test_the_sample_is_all_of_a_small_table() -> None:
    assert _case(wb.Table.pandas(_frame(), 17), "logged").n_rows == 6_000 <= tables.SAMPLE_ROWS
