"""What an erasure destroys, what stays, and what may not come back."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pandas as pd
import pytest

from tests.engine.evidence.registry.small_bank import (
    PURPOSE,
    Clock,
    loans,
    new_registry,
    with_model,
)
from workbench.common.errors import EvidenceError
from workbench.evidence.registry.registry import Registry
from workbench.evidence.retraining import configuration_for

RARE = 61803398.875


def with_rare_customer(folder: Path, clock: Clock) -> Registry:
    """A model trained on a customer whose income nobody else has."""
    table = loans()
    table.loc[table["customer"] == "c-3", "income"] = RARE
    registry = new_registry(folder, clock)
    registry.source("loans", uri="file:loans.csv", licence="own records")
    registry.ingest(table, subject="customer", source="loans", consent={"purpose": PURPOSE})
    data = registry.freeze(purpose=PURPOSE)
    configuration = registry.commit(configuration_for(loans().drop(columns="customer"), "paid"))
    registry.train("credit", data, configuration)
    return registry


def bytes_in(folder: Path) -> bytes:
    return b"".join(file.read_bytes() for file in sorted(folder.glob("registry.sqlite*")))


def test_no_byte_of_content_or_salt_stays_in_the_file(tmp_path: Path) -> None:
    registry = with_rare_customer(tmp_path, Clock())
    number = str(RARE).encode()
    assert number in bytes_in(tmp_path)
    db = sqlite3.connect(tmp_path / "registry.sqlite")
    salts = db.execute("SELECT salt FROM record WHERE content LIKE '%61803398%'").fetchall()
    db.close()
    assert len(salts) == 2 and all(salt in bytes_in(tmp_path) for (salt,) in salts)
    registry.request("erasure", subject="c-3", clause="GDPR 17(1)(b)")
    registry.retrain_due("credit")
    gone = registry.destroy("R-1")
    assert (gone.records, gone.folded_away, gone.suppressed_until) == (2, True, None)
    left = bytes_in(tmp_path)  # while it is open, the write-ahead log included
    assert number not in left
    assert not any(salt in left for (salt,) in salts)
    registry.close()


def test_old_data_sets_keep_their_roots_and_cannot_be_trained_on(tmp_path: Path) -> None:
    with with_rare_customer(tmp_path, Clock()) as registry:
        before = registry.leaves("credit scoring/1")
        registry.request("erasure", subject="c-3", clause="GDPR 17(1)(b)")
        registry.retrain_due("credit")
        registry.destroy("R-1")
        assert registry.leaves("credit scoring/1") == before
        with pytest.raises(EvidenceError, match="2 of the 60 rows of 'credit scoring/1'"):
            registry.table("credit scoring/1")
        with pytest.raises(EvidenceError, match="have been destroyed"):
            registry.replay("credit/1")
        with pytest.raises(EvidenceError, match="have been destroyed"):
            registry.receipts("R-1")
        assert registry.replay("credit/2").outcome == "same"
        found = registry.where_is("c-3")
        assert (found.records, found.destroyed) == (2, 2)
        assert [use.version for use in found.uses] == ["credit/1"]
        assert registry.freeze(purpose=PURPOSE).size == 58
        registry.check()


def test_records_are_destroyed_only_when_no_newest_version_holds_them(tmp_path: Path) -> None:
    with with_rare_customer(tmp_path, Clock()) as registry:
        registry.request("erasure", subject="c-3", clause="GDPR 17(1)(b)")
        with pytest.raises(EvidenceError, match="R-1 is received"):
            registry.destroy("R-1")
        registry.freeze(purpose=PURPOSE)
        with pytest.raises(EvidenceError, match="R-1 is excluded"):
            registry.destroy("R-1")
        registry.request("erasure", features=["debt"], clause="GDPR 17(1)(d)")
        registry.request("withdrawal", subject="c-5", clause="GDPR 7(3)")
        registry.retrain_due("credit")
        for other in ("R-2", "R-3"):
            with pytest.raises(EvidenceError, match="only an erasure of records"):
                registry.destroy(other)
        registry.destroy("R-1")
        with pytest.raises(EvidenceError, match="R-1 is destroyed"):
            registry.destroy("R-1")


def test_what_was_erased_is_kept_out_until_its_term_ends(tmp_path: Path) -> None:
    clock = Clock()
    with with_model(tmp_path, clock) as registry:
        again = loans()[loans()["customer"].isin(["c-3", "c-5"])]
        registry.request("erasure", subject="c-3", clause="GDPR 17(1)(b)")
        registry.retrain_due("credit")
        registry.destroy("R-1", suppress_days=30)
        assert registry.suppressions()["tokens"].tolist() == [1, 2]

        def take_in(table: pd.DataFrame) -> tuple[int, int]:
            taken = registry.ingest(table, subject="customer", source="loans")
            return len(taken.records), taken.kept_out

        assert take_in(again) == (2, 2)
        alias = again.assign(customer="someone else")
        assert take_in(alias) == (2, 2), "the same record under another name"
        changed = again.assign(income=again["income"] + 0.01)
        assert take_in(changed) == (2, 2), "the same person with other values"
        clock.pass_days(31)
        assert take_in(again) == (4, 0)
        assert registry.forget_suppressed() == 3
        assert registry.suppressions().empty


def test_a_person_can_come_back_who_wants_to(tmp_path: Path) -> None:
    with with_model(tmp_path, Clock()) as registry:
        registry.request("erasure", subject="c-3", clause="GDPR 17(1)(b)")
        registry.retrain_due("credit")
        registry.destroy("R-1", suppress_days=30)
        assert registry.lift_suppression("c-4") == 0
        assert registry.lift_suppression("c-3") == 3
        again = loans()[loans()["customer"] == "c-3"]
        assert registry.ingest(again, subject="customer", source="loans").kept_out == 0


def test_a_reader_in_the_way_is_said(tmp_path: Path) -> None:
    with with_model(tmp_path, Clock()) as registry:
        registry.request("erasure", subject="c-3", clause="GDPR 17(1)(b)")
        registry.retrain_due("credit")
        with (
            Registry.open(tmp_path / "registry.sqlite") as other,
            other._opened.store.reading(),
        ):
            assert len(other.requests()) == 1
            registry._opened.store._db.execute("PRAGMA busy_timeout = 100")
            assert not registry.destroy("R-1").folded_away
    assert not list(tmp_path.glob("*-wal")), "the last to close takes it in"
