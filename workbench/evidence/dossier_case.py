"""A dossier opened: its parts read, and seen to belong together.

Whatever fails here makes a dossier INVALID: then nothing in it can be judged.

Standard library only: this file is a part of ``verify.py``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from workbench.common.errors import EvidenceError
from workbench.evidence.claims import ReaderError
from workbench.evidence.commitments import (
    canonical_json,
    consistency_path,
    read_canonical_json,
    read_leaf_list,
    sha256,
    sha256_hex,
    token_of,
    tree_root,
)
from workbench.evidence.configuration import (
    Configuration,
    ModelFile,
    read_configuration,
    read_model_file,
)
from workbench.evidence.dossier_files import MANIFEST, STATEMENT, check_manifest
from workbench.evidence.log_entries import (
    find_entry,
    make_request,
    read_log_file,
    request_scope,
)
from workbench.evidence.notes import (
    Checkpoint,
    NamedKey,
    is_signed_by,
    read_checkpoint,
    read_named_key,
)
from workbench.evidence.statements import open_statement

__all__ = [
    "MODEL",
    "OTHERS",
    "DossierCase",
    "Growth",
    "Outside",
    "Request",
    "Scope",
    "growth_file",
    "open_case",
    "read_growth",
    "read_request",
]

MODEL = "model/new.json"
OTHERS = "other_requests.jsonl"
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
        Checkpoints of the log that the reader was given, earlier or later, or by others.
    growth : tuple of bytes
        Proofs that a kept checkpoint later than the dossier continues its log.
    other_sha256s : tuple of str
        Hashes of the requests of others who left in the same step, from their receipts.
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
    growth: tuple[bytes, ...] = ()
    other_sha256s: tuple[str, ...] = ()
    request_sha256: str | None = None
    served_sha256: str | None = None
    receipt: bytes | None = None


@dataclass(frozen=True)
class Scope:
    """What a request is about."""

    name: str
    granularity: str
    tokens: frozenset[bytes]
    rows: frozenset[bytes]
    features: tuple[str, ...]

    def named(self, leaves: Iterable[bytes]) -> dict[bytes, bytes]:
        """Return the leaves that it is about, each with the token or hash that names it."""
        if self.granularity == "record":
            return {leaf: token_of(leaf) for leaf in leaves if token_of(leaf) in self.tokens}
        if self.granularity == "rows":
            return {leaf: sha256(leaf) for leaf in leaves if sha256(leaf) in self.rows}
        return {}


@dataclass(frozen=True)
class Request(Scope):
    """What was asked, and when."""

    received: int
    due: int


@dataclass(frozen=True)
class DossierCase:
    """A dossier whose parts belong together.

    Attributes
    ----------
    places : mapping of str to int
        Where in the log stand "configuration", "old", "old model", "request", "new", "new model".
    others : mapping of Scope to int
        What others asked for who left in the same step, and where in the log their requests stand.
    """

    files: Mapping[str, bytes]
    key: NamedKey
    lines: Sequence[bytes]
    entries: Sequence[Mapping[str, Any]]
    checkpoint: Checkpoint
    places: Mapping[str, int]
    request: Request
    others: Mapping[Scope, int]
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

    @property
    def features(self) -> frozenset[str]:
        """All features that this step's requests ask to forget."""
        return frozenset(name for one in (self.request, *self.others) for name in one.features)


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
        name=held["id"],
        granularity=held["granularity"],
        tokens=frozenset(tokens),
        rows=frozenset(rows),
        features=tuple(held["features"]),
        received=held["received"],
        due=held["due"],
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
    others = _read_others(files.get(OTHERS), entries, request)
    if (model.learner, model.configuration) != (configuration.learner, configuration.sha256):
        raise EvidenceError("The model's file names another configuration than the dossier's.")
    if len(model.weights) != len(configuration.features) + 1:
        raise EvidenceError("The model has another number of weights than the configuration.")
    return DossierCase(
        files=files, key=key, lines=lines, entries=entries, checkpoint=checkpoint, places=places,
        request=request, others=others, old_name=predicate["old"], old=old, new=new,
        configuration=configuration, model=model,
    )  # fmt: skip


def _own_key(files: Mapping[str, bytes]) -> NamedKey:
    try:
        return read_named_key(files.get("log/key", b"").decode("utf-8"))
    except UnicodeDecodeError:
        raise EvidenceError("The dossier's log/key is not a key.") from None


def _placed(
    files: Mapping[str, bytes],
    predicate: Mapping[str, Any],
    entries: list[dict[str, Any]],
    request: Request,
    configuration: Configuration,
) -> tuple[dict[str, int], tuple[bytes, ...], tuple[bytes, ...]]:
    """Find the entries that the statement is about, and the lists that they commit to."""
    expected = {"format", "request", "old", "new", "old_model"}
    if set(predicate) != expected or predicate["format"] != FORMAT:
        raise EvidenceError("The statement is of another version than this verifier.")
    old_name, new_name = predicate["old"], predicate["new"]
    if not (isinstance(old_name, str) and isinstance(new_name, str)) or old_name == new_name:
        raise EvidenceError("The statement names no two data sets.")
    asked = files["request.json"]
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
    logged = entries[places["request"]]
    if not predicate["request"] == sha256_hex(asked) == logged.get("sha256") or (
        logged.get("scope") != sha256_hex(request_scope(asked))
    ):
        raise EvidenceError("The request is not the one in the log.")
    lists = []
    for which in ("old", "new"):
        leaves = read_leaf_list(files[f"commitments/{which}.bin"], f"The {which} list of leaves")
        entry = entries[places[which]]
        if (entry.get("root"), entry.get("size")) != (tree_root(leaves).hex(), len(leaves)):
            raise EvidenceError(f"The {which} list of leaves is not the one in the log.")
        lists.append(leaves)
    return places, lists[0], lists[1]


def _read_others(
    raw: bytes | None, entries: list[dict[str, Any]], request: Request
) -> dict[Scope, int]:
    """Read what others asked for who left in the same step: one scope a line."""
    others: dict[Scope, int] = {}
    if raw is None:
        return others
    names = {request.name}
    for line in raw.split(b"\n")[:-1] if raw.endswith(b"\n") else [b""]:
        scope = _read_scope(line)
        place = find_entry(entries, "request", request=scope.name)
        if scope.name in names or entries[place].get("scope") != sha256_hex(line):
            raise EvidenceError("A request of others is not the one in the log.")
        names.add(scope.name)
        others[scope] = place
    return others


def _read_scope(raw: bytes) -> Scope:
    held = read_canonical_json(raw, "A request of others")
    try:
        rebuilt = make_request(
            held["request"],
            received=0,
            due=0,
            granularity=held["granularity"],
            tokens=[bytes.fromhex(text) for text in held["tokens"]],
            rows=[bytes.fromhex(text) for text in held["rows"]],
            features=held["features"],
        )
        texts = (held["request"], held["granularity"], *held["features"])
        fits = all(isinstance(text, str) for text in texts) and request_scope(rebuilt) == raw
    except (KeyError, TypeError, ValueError, AttributeError):
        fits = False
    if not fits:
        raise EvidenceError("A request of others is not built as one.")
    read = read_request(rebuilt)
    return Scope(read.name, read.granularity, read.tokens, read.rows, read.features)


def kept_checkpoint(raw: bytes, key: NamedKey) -> Checkpoint:
    """Read a checkpoint that the reader kept; it must be one that the key signed."""
    try:
        kept = read_checkpoint(raw, "The checkpoint that you kept")
    except EvidenceError as error:
        raise ReaderError(str(error)) from None
    if not is_signed_by(kept, key):
        raise ReaderError("The checkpoint that you kept is not signed by this key.")
    return kept


@dataclass(frozen=True)
class Growth:
    """A proof that a log of `old` entries grew into one of `new`."""

    old: int
    new: int
    path: tuple[bytes, ...]


def growth_file(entries: Sequence[bytes], old: int) -> bytes:
    """Write the proof that a log only grew since it had `old` entries."""
    path = [step.hex() for step in consistency_path(entries, old)]
    return canonical_json({"old": old, "new": len(entries), "path": path})


def read_growth(raw: bytes) -> Growth:
    """Read a proof that a log only grew; the reader brings it."""
    try:
        held = read_canonical_json(raw, "The proof of growth")
        path = tuple(bytes.fromhex(step) for step in held["path"])
        if type(held["old"]) is int and type(held["new"]) is int and len(path) <= 100:
            return Growth(held["old"], held["new"], path)
    except (EvidenceError, KeyError, TypeError, ValueError):
        pass
    raise ReaderError("The proof that the log grew is not built as one.")
