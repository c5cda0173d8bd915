"""Model versions: what each was trained on, by which configuration, and when it was served."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any

from workbench.common.errors import EvidenceError, listed, suggestion
from workbench.evidence.commitments import read_canonical_json, sha256_hex
from workbench.evidence.log_entries import configuration_entry, model_entry
from workbench.evidence.registry.freezing import dataset_named
from workbench.evidence.registry.opened import Opened
from workbench.evidence.registry.requests import advance_retrained
from workbench.evidence.registry.values import ModelVersion

__all__ = [
    "commit_configuration",
    "configuration_named",
    "drop_files",
    "model_file",
    "model_versions",
    "newest_version",
    "register",
    "serve",
    "served_at",
    "version_named",
]


def commit_configuration(opened: Opened, body: bytes) -> str:
    """Fix a training configuration in the log; return its SHA-256."""
    if not isinstance(read_canonical_json(body, "The configuration"), dict):
        raise EvidenceError("A training configuration is one JSON object.")
    name = sha256_hex(body)
    with opened.store.writing():
        if opened.store.row("SELECT 1 FROM configuration WHERE sha256 = ?", (name,)) is None:
            opened.store.run("INSERT INTO configuration VALUES (?, ?)", (name, body))
            opened.log.append(configuration_entry(body, opened.log.now()))
    return name


def configuration_named(opened: Opened, name: str) -> bytes:
    """Return a configuration by its SHA-256."""
    row = opened.store.row("SELECT body FROM configuration WHERE sha256 = ?", (name,))
    if row is None:
        raise EvidenceError(
            f"No configuration {name[:20]!r} was committed. Commit it before the training."
        )
    return bytes(row[0])


def register(
    opened: Opened,
    name: str,
    *,
    dataset: str,
    configuration: str,
    sha256: str,
    file: bytes | None = None,
    without: Sequence[str] = (),
    trained_here: bool = False,
    keep_until: int | None = None,
) -> ModelVersion:
    """Write a model version down, after the last of its name."""
    if not name or "/" in name or not name.isprintable():
        raise EvidenceError("A model has a name without slashes.")
    if not re.fullmatch("[0-9a-f]{64}", sha256):
        raise EvidenceError("A model's file is named by its SHA-256: 64 hex digits.")
    with opened.store.writing():
        dataset_named(opened, dataset)
        configuration_named(opened, configuration)
        at = opened.log.now()
        last = opened.store.row(
            "SELECT version, number, sha256 FROM model WHERE name = ? ORDER BY number DESC LIMIT 1",
            (name,),
        )
        number = 1 if last is None else last[1] + 1
        version = f"{name}/{number}"
        opened.store.run(
            """INSERT INTO model (version, name, number, dataset, configuration, sha256, replaces,
            without, trained, trained_here, keep_until, file)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)""",
            (
                *(version, name, number, dataset, configuration, sha256),
                *(last[0] if last else None, json.dumps(sorted(without)), at, int(trained_here)),
                *(keep_until, file),
            ),
        )
        replaced = last[2] if last else None
        opened.log.append(model_entry(sha256, dataset, configuration, at, replaced))
        opened.log.note("version", at, model=version, sha256=sha256, trained_here=trained_here)
        advance_retrained(opened)
    return version_named(opened, version)


_SERVED = """(SELECT json_extract(entry.body, '$.{}') FROM entry
    WHERE entry.model = model.version AND entry.kind = 'served' ORDER BY seq DESC LIMIT 1)"""
_VERSION = f"""SELECT version, name, number, dataset, configuration, sha256, replaces, trained,
    trained_here, {_SERVED.format("from")}, {_SERVED.format("until")}, keep_until FROM model"""


def model_versions(opened: Opened, name: str | None = None) -> tuple[ModelVersion, ...]:
    """Return the versions, oldest first."""
    rows = opened.store.rows(
        f"{_VERSION} WHERE ?1 IS NULL OR name = ?1 ORDER BY trained, name, number", (name,)
    )
    return tuple(map(_version, rows))


def version_named(opened: Opened, version: str) -> ModelVersion:
    """Return a version.

    Raises
    ------
    EvidenceError
        When there is none of this name.
    """
    row = opened.store.row(f"{_VERSION} WHERE version = ?", (version,))
    if row is None:
        known = [found.version for found in model_versions(opened)]
        raise EvidenceError(
            f"There is no model version {version!r}.{suggestion(version, known)} "
            f"Versions: {listed(known)}."
        )
    return _version(row)


def newest_version(opened: Opened, name: str) -> ModelVersion:
    """Return the last version of a model."""
    versions = model_versions(opened, name)
    if not versions:
        known = sorted({found.name for found in model_versions(opened)})
        raise EvidenceError(
            f"There is no model {name!r}.{suggestion(name, known)} Models: {listed(known)}."
        )
    return versions[-1]


def _version(row: Sequence[Any]) -> ModelVersion:
    names = ModelVersion.__dataclass_fields__
    held = dict(zip(names, row, strict=True))
    return ModelVersion(**{**held, "trained_here": bool(held["trained_here"])})


def model_file(opened: Opened, version: str) -> bytes:
    """Return the file of a version that was trained here."""
    row = opened.store.row("SELECT file FROM model WHERE version = ?", (version,))
    if row is None or row[0] is None:
        version_named(opened, version)
        raise EvidenceError(f"The registry does not hold the file of {version!r}, only its hash.")
    return bytes(row[0])


def serve(opened: Opened, version: str, at: int | None = None) -> ModelVersion:
    """Write down that a version is served from now on, in place of the others of its name."""
    with opened.store.writing():
        chosen, now = version_named(opened, version), opened.log.now()
        since = now if at is None else at
        if since > now:
            raise EvidenceError("That a version is served is written when it is.")
        for other in model_versions(opened, chosen.name):
            if other.version != version and other.served_from and other.served_until is None:
                said: dict[str, Any] = {"from": other.served_from, "until": since}
                opened.log.note("served", now, model=other.version, **said)
        opened.log.note("served", now, model=version, **{"from": since, "until": None})
    return version_named(opened, version)


def served_at(opened: Opened, name: str, at: int) -> ModelVersion:
    """Return the version of a model that was served at a time."""
    for version in reversed(model_versions(opened, name)):
        begun = version.served_from is not None and version.served_from <= at
        if begun and (version.served_until is None or version.served_until > at):
            return version
    newest_version(opened, name)
    raise EvidenceError(f"No version of {name!r} was served at that time, as far as was written.")


def drop_files(opened: Opened) -> int:
    """Overwrite the files of versions whose retention has ended; return how many."""
    with opened.store.writing():
        now = opened.log.now()
        ended = [
            version
            for (version,) in opened.store.rows(
                "SELECT version FROM model WHERE keep_until <= ? AND file IS NOT NULL", (now,)
            )
        ]
        for version in ended:
            opened.store.run("UPDATE model SET file = NULL WHERE version = ?", (version,))
            opened.log.note("file dropped", now, model=version)
    if ended:
        opened.store.fold_away()
    return len(ended)
