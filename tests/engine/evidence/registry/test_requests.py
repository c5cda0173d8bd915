"""Requests: their due dates, and states that change only through the log."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.engine.evidence.registry.small_bank import (
    DAY,
    PURPOSE,
    START,
    Clock,
    with_loans,
    with_model,
)
from workbench.common.errors import EvidenceError
from workbench.evidence.commitments import read_canonical_json, sha256_hex
from workbench.evidence.registry.registry import Registry


def test_a_request_has_a_due_date_with_its_source(tmp_path: Path) -> None:
    with with_loans(tmp_path) as registry:
        asked = registry.request("erasure", subject="c-1", clause=["GDPR 17(1)(b)", "DPDP 12(3)"])
        assert (asked.law, asked.records, asked.state) == ("GDPR", 2, "received")
        assert "Article 12(3)" in asked.term
        assert registry.due().loc[0, ["request", "due", "days_left"]].tolist() == [
            "R-1",
            "2026-02-01",
            31,
        ]
        ccpa = registry.request("erasure", subject="c-2", clause="CCPA 1798.105", received=START)
        assert (ccpa.due - START) // DAY == 45
        assert registry.due()["request"].tolist() == ["R-1", "R-2"]
        with pytest.raises(EvidenceError, match="Name the law by its clause"):
            registry.request("erasure", subject="c-1", clause="17(1)")
        with pytest.raises(EvidenceError, match="in the future"):
            registry.request("erasure", subject="c-1", clause="GDPR 17", received=START + DAY)


def test_the_log_holds_the_hash_of_a_request_and_no_token(tmp_path: Path) -> None:
    with with_loans(tmp_path) as registry:
        asked = registry.request("erasure", subject="c-1", clause="GDPR 17(1)")
        (entry,) = (e for e in registry.entries() if b'"kind":"request"' in e)
        (token,) = read_canonical_json(asked.document, "The request")["tokens"]
        log = b"".join(registry.entries()).decode()
    assert read_canonical_json(entry, "The entry")["sha256"] == sha256_hex(asked.document)
    assert token not in log


def test_a_state_is_what_the_log_says(tmp_path: Path) -> None:
    with with_loans(tmp_path) as registry:
        registry.freeze(purpose=PURPOSE)
        registry.request("erasure", subject="c-1", clause="GDPR 17(1)")
        registry.advance("R-1", "accepted")
        for said in ("excluded", "retrained", "destroyed"):
            with pytest.raises(EvidenceError, match="not said but done"):
                registry.advance("R-1", said)
        with pytest.raises(EvidenceError, match="names the clause"):
            registry.advance("R-1", "refused")
        with pytest.raises(EvidenceError, match="no state 'done'"):
            registry.advance("R-1", "done")
        registry.freeze(purpose=PURPOSE)
        assert registry.requests()[0].state == "excluded"
        registry.advance("R-1", "answered")
        with pytest.raises(EvidenceError, match="R-1 is answered"):
            registry.advance("R-1", "accepted")
        states = registry.history("state")["state"].tolist()
        assert states == ["received", "accepted", "excluded", "answered"]
        assert registry.due().empty


def test_a_refused_request_lets_the_rows_come_back(tmp_path: Path) -> None:
    with with_loans(tmp_path) as registry:
        registry.freeze(purpose=PURPOSE)
        registry.request("erasure", subject="c-1", clause="GDPR 17(1)")
        assert registry.freeze(purpose=PURPOSE).left == 2
        registry.advance("R-1", "refused", ground="GDPR 17(3)(b)")
        assert registry.freeze(purpose=PURPOSE).joined == 2


def test_an_extension_is_made_once_and_in_time(tmp_path: Path) -> None:
    clock = Clock()
    with with_loans(tmp_path, clock) as registry:
        first = registry.request("erasure", subject="c-1", clause="GDPR 17(1)")
        registry.request("erasure", subject="c-2", clause="GDPR 17(1)")
        registry.request("withdrawal", subject="c-3", clause="GDPR 7(3)")
        later = registry.extend("R-1")
        assert (first.due, later.due) == (_end("2026-02-01"), _end("2026-04-01"))
        assert later.document == first.document, "the request stays as it was received"
        with pytest.raises(EvidenceError, match="extended already"):
            registry.extend("R-1")
        with pytest.raises(EvidenceError, match="no extension for 'withdrawal'"):
            registry.extend("R-3")
        clock.pass_days(40)
        with pytest.raises(EvidenceError, match="told within the term"):
            registry.extend("R-2")
        assert registry.due().loc[1, ["request", "days_left"]].tolist() == ["R-2", -9]


def _end(day: str) -> int:
    from workbench.evidence.registry.times import seconds_of

    return seconds_of(day) + DAY - 1


def test_requests_by_class_and_source_name_their_rows(tmp_path: Path) -> None:
    with with_loans(tmp_path) as registry:
        north = registry.request("erasure", where="region == 'north'", clause="GDPR 17(1)(d)")
        assert (north.granularity, north.records) == ("rows", 20)
        registry.freeze(purpose=PURPOSE)
        assert set(registry.table("credit scoring/1")["region"]) == {"south"}
        whole = registry.request("erasure", source="loans", clause="GDPR 17(1)(d)")
        assert whole.records == 60
        with pytest.raises(EvidenceError, match="No record is of this source and condition"):
            registry.request("erasure", where="income < -1000", clause="GDPR 17")
        with pytest.raises(EvidenceError, match="one person's"):
            registry.request("access", source="loans", clause="GDPR 15")
        with pytest.raises(EvidenceError, match="about a person, or some records"):
            registry.request("erasure", clause="GDPR 17(1)")


def test_access_takes_nothing_out(tmp_path: Path) -> None:
    with with_model(tmp_path, Clock()) as registry:
        registry.request("access", subject="c-1", clause="GDPR 15(1)")
        assert registry.freeze(purpose=PURPOSE).left == 0
        assert registry.models_with_open_requests() == []
        registry.advance("R-1", "answered")


def test_the_clock_of_requests_is_that_of_the_log(tmp_path: Path) -> None:
    clock = Clock()
    with_loans(tmp_path, clock).close()
    clock.now -= 100 * DAY
    with Registry.open(tmp_path / "registry.sqlite", clock=clock) as registry:
        asked = registry.request("erasure", subject="c-1", clause="GDPR 17(1)")
        assert asked.received == START, "a clock that was set back dates nothing before the log"
