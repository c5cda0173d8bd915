"""From the registry to a dossier that a stranger accepts."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.engine.evidence.registry.small_bank import (
    PURPOSE,
    Clock,
    loans,
    new_registry,
    with_model,
)
from workbench.common.errors import EvidenceError
from workbench.evidence.commitments import sha256_hex
from workbench.evidence.dossier import verify_dossier, write_dossier
from workbench.evidence.keys import SigningKey
from workbench.evidence.registry.pinned import PinnedConfiguration
from workbench.evidence.retraining import configuration_for


def test_a_dossier_from_the_registry_is_verified_with_the_person_s_receipt(tmp_path: Path) -> None:
    clock, table = Clock(), loans(30)
    with new_registry(tmp_path, clock) as registry:
        configuration = configuration_for(table.drop(columns="customer"), "paid")
        committed = registry.commit(configuration)
        registry.source("loans", uri="file:loans.csv", licence="own records")
        registry.ingest(
            table,
            subject="customer",
            source="loans",
            consent={"purpose": PURPOSE},
            prove_with=configuration,
        )
        registry.train("credit", registry.freeze(purpose=PURPOSE), committed)
        key = SigningKey.generate(registry.origin)
        kept = registry.checkpoint(key)
        clock.pass_days(3)
        asked = registry.request("erasure", subject="c-3", clause="GDPR 17(1)(b)")
        receipts = registry.receipts("R-1")
        registry.retrain_due("credit")
        files = registry.dossier("R-1", "credit", key, prove=True)
        file = registry.model_file("credit/2")
    write_dossier(files, tmp_path / "dossier")
    (tmp_path / "receipt.json").write_bytes(receipts[0])
    (tmp_path / "kept").write_bytes(kept)
    claims = {
        claim.name: claim.verdict
        for claim in verify_dossier(
            tmp_path / "dossier",
            key=str(key.named),
            receipt=str(tmp_path / "receipt.json"),
            request=sha256_hex(asked.document),
            served=sha256_hex(file),
            checkpoints=[str(tmp_path / "kept")],
        )
    }
    for name in ("signed", "request", "delta", "absent", "served", "receipt"):
        assert claims[name] == "PROVED", (name, claims)
    assert claims["optimum"] == "CONSISTENT"
    assert not {"CONTRADICTED", "INVALID"} & set(claims.values())
    # what must not be in it
    held = b"".join(files.values())
    assert b"c-3" not in held and str(table["income"][6]).encode() not in held


def test_a_dossier_asks_for_what_it_needs(tmp_path: Path) -> None:
    with with_model(tmp_path, Clock()) as registry:
        key = SigningKey.generate(registry.origin)
        registry.request("erasure", subject="c-3", clause="GDPR 17(1)(b)")
        with pytest.raises(EvidenceError, match="R-1 is received, and no version"):
            registry.dossier("R-1", "credit", key)
        registry.retrain_due("credit")
        with pytest.raises(EvidenceError, match="prove_with"):
            registry.dossier("R-1", "credit", key, prove=True)
        assert "proofs/optimum.json" not in registry.dossier("R-1", "credit", key)
        held = registry.evidence_for("R-1", "credit")
        assert (held.old.version, held.new.version, held.others) == ("credit/1", "credit/2", ())
        made = PinnedConfiguration.here("paid", ["income"], "forest")
        registry.train("forest", "credit scoring/2", registry.commit(made))
        registry.request("erasure", subject="c-5", clause="GDPR 17(1)(b)")
        registry.retrain_due("forest")
        with pytest.raises(EvidenceError, match="pinned replay"):
            registry.dossier("R-2", "forest", key)
