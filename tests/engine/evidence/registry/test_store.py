"""The file: what is refused, how an old one is brought up to date, who may write."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from tests.engine.evidence.registry.small_bank import PURPOSE, loans, new_registry, with_loans
from workbench.common.errors import EvidenceError
from workbench.evidence.registry import store
from workbench.evidence.registry.registry import Registry
from workbench.evidence.registry.schema import STEPS, VERSION
from workbench.evidence.registry.store import Store


def test_an_existing_file_is_never_replaced(tmp_path: Path) -> None:
    new_registry(tmp_path).close()
    held = (tmp_path / "registry.sqlite").read_bytes()
    with pytest.raises(EvidenceError, match="never overwritten"):
        new_registry(tmp_path)
    assert (tmp_path / "registry.sqlite").read_bytes() == held
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "registry.sqlite",
        "registry.sqlite.key",
    ]


def test_what_is_no_registry_is_refused(tmp_path: Path) -> None:
    place = tmp_path / "x.sqlite"
    with pytest.raises(EvidenceError, match="registry init"):
        Registry.open(place)
    place.write_bytes(b"not a database, but long enough to look like a page of one" * 20)
    with pytest.raises(EvidenceError, match="damaged, or no registry"):
        Registry.open(place)
    place.unlink()
    with sqlite3.connect(place) as other:
        other.execute("CREATE TABLE t (x)")
    other.close()
    with pytest.raises(EvidenceError, match="no registry of the workbench"):
        Registry.open(place)


def test_a_newer_schema_is_refused(tmp_path: Path) -> None:
    new_registry(tmp_path).close()
    with sqlite3.connect(tmp_path / "registry.sqlite") as db:
        db.execute(f"PRAGMA user_version = {VERSION + 1}")
    db.close()
    with pytest.raises(EvidenceError, match=f"has version {VERSION + 1}"):
        Registry.open(tmp_path / "registry.sqlite")


def test_an_older_file_is_brought_up_to_date(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as old:
        old.setattr(store, "STEPS", STEPS[:1])
        old.setattr(store, "VERSION", 1)
        with Store.made(tmp_path / "registry.sqlite") as made:
            assert made.row("PRAGMA user_version") == (1,)
            assert made.row("SELECT 1 FROM sqlite_schema WHERE name = 'suppressed'") is None
            made.run("INSERT INTO source (name, uri, licence) VALUES ('kept', 'u', 'l')")
    opened = Store(tmp_path / "registry.sqlite")
    assert opened.row("PRAGMA user_version") == (VERSION,)
    assert opened.row("SELECT count(*) FROM suppressed") == (0,)
    assert opened.row("SELECT name FROM source") == ("kept",)
    opened.close()


def test_a_migration_that_fails_leaves_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    new_registry(tmp_path).close()
    with monkeypatch.context() as broken:
        broken.setattr(store, "STEPS", (*STEPS, "CREATE TABLE extra (x);\nCREATE NONSENSE;\n"))
        broken.setattr(store, "VERSION", VERSION + 1)
        with pytest.raises(EvidenceError, match="nothing of it was written"):
            Registry.open(tmp_path / "registry.sqlite")
    with Registry.open(tmp_path / "registry.sqlite") as registry:
        assert registry.origin == "bank.example/evidence"


SECOND = """
import sys
from workbench.common.errors import EvidenceError
from workbench.evidence.registry.registry import Registry
registry = Registry.open(sys.argv[1], patience=0.2)
print(len(registry.entries()), flush=True)
try:
    registry.source("second", uri="file:x", licence="CC0")
except EvidenceError as error:
    print(error)
"""


def test_a_second_writer_is_told_and_readers_go_on(tmp_path: Path) -> None:
    with with_loans(tmp_path) as registry:
        before = len(registry.entries())
        with registry._opened.store.writing():
            registry.source("first", uri="file:x", licence="CC0")
            done = subprocess.run(
                [sys.executable, "-c", SECOND, str(tmp_path / "registry.sqlite")],
                capture_output=True,
                text=True,
                timeout=120,
                check=True,
            )
        lines = done.stdout.splitlines()
        assert lines[0] == str(before), "a reader sees what was acknowledged, and no more"
        assert "Another process is writing" in lines[1] and "Nothing was written" in lines[1]
        assert [source.name for source in registry.sources()] == ["loans", "first"]


def test_damage_is_found(tmp_path: Path) -> None:
    with with_loans(tmp_path) as registry:
        registry.freeze(purpose=PURPOSE)
        registry.check()
    with sqlite3.connect(tmp_path / "registry.sqlite") as db:
        db.execute("DROP TRIGGER record_is_destroyed_whole")
        db.execute("UPDATE record SET content = replace(content, 'north', 'south') WHERE id = 1")
    db.close()
    with Registry.open(tmp_path / "registry.sqlite") as registry:
        for look in (registry.check, lambda: registry.table("credit scoring/1")):
            with pytest.raises(EvidenceError, match="Record 1 is not the one that was sealed"):
                look()


def test_a_leaf_that_was_swapped_is_found(tmp_path: Path) -> None:
    with with_loans(tmp_path) as registry:
        registry.freeze(purpose=PURPOSE)
    with sqlite3.connect(tmp_path / "registry.sqlite") as db:
        db.execute("DROP TRIGGER record_is_destroyed_whole")
        db.execute("UPDATE record SET seal = zeroblob(32) WHERE id = 1")
    db.close()
    with (
        Registry.open(tmp_path / "registry.sqlite") as registry,
        pytest.raises(EvidenceError, match="do not have the root that was frozen"),
    ):
        registry.leaves("credit scoring/1")


def test_a_whole_ingestion_is_kept_or_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with with_loans(tmp_path) as registry:
        entries = registry.entries()

        def refuse(*_: object, **__: object) -> int:
            raise RuntimeError("in the middle")

        monkeypatch.setattr(registry._opened.log, "note", refuse)
        with pytest.raises(RuntimeError):
            registry.ingest(loans(6, first=50), subject="customer", source="loans")
        monkeypatch.undo()
        assert registry.entries() == entries
        with pytest.raises(EvidenceError, match="nothing of this person"):
            registry.where_is("c-51")


WRITER = """
import sys
from workbench.evidence.registry.registry import Registry
print("ready", flush=True)
sys.stdin.readline()
registry = Registry.open(sys.argv[1], patience=60)
for number in range(25):
    registry.source(f"{sys.argv[2]} {number}", uri="file:x", licence="CC0")
    print(number, flush=True)
"""


def test_two_processes_write_at_once_and_lose_nothing(tmp_path: Path) -> None:
    with_loans(tmp_path).close()
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", WRITER, str(tmp_path / "registry.sqlite"), name],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for name in ("one", "two")
    ]
    for writer in writers:
        assert writer.stdout is not None and writer.stdin is not None
        assert writer.stdout.readline() == "ready\n"
    for writer in writers:
        assert writer.stdin is not None
        writer.stdin.write("go\n")
        writer.stdin.flush()
    for writer in writers:
        said, wrong = writer.communicate(timeout=120)
        assert (said.split(), wrong) == ([str(number) for number in range(25)], "")
    with Registry.open(tmp_path / "registry.sqlite") as registry:
        registry.check()
        names = [source.name for source in registry.sources()]
        for name in ("one", "two"):
            written = [n for n in names if n.startswith(name)]
            assert written == [f"{name} {number}" for number in range(25)]
