"""Signed notes and checkpoints of a log, with the cosignatures of witnesses (C2SP).

A checkpoint says: "the log of this name had so many entries, under this root". Its signature binds
the log's keeper to one history; a witness's cosignature says that the witness saw this history only
grow. Formats: c2sp.org/signed-note, c2sp.org/tlog-checkpoint, c2sp.org/tlog-cosignature.

Standard library only: this file is a part of ``verify.py``.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from workbench.common.errors import EvidenceError
from workbench.evidence.commitments import sha256, tree_root
from workbench.evidence.edwards import is_signature

__all__ = [
    "Checkpoint",
    "MistypedKey",
    "NamedKey",
    "checkpoint_text",
    "cosign_checkpoint",
    "cosigned_at",
    "is_signed_by",
    "read_checkpoint",
    "read_named_key",
    "sign_checkpoint",
]

LOG_KEY, WITNESS_KEY = 1, 4
DASH = "\u2014 "


@dataclass(frozen=True)
class NamedKey:
    """A public key and the name that it signs under.

    Attributes
    ----------
    name : str
        Of the log ("bank.example/evidence") or the witness; without spaces and plus signs.
    public : bytes
        Ed25519, 32 bytes.
    kind : int
        1 for a log's key, 4 for a witness's.
    """

    name: str
    public: bytes
    kind: int = LOG_KEY

    @property
    def key_id(self) -> bytes:
        """The four bytes by which a signature line names its key."""
        return sha256(self.name.encode() + b"\n" + bytes([self.kind]) + self.public)[:4]

    def __str__(self) -> str:
        key = base64.b64encode(bytes([self.kind]) + self.public).decode()
        return f"{self.name}+{self.key_id.hex()}+{key}"


class MistypedKey(EvidenceError):
    """What has the form of a key, but an id that is not its own."""


def read_named_key(text: str) -> NamedKey:
    """Read a key as it is handed round: ``name+id+key``.

    Raises
    ------
    MistypedKey
        When the id is not that of the key.
    EvidenceError
        When it is not of this form.
    """
    name, _, rest = text.strip().partition("+")
    key_id, _, encoded = rest.partition("+")
    raw = _bytes_of(encoded, "The key")
    if len(raw) != 33 or raw[0] not in (LOG_KEY, WITNESS_KEY) or not _is_name(name):
        raise EvidenceError(
            "A key has the form name+id+key, as `cafe-workbench evidence keygen` prints it."
        )
    key = NamedKey(name, raw[1:], raw[0])
    if key.key_id.hex() != key_id:
        raise MistypedKey(f"The key of {name} does not have the id {key_id[:20]}: a typing error?")
    return key


def _is_name(name: str) -> bool:
    return 0 < len(name) <= 200 and name.isprintable() and not set(name) & set(" +\u2014")


def _bytes_of(encoded: str, what: str) -> bytes:
    """Decode base64 that stands in its one form."""
    try:
        raw = base64.b64decode(encoded.encode(), validate=True)
    except (binascii.Error, ValueError):
        raise EvidenceError(f"{what} is not base64.") from None
    if base64.b64encode(raw).decode() != encoded:
        raise EvidenceError(f"{what} is not base64 in its one form.")
    return raw


@dataclass(frozen=True)
class Checkpoint:
    """What a log's keeper signed: the name, the size, the root.

    Attributes
    ----------
    text : str
        The signed lines.
    signatures : tuple of (str, bytes)
        Who signed, as the line names them, and the line's bytes; checked by nobody yet.
    """

    origin: str
    size: int
    root: bytes
    text: str
    signatures: tuple[tuple[str, bytes], ...]


def checkpoint_text(origin: str, entries: Sequence[bytes]) -> str:
    """Return the lines to sign for a log of these entries."""
    if not _is_name(origin):
        raise EvidenceError("A log's name is short and holds no space and no plus sign.")
    return f"{origin}\n{len(entries)}\n{base64.b64encode(tree_root(entries)).decode()}\n"


def sign_checkpoint(text: str, key: NamedKey, sign: Callable[[bytes], bytes]) -> bytes:
    """Return the checkpoint with its keeper's signature."""
    line = base64.b64encode(key.key_id + sign(text.encode())).decode()
    return f"{text}\n{DASH}{key.name} {line}\n".encode()


def cosign_checkpoint(raw: bytes, key: NamedKey, sign: Callable[[bytes], bytes], at: int) -> bytes:
    """Return the checkpoint with a witness's cosignature more.

    The witness must have seen to it that every checkpoint it signed before is a beginning of this
    one: :func:`workbench.evidence.commitments.is_consistent`.
    """
    checkpoint = read_checkpoint(raw)
    stamp = at.to_bytes(8, "big") + sign(_cosigned(checkpoint.text, at))
    line = base64.b64encode(key.key_id + stamp).decode()
    return raw + f"{DASH}{key.name} {line}\n".encode()


def _cosigned(text: str, at: int) -> bytes:
    return f"cosignature/v1\ntime {at}\n{text}".encode()


def read_checkpoint(raw: bytes, what: str = "The checkpoint") -> Checkpoint:
    """Read a signed checkpoint; nothing is verified yet."""
    if len(raw) > 100_000:
        raise EvidenceError(f"{what} is longer than 100,000 bytes.")
    try:
        body, found, lines = raw.decode("utf-8").rpartition("\n\n")
    except UnicodeDecodeError:
        raise EvidenceError(f"{what} is not UTF-8 text.") from None
    parts = body.split("\n")
    if not found or len(parts) != 3 or not _is_name(parts[0]) or not lines.endswith("\n"):
        raise EvidenceError(f"{what} is not a name, a size and a root, followed by signatures.")
    if not (parts[1].isascii() and parts[1].isdigit() and str(int(parts[1][:16])) == parts[1]):
        raise EvidenceError(f"{what} names no size.")
    root = _bytes_of(parts[2], "The checkpoint's root")
    signatures = []
    for line in lines[:-1].split("\n"):
        name, _, encoded = line[len(DASH) :].partition(" ")
        if not line.startswith(DASH) or not _is_name(name):
            raise EvidenceError(f"{what} holds a line that is no signature.")
        signatures.append((name, _bytes_of(encoded, "A signature")))
    if len(root) != 32:
        raise EvidenceError(f"{what} names no root of 32 bytes.")
    return Checkpoint(parts[0], int(parts[1]), root, body + "\n", tuple(signatures))


def is_signed_by(checkpoint: Checkpoint, key: NamedKey) -> bool:
    """Tell whether the log's keeper signed the checkpoint, under the log's own name."""
    return key.name == checkpoint.origin and any(
        name == key.name
        and raw[:4] == key.key_id
        and is_signature(key.public, checkpoint.text.encode(), raw[4:])
        for name, raw in checkpoint.signatures
    )


def cosigned_at(checkpoint: Checkpoint, witness: NamedKey) -> int | None:
    """Return when a witness cosigned the checkpoint, or None where it did not."""
    for name, raw in checkpoint.signatures:
        if name == witness.name and raw[:4] == witness.key_id and len(raw) == 76:
            at = int.from_bytes(raw[4:12], "big")
            if is_signature(witness.public, _cosigned(checkpoint.text, at), raw[12:]):
                return at
    return None
