"""Opening a registry: its file, its keys, its log."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

import pandas as pd

from workbench.common.errors import EvidenceError
from workbench.evidence.notes import NamedKey, checkpoint_text, sign_checkpoint
from workbench.evidence.registry import freezing
from workbench.evidence.registry.due_dates import DueDates, default_due_dates, read_due_dates
from workbench.evidence.registry.keys import RegistryKeys
from workbench.evidence.registry.log import Log
from workbench.evidence.registry.opened import Opened
from workbench.evidence.registry.store import PATIENCE, Store

__all__ = ["RegistryFile", "Signer"]


class Signer(Protocol):
    """What signs under a name: :class:`workbench.evidence.keys.SigningKey`."""

    @property
    def named(self) -> NamedKey:
        """The public half."""

    def sign(self, data: bytes) -> bytes:
        """Return the signature of the data."""


class RegistryFile:
    """An open registry, its keys where they were given, and its log."""

    def __init__(
        self, store: Store, keys: RegistryKeys | None, policy: DueDates, clock: Callable[[], float]
    ) -> None:
        self._opened = Opened(store, Log(store, lambda: int(clock())), keys)
        self._policy = policy

    @classmethod
    def create(
        cls,
        path: str | Path,
        *,
        origin: str,
        key: str | Path | None = None,
        clock: Callable[[], float] = time.time,
    ) -> Self:
        """Make a new registry, and its keys in a file of their own.

        Parameters
        ----------
        path : path
        origin : str
            The name of the log, without spaces: "bank.example/evidence".
        key : path, optional
            Where the keys go, or are; by default the registry's path with ``.key`` after it. Keep
            them elsewhere than the registry and its copies.
        clock : callable, optional
            Seconds since 1970.

        Raises
        ------
        EvidenceError
            When there is a registry, or something else in the place of the keys.
        """
        place, kept = Path(path), _key_path(Path(path), key)
        if place.exists():
            raise EvidenceError(f"{place} exists; a registry is never overwritten.")
        checkpoint_text(origin, [])  # refuses a name that no checkpoint can carry
        if kept.exists():  # from a creation that was interrupted, or the caller's own
            keys = RegistryKeys.load(kept)
        else:
            keys = RegistryKeys.generate()
            keys.save(kept)
        with Store.made(place) as store, store.writing():
            log = Log(store, lambda: int(clock()))
            for name, value in (("origin", origin.encode()), ("keys", keys.mark)):
                store.run("INSERT INTO about VALUES (?, ?)", (name, value))
            log.note("registry", log.now(), origin=origin)
        return cls.open(place, key=kept, clock=clock)

    @classmethod
    def open(
        cls,
        path: str | Path,
        *,
        key: str | Path | None = None,
        policy: str | Path | DueDates | None = None,
        patience: float = PATIENCE,
        clock: Callable[[], float] = time.time,
    ) -> Self:
        """Open a registry.

        Parameters
        ----------
        path : path
        key : path, optional
            Of the keys; by default the file beside the registry, where there is one. Without keys
            nobody can be looked up or taken in.
        policy : path or DueDates, optional
            Terms of requests; by default those that come with the workbench.
        patience : float, default 5
            Seconds to wait for another process that is writing.

        Raises
        ------
        EvidenceError
            When the file is no registry, is damaged, or the keys are those of another.
        """
        place = Path(path)
        if isinstance(policy, DueDates):
            terms = policy
        else:
            terms = default_due_dates() if policy is None else read_due_dates(policy)
        store = Store(place, patience=patience)
        try:
            beside = _key_path(place, key)
            keys = RegistryKeys.load(beside) if key is not None or beside.is_file() else None
            mark = store.row("SELECT value FROM about WHERE name = 'keys'")
            if keys is not None and (mark is None or mark[0] != keys.mark):
                raise EvidenceError(f"{beside} holds the keys of another registry than {place}.")
        except BaseException:
            store.close()
            raise
        return cls(store, keys, terms, clock)

    def close(self) -> None:
        """Close the file."""
        self._opened.store.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.origin!r}, {len(self._opened.log)} entries)"

    @property
    def origin(self) -> str:
        """The name of the log."""
        (value,) = self._opened.store.row("SELECT value FROM about WHERE name = 'origin'")
        return bytes(value).decode()

    @property
    def policy(self) -> DueDates:
        """The terms of requests."""
        return self._policy

    def check(self) -> None:
        """Make sure that the file is whole and the log is the one that was written.

        Raises
        ------
        EvidenceError
            Where it is not.
        """
        damage = self._opened.store.damage()
        if damage:
            raise EvidenceError(f"{self._opened.store.path} is damaged: {damage}.")
        self._opened.log.check()
        freezing.check_seals(
            self._opened.store.run(
                "SELECT id, content, salt, seal FROM record WHERE destroyed IS NULL ORDER BY id"
            )
        )
        for data in freezing.datasets(self._opened):
            freezing.leaves_of(self._opened, data.name)

    def entries(self) -> list[bytes]:
        """Return the log's entries in order, as they are hashed."""
        return self._opened.log.entries()

    def history(self, kind: str | None = None) -> pd.DataFrame:
        """Return what the log says, one entry a row."""
        return pd.DataFrame(self._opened.log.told(kind))

    def checkpoint(self, key: Signer) -> bytes:
        """Return the log's size and root, signed under its name."""
        return sign_checkpoint(checkpoint_text(self.origin, self.entries()), key.named, key.sign)


def _key_path(place: Path, key: str | Path | None) -> Path:
    return place.with_name(place.name + ".key") if key is None else Path(key)
