"""What the registry hands out: to the person a receipt, to the dossier everything that it needs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from workbench.common.errors import EvidenceError
from workbench.evidence.commitments import NO_POINT, inclusion_path, make_leaf, sha256_hex
from workbench.evidence.registry.freezing import dataset_named, leaves_of
from workbench.evidence.registry.models import configuration_named, model_file, model_versions
from workbench.evidence.registry.opened import Opened
from workbench.evidence.registry.requests import CONCERNED, STATE, request_named
from workbench.evidence.registry.values import ModelVersion

__all__ = ["RequestEvidence", "evidence_for", "receipt_for"]


@dataclass(frozen=True, eq=False)
class RequestEvidence:
    """What the registry knows of a request that was carried out, as bytes to be checked.

    Attributes
    ----------
    request : bytes
        The request's document.
    entries : tuple of bytes
        The whole log.
    old, new : ModelVersion
        The last version that held the rows or features, and the first that does not.
    old_leaves, new_leaves : tuple of bytes
        Sorted.
    configuration, new_model : bytes
        The committed configuration and the new model's file. The old model is named by its hash:
        both files together would tell of the person who left.
    others : tuple of bytes
        Documents of the requests that left in the same step.
    """

    request: bytes
    entries: tuple[bytes, ...]
    old: ModelVersion
    new: ModelVersion
    old_leaves: tuple[bytes, ...]
    new_leaves: tuple[bytes, ...]
    configuration: bytes
    new_model: bytes
    others: tuple[bytes, ...]


def evidence_for(opened: Opened, request: str, model: str) -> RequestEvidence:
    """Return what a dossier about a request and a model is made from.

    Raises
    ------
    EvidenceError
        When the model was not retrained for the request, or not by the registry.
    """
    store = opened.store
    with store.reading():
        asked = request_named(opened, request)
        (entered,) = store.row(
            "SELECT min(seq) FROM entry WHERE request = ? AND kind = 'request'", (request,)
        )
        versions = model_versions(opened, model)
        trained = {
            version: store.row(
                "SELECT seq FROM entry WHERE model = ? AND kind = 'version'", (version.version,)
            )[0]
            for version in versions
        }
        after = [version for version in versions if trained[version] > entered]
        before = [version for version in versions if trained[version] < entered]
        if not after or not before or asked.state not in ("retrained", "destroyed", "answered"):
            raise EvidenceError(
                f"{request} is {asked.state}, and {model!r} has {len(before)} versions from before "
                f"it and {len(after)} from after. A dossier is made when a version was retrained "
                f"for it."
            )
        old, new = before[-1], after[0]
        if not new.trained_here:
            raise EvidenceError(
                f"{new.version!r} was handed in: the registry cannot say how it was trained."
            )
        data = dataset_named(opened, new.dataset)
        beside = store.rows(
            f"""SELECT DISTINCT request.document FROM request, member
            WHERE request.id <> ? AND member.lineage = ? AND member.last = ?
            AND member.record IN {CONCERNED} AND {STATE} NOT IN ('refused', 'lifted')""",
            (request, data.lineage, data.number - 1),
        )
        return RequestEvidence(
            asked.document,
            tuple(opened.log.entries()),
            old,
            new,
            leaves_of(opened, old.dataset),
            leaves_of(opened, new.dataset),
            configuration_named(opened, new.configuration),
            model_file(opened, new.version),
            tuple(bytes(document) for (document,) in beside),
        )


def receipt_for(opened: Opened, request: str, checkpoint: bytes | None = None) -> dict[str, Any]:
    """Return what the person who asked keeps: the request's hash, and her records opened.

    It holds her own data and the salts, which are destroyed afterwards: it goes to her alone, and
    before the erasure.

    Parameters
    ----------
    checkpoint : bytes, optional
        Of the log, signed; held against later ones it shows a log that was rewritten.

    Raises
    ------
    EvidenceError
        When the request is not about one person.
    """
    with opened.store.reading():
        asked = request_named(opened, request)
        if asked.granularity != "record":
            raise EvidenceError(f"{request} is not about one person; a receipt is hers.")
        rows = opened.store.rows(
            f"""SELECT record.id, content, salt, blind, seal, point, person.token
            FROM request, record JOIN person ON person.id = record.person
            WHERE request.id = ? AND record.id IN {CONCERNED} ORDER BY record.id""",
            (request,),
        )
        datasets = opened.store.rows(
            f"""SELECT DISTINCT dataset.name FROM request, member
            JOIN dataset ON dataset.lineage = member.lineage AND dataset.number >= member.first
                AND (member.last IS NULL OR dataset.number <= member.last)
            WHERE request.id = ? AND dataset.frozen <= request.received
            AND member.record IN {CONCERNED} ORDER BY dataset.frozen""",
            (request,),
        )
        newest = datasets[-1][0] if datasets else None
        leaves = leaves_of(opened, newest) if newest else ()
        records = [_opened_record(row, leaves) for row in rows]
    return {
        "receipt": "cafe-evidence/receipt/v1",
        "request": asked.document.decode(),
        "request_sha256": sha256_hex(asked.document),
        "dataset": newest,
        "root": dataset_named(opened, newest).root.hex() if newest else None,
        "size": len(leaves),
        "records": records,
        "checkpoint": None if checkpoint is None else checkpoint.decode(),
    }


def _opened_record(row: tuple[Any, ...], leaves: tuple[bytes, ...]) -> Mapping[str, Any]:
    _, content, salt, blind, seal, point, token = row
    leaf = make_leaf(token, seal, point or NO_POINT)
    place = leaves.index(leaf) if leaf in leaves else None
    path = [] if place is None else inclusion_path(leaves, place)
    return {
        "record": content,
        "salt": None if salt is None else salt.hex(),
        "blind": None if blind is None else blind.hex(),
        "leaf": leaf.hex(),
        "index": place,
        "path": [step.hex() for step in path],
    }
