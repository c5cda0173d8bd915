"""Honest steps of every kind are accepted, so that the cheats beside them mean something."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from tests.engine.evidence.forgeries.log_cheats import later
from tests.engine.evidence.forgeries.scope_cheats import ABOUT_INCOME, ALSO, SOURCE, kept_between
from tests.engine.evidence.forgeries.story import Story
from tests.engine.evidence.sample_dossier import verdicts
from tests.engine.evidence.time_authority import TimeAuthority
from workbench.evidence.commitments import sha256_hex
from workbench.evidence.dossier_case import OTHERS
from workbench.evidence.dossier_checks import check_dossier

STEPS: dict[str, dict[str, Any]] = {
    "several requests": {"also": ALSO},
    "a class or source": {"source": SOURCE},
    "a source and other people": {"source": SOURCE, "also": ALSO},
    "a feature": {
        "request": ABOUT_INCOME,
        "rows": lambda held, old, gone: old,
        "model": lambda held, old, new, before: held.fit(new, ["income"]),
    },
    "a set between without new rows": {"between": kept_between},
}


@pytest.mark.parametrize("name", STEPS)
def test_an_honest_step_is_accepted(name: str, authority: TimeAuthority) -> None:
    claims = check_dossier(*Story(authority, **STEPS[name]).told())
    said = verdicts(claims)
    assert set(said.values()) <= {"PROVED", "CONSISTENT"}, said
    assert said["delta"] == "PROVED"
    words = {"record": "absent", "rows": "rows absent", "feature": "masked"}
    own = "feature" if name == "a feature" else "rows" if "source" in name else "record"
    assert [key for key in words.values() if key in said] == [words[own]]


def test_others_show_tokens_and_nothing_else(authority: TimeAuthority) -> None:
    files, outside = Story(authority, also=ALSO).told()
    lines = files[OTHERS].splitlines()
    assert len(lines) == 2
    for line in lines:
        assert b"received" not in line and b"clauses" not in line and b"c-5" not in line
    blind = dataclasses.replace(outside, other_sha256s=outside.other_sha256s[:1])
    claims = {held.name: held for held in check_dossier(files, blind)}
    assert claims["delta"].verdict == "INCONCLUSIVE"
    assert "1 of 2 other requests" in claims["delta"].sentence
    assert claims["absent"].verdict == "PROVED", "what is mine does not rest on others"
    wrong = dataclasses.replace(outside, other_sha256s=(sha256_hex(b"none"),) * 2)
    assert verdicts(check_dossier(files, wrong))["delta"] == "INCONCLUSIVE"


def test_a_later_checkpoint_counts_with_the_proof_that_leads_to_it(
    authority: TimeAuthority,
) -> None:
    files, outside = Story(authority).told()
    checkpoint, growth = later(files, growing=True)
    held = dataclasses.replace(outside, kept=(checkpoint,), growth=(growth,), witnesses=())
    assert verdicts(check_dossier(files, held))["log"] == "CONSISTENT"
