"""Direct effects that are asked of every row of a table find what a sample of it misses."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import workbench as wb
from workbench.methods.profile.gathered_rows import Gathered, gathered_rows
from workbench.methods.profile.level_sums import PeopleSums
from workbench.tables.columns import encode_column

TARGET = wb.UnlearningTarget.feature("x")
ROWS, RARE = 12_000, 100
SILENT = {"progress": lambda *_: None}


def _audit(
    monkeypatch: pytest.MonkeyPatch,
    *,
    uses: float = 0.0,
    everywhere: float = 0.0,
    noise: float = 0.0,
    partitions: int = 3,
    named: bool = True,
    **options: object,
) -> wb.AuditReport:
    """Audit a table of which a tenth is the sample; 100 rows of its pilot office are rare."""
    monkeypatch.setattr("workbench.case.audit_case.SAMPLE_ROWS", ROWS // 10)
    rng = np.random.default_rng(0)
    office = rng.choice(np.array(["north", "south", "east"], dtype=object), ROWS)
    office[rng.choice(ROWS, RARE, replace=False)] = "pilot"
    frame = pd.DataFrame({"x": rng.normal(size=ROWS), "y": rng.normal(size=ROWS), "office": office})

    def score(rows: pd.DataFrame) -> object:
        bent = np.tanh(rows["x"].to_numpy())
        pilot = (rows["office"] == "pilot").to_numpy()
        used = (everywhere + uses * pilot) * bent + pilot * noise * rng.normal(size=len(rows))
        return 0.5 + 0.02 * np.tanh(rows["y"].to_numpy()) + used

    case = wb.AuditCase(
        data=wb.Table.pandas(frame, partitions),
        model=wb.BlackBoxModel(score, list(frame), output="probability"),
        graph=wb.CausalGraph([], nodes=list(frame)),
    )
    groups = {"the pilot office": "office == 'pilot'"} if named else None
    return wb.audit(case, TARGET, ["debiased"], subgroups=groups, **SILENT, **options)  # type: ignore[arg-type]


def test_a_use_in_few_rows_is_found_in_all_of_them(monkeypatch: pytest.MonkeyPatch) -> None:
    report = _audit(monkeypatch, uses=0.3)
    assert report.verdict is not None and report.profile is not None
    found = report.profile["x"]

    assert report.verdict.decision == "above"
    assert report.verdict.headline.startswith("Influence above 0.02 found for the pilot office: x,")
    assert (found.people["direct"].moved, found.people["direct"].asked) == (RARE, ROWS)
    assert (found.group_rows, found.direct_rows) == ({"the pilot office": RARE}, ROWS)
    said = " ".join(report.verdict.basis)
    assert "were asked of all 12,000 rows of the target in the table." in said
    assert "Too few rows for a profile" not in said
    notes = " ".join(report.diagnostics.warnings)
    assert "Verdict and profile rest on all of it where they speak of direct effects of x" in notes

    sample = _audit(monkeypatch, uses=0.3, max_queries=20_000)
    assert sample.verdict is not None and sample.profile is not None
    assert sample.verdict.decision != "above"
    assert sample.profile["x"].direct_rows == 0
    assert sum(sample.provenance.queries.values()) <= 20_000

    again = wb.AuditReport.from_json(report.to_json())
    assert again.profile is not None and again.profile["x"].direct_rows == ROWS
    assert again.verdict is not None and again.verdict.headline == report.verdict.headline


def test_few_rows_that_nobody_named_are_said_where_they_are(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The verdict lets one row in a hundred pass; the report says which ones passed."""
    report = _audit(monkeypatch, uses=0.3, named=False)

    assert report.verdict is not None and report.verdict.decision == "below"
    notes = " ".join(report.diagnostics.warnings)
    assert "Of all 12,000 rows x moves 100 directly by more than 0.02" in notes
    assert "They are the 100 rows where office == 'pilot'." in notes


def test_rows_that_get_another_answer_anyway_are_not_said_to_be_moved(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    report = _audit(monkeypatch, noise=0.1, named=False)

    notes = " ".join(report.diagnostics.warnings)
    assert "under 1 % got another answer" in notes
    assert "x moves" not in notes


def test_a_place_is_named_only_where_most_of_the_moved_rows_are() -> None:
    columns = {"c": encode_column("c", pd.Series(["a", "b", "b"]))}

    def place(*counts: tuple[int, int]) -> Gathered | None:
        moved, rows = sum(m for _, m in counts), sum(n for n, _ in counts)
        people = PeopleSums(
            rows, moved, 0.0, 0.0, 1.0, np.zeros(1), {"c": np.array(counts, dtype=float)}
        )
        return gathered_rows("x", people, columns, 0.01)

    found = place((200, 150), (19_800, 20))
    assert found is not None
    assert (found.condition, found.moved, found.rows) == ("c == 'a'", 150, 200)
    assert place((10_000, 80), (10_000, 80)) is None  # spread over both levels
    assert place((40, 20), (20_000, 5)) is None  # too few rows to name a place
    assert place((5_000, 4_000), (20_000, 0)) is None  # more rows than the verdict lets pass


def test_a_model_without_the_use_is_not_accused(monkeypatch: pytest.MonkeyPatch) -> None:
    for everywhere in (0.0, 0.004):  # not at all; by at most 0.008, less than the threshold
        report = _audit(monkeypatch, everywhere=everywhere, partitions=17)
        assert report.verdict is not None and report.profile is not None
        assert report.verdict.decision == "below"
        assert report.profile["x"].people["direct"].moved == 0
        assert not any("lets pass" in warning for warning in report.diagnostics.warnings)


def test_more_questions_than_are_put_leave_the_sample(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("workbench.methods.profile.over_all_rows.MOST_ASKED", 10_000)
    report = _audit(monkeypatch, uses=0.3)

    assert report.profile is not None and report.profile["x"].direct_rows == 0
    assert "asked of the sample alone" in report.skipped["all rows at every level"]
    assert "The verdict, the profile and every other figure of this report rest on 1,200 rows" in (
        " ".join(report.diagnostics.warnings)
    )
