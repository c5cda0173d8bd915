"""The verdict's benchmark goes on where an earlier run ended."""

from __future__ import annotations

from collections import Counter
from itertools import islice
from pathlib import Path

import pytest
import verdicts


def test_a_run_that_goes_on_audits_what_is_missing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    asked: list[tuple[object, ...]] = []

    def decide(*world: object) -> str:
        asked.append(world)
        return "below"

    monkeypatch.setattr(verdicts, "decide", decide)
    stored = tmp_path / "counts.csv"
    for found in islice(verdicts.run(1.0, turns=2), 40):
        verdicts.store(found, stored)
    before = verdicts.stored(stored)
    assert before == found
    *_, found = islice(verdicts.run(1.0, turns=2, before=before), 400)
    assert len(asked) == len(set(asked)) == 440
    assert sum(found.values(), Counter()).total() == 440
    assert "| all of these | 1,000 | below τ |" in verdicts.report(found)
