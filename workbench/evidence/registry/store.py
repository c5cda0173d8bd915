"""The registry's file: opened, brought up to date, written in whole transactions.

SQLite keeps the promise that a transaction which was acknowledged survives a killed process and a
full disk: write-ahead log, flushed at every commit. One process writes at a time, the others are
told so; any number read meanwhile. What is deleted is overwritten with zeros.
"""

from __future__ import annotations

import os
import sqlite3
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from workbench.common.errors import EvidenceError
from workbench.evidence.registry.schema import APPLICATION, STEPS, VERSION

__all__ = ["PATIENCE", "Store"]

PATIENCE = 5.0
"""Seconds to wait for another process that is writing."""
Values = Sequence[Any] | Mapping[str, Any]
NEEDED = (3, 37)
"""SQLite from this version on knows strict tables."""


class Store:
    """One registry file.

    Parameters
    ----------
    path : Path
    new : bool, default False
        Make the tables in a file that does not exist.
    patience : float, default 5
        Seconds to wait for another writer.

    Raises
    ------
    EvidenceError
        When the file is missing, no registry, or of a version that this program does not know.
    """

    def __init__(self, path: Path, *, new: bool = False, patience: float = PATIENCE) -> None:
        self.path = path
        if sqlite3.sqlite_version_info < NEEDED:
            raise EvidenceError(
                f"The registry needs SQLite 3.37 or newer; this Python has "
                f"{sqlite3.sqlite_version}."
            )
        if not new and not path.is_file():
            raise EvidenceError(
                f"There is no registry {str(path)!r}. Make one: cafe-workbench registry init."
            )
        self.patience = patience
        with self._told():
            self._db = sqlite3.connect(path, timeout=patience, isolation_level=None)
            try:
                self._prepare(new)
            except BaseException:
                self._db.close()
                raise

    def _prepare(self, new: bool) -> None:
        application = self._db.execute("PRAGMA application_id").fetchone()[0]
        if application != APPLICATION and not new:
            raise EvidenceError(f"{self.path} is a database, but no registry of the workbench.")
        for pragma in (
            "journal_mode = WAL",
            "synchronous = FULL",
            "foreign_keys = ON",
            "secure_delete = ON",
        ):
            self._db.execute(f"PRAGMA {pragma}")
        version = self._db.execute("PRAGMA user_version").fetchone()[0]
        if version > VERSION:
            raise EvidenceError(
                f"{self.path} has version {version} of the registry's schema; this program knows "
                f"{VERSION}. Update the workbench."
            )
        if version < VERSION:
            self._migrate()

    def _migrate(self) -> None:
        """Take the steps that are missing, all of them or none."""
        with self.writing():
            version = self._db.execute("PRAGMA user_version").fetchone()[0]
            for step in STEPS[version:]:
                for statement in _statements(step):
                    self._db.execute(statement)
            self._db.execute(f"PRAGMA application_id = {APPLICATION}")
            self._db.execute(f"PRAGMA user_version = {VERSION}")

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Write in one transaction: at its end all of it is kept, after an error none of it.

        Raises
        ------
        EvidenceError
            When another process is writing, the disk is full, or the file cannot be written.
        """
        with self._told():
            if self._db.in_transaction:  # a part of a larger step, kept or dropped with it
                yield
                return
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._db.execute("COMMIT")
            except BaseException:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                raise

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Read one state of the file, whatever is written meanwhile."""
        with self._told():
            if self._db.in_transaction:
                yield
                return
            self._db.execute("BEGIN")
            try:
                yield
            finally:
                self._db.execute("ROLLBACK")

    def run(self, sql: str, values: Values = ()) -> sqlite3.Cursor:
        """Run one statement."""
        with self._told():
            return self._db.execute(sql, values)

    def run_many(self, sql: str, rows: Any) -> None:
        """Run one statement for many rows."""
        with self._told():
            self._db.executemany(sql, rows)

    def row(self, sql: str, values: Values = ()) -> Any:
        """Return the first row of an answer, or None."""
        return self.run(sql, values).fetchone()

    def rows(self, sql: str, values: Values = ()) -> list[Any]:
        """Return all rows of an answer."""
        return self.run(sql, values).fetchall()

    @classmethod
    @contextmanager
    def made(cls, path: Path) -> Iterator[Store]:
        """Make a registry beside its place and put it there when it is whole.

        Raises
        ------
        EvidenceError
            When there is a file already: a registry is never overwritten.
        """
        if path.exists():
            raise EvidenceError(f"{path} exists; a registry is never overwritten.")
        if not path.parent.is_dir():
            raise EvidenceError(f"There is no folder {str(path.parent)!r} for the registry.")
        with tempfile.TemporaryDirectory(dir=path.parent, prefix=".registry-") as folder:
            unfinished = Path(folder, path.name)
            store = cls(unfinished, new=True)
            try:
                yield store
                if not store.fold_away():  # closing would keep silent about it
                    raise EvidenceError(f"The disk refused to write {path}: nothing was made.")
            finally:
                store.close()
            try:
                os.link(unfinished, path)  # fails where another made one meanwhile
            except OSError as error:
                raise EvidenceError(f"Cannot make {path}: {error.strerror}.") from None
        _flush_folder(path.parent)

    def fold_away(self) -> bool:
        """Take the write-ahead log into the file and empty it, so that nothing lingers there.

        Returns
        -------
        bool
            False when a reader of an earlier state or a full disk stands in the way; then it is
            done when the last process that has the file open closes it.
        """
        try:
            busy, _, _ = self.row("PRAGMA wal_checkpoint(TRUNCATE)")
        except EvidenceError:
            return False
        return not busy

    def damage(self) -> str | None:
        """Say what SQLite finds wrong in the file, or None."""
        found = self.row("PRAGMA integrity_check")[0]
        strays = self.row("PRAGMA foreign_key_check")
        if found == "ok" and strays is None:
            return None
        return str(found) if found != "ok" else f"a row of {strays[0]} points nowhere"

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Say in words what SQLite says in codes."""
        try:
            yield
        except sqlite3.Error as error:
            raise EvidenceError(self._words(error)) from error

    def _words(self, error: sqlite3.Error) -> str:
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            return (
                f"Another process is writing to {self.path} and did not finish within "
                f"{self.patience:g} seconds. Nothing was written; try again."
            )
        if code == sqlite3.SQLITE_FULL:
            return (
                f"The disk is full: nothing of this step was written to {self.path}, and what was "
                f"acknowledged before is kept. Make room and repeat the step."
            )
        if code == sqlite3.SQLITE_IOERR:
            return (
                f"The disk refused to read or write {self.path} ({error}). Nothing of this step "
                f"was written, and what was acknowledged before is kept."
            )
        if code in (sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT):
            return f"{self.path} is damaged, or no registry: {error}."
        return f"The registry {self.path} refused the step, nothing of it was written: {error}."


def _statements(script: str) -> Iterator[str]:
    """Cut a script into statements; a trigger holds semicolons of its own."""
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""


def _flush_folder(folder: Path) -> None:
    """Write the folder's list of names to the disk."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
