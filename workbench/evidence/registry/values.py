"""What the registry answers with: frozen values, without names of people."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from workbench.evidence.registry.times import day_of

__all__ = [
    "DataSet",
    "Destroyed",
    "Ingested",
    "ModelVersion",
    "Request",
    "Source",
    "StoredConsent",
]


@dataclass(frozen=True)
class Source:
    """Where records come from."""

    name: str
    uri: str
    licence: str
    sha256: str | None = None
    collected: str | None = None


@dataclass(frozen=True)
class Ingested:
    """What an ingestion took in.

    Attributes
    ----------
    records : tuple of int
        The registry's numbers of the new records, in the table's order.
    people : int
        How many they are of.
    kept_out : int
        Rows that were not taken in, because they or their person are suppressed.
    root : bytes
        Of the tree over the new records' sorted leaves, as the log has it.
    entry : int
        The log's entry.
    """

    records: tuple[int, ...] = field(repr=False)
    people: int
    kept_out: int
    root: bytes
    entry: int


@dataclass(frozen=True)
class StoredConsent:
    """A consent, or another legal basis, for one purpose."""

    purpose: str
    basis: str
    granted: int
    withdrawn: int | None
    source: str | None
    evidence_sha256: str | None

    def covers(self, at: int) -> bool:
        """Whether it was in force at a time."""
        return self.granted <= at and (self.withdrawn is None or self.withdrawn > at)


@dataclass(frozen=True)
class DataSet:
    """A frozen training table.

    Attributes
    ----------
    name : str
        ``lineage/number``.
    purpose : str
        Every row's consent covers it at the time of freezing.
    parent : str or None
    root : bytes
        Of the tree over the sorted leaves.
    size, joined, left : int
        Rows; those that the parent does not have; those that it had and this one has not.
    why_left : dict of str to int
        Rows that left by reason: "erasure", "withdrawal", "objection", …
    frozen : int
    """

    name: str
    lineage: str
    number: int
    purpose: str
    parent: str | None
    root: bytes
    size: int
    joined: int
    left: int
    why_left: dict[str, int]
    frozen: int


@dataclass(frozen=True)
class ModelVersion:
    """One version of a model.

    Attributes
    ----------
    version : str
        ``name/number``.
    dataset : str
        What it was trained on, as registered.
    configuration : str
        SHA-256 of the training configuration.
    sha256 : str
        Of the model's file.
    replaces : str or None
    trained : int
    trained_here : bool
        Whether the registry trained it from its own rows; else it was handed in.
    served_from, served_until : int or None
    keep_until : int or None
        The retention of the file.
    """

    version: str
    name: str
    number: int
    dataset: str
    configuration: str
    sha256: str
    replaces: str | None
    trained: int
    trained_here: bool
    served_from: int | None
    served_until: int | None
    keep_until: int | None


@dataclass(frozen=True)
class Request:
    """What somebody asked for, and how far it is.

    Attributes
    ----------
    id, kind, granularity : str
    law : str
    clauses : tuple of str
    received, due : int
        The due date counts an extension that was made.
    state : str
        As the log's last entry on it says.
    term : str
        Source of the due date.
    features : tuple of str
        For a request about features.
    records : int
        How many records it is about.
    document : bytes
        The request as the log names it by its hash.
    """

    id: str
    kind: str
    granularity: str
    law: str
    clauses: tuple[str, ...]
    received: int
    due: int
    state: str
    term: str
    features: tuple[str, ...]
    records: int
    document: bytes = field(repr=False)

    def row(self, now: int) -> dict[str, Any]:
        """Return the line of a backlog."""
        return {
            "request": self.id,
            "kind": self.kind,
            "law": self.law,
            "clauses": ", ".join(self.clauses),
            "received": day_of(self.received),
            "due": day_of(self.due),
            "days_left": (self.due - now) // 86_400,
            "state": self.state,
            "records": self.records,
        }


@dataclass(frozen=True)
class Destroyed:
    """What was destroyed for a request, and what stays.

    Attributes
    ----------
    request : str
    records : int
        Whose content, salt and blind are overwritten.
    suppressed_until : int or None
        How long the suppression tokens stay.
    folded_away : bool
        Whether the write-ahead log was emptied too; False while another process reads an earlier
        state, and then it is done when the last process that has the file open closes it.
    """

    request: str
    records: int
    suppressed_until: int | None
    folded_away: bool


def frame_of(rows: list[dict[str, Any]], columns: list[str]) -> pd.DataFrame:
    """Return rows as a table that has its columns even when it is empty."""
    return pd.DataFrame(rows, columns=columns)
