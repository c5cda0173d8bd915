"""A dossier opened: its parts read, and seen to belong together.

Whatever fails here makes a dossier INVALID: then nothing in it can be judged.

Standard library only: this file is a part of ``verify.py``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from workbench.common.errors import EvidenceError
from workbench.evidence.claims import ReaderError
from workbench.evidence.commitments import (
    read_canonical_json,
    read_leaf_list,
    sha256_hex,
    tree_root,
)
from workbench.evidence.configuration import (
    Configuration,
    ModelFile,
    read_configuration,
    read_model_file,
)
from workbench.evidence.dossier_files import MANIFEST, STATEMENT, check_manifest
from workbench.evidence.log_entries import find_entry, make_request, read_log_file
from workbench.evidence.notes import (
    Checkpoint,
    NamedKey,
    is_signed_by,
    read_checkpoint,
    read_named_key,
)
from workbench.evidence.statements import open_statement

__all__ = ["MODEL", "DossierCase", "Outside", "Request", "open_case", "read_request"]

MODEL = "model/new.json"
FORMAT = 1


@dataclass(frozen=True)
class Outside:
    """What the reader knows from elsewhere; a dossier cannot vouch for itself.

    Attributes
    ----------
    key : NamedKey or None
        The controller's, from its web site, a notary, an earlier letter.
    authority : str or None
        SHA-256 of the time-stamping authority's certificate.
    witnesses : tuple of NamedKey
        Whose cosignatures the reader trusts.
    kept : tuple of bytes
        Checkpoints of the log that the reader was given earlier, or by others.
    request_sha256 : str or None
        Hash of the request, from the person's receipt.
    served_sha256 : str or None
        Of the model file that is served, taken by the reader.
    receipt : bytes or None
        The person's receipt.
    """

    key: NamedKey | None = None
    authority: str | None = None
    witnesses: tuple[NamedKey, ...] = ()
    kept: tuple[bytes, ...] = ()
    request_sha256: str | None = None
    served_sha256: str | None = None
    receipt: bytes | None = None


@dataclass(frozen=True)
class Request:
    """What was asked."""

    name: str
    granularity: str
    tokens: frozenset[bytes]
    rows: frozenset[bytes]
    features: tuple[str, ...]
    received: int
    due: int


@dataclass(frozen=True)
class DossierCase:
    """A dossier whose parts belong together.

    Attributes
    ----------
    places : mapping of str to int
        Where in the log stand "configuration", "old", "old model", "request", "new", "new model".
    """

    files: Mapping[str, bytes]
    key: NamedKey
    lines: Sequence[bytes]
    entries: Sequence[Mapping[str, Any]]
    checkpoint: Checkpoint
    places: Mapping[str, int]
    request: Request
    old_name: str
    old: tuple[bytes, ...]
    new: tuple[bytes, ...]
    configuration: Configuration
    model: ModelFile

    @property
    def request_sha256(self) -> str:
        """The hash by which receipt and log name the request."""
        return sha256_hex(self.files["request.json"])

    @property
    def model_sha256(self) -> str:
        """The hash of the new model's file."""
        return sha256_hex(self.files[MODEL])

    def entry(self, place: str) -> Mapping[str, Any]:
        """Return one of the entries that the dossier is about."""
        return self.entries[self.places[place]]


def read_request(raw: bytes) -> Request:
    """Read a request's file."""
    held = read_canonical_json(raw, "The request")
    try:
        tokens, rows = ([bytes.fromhex(text) for text in held[key]] for key in ("tokens", "rows"))
        rebuilt = make_request(
            held["id"],
            received=held["received"],
            due=held["due"],
            granularity=held["granularity"],
            kind=held["kind"],
            clauses=held["clauses"],
            tokens=tokens,
            rows=rows,
            features=held["features"],
        )
        texts = (held["id"], held["kind"], held["granularity"], *held["clauses"], *held["features"])
        fits = all(isinstance(text, str) for text in texts) and all(
            type(held[key]) is int for key in ("received", "due")
        )
    except (KeyError, TypeError, ValueError, AttributeError):
        raise EvidenceError("The request is not built as one.") from None
    if rebuilt != raw or not fits:
        raise EvidenceError("The request is not built as one.")
    return Request(
        held["id"],
        held["granularity"],
        frozenset(tokens),
        frozenset(rows),
        tuple(held["features"]),
        held["received"],
        held["due"],
    )


def open_case(files: Mapping[str, bytes], outside: Outside) -> DossierCase:
    """Open a dossier, verifying signatures and hashes.

    Raises
    ------
    EvidenceError
        When its parts are not whole, not signed, or do not belong together.
    """
    for name in (STATEMENT, MANIFEST):
        if name not in files:
            raise EvidenceError(f"The dossier lacks {name}.")
    key = outside.key or _own_key(files)
    subjects, predicate = open_statement(files[STATEMENT], key.public)
    check_manifest(dict(files), subjects.get(MANIFEST))
    for name in (
        "request.json",
        "configuration.json",
        MODEL,
        "commitments/old.bin",
        "commitments/new.bin",
        "log/entries.jsonl",
        "log/checkpoint",
        "log/key",
        "results.json",
    ):
        if name not in files:
            raise EvidenceError(f"The dossier lacks {name}.")
    if subjects != {MANIFEST: sha256_hex(files[MANIFEST]), MODEL: sha256_hex(files[MODEL])}:
        raise EvidenceError("The statement is about other files than the manifest and the model.")
    if str(_own_key(files)) != str(key):
        raise EvidenceError("The log is kept under another key than the one given.")
    lines, entries = read_log_file(files["log/entries.jsonl"])
    checkpoint = read_checkpoint(files["log/checkpoint"])
    if not is_signed_by(checkpoint, key):
        raise EvidenceError("The log's checkpoint is not signed by the key.")
    if (checkpoint.size, checkpoint.root) != (len(lines), tree_root(lines)):
        raise EvidenceError("The log is not the one of its checkpoint.")
    request = read_request(files["request.json"])
    configuration = read_configuration(files["configuration.json"])
    model = read_model_file(files[MODEL])
    places, old, new = _placed(files, predicate, entries, request, configuration)
    if (model.learner, model.configuration) != (configuration.learner, configuration.sha256):
        raise EvidenceError("The model's file names another configuration than the dossier's.")
    if len(model.weights) != len(configuration.features) + 1:
        raise EvidenceError("The model has another number of weights than the configuration.")
    return DossierCase(
        files, key, lines, entries, checkpoint, places, request, predicate["old"], old, new,
        configuration, model,
    )  # fmt: skip


def _own_key(files: Mapping[str, bytes]) -> NamedKey:
    try:
        return read_named_key(files.get("log/key", b"").decode("utf-8"))
    except UnicodeDecodeError:
        raise EvidenceError("The dossier's log/key is no key.") from None


def _placed(
    files: Mapping[str, bytes],
    predicate: Mapping[str, Any],
    entries: list[dict[str, Any]],
    request: Request,
    configuration: Configuration,
) -> tuple[dict[str, int], tuple[bytes, ...], tuple[bytes, ...]]:
    """Find the entries that the statement is about, and the lists that they commit to."""
    due = {"format", "request", "old", "new", "old_model"}
    if set(predicate) != due or predicate["format"] != FORMAT:
        raise EvidenceError("The statement is of another version than this verifier.")
    old_name, new_name = predicate["old"], predicate["new"]
    if not (isinstance(old_name, str) and isinstance(new_name, str)) or old_name == new_name:
        raise EvidenceError("The statement names no two data sets.")
    request_sha = sha256_hex(files["request.json"])
    places = {
        "configuration": find_entry(
            entries, "configuration", first=True, sha256=configuration.sha256
        ),
        "old": find_entry(entries, "dataset", dataset=old_name),
        "old model": find_entry(
            entries, "model", first=True, sha256=predicate["old_model"], dataset=old_name
        ),
        "request": find_entry(entries, "request", request=request.name),
        "new": find_entry(entries, "dataset", dataset=new_name),
        "new model": find_entry(
            entries, "model", first=True, sha256=sha256_hex(files[MODEL]), dataset=new_name
        ),
    }
    if not predicate["request"] == request_sha == entries[places["request"]].get("sha256"):
        raise EvidenceError("The request is not the one in the log.")
    lists = []
    for which in ("old", "new"):
        leaves = read_leaf_list(files[f"commitments/{which}.bin"], f"The {which} list of leaves")
        entry = entries[places[which]]
        if (entry.get("root"), entry.get("size")) != (tree_root(leaves).hex(), len(leaves)):
            raise EvidenceError(f"The {which} list of leaves is not the one in the log.")
        lists.append(leaves)
    return places, lists[0], lists[1]


def kept_checkpoint(raw: bytes, key: NamedKey) -> Checkpoint:
    """Read a checkpoint that the reader kept; it must be one that the key signed."""
    try:
        kept = read_checkpoint(raw, "The checkpoint that you kept")
    except EvidenceError as error:
        raise ReaderError(str(error)) from None
    if not is_signed_by(kept, key):
        raise ReaderError("The checkpoint that you kept is not signed by this key.")
    return kept
