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
from workbench.evidence.registry.pinned_training import PinnedConfiguration
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


def _judged(files: dict[str, bytes], folder: Path, key: SigningKey, **brought: object) -> dict:
    write_dossier(files, folder)
    claims = verify_dossier(folder, key=str(key.named), **brought)
    return {claim.name: (claim.verdict, claim.sentence) for claim in claims}


def test_a_step_of_several_requests_has_a_dossier_for_each(tmp_path: Path) -> None:
    clock = Clock()
    with with_model(tmp_path, clock) as registry:
        key = SigningKey.generate(registry.origin)
        clock.pass_days(1)
        asked = [
            registry.request("erasure", subject="c-3", clause="GDPR 17(1)(b)"),
            registry.request("withdrawal", subject="c-5", clause="GDPR 7(3)"),
            registry.request("erasure", where="income > 55", clause="GDPR 17(1)(d)"),
            registry.request("erasure", features=["debt"], clause="GDPR 17(1)(d)"),
        ]
        registry.retrain_due("credit")
        hashes = [sha256_hex(one.document) for one in asked]
        made = {one.id: registry.dossier(one.id, "credit", key) for one in asked}
    words = {"record": "absent", "rows": "rows absent", "feature": "masked"}
    for place, one in enumerate(asked):
        others = [*hashes[:place], *hashes[place + 1 :]]
        told = _judged(made[one.id], tmp_path / one.id, key, others=others, request=hashes[place])
        assert not {"CONTRADICTED", "INVALID"} & {verdict for verdict, _ in told.values()}, told
        assert told["delta"][0] == told["request"][0] == "PROVED"
        assert "the rest for 3 others" in told["delta"][1]
        assert told[words[one.granularity]][0] == "PROVED"
        lines = made[one.id]["other_requests.jsonl"]
        assert one.id.encode() not in lines and b"GDPR" not in lines
        short = _judged(made[one.id], tmp_path / f"{one.id} again", key)
        assert short["delta"][0] == "INCONCLUSIVE" and "controller's word" in short["delta"][1]


def test_a_step_is_shown_across_a_data_set_frozen_between(tmp_path: Path) -> None:
    clock = Clock()
    with with_model(tmp_path, clock) as registry:
        key = SigningKey.generate(registry.origin)
        registry.request("erasure", subject="c-3", clause="GDPR 17(1)(b)")
        registry.freeze(purpose=PURPOSE)  # the rows leave here
        clock.pass_days(1)
        registry.request("erasure", subject="c-4", clause="GDPR 17(1)(b)")
        registry.retrain_due("credit")
        for name in ("R-1", "R-2"):
            told = _judged(registry.dossier(name, "credit", key), tmp_path / name, key)
            assert told["delta"][0] == "INCONCLUSIVE" and told["absent"][0] == "PROVED", told
        # rows that came in by a set between are no step of requests
        more = loans(4, seed=9, first=90)
        registry.ingest(more, subject="customer", source="loans", consent={"purpose": PURPOSE})
        registry.freeze(purpose=PURPOSE)
        registry.request("erasure", subject="c-6", clause="GDPR 17(1)(b)")
        registry.retrain_due("credit")
        with pytest.raises(EvidenceError, match="took rows in"):
            registry.dossier("R-3", "credit", key)


def test_a_feature_that_was_masked_earlier_is_no_cheat_of_a_later_step(tmp_path: Path) -> None:
    with with_model(tmp_path, Clock()) as registry:
        key = SigningKey.generate(registry.origin)
        registry.request("erasure", features=["debt"], clause="GDPR 17(1)(d)")
        registry.retrain_due("credit")
        registry.request("erasure", subject="c-3", clause="GDPR 17(1)(b)")
        registry.retrain_due("credit")
        told = _judged(registry.dossier("R-2", "credit", key), tmp_path / "dossier", key)
    assert "CONTRADICTED" not in {verdict for verdict, _ in told.values()}, told
    assert told["optimum"][0] == "INCONCLUSIVE" and "no proof" in told["optimum"][1]


def test_rows_that_left_without_a_request_are_said(tmp_path: Path) -> None:
    with with_model(tmp_path, Clock()) as registry:
        key = SigningKey.generate(registry.origin)
        registry.request("restriction", subject="c-7", clause="GDPR 18(1)(a)")
        registry.request("erasure", subject="c-3", clause="GDPR 17(1)(b)")
        registry.retrain_due("credit")
        registry.advance("R-1", "lifted")
        with pytest.raises(EvidenceError, match=r"2 rows left .* that no request was about"):
            registry.dossier("R-2", "credit", key)
