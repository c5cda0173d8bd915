"""Rows that come in: whose they are, what is kept of it, what is refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.engine.evidence.registry.small_bank import PURPOSE, loans, new_registry, with_loans
from workbench.common.errors import DataError, EvidenceError
from workbench.evidence.registry.registry import Registry


def test_no_name_of_a_person_is_in_the_file_or_the_log(tmp_path: Path) -> None:
    table = loans(20)
    table["customer"] = "Zenobia-" + table["customer"]
    registry = new_registry(tmp_path)
    registry.source("loans", uri="file:loans.csv", licence="own records")
    registry.ingest(table, subject="customer", source="loans", consent={"purpose": PURPOSE})
    registry.freeze(purpose=PURPOSE)
    registry.request("erasure", subject="Zenobia-c-1", clause="GDPR 17(1)")
    log = b"\n".join(registry.entries())
    registry.close()
    for file in tmp_path.iterdir():
        assert b"Zenobia" not in file.read_bytes(), file.name
    assert b"Zenobia" not in log
    assert b"income" not in log


def test_tokens_are_keyed(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
    with with_loans(tmp_path / "a") as one, with_loans(tmp_path / "b") as other:
        leaves = [set(r.leaves(r.freeze(purpose=PURPOSE).name)) for r in (one, other)]
        assert not {leaf[:32] for leaf in leaves[0]} & {leaf[:32] for leaf in leaves[1]}
    with pytest.raises(EvidenceError, match="keys of another registry"):
        Registry.open(tmp_path / "a" / "registry.sqlite", key=tmp_path / "b/registry.sqlite.key")


def test_without_keys_nobody_is_looked_up_and_data_sets_can_be_read(tmp_path: Path) -> None:
    with with_loans(tmp_path) as registry:
        registry.freeze(purpose=PURPOSE)
    (tmp_path / "registry.sqlite.key").rename(tmp_path / "elsewhere.key")
    with Registry.open(tmp_path / "registry.sqlite") as registry:
        assert registry.datasets()[0].size == 60
        with pytest.raises(EvidenceError, match="needs the registry's keys"):
            registry.where_is("c-1")
    with Registry.open(tmp_path / "registry.sqlite", key=tmp_path / "elsewhere.key") as registry:
        assert registry.where_is("c-1").records == 2
        with pytest.raises(EvidenceError, match="holds nothing of this person") as refused:
            registry.where_is("c-999")
        assert "c-999" not in str(refused.value)


def test_a_row_of_nobody_is_refused_and_nothing_is_kept(tmp_path: Path) -> None:
    with new_registry(tmp_path) as registry:
        registry.source("s", uri="file:s", licence="unknown")
        table = loans(6)
        table.loc[4, "customer"] = None
        with pytest.raises(DataError, match="first in position 4"):
            registry.ingest(table, subject="customer", source="s")
        with pytest.raises(DataError, match="'custmer'"):
            registry.ingest(loans(6), subject="custmer", source="s")
        with pytest.raises(EvidenceError, match="no source 't'"):
            registry.ingest(loans(6), subject="customer", source="t")
        with pytest.raises(EvidenceError, match="legal basis 'consnt'"):
            registry.ingest(
                loans(6),
                subject="customer",
                source="s",
                consent={"purpose": "x", "basis": "consnt"},
            )
        assert len(registry.entries()) == 2


def test_a_failing_consent_takes_the_rows_back(tmp_path: Path) -> None:
    with new_registry(tmp_path) as registry:
        registry.source("s", uri="file:s", licence="unknown")
        late = {"purpose": PURPOSE, "granted": "2030-01-01"}
        with pytest.raises(EvidenceError, match="future"):
            registry.ingest(loans(6), subject="customer", source="s", consent=late)
        with pytest.raises(EvidenceError, match="No record has a consent"):
            registry.freeze(purpose=PURPOSE)
        assert len(registry.entries()) == 2


def test_numbers_name_the_same_person_as_text_or_float(tmp_path: Path) -> None:
    with new_registry(tmp_path) as registry:
        registry.source("s", uri="file:s", licence="unknown")
        for subjects in (np.array([7, 8]), np.array([7.0, 8.0]), ["7", "8"]):
            registry.ingest(loans(2).assign(customer=subjects), subject="customer", source="s")
        assert registry.where_is("7").records == 3


def test_a_source_never_changes(tmp_path: Path) -> None:
    with new_registry(tmp_path) as registry:
        first = registry.source("s", uri="file:s", licence="CC0")
        assert registry.source("s", uri="file:s", licence="CC0") == first
        assert registry.sources() == (first,)
        with pytest.raises(EvidenceError, match="another source 's'"):
            registry.source("s", uri="file:s", licence="MIT")
        with pytest.raises(EvidenceError, match="has a licence"):
            registry.source("t", uri="file:s", licence=" ")
