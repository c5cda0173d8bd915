"""Entries of the log, and requests."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests.engine.evidence.registry.small_bank import Clock, loans, with_model
from workbench.common.errors import EvidenceError
from workbench.evidence import log_entries as log

REQUEST = log.make_request("R-1", received=5, due=9, tokens=[b"t" * 32], clauses=["GDPR 17(1)"])
ENTRIES = [
    log.configuration_entry(b"{}", 1),
    log.dataset_entry("d1", b"r" * 32, 3, 2),
    log.request_entry(REQUEST, 5),
    log.dataset_entry("d2", b"s" * 32, 2, 6, parent="d1"),
    b'{"at":7,"kind":"something else"}',
]


def test_the_log_is_read_back_and_searched() -> None:
    raw, entries = log.read_log_file(log.log_file(ENTRIES))
    assert raw == ENTRIES
    assert log.find_entry(entries, "dataset", parent="d1") == 3
    assert log.find_entry(entries, "request", request="R-1") == 2


def test_two_entries_of_one_name_are_refused() -> None:
    _, entries = log.read_log_file(log.log_file([*ENTRIES, ENTRIES[1]]))
    with pytest.raises(EvidenceError, match="2 entries"):
        log.find_entry(entries, "dataset", dataset="d1")
    with pytest.raises(EvidenceError, match="0 entries"):
        log.find_entry(entries, "dataset", dataset="d9")


@pytest.mark.parametrize("raw", [b"", b"{}\n", b"[]\n", log.log_file(ENTRIES)[:-1], b"\n\n"])
def test_what_is_no_log_is_refused(raw: bytes) -> None:
    with pytest.raises(EvidenceError):
        log.read_log_file(raw)


@pytest.mark.parametrize(
    "named",
    [{}, {"rows": [b"r" * 32]}, {"granularity": "people", "tokens": [b"t"]},
     {"tokens": [b"t"], "features": ["zip"]}],
)  # fmt: skip
def test_a_request_names_what_it_is_about_and_nothing_else(named: dict) -> None:
    with pytest.raises(EvidenceError, match="request"):
        log.make_request("R-2", received=1, due=2, **named)


HASH = re.compile(r"[0-9a-f]{64}")
NAMED_BY_THE_CONTROLLER = {
    *("basis", "dataset", "kind", "licence", "model", "origin", "parent"),
    *("purpose", "request", "source", "state", "uri"),
}


def test_a_log_of_years_holds_hashes_dates_and_names_of_the_controllers_and_nothing_else(
    tmp_path: Path,
) -> None:
    """The whole log travels in a dossier, since an excerpt could hide a second answer to a request.

    So nothing that a person gave, nor what names her, may stand in any entry.
    """
    table = loans(30)
    with with_model(tmp_path, Clock(), rows=30) as registry:
        registry.request("erasure", subject="c-3", clause="GDPR 17(1)(b)")
        registry.request("withdrawal", subject="c-5", clause="GDPR 7(3)")
        registry.request("erasure", where="income > 50", clause="GDPR 17(1)(d)")
        registry.retrain_due("credit")
        registry.destroy("R-1", suppress_days=30)
        entries = [json.loads(raw) for raw in registry.entries()]
        secrets = {str(value) for value in table.to_numpy().ravel()} | {"income", "customer"}
        tokens = {leaf[:32].hex() for leaf in registry.leaves("credit scoring/1")}
    seen: dict[str, set[str]] = {}
    for entry in entries:
        for key, value in entry.items():
            if isinstance(value, str):
                seen.setdefault(key, set()).add(value)
                assert value not in secrets and value not in tokens, (key, value)
            else:
                assert value is None or type(value) in (int, bool), (key, value)
    others = {key for key, values in seen.items() if not all(map(HASH.fullmatch, values))}
    assert others <= NAMED_BY_THE_CONTROLLER, others
