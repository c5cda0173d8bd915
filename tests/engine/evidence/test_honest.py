"""Small twins of `benchmarks/dossiers.py`: honest ones never accused, flipped bits refused."""

from __future__ import annotations

import random

import pytest

from benchmarks.dossiers import BANK, flipped, honest
from tests.engine.evidence.sample_dossier import sample
from tests.engine.evidence.time_authority import TimeAuthority
from workbench.evidence.dossier_case import Outside
from workbench.evidence.dossier_checks import check_dossier


def test_no_honest_dossier_is_accused() -> None:
    verdicts, accused = honest(6)
    assert accused == []
    assert sum(verdicts.values()) == 6


@pytest.mark.parametrize("seed", range(3))
def test_a_flipped_bit_anywhere_makes_a_dossier_invalid(
    authority: TimeAuthority, seed: int
) -> None:
    files, rng = dict(sample(authority).made.files), random.Random(seed)
    for name, raw in files.items():
        changed = flipped(files, name, rng.randrange(len(raw)), rng.randrange(8))
        claims = check_dossier(changed, Outside(key=BANK.named))
        assert [held.verdict for held in claims] == ["INVALID"], name
