"""What stands in the log: hashes of configurations, data sets, models and requests, in order.

The whole log travels in a dossier, so an entry holds no personal data, only hashes and names that
the controller chose. A verifier passes over kinds of entries that it does not know.

Standard library only: this file is a part of ``verify.py``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from workbench.common.errors import EvidenceError
from workbench.evidence.commitments import canonical_json, read_canonical_json, sha256_hex

__all__ = [
    "configuration_entry",
    "dataset_entry",
    "find_entry",
    "log_file",
    "make_request",
    "model_entry",
    "read_log_file",
    "request_entry",
    "request_scope",
]

MOST_ENTRIES = 200_000
GRANULARITIES = ("record", "rows", "feature")
"""A person's records; rows that the request lists (a class, a source); features, in all rows."""


def configuration_entry(configuration: bytes, at: int) -> bytes:
    """Return the entry by which a training configuration is fixed."""
    return canonical_json({"kind": "configuration", "sha256": sha256_hex(configuration), "at": at})


def dataset_entry(name: str, root: bytes, size: int, at: int, parent: str | None = None) -> bytes:
    """Return the entry that freezes a data set.

    Parameters
    ----------
    name : str
        Its name, used once in a log.
    root : bytes
        Of the tree over its sorted leaves.
    size : int
        Rows.
    at : int
        Seconds since 1970.
    parent : str, optional
        The data set it came from by leaving rows out and taking rows in.
    """
    return canonical_json(
        {
            "kind": "dataset",
            "dataset": name,
            "parent": parent,
            "root": root.hex(),
            "size": size,
            "at": at,
        }
    )


def model_entry(
    model_sha256: str, dataset: str, configuration_sha256: str, at: int, replaces: str | None = None
) -> bytes:
    """Return the entry of a model version: its file, data set, configuration, predecessor."""
    return canonical_json(
        {
            "kind": "model",
            "sha256": model_sha256,
            "dataset": dataset,
            "configuration": configuration_sha256,
            "replaces": replaces,
            "at": at,
        }
    )


def request_entry(request: bytes, at: int) -> bytes:
    """Return the entry by which a request is received: its hash, and that of its scope."""
    name = read_canonical_json(request, "The request")["id"]
    return canonical_json(
        {
            "kind": "request",
            "request": name,
            "sha256": sha256_hex(request),
            "scope": sha256_hex(request_scope(request)),
            "at": at,
        }
    )


def request_scope(request: bytes) -> bytes:
    """Return what a request is about, without its dates, clauses and kind.

    That much of it is shown in the dossier of somebody else who left in the same step.
    """
    held = read_canonical_json(request, "The request")
    named = ("granularity", "tokens", "rows", "features")
    return canonical_json({"request": held["id"], **{key: held[key] for key in named}})


def make_request(
    name: str,
    *,
    received: int,
    due: int,
    granularity: str = "record",
    kind: str = "erasure",
    clauses: Sequence[str] = (),
    tokens: Sequence[bytes] = (),
    rows: Sequence[bytes] = (),
    features: Sequence[str] = (),
) -> bytes:
    """Write a request as the log, the receipt and the dossier name it, without names of people.

    Parameters
    ----------
    name : str
        The controller's number for it.
    received, due : int
        Seconds since 1970.
    granularity : {"record", "rows", "feature"}
        What is to be left out: all rows of the `tokens`; the `rows` listed (by the SHA-256 of
        their leaves); the `features`, in every row.
    """
    if granularity not in GRANULARITIES:
        raise EvidenceError(f"A request is about {', '.join(GRANULARITIES)}, not {granularity!r}.")
    named = {"record": tokens, "rows": rows, "feature": features}
    if not named[granularity] or any(v for k, v in named.items() if k != granularity):
        raise EvidenceError(
            f"A request about {granularity!r} names tokens, rows or features to match, and only "
            f"those."
        )
    return canonical_json(
        {
            "id": name,
            "kind": kind,
            "granularity": granularity,
            "clauses": list(clauses),
            "tokens": sorted(token.hex() for token in tokens),
            "rows": sorted(row.hex() for row in rows),
            "features": sorted(features),
            "received": received,
            "due": due,
        }
    )


def log_file(entries: Sequence[bytes]) -> bytes:
    """Write the log, one entry a line."""
    return b"".join(entry + b"\n" for entry in entries)


def read_log_file(raw: bytes) -> tuple[list[bytes], list[dict[str, Any]]]:
    """Read the log: the entries' bytes, and what they say."""
    if not raw.endswith(b"\n") or raw.count(b"\n") > MOST_ENTRIES:
        raise EvidenceError(f"The log is not one entry a line, at most {MOST_ENTRIES:,}.")
    lines = raw[:-1].split(b"\n")
    entries = []
    for i in range(len(lines)):
        entry = read_canonical_json(lines[i], f"Entry {i} of the log")
        if not isinstance(entry, dict) or not isinstance(entry.get("kind"), str):
            raise EvidenceError(f"Entry {i} of the log names no kind.")
        entries.append(entry)
    return lines, entries


def find_entry(
    entries: Sequence[dict[str, Any]], kind: str, *, first: bool = False, **held: Any
) -> int:
    """Return the place of the one entry of a kind that holds these values; or of the first.

    Raises
    ------
    EvidenceError
        When there is none, or more than one: then the log says two things.
    """
    found = [
        i
        for i in range(len(entries))
        if entries[i]["kind"] == kind and all(entries[i].get(k) == v for k, v in held.items())
    ]
    if len(found) != 1 and not (first and found):
        what = ", ".join(f"{key} {str(value)[:20]}" for key, value in held.items())
        raise EvidenceError(f"The log holds {len(found)} entries of kind {kind} ({what}), not one.")
    return found[0]
