"""The append-only log in the registry's file, the one way by which a state changes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from workbench.common.errors import EvidenceError
from workbench.evidence.commitments import canonical_json, read_canonical_json, sha256
from workbench.evidence.registry.store import Store

__all__ = ["Log"]

MAIN_ENTRIES = frozenset(("configuration", "dataset", "model", "request"))
"""Kinds that :mod:`workbench.evidence.log_entries` writes, for a verifier."""


class Log:
    """Entries in order, each bound to all before it by a hash.

    Parameters
    ----------
    store : Store
    clock : callable
        Seconds since 1970.
    """

    def __init__(self, store: Store, clock: Callable[[], int]) -> None:
        self._store, self._clock = store, clock

    def now(self) -> int:
        """Return the time of the next entry; never before that of the last."""
        last = self._store.row("SELECT at FROM entry ORDER BY seq DESC LIMIT 1")
        return max(int(self._clock()), last[0] if last else 0)

    def append(self, entry: bytes) -> int:
        """Add an entry within the transaction of what it tells; return its number."""
        with self._store.writing():
            last = self._store.row("SELECT seq, head FROM entry ORDER BY seq DESC LIMIT 1")
            seq, head = (0, bytes(32)) if last is None else (last[0] + 1, last[1])
            self._store.run(
                "INSERT INTO entry (seq, body, head) VALUES (?, ?, ?)",
                (seq, entry.decode(), sha256(head + entry)),
            )
            return seq

    def note(self, kind: str, at: int, **said: Any) -> int:
        """Add an entry of the registry's own kinds, which a verifier passes over."""
        if kind in MAIN_ENTRIES:
            raise EvidenceError(f"An entry of kind {kind!r} has a form of its own.")
        return self.append(canonical_json({"kind": kind, "at": at, **said}))

    def entries(self) -> list[bytes]:
        """Return all entries in order, as they are hashed."""
        return [body.encode() for (body,) in self._store.run("SELECT body FROM entry ORDER BY seq")]

    def told(self, kind: str | None = None) -> list[dict[str, Any]]:
        """Return what the entries say, with their numbers as "seq"."""
        chosen = "" if kind is None else "WHERE kind = :kind"
        rows = self._store.rows(
            f"SELECT seq, body FROM entry {chosen} ORDER BY seq", {"kind": kind}
        )
        return [
            {"seq": seq, **read_canonical_json(body.encode(), f"Entry {seq} of the log")}
            for seq, body in rows
        ]

    def check(self) -> None:
        """Make sure that every entry is bound to those before it.

        Raises
        ------
        EvidenceError
            At the first entry that is not.
        """
        head = bytes(32)
        rows = self._store.run("SELECT seq, body, head FROM entry ORDER BY seq")
        for place, (seq, body, kept) in enumerate(rows):
            head = sha256(head + body.encode())
            if seq != place or head != kept:
                raise EvidenceError(
                    f"Entry {place} of the log is not the one that was written: its hash does not "
                    f"follow from the entries before it."
                )

    def __len__(self) -> int:
        (count,) = self._store.row("SELECT count(*) FROM entry")
        return int(count)
