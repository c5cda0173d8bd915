"""The person's receipt: the secrets that open the commitment to one row.

The controller gives it out at ingestion or with the request's acknowledgement, before it destroys
the secrets. It is the only thing that ties a token to a person who can be asked.

Standard library only: this file is a part of ``verify.py``.
"""

from __future__ import annotations

import math
from typing import Any

from workbench.common.errors import EvidenceError
from workbench.evidence.claims import Claim, ReaderError, claim
from workbench.evidence.commitments import (
    NO_POINT,
    canonical_json,
    make_leaf,
    read_canonical_json,
    record_seal,
)
from workbench.evidence.configuration import Configuration
from workbench.evidence.dossier_case import DossierCase, Outside
from workbench.evidence.edwards import ORDER, encode_point, sum_of_multiples
from workbench.evidence.optimum import BLIND_POINT, FEATURE_BITS, WEIGHT_BITS, row_points

__all__ = ["make_receipt", "receipt_claims"]


def make_receipt(
    token: bytes, salt: bytes, blind: bytes | None, record: bytes, request_sha256: str | None = None
) -> bytes:
    """Write a receipt.

    Parameters
    ----------
    token, salt : bytes
        Of the row's leaf.
    blind : bytes or None
        Of the row's point; None where the leaf has none.
    record : bytes
        The canonical record, for the person to read.
    request_sha256 : str, optional
        The request that was received.
    """
    return canonical_json(
        {
            "token": token.hex(),
            "salt": salt.hex(),
            "blind": None if blind is None else blind.hex(),
            "record": read_canonical_json(record, "The record"),
            "request_sha256": request_sha256,
        }
    )


def leaf_of_receipt(receipt: bytes, configuration: Configuration) -> tuple[bytes, dict[str, Any]]:
    """Return the leaf that a receipt opens, and the record in it."""
    try:
        held = read_canonical_json(receipt, "The receipt")
        record = held["record"]
        seal = record_seal(bytes.fromhex(held["salt"]), canonical_json(record))
        point = NO_POINT
        if held["blind"] is not None:
            features, outcome = configuration.encode(record)
            blind = int.from_bytes(bytes.fromhex(held["blind"]), "little") % ORDER
            points = [BLIND_POINT, *row_points(len(features))]
            point = encode_point(sum_of_multiples(points, [blind, *features, outcome]))
        return make_leaf(bytes.fromhex(held["token"]), seal, point), record
    except EvidenceError as error:
        raise ReaderError(f"The receipt is not one for this dossier. {error}") from None
    except (KeyError, TypeError, ValueError, AttributeError):
        raise ReaderError("The receipt is not built as one.") from None


def receipt_claims(case: DossierCase, outside: Outside) -> tuple[Claim, ...]:
    """Judge what a receipt can tell about a dossier; nothing without one."""
    if outside.receipt is None:
        return ()
    leaf, record = leaf_of_receipt(outside.receipt, case.configuration)
    if leaf in case.new and case.request.granularity != "feature":
        return (claim("receipt", "CONTRADICTED", "the receipt's row is in the new training set"),)
    if leaf not in case.old:
        # Nobody signed the receipt: it may be another's, or changed, or of a row never used.
        why = "the receipt opens no row of the old training set"
        return (claim("receipt", "INCONCLUSIVE", why),)
    if case.request.granularity == "feature":
        return (claim("receipt", "PROVED", "the receipt's row is committed to; no row was to go"),)
    features, outcome = case.configuration.encode(record)
    full = [value / (1 << FEATURE_BITS) for value in features] + [1.0]
    margin = sum(x * w for x, w in zip(full, case.model.weights)) / (1 << WEIGHT_BITS)
    if case.configuration.learner == "logistic":
        residual = 1 / (1 + math.exp(-max(-500.0, min(500.0, margin)))) - outcome
    else:
        residual = margin - outcome / (1 << FEATURE_BITS)
    shown = max(abs(residual * x) for x in full)
    threshold = float(case.configuration.threshold)
    why = f"a gradient of {shown:.2g}, {shown / threshold:,.0f} times what is allowed"
    return (
        claim("receipt", "PROVED", "the receipt opens a commitment that is gone"),
        claim("receipt gradient", "PROVED" if shown > 10 * threshold else "INCONCLUSIVE", why),
    )
