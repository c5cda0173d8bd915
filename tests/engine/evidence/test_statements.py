"""Signed statements, also as securesystemslib reads them."""

from __future__ import annotations

import base64
import json

import pytest

from workbench.common.errors import EvidenceError
from workbench.evidence.commitments import canonical_json
from workbench.evidence.keys import SigningKey
from workbench.evidence.statements import open_statement, signed_statement

pytest.importorskip("cryptography")
KEY = SigningKey.from_seed(b"1" * 32, "bank.example/evidence")
SUBJECTS = {"MANIFEST.json": "ab" * 32, "model/new.json": "cd" * 32}
PREDICATE = {"old": "d1", "new": "d2"}


def signed() -> bytes:
    return signed_statement(SUBJECTS, PREDICATE, KEY.public, KEY.sign)


def test_what_was_signed_is_read_back() -> None:
    assert open_statement(signed(), KEY.public) == (SUBJECTS, PREDICATE)


def test_another_key_is_told_from_a_broken_signature() -> None:
    other = SigningKey.from_seed(b"2" * 32, KEY.name)
    with pytest.raises(EvidenceError, match="another key"):
        open_statement(signed(), other.public)
    forged = signed_statement(SUBJECTS, PREDICATE, KEY.public, other.sign)
    with pytest.raises(EvidenceError, match="does not hold"):
        open_statement(forged, KEY.public)


def changed(**parts: object) -> bytes:
    return canonical_json({**json.loads(signed()), **parts})


@pytest.mark.parametrize(
    "raw",
    [
        b"{}",
        b"[]",
        signed()[:-1],
        signed().replace(b'"payload"', b'"other"', 1),
        changed(payloadType="text/plain"),
        changed(payload=base64.b64encode(b"{}").decode()),
        changed(signatures=[]),
        changed(signatures=json.loads(signed())["signatures"] * 2),
        changed(more=1),
    ],
)
def test_another_envelope_is_refused(raw: bytes) -> None:
    with pytest.raises(EvidenceError):
        open_statement(raw, KEY.public)


def test_every_flipped_bit_is_noticed() -> None:
    raw = signed()
    for place in range(0, len(raw), 7):
        flipped = bytearray(raw)
        flipped[place] ^= 1 << place % 8
        with pytest.raises(EvidenceError):
            open_statement(bytes(flipped), KEY.public)


def test_securesystemslib_accepts_the_envelope() -> None:
    dsse = pytest.importorskip("securesystemslib.dsse")
    signer = pytest.importorskip("securesystemslib.signer")
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    raw = json.loads(signed())
    public = Ed25519PublicKey.from_public_bytes(KEY.public)
    key = signer.SSlibKey.from_crypto(public, keyid=raw["signatures"][0]["keyid"])
    accepted = dsse.Envelope.from_dict(raw).verify([key], 1)
    assert list(accepted) == [key.keyid]
