"""Putting a dossier together, and judging one from Python."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from workbench.common.errors import EvidenceError
from workbench.evidence.claims import CLAIMS, Claim
from workbench.evidence.commitments import canonical_json, leaf_list, sha256_hex
from workbench.evidence.configuration import Configuration, ModelFile
from workbench.evidence.dossier_case import FORMAT, MODEL, OTHERS, Outside
from workbench.evidence.dossier_files import MANIFEST, STATEMENT, manifest_of
from workbench.evidence.keys import SigningKey
from workbench.evidence.log_entries import log_file, request_scope
from workbench.evidence.near_copies import NearCopies
from workbench.evidence.statements import signed_statement
from workbench.evidence.verifier import verifier_source
from workbench.evidence.verify_command import NO_DOSSIER_SHOWS, outside_from, verify_path

__all__ = [
    "DossierParts",
    "Measured",
    "build_dossier",
    "sign_dossier",
    "verify_dossier",
    "write_dossier",
]


@dataclass(frozen=True)
class Measured:
    """A result of an audit as a dossier repeats it; CONSISTENT at best.

    Attributes
    ----------
    verdict : {"CONSISTENT", "INCONCLUSIVE", "CONTRADICTED"}
        What it says of an exclusion.
    sentence : str
        What was measured, with its uncertainty; no data of a person.
    """

    verdict: str
    sentence: str


NOTHING_MEASURED = {"audit": Measured("INCONCLUSIVE", "no audit of the new model was added")}


@dataclass(frozen=True)
class DossierParts:
    """What a dossier is put together from; never rows, old weights or keys.

    Attributes
    ----------
    entries : sequence of bytes
        The whole log.
    checkpoint : bytes
        Of the whole log, signed, with the cosignatures there are.
    request : bytes
        From :func:`workbench.evidence.log_entries.make_request`.
    old_dataset, new_dataset : str
        Their names in the log.
    old_leaves, new_leaves : sequence of bytes
        Their leaves.
    old_model : str
        The SHA-256 of the model before; its weights stay out, for with those after they would tell
        of the row that is gone.
    proof : dict, optional
        From :func:`workbench.evidence.optimum_proof.prove_optimum`.
    measured : mapping of str to Measured
        By name.
    old_checkpoint, old_stamp : bytes, optional
        A checkpoint from before the request, and its time stamp.
    stamp : bytes, optional
        The time stamp of `checkpoint`.
    others : sequence of bytes
        Requests of others that were carried out in the same step. Only what they are about goes
        in: tokens, hashes of rows, or names of features.
    more : mapping of str to bytes
        Further files: the audit's report, certificates, provenance.
    """

    entries: Sequence[bytes]
    checkpoint: bytes
    request: bytes
    configuration: Configuration
    model: ModelFile
    old_dataset: str
    new_dataset: str
    old_leaves: Sequence[bytes]
    new_leaves: Sequence[bytes]
    old_model: str
    proof: Mapping[str, Any] | None = None
    near_copies: NearCopies | None = None
    measured: Mapping[str, Measured] = field(default_factory=lambda: NOTHING_MEASURED)
    old_checkpoint: bytes | None = None
    old_stamp: bytes | None = None
    stamp: bytes | None = None
    others: Sequence[bytes] = ()
    more: Mapping[str, bytes] = field(default_factory=dict)


def build_dossier(parts: DossierParts, key: SigningKey) -> dict[str, bytes]:
    """Return the files of a signed dossier, by name.

    Parameters
    ----------
    parts : DossierParts
        What goes in.
    key : SigningKey
        The log keeper's; it signs the statement.

    Returns
    -------
    dict of str to bytes

    Raises
    ------
    EvidenceError
        When one of `parts.more` has the name of a file that every dossier has.
    """
    files = {
        "request.json": parts.request,
        "configuration.json": parts.configuration.to_bytes(),
        MODEL: parts.model.to_bytes(),
        "commitments/old.bin": leaf_list(parts.old_leaves),
        "commitments/new.bin": leaf_list(parts.new_leaves),
        "log/entries.jsonl": log_file(parts.entries),
        "log/checkpoint": parts.checkpoint,
        "log/key": f"{key.named}\n".encode(),
        "results.json": canonical_json(
            {name: vars(measured) for name, measured in parts.measured.items()}
        ),
        "verify.py": verifier_source().encode(),
        "README.txt": READ_ME.encode(),
    }
    optional = {
        "proofs/optimum.json": None if parts.proof is None else canonical_json(dict(parts.proof)),
        "near_copies.json": (
            None if parts.near_copies is None else canonical_json(parts.near_copies.document())
        ),
        "time/old.checkpoint": parts.old_checkpoint,
        "time/old.tsr": parts.old_stamp,
        "time/last.tsr": parts.stamp,
        OTHERS: log_file([request_scope(raw) for raw in parts.others]) or None,
    }
    files |= {name: raw for name, raw in optional.items() if raw is not None}
    taken = set(files) & set(parts.more)
    if taken:
        raise EvidenceError(f"The dossier has its own {sorted(taken)[0]}.")
    predicate = {
        "format": FORMAT,
        "request": sha256_hex(parts.request),
        "old": parts.old_dataset,
        "new": parts.new_dataset,
        "old_model": parts.old_model,
    }
    return sign_dossier(files | dict(parts.more), predicate, key)


def sign_dossier(
    files: Mapping[str, bytes], predicate: Mapping[str, Any], key: SigningKey
) -> dict[str, bytes]:
    """Return the files with their manifest and the signed statement about it."""
    manifest = canonical_json({"files": manifest_of(dict(files))})
    subjects = {MANIFEST: sha256_hex(manifest), MODEL: sha256_hex(files[MODEL])}
    statement = signed_statement(subjects, predicate, key.public, key.sign)
    return {**files, MANIFEST: manifest, STATEMENT: statement}


def write_dossier(files: Mapping[str, bytes], path: str | Path) -> Path:
    """Write a dossier: a zip where the path ends in ``.zip``, else a folder.

    Parameters
    ----------
    files : mapping of str to bytes
        What :func:`build_dossier` returned.
    path : str or Path

    Returns
    -------
    Path
        Where it was written.

    Raises
    ------
    EvidenceError
        When something is there already.
    """
    place = Path(path)
    if place.exists() and not (place.is_dir() and not any(place.iterdir())):
        raise EvidenceError(f"{place} exists; a dossier is written to a new place.")
    if place.suffix == ".zip":
        place.write_bytes(zipped(files))
        return place
    for name, raw in files.items():
        file = place / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(raw)
    return place


def zipped(files: Mapping[str, bytes]) -> bytes:
    """Return a zip of the files, stored, the same bytes at every time."""
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_STORED) as archive:
        for name, raw in sorted(files.items()):
            archive.writestr(zipfile.ZipInfo(name), raw)
    return held.getvalue()


def verify_dossier(
    path: str | Path,
    *,
    key: str | None = None,
    authority: str | None = None,
    witnesses: Sequence[str] = (),
    checkpoints: Sequence[str] = (),
    request: str | None = None,
    served: str | None = None,
    receipt: str | None = None,
    growth: Sequence[str] = (),
    others: Sequence[str] = (),
) -> tuple[Claim, ...]:
    """Judge a dossier's claims.

    Parameters
    ----------
    path : str or Path
        A folder or a zip.
    key : str, optional
        The controller's key as text, or a file that holds it; not from the dossier.
    authority : str, optional
        The SHA-256 of the time-stamping authority's certificate, or its file.
    witnesses : sequence of str
        Keys of witnesses that you trust.
    checkpoints : sequence of str
        Files of checkpoints that you kept.
    request, served : str, optional
        SHA-256 of the request and of the served model's file, or the files.
    receipt : str, optional
        The file of the person's receipt.
    growth : sequence of str
        Files of proofs that the log grew to a checkpoint later than the dossier's.
    others : sequence of str
        SHA-256 of the requests of others who left in the same step, from their receipts.

    Returns
    -------
    tuple of Claim
        What is missing makes a claim INCONCLUSIVE; the whole is as strong as the weakest.
    """
    outside: Outside = outside_from(
        key, authority, witnesses, checkpoints, request, served, receipt, growth, others
    )
    return verify_path(str(path), outside)


_HEAD = """A dossier about an exclusion from a training set
================================================

Open it with a verifier from somebody you trust rather than with the one in here:
    python3 -I -S verify.py <this folder> --key <the controller's key, from its web site>
It needs Python 3.9 or newer and no network. `--help` lists what else you can bring, and each thing
that you bring lets it say more: the request's hash, the served model, a time stamp's authority, a
checkpoint that you kept, a receipt.

What its claims can say, and what they never say
------------------------------------------------
"""
READ_ME = "".join(
    [
        _HEAD,
        *(
            f"- {title}.\n  Rests on: {rests_on}.\n  Never says: {never}.\n"
            for title, rests_on, never in CLAIMS.values()
        ),
        f"\n{NO_DOSSIER_SHOWS}\n",
    ]
)
