"""The log only grows, and a changed entry is found."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from tests.engine.evidence.registry.small_bank import DAY, Clock, new_registry, with_loans
from workbench.common.errors import EvidenceError
from workbench.evidence.commitments import read_canonical_json
from workbench.evidence.keys import SigningKey
from workbench.evidence.notes import is_signed_by, read_checkpoint
from workbench.evidence.registry.registry import Registry


def changed(tmp_path: Path, *statements: str) -> None:
    db = sqlite3.connect(tmp_path / "registry.sqlite", isolation_level=None)
    for statement in statements:
        db.execute(statement)
    db.close()


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE entry SET body = replace(body, 'CC0', 'MIT')",
        "DELETE FROM entry WHERE seq = 1",
        "INSERT INTO entry (seq, body, head) VALUES (99, '{}', zeroblob(32))",
        "DELETE FROM request",
        "UPDATE request SET due = due + 86400",
    ],
)
def test_the_file_refuses_what_the_log_does_not_say(tmp_path: Path, statement: str) -> None:
    with with_loans(tmp_path) as registry:
        registry.request("erasure", subject="c-1", clause="GDPR 17(1)")
    with pytest.raises(sqlite3.Error, match=r"the log only grows|stays as it was"):
        changed(tmp_path, statement)


def test_an_entry_that_was_changed_with_the_trigger_gone_is_found(tmp_path: Path) -> None:
    with_loans(tmp_path).close()
    changed(
        tmp_path,
        "DROP TRIGGER entry_stays",
        "UPDATE entry SET body = replace(body, 'own records', 'CC0') WHERE seq = 1",
    )
    with (
        Registry.open(tmp_path / "registry.sqlite") as registry,
        pytest.raises(EvidenceError, match="Entry 1 of the log"),
    ):
        registry.check()


def test_entries_are_canonical_and_their_times_never_go_back(tmp_path: Path) -> None:
    clock = Clock()
    with with_loans(tmp_path, clock) as registry:
        clock.now -= 10 * DAY  # a clock that was set back
        registry.source("later", uri="file:x", licence="CC0")
        entries = [read_canonical_json(entry, "An entry") for entry in registry.entries()]
    times = [entry["at"] for entry in entries]
    assert times == sorted(times) and len(set(times)) == 1
    assert [entry["kind"] for entry in entries][-1] == "source"


def test_a_checkpoint_signs_the_whole_log(tmp_path: Path) -> None:
    key = SigningKey.generate("bank.example/evidence")
    with new_registry(tmp_path) as registry:
        first = read_checkpoint(registry.checkpoint(key))
        registry.source("s", uri="file:x", licence="CC0")
        second = read_checkpoint(registry.checkpoint(key))
    assert (first.size, second.size) == (1, 2)
    assert first.root != second.root
    assert is_signed_by(second, key.named)
