"""The controller's signing key, and asking an authority for a time stamp."""

from __future__ import annotations

import os
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from workbench.common.errors import EvidenceError, MissingPackageError
from workbench.evidence.commitments import sha256
from workbench.evidence.notes import LOG_KEY, NamedKey
from workbench.evidence.time_stamps import LARGEST_STAMP, request_of

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

__all__ = ["SigningKey", "ask_for_time_stamp"]

PATIENCE = 30.0
"""Seconds that an authority has for its answer."""


@dataclass(frozen=True)
class SigningKey:
    """An Ed25519 key and the name that it signs under; its secret is never shown.

    Attributes
    ----------
    named : NamedKey
        The public half, to be handed to whoever will verify.
    """

    named: NamedKey
    _secret: Ed25519PrivateKey

    def __repr__(self) -> str:
        return f"SigningKey({self.named})"

    @property
    def name(self) -> str:
        """The name that it signs under."""
        return self.named.name

    @property
    def public(self) -> bytes:
        """The public key's 32 bytes."""
        return self.named.public

    def sign(self, data: bytes) -> bytes:
        """Return the signature of the data."""
        return self._secret.sign(data)

    @classmethod
    def generate(cls, name: str, kind: int = LOG_KEY) -> SigningKey:
        """Return a new key.

        Parameters
        ----------
        name : str
            Of the log, or of the witness, that signs: "bank.example/evidence".
        kind : int, default 1
            1 for a log and its dossiers, 4 for a witness.
        """
        return cls.from_seed(os.urandom(32), name, kind)

    @classmethod
    def from_seed(cls, seed: bytes, name: str, kind: int = LOG_KEY) -> SigningKey:
        """Return the key that 32 secret bytes make."""
        ed25519 = _ed25519()
        secret = ed25519.from_private_bytes(seed)
        return cls(NamedKey(name, secret.public_key().public_bytes_raw(), kind), secret)

    @classmethod
    def load(cls, path: str | Path) -> SigningKey:
        """Read a key that :meth:`save` wrote."""
        lines = Path(path).read_text("utf-8").splitlines()
        try:
            mark, kind, name, seed = lines
            if mark != _MARK:
                raise ValueError
            return cls.from_seed(bytes.fromhex(seed), name, int(kind))
        except ValueError:
            raise EvidenceError(f"{path} is no signing key of the workbench.") from None

    def save(self, path: str | Path) -> None:
        """Write the key, readable by its owner alone; an existing file is never replaced."""
        text = (
            f"{_MARK}\n{self.named.kind}\n{self.name}\n{self._secret.private_bytes_raw().hex()}\n"
        )
        try:
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            raise EvidenceError(f"{path} exists; a key is never overwritten.") from None
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)


_MARK = "cafe-workbench signing key v1: keep this file secret"


def _ed25519() -> type[Ed25519PrivateKey]:
    try:
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    except ModuleNotFoundError:
        raise MissingPackageError(
            "Signing needs the package cryptography: pip install 'cafe-workbench[evidence]'."
        ) from None
    return Ed25519PrivateKey


def ask_for_time_stamp(data: bytes, url: str) -> bytes:
    """Ask a time-stamping authority (RFC 3161) to stamp the data; only its hash is sent.

    Parameters
    ----------
    data : bytes
        What is to be stamped.
    url : str
        The authority's address, http or https; there is no default.

    Raises
    ------
    EvidenceError
        When there is no answer, or it is not a stamp of this data.
    """
    if not url.lower().startswith(("https://", "http://")):
        raise EvidenceError(f"A time-stamping authority has an http address; {url[:80]!r} is none.")
    asked = urllib.request.Request(
        url, request_of(data), {"Content-Type": "application/timestamp-query"}
    )
    try:
        with urllib.request.urlopen(asked, timeout=PATIENCE) as answer:
            stamp: bytes = answer.read(LARGEST_STAMP + 1)
    except (urllib.error.URLError, OSError, ValueError) as error:
        raise EvidenceError(f"{url} gave no time stamp: {error}.") from None
    if len(stamp) > LARGEST_STAMP or sha256(data) not in stamp:
        raise EvidenceError(f"The answer of {url} is no time stamp of this data.")
    return stamp
