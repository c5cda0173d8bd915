"""From the registry to a dossier: the parts of one request, and the proof of the new weights."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pandas as pd

from workbench.common.errors import EvidenceError
from workbench.evidence.configuration import Configuration, read_configuration, read_model_file
from workbench.evidence.dossier import NOTHING_MEASURED, DossierParts, Measured
from workbench.evidence.dossier_case import read_request
from workbench.evidence.dossier_checks import proof_context
from workbench.evidence.near_copies import NearCopies, find_near_copies
from workbench.evidence.optimum_proof import prove_optimum
from workbench.evidence.provenance import provenance_bundle
from workbench.evidence.registry.freezing import dataset_named
from workbench.evidence.registry.opened import Opened
from workbench.evidence.registry.request_evidence import RequestEvidence, evidence_for
from workbench.evidence.registry.requests import CONCERNED
from workbench.evidence.retraining import encode_rows
from workbench.evidence.row_commitments import EncodedRow, commit_rows, new_blind

__all__ = ["parts_of_dossier", "points_for"]

Points = Callable[[pd.DataFrame], tuple[Sequence[bytes], Sequence[bytes]]]


def points_for(configuration: Configuration) -> Points:
    """Return what commits to encoded rows, so that a proof can compute with them later."""

    def commit(frame: pd.DataFrame) -> tuple[Sequence[bytes], Sequence[bytes]]:
        features, outcomes = encode_rows(frame, configuration)
        rows = [EncodedRow(x, y, new_blind()) for x, y in zip(features, outcomes, strict=True)]
        return commit_rows(rows), [row.blind for row in rows]

    return commit


def parts_of_dossier(
    opened: Opened,
    request: str,
    model: str,
    checkpoint: bytes,
    *,
    prove: bool,
    measured: Mapping[str, Measured] | None,
    old_checkpoint: bytes | None,
    old_stamp: bytes | None,
    stamp: bytes | None,
    more: Mapping[str, bytes] | None,
    facts: Mapping[str, Any] | None,
) -> DossierParts:
    """Put together what a dossier about a request and a model holds.

    Raises
    ------
    EvidenceError
        When the model was not retrained by the registry for this request, or by a pinned replay,
        whose weights a stranger cannot check.
    """
    with opened.store.reading():
        held = evidence_for(opened, request, model)
        try:
            configuration = read_configuration(held.configuration)
        except EvidenceError:
            raise EvidenceError(
                f"{held.new.version!r} was trained by a pinned replay. A dossier is made for a "
                f"configuration with one optimum (logistic, ridge), which a stranger can check."
            ) from None
        _one_step(opened, held)
        rows = _rows(opened, held.new.dataset, configuration)
        near = _near_copies(opened, held, configuration, rows)
        sources = _sources(opened, held.new.dataset)
    parts = DossierParts(
        entries=held.entries,
        checkpoint=checkpoint,
        request=held.request,
        configuration=configuration,
        model=read_model_file(held.new_model),
        old_dataset=held.old.dataset,
        new_dataset=held.new.dataset,
        old_leaves=held.old_leaves,
        new_leaves=held.new_leaves,
        old_model=held.old.sha256,
        proof=_proof(held, configuration, rows) if prove else None,
        near_copies=near,
        measured=NOTHING_MEASURED if measured is None else measured,
        old_checkpoint=old_checkpoint,
        old_stamp=old_stamp,
        stamp=stamp,
        others=held.others,
    )
    provenance = provenance_bundle(parts, at=held.new.trained, facts=sources | dict(facts or {}))
    return dataclasses.replace(parts, more=provenance | dict(more or {}))


def _sources(opened: Opened, dataset: str) -> dict[str, Any]:
    """Return the sources of a data set's rows and their licences."""
    data = dataset_named(opened, dataset)
    rows = opened.store.rows(
        """SELECT source.name, source.licence, coalesce(source.sha256, ''), count(*) FROM member
        JOIN record ON record.id = member.record JOIN source ON source.id = record.source
        WHERE lineage = ?1 AND first <= ?2 AND (last IS NULL OR last >= ?2)
        GROUP BY source.id ORDER BY source.name""",
        (data.lineage, data.number),
    )
    keys = ("name", "licence", "sha256", "rows")
    return {
        "licence": "; ".join(sorted({row[1] for row in rows})),
        "sources": [dict(zip(keys, row, strict=True)) for row in rows],
    }


def _one_step(opened: Opened, held: RequestEvidence) -> None:
    """Make sure that the two data sets differ by the requests of the step and nothing else."""
    old, new = set(held.old_leaves), set(held.new_leaves)
    asked: set[bytes] = set()
    for document in (held.request, *held.others):
        asked.update(read_request(document).named(held.old_leaves))
    name = held.new.dataset
    if new - old:
        raise EvidenceError(
            f"{len(new - old):,} rows of {name!r} were not in {held.old.dataset!r}: a data set was "
            f"frozen between and took rows in. A dossier shows a step in which none comes in; "
            f"`registry retrain` takes it, when no data set is frozen between it and the version "
            f"before."
        )
    if old - new != asked:
        raise EvidenceError(
            f"{len(old - new - asked):,} rows left {name!r} that no request was about, because a "
            f"consent ended or another step was taken, and a verifier would take it for a "
            f"contradiction."
        )


def _rows(opened: Opened, dataset: str, configuration: Configuration) -> list[EncodedRow]:
    """Return a data set's encoded rows in the order of their leaves, with their blinds."""
    data = dataset_named(opened, dataset)
    found = opened.store.rows(
        """SELECT record.content, record.blind FROM member
        JOIN record ON record.id = member.record JOIN person ON person.id = record.person
        WHERE lineage = ?1 AND first <= ?2 AND (last IS NULL OR last >= ?2)
        ORDER BY person.token, coalesce(record.point, zeroblob(32)), record.seal""",
        (data.lineage, data.number),
    )
    if any(content is None for content, _ in found):
        raise EvidenceError(f"Rows of {dataset!r} have been destroyed since.")
    features, outcomes = encode_rows([json.loads(content) for content, _ in found], configuration)
    return [
        EncodedRow(x, y, blind or b"")
        for x, y, (_, blind) in zip(features, outcomes, found, strict=True)
    ]


def _near_copies(
    opened: Opened, held: RequestEvidence, configuration: Configuration, kept: Sequence[EncodedRow]
) -> NearCopies | None:
    """Flag kept rows that look like one that left; None when its content is gone."""
    contents = [
        row
        for document in (held.request, *held.others)
        for row in opened.store.rows(
            f"SELECT record.content FROM request, record WHERE request.id = ? "
            f"AND record.id IN {CONCERNED}",
            (read_request(document).name,),
        )
    ]
    if opened.secrets is None or any(content is None for (content,) in contents):
        return None
    gone, _ = encode_rows([json.loads(content) for (content,) in contents], configuration)
    return find_near_copies(opened.keys.cells, gone, [row.features for row in kept])


def _proof(
    held: RequestEvidence, configuration: Configuration, rows: Sequence[EncodedRow]
) -> Mapping[str, object]:
    if any(not row.blind for row in rows):
        raise EvidenceError(
            "The optimum is proved for rows that were taken in with `prove_with`: their leaves "
            "then hold a point that a proof computes with. Leave the proof out (prove=False)."
        )
    weights = read_model_file(held.new_model).weights
    root = held.new_root
    return prove_optimum(
        list(rows),
        [leaf[32:64] for leaf in held.new_leaves],
        configuration.learner,
        weights,
        configuration.penalty,
        proof_context(root, held.new_model, held.configuration),
    )
