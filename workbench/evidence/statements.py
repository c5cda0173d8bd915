"""A signed statement about a dossier: in-toto Statement v1 in a DSSE envelope.

Standard library only: this file is a part of ``verify.py``.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from typing import Any

from workbench.common.errors import EvidenceError
from workbench.evidence.commitments import canonical_json, read_canonical_json, sha256_hex
from workbench.evidence.edwards import is_signature

__all__ = ["open_statement", "signed_statement"]

PAYLOAD_TYPE = "application/vnd.in-toto+json"
STATEMENT_TYPE = "https://in-toto.io/Statement/v1"
PREDICATE_TYPE = "https://cafe-workbench.example/exclusion-from-training/v1"


def _to_sign(payload: bytes) -> bytes:
    kind = PAYLOAD_TYPE.encode()
    return b"DSSEv1 %d %s %d %s" % (len(kind), kind, len(payload), payload)


def signed_statement(
    subjects: Mapping[str, str],
    predicate: Mapping[str, Any],
    public: bytes,
    sign: Callable[[bytes], bytes],
) -> bytes:
    """Return the envelope of a statement about files.

    Parameters
    ----------
    subjects : mapping of str to str
        File names and their SHA-256 in hexadecimal digits.
    predicate : mapping
        What is said of them.
    public : bytes
        The key whose signature it is.
    sign : callable
        Signs bytes with it (Ed25519).
    """
    payload = canonical_json(
        {
            "_type": STATEMENT_TYPE,
            "predicateType": PREDICATE_TYPE,
            "subject": [{"name": n, "digest": {"sha256": d}} for n, d in subjects.items()],
            "predicate": dict(predicate),
        }
    )
    return canonical_json(
        {
            "payloadType": PAYLOAD_TYPE,
            "payload": base64.b64encode(payload).decode(),
            "signatures": [
                {
                    "keyid": sha256_hex(public),
                    "sig": base64.b64encode(sign(_to_sign(payload))).decode(),
                }
            ],
        }
    )


def open_statement(raw: bytes, public: bytes) -> tuple[dict[str, str], dict[str, Any]]:
    """Verify an envelope; return its subjects (name to SHA-256) and its predicate.

    Raises
    ------
    EvidenceError
        When the key did not sign exactly this, in exactly this form.
    """
    envelope = read_canonical_json(raw, "The statement's envelope")
    try:
        (signature,) = envelope["signatures"]
        payload = base64.b64decode(envelope["payload"], validate=True)
        held = base64.b64decode(signature["sig"], validate=True)
        rebuilt = {
            "payloadType": PAYLOAD_TYPE,
            "payload": base64.b64encode(payload).decode(),
            "signatures": [{"keyid": sha256_hex(public), "sig": base64.b64encode(held).decode()}],
        }
    except (KeyError, TypeError, ValueError):
        raise EvidenceError("The statement's envelope is not one of DSSE.") from None
    if signature.get("keyid") != sha256_hex(public):
        raise EvidenceError("The statement is signed by another key than the one given.")
    if envelope != rebuilt or not is_signature(public, _to_sign(payload), held):
        raise EvidenceError("The statement's signature does not hold.")
    statement = read_canonical_json(payload, "The statement")
    try:
        subjects = {part["name"]: part["digest"]["sha256"] for part in statement["subject"]}
        kinds = statement["_type"], statement["predicateType"]
        predicate = statement["predicate"]
    except (KeyError, TypeError):
        raise EvidenceError("The statement is not one of in-toto.") from None
    if kinds != (STATEMENT_TYPE, PREDICATE_TYPE) or not isinstance(predicate, dict):
        raise EvidenceError("The statement is of another kind than a dossier's.")
    return subjects, predicate
