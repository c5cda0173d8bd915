"""The evidence of one request: a receipt for the person, and what its dossier needs."""

from __future__ import annotations

from dataclasses import dataclass

from workbench.common.errors import EvidenceError
from workbench.evidence.commitments import sha256_hex
from workbench.evidence.receipts import make_receipt
from workbench.evidence.registry.freezing import dataset_named, leaves_of
from workbench.evidence.registry.models import configuration_named, model_file, model_versions
from workbench.evidence.registry.opened import Opened
from workbench.evidence.registry.requests import CONCERNED, STATE, holds, request_named
from workbench.evidence.registry.values import DataSet, ModelVersion

__all__ = ["RequestEvidence", "evidence_for", "receipts_for"]


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
        Documents of the requests that were carried out in the same step, and of those whose
        features are masked in it.
    new_root : bytes
        Of the new leaves.
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
    new_root: bytes


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
        new = next(
            (
                version
                for version in versions
                if trained[version] > entered and not holds(opened, version.version, asked)
            ),
            None,
        )
        old = (
            None if new is None else next((v for v in versions if v.version == new.replaces), None)
        )
        if new is None or old is None:
            raise EvidenceError(
                f"{request} is {asked.state}, and no version of {model!r} was retrained for it. A "
                f"dossier is made when a version replaced another without what was asked to leave."
            )
        if not new.trained_here:
            raise EvidenceError(
                f"{new.version!r} was handed in: the registry cannot say how it was trained."
            )
        data = dataset_named(opened, new.dataset)
        before = dataset_named(opened, old.dataset)
        return RequestEvidence(
            request=asked.document,
            entries=tuple(opened.log.entries()),
            old=old,
            new=new,
            old_leaves=leaves_of(opened, old.dataset),
            new_leaves=leaves_of(opened, new.dataset),
            configuration=configuration_named(opened, new.configuration),
            new_model=model_file(opened, new.version),
            others=_others(opened, request, new, before.number, data),
            new_root=data.root,
        )


def _others(
    opened: Opened, request: str, new: ModelVersion, before: int, data: DataSet
) -> tuple[bytes, ...]:
    """Return the other requests that left between two data sets, or whose features are masked."""
    in_force = f"""request.id <> ?1 AND {STATE} NOT IN ('refused', 'lifted')
        AND EXISTS (SELECT 1 FROM entry WHERE entry.request = request.id
            AND entry.kind = 'request' AND entry.seq < (SELECT seq FROM entry AS made
                WHERE made.model = ?2 AND made.kind = 'version'))"""
    beside = opened.store.rows(
        f"""SELECT DISTINCT request.id, request.document FROM request, member
        WHERE {in_force} AND request.kind <> 'access' AND member.lineage = ?3
        AND member.last BETWEEN ?4 AND ?5 - 1 AND member.record IN {CONCERNED}""",
        (request, new.version, data.lineage, before, data.number),
    )
    (masked,) = opened.store.row("SELECT without FROM model WHERE version = ?", (new.version,))
    asked = opened.store.rows(
        f"""SELECT request.id, request.document FROM request
        WHERE {in_force} AND granularity = 'feature'
        AND EXISTS (SELECT 1 FROM json_each(request.features) WHERE value IN
            (SELECT value FROM json_each(?3)))""",
        (request, new.version, masked),
    )
    found = dict([*beside, *asked])
    return tuple(bytes(found[name]) for name in sorted(found, key=lambda name: int(name[2:])))


def receipts_for(opened: Opened, request: str) -> tuple[bytes, ...]:
    """Return what the person who asked keeps: for each of her records what opens its commitment.

    A receipt holds her own data and the salt, which is destroyed afterwards: it goes to her alone,
    and before the erasure. It names the request that was received by its hash.

    Raises
    ------
    EvidenceError
        When the request is not about one person, or her records have been destroyed.
    """
    with opened.store.reading():
        asked = request_named(opened, request)
        if asked.granularity != "record":
            raise EvidenceError(f"{request} is not about one person; a receipt is hers.")
        rows = opened.store.rows(
            f"""SELECT person.token, salt, blind, content FROM request, record
            JOIN person ON person.id = record.person
            WHERE request.id = ? AND record.id IN {CONCERNED} ORDER BY record.id""",
            (request,),
        )
    if any(content is None for *_, content in rows):
        raise EvidenceError(
            f"The records of {request} have been destroyed, and with them what a receipt opens."
        )
    named = sha256_hex(asked.document)
    return tuple(
        make_receipt(token, salt, blind, content.encode(), named)
        for token, salt, blind, content in rows
    )
