"""The keys of a registry: what turns names into tokens, kept apart from the file of tokens."""

from __future__ import annotations

import hashlib
import hmac
import os
from dataclasses import dataclass, field
from pathlib import Path

from workbench.common.errors import EvidenceError
from workbench.evidence.commitments import person_token

__all__ = ["RegistryKeys"]

_MARK = "cafe-workbench registry keys v1: keep this file secret, apart from the registry"


@dataclass(frozen=True)
class RegistryKeys:
    """Two secrets: one for people in the registry, one for what must not come back.

    They are two, so that the second can be kept or destroyed by a retention of its own. Without
    them nobody finds a person in the file by name.
    """

    _people: bytes = field(repr=False)
    _suppression: bytes = field(repr=False)

    def person(self, subject: str) -> bytes:
        """Return the token that stands for a person."""
        return person_token(self._people, subject)

    def suppressed_person(self, token: bytes) -> bytes:
        """Return the token by which a person whose records were destroyed is known again."""
        return self._suppress(b"person", token)

    def suppressed_record(self, record: bytes) -> bytes:
        """Return the token by which a record that was destroyed is known again."""
        return self._suppress(b"record", record)

    @property
    def cells(self) -> bytes:
        """The key of the coarse cells by which near copies are flagged."""
        return self._suppress(b"cells", b"")

    def _suppress(self, what: bytes, value: bytes) -> bytes:
        text = b"cafe-evidence/suppressed/v1\0" + what + b"\0" + value
        return hmac.new(self._suppression, text, hashlib.sha256).digest()

    @property
    def mark(self) -> bytes:
        """What a registry keeps to know its own keys by; tells nothing of them."""
        return hmac.new(
            self._people, b"cafe-evidence/keys/v1" + self._suppress(b"mark", b""), hashlib.sha256
        ).digest()

    @classmethod
    def generate(cls) -> RegistryKeys:
        """Return new keys."""
        return cls(os.urandom(32), os.urandom(32))

    @classmethod
    def load(cls, path: str | Path) -> RegistryKeys:
        """Read keys that :meth:`save` wrote.

        Raises
        ------
        EvidenceError
            When there is no such file, or it holds something else.
        """
        try:
            text = Path(path).read_text("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            said = getattr(error, "strerror", error)
            raise EvidenceError(f"Cannot read the registry's keys {str(path)!r}: {said}.") from None
        try:
            mark, people, suppression = text.splitlines()
            keys = cls(bytes.fromhex(people), bytes.fromhex(suppression))
            if mark != _MARK or len(keys._people) != 32 or len(keys._suppression) != 32:
                raise ValueError
        except ValueError:
            raise EvidenceError(f"{path} does not hold the keys of a registry.") from None
        return keys

    def save(self, path: str | Path) -> None:
        """Write the keys, readable by their owner alone; an existing file is never replaced."""
        try:
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            raise EvidenceError(f"{path} exists; keys are never overwritten.") from None
        except OSError as error:
            raise EvidenceError(f"Cannot write {str(path)!r}: {error.strerror}.") from None
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(f"{_MARK}\n{self._people.hex()}\n{self._suppression.hex()}\n")
            file.flush()
            os.fsync(file.fileno())
