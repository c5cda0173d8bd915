"""The planned cycle: collect what is open, freeze, train by the committed configuration."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from workbench.common.errors import EvidenceError
from workbench.evidence.commitments import read_canonical_json, sha256_hex
from workbench.evidence.configuration import Configuration, read_configuration, read_model_file
from workbench.evidence.registry.freezing import dataset_named, freeze, members, table_of
from workbench.evidence.registry.models import (
    configuration_named,
    model_file,
    model_versions,
    newest_version,
    register,
    version_named,
)
from workbench.evidence.registry.opened import Opened
from workbench.evidence.registry.pinned_training import (
    PinnedReplay,
    read_pinned,
    replay_pinned,
    train_pinned,
)
from workbench.evidence.registry.requests import CLOSED, columns_of, requests
from workbench.evidence.registry.values import DataSet, ModelVersion, Request
from workbench.evidence.retraining import Replay, encode_rows, predict, replay, train
from workbench.models.black_box import BlackBoxModel
from workbench.models.files.skops_files import parse_model

__all__ = [
    "Retrained",
    "black_box",
    "first_training",
    "models_waiting",
    "replay_version",
    "retrain_due",
]


@dataclass(frozen=True)
class Retrained:
    """A cycle that was run.

    Attributes
    ----------
    version, replaced : ModelVersion
    dataset : DataSet
    requests : tuple of Request
        That the cycle took up, as they are after it.
    without : tuple of str
        Features masked in all rows.
    """

    version: ModelVersion
    replaced: ModelVersion
    dataset: DataSet
    requests: tuple[Request, ...]
    without: tuple[str, ...]

    def sentences(self) -> tuple[str, ...]:
        """Say what was done, and what was not."""
        rows = f"{self.dataset.left:,} row{'' if self.dataset.left == 1 else 's'}"
        said = [
            f"{rows} excluded from the training set of version {self.version.version}, which "
            f"replaces {self.replaced.version}; trained by the configuration committed before.",
        ]
        if self.without:
            said.append(f"Masked in all rows: {', '.join(self.without)}.")
        said += [f"Request {one.id}: {one.state}." for one in self.requests]
        said.append(
            f"What {self.replaced.version} learned stays in its file and wherever it is still "
            f"served; `serve` says which version is."
        )
        return tuple(said)


def first_training(
    opened: Opened, name: str, dataset: str, configuration: str, keep_until: int | None = None
) -> ModelVersion:
    """Train a version on a data set by a committed configuration, and register it."""
    with opened.store.writing():
        without = _masked(opened, configuration)
        body = configuration_named(opened, configuration)
        file = _trained(opened, body, dataset, without)
        return register(
            opened,
            name,
            dataset=dataset,
            configuration=configuration,
            sha256=sha256_hex(file),
            file=file,
            without=without,
            trained_here=True,
            keep_until=keep_until,
        )


def retrain_due(
    opened: Opened, name: str, *, due_by: int | None = None, keep_until: int | None = None
) -> Retrained:
    """Run a cycle for a model: exclude what was asked to leave, and train again.

    The new data set is the old one without the rows of all open requests and withdrawn consents;
    no row comes in. All of it is kept or none; other processes cannot write meanwhile.

    Parameters
    ----------
    due_by : int, optional
        Run only when some request is due by then. A cycle takes up all open requests: who asked
        later does not stay in a data set that is made now.

    Raises
    ------
    EvidenceError
        When nothing is open, or the model's configuration cannot be repeated.
    """
    with opened.store.writing():
        old = newest_version(opened, name)
        data = dataset_named(opened, old.dataset)
        waiting = _waiting(opened, data, old)
        if due_by is not None and not any(one.due <= due_by for one in waiting):
            raise EvidenceError(f"No open request about {name!r} is due by then; nothing was done.")
        if not waiting and not _uncovered(opened, data):
            raise EvidenceError(
                f"No open request or withdrawal is about the rows or features of {old.version!r}; "
                f"nothing was done."
            )
        new = freeze(opened, purpose=data.purpose, name=data.lineage, only_leaving=True)
        without = _masked(opened, old.configuration)
        return _run(opened, old, new, waiting, without, keep_until)


def _run(
    opened: Opened,
    old: ModelVersion,
    new: DataSet,
    taken: Sequence[Request],
    without: tuple[str, ...],
    keep_until: int | None,
) -> Retrained:
    """Train on a data set by the old version's configuration, and register the new version."""
    body = configuration_named(opened, old.configuration)
    file = _trained(opened, body, new.name, without)
    version = register(
        opened,
        old.name,
        dataset=new.name,
        configuration=old.configuration,
        sha256=sha256_hex(file),
        file=file,
        without=without,
        trained_here=True,
        keep_until=keep_until,
    )
    names = {one.id for one in taken}
    after = tuple(one for one in requests(opened) if one.id in names)
    return Retrained(version, old, new, after, without)


def models_waiting(opened: Opened) -> list[str]:
    """Return the names of the models that open requests or withdrawals are about."""
    waiting = []
    for name in dict.fromkeys(version.name for version in model_versions(opened)):
        newest = newest_version(opened, name)
        data = dataset_named(opened, newest.dataset)
        if _waiting(opened, data, newest) or _uncovered(opened, data):
            waiting.append(name)
    return waiting


def _waiting(opened: Opened, data: DataSet, old: ModelVersion) -> list[Request]:
    """Return the open requests that are about a version's rows or features."""
    rows = set(members(opened, data.name))
    reads = columns_of(configuration_named(opened, old.configuration))
    masked = set(_without(opened, old.version))
    found = []
    for request in requests(opened):
        if request.state in (*CLOSED, "retrained", "destroyed") or request.kind == "access":
            continue
        if request.granularity == "feature":
            concerned = bool(set(request.features) & reads - masked)
        else:
            concerned = not rows.isdisjoint(records_of_request(opened, request.id))
        if concerned:
            found.append(request)
    return found


def records_of_request(opened: Opened, name: str) -> list[int]:
    """Return the numbers of the records that a request is about."""
    rows = opened.store.rows(
        """SELECT record.id FROM request JOIN record ON record.person = request.person
        WHERE request.id = ?1 UNION SELECT record FROM request_record WHERE request = ?1""",
        (name,),
    )
    return [record for (record,) in rows]


def _uncovered(opened: Opened, data: DataSet) -> bool:
    """Whether a row of a data set has lost its consent without an open request."""
    return (
        opened.store.row(
            """SELECT 1 FROM member JOIN record ON record.id = member.record
            WHERE member.lineage = ?1 AND member.last IS NULL AND NOT EXISTS (
                SELECT 1 FROM consent WHERE consent.person = record.person
                AND consent.purpose = ?2 AND consent.withdrawn IS NULL
                AND (consent.source IS NULL OR consent.source = record.source)) LIMIT 1""",
            (data.lineage, data.purpose),
        )
        is not None
    )


def _masked(opened: Opened, configuration: str) -> tuple[str, ...]:
    """Return the features of a configuration that somebody asked to forget and was not refused."""
    asked = {
        feature
        for request in requests(opened)
        if request.granularity == "feature" and request.state not in ("refused", "lifted")
        for feature in request.features
    }
    return tuple(sorted(asked & columns_of(configuration_named(opened, configuration))))


def _without(opened: Opened, version: str) -> tuple[str, ...]:
    (held,) = opened.store.row("SELECT without FROM model WHERE version = ?", (version,))
    return tuple(json.loads(held))


def _trained(opened: Opened, body: bytes, dataset: str, without: Sequence[str]) -> bytes:
    """Return the file of a model trained on a data set's rows."""
    pinned = read_pinned(body)
    if pinned is not None:
        return train_pinned(pinned, table_of(opened, dataset), without)
    configuration = _canonical(body)
    rows, outcomes = encode_rows(_records(opened, dataset), configuration)
    return train(configuration, rows, outcomes, without=without).to_bytes()


def _canonical(body: bytes) -> Configuration:
    try:
        return read_configuration(body)
    except EvidenceError as error:
        raise EvidenceError(
            f"{error} The registry trains by a `Configuration` (one optimum, the same bits "
            f"everywhere) or a `PinnedConfiguration`; a model of another training is handed in."
        ) from None


def _records(opened: Opened, dataset: str) -> list[dict[str, object]]:
    """Return a data set's canonical records in the order of their leaves."""
    table_of(opened, dataset)  # refuses what was destroyed or is not what was sealed
    data = dataset_named(opened, dataset)
    rows = opened.store.run(
        """SELECT record.content FROM member JOIN record ON record.id = member.record
        JOIN person ON person.id = record.person
        WHERE lineage = ?1 AND first <= ?2 AND (last IS NULL OR last >= ?2)
        ORDER BY person.token, coalesce(record.point, zeroblob(32)), record.seal""",
        (data.lineage, data.number),
    )
    return [read_canonical_json(content.encode(), "A stored record") for (content,) in rows]


def replay_version(opened: Opened, version: str) -> Replay | PinnedReplay:
    """Train a version again from its rows and compare with its file.

    Raises
    ------
    EvidenceError
        When rows have been destroyed, or the registry does not hold the file.
    """
    with opened.store.reading():
        model = version_named(opened, version)
        file, body = model_file(opened, version), configuration_named(opened, model.configuration)
        pinned = read_pinned(body)
        if pinned is not None:
            table = table_of(opened, model.dataset)
            return replay_pinned(pinned, table, file, _without(opened, version))
        configuration = _canonical(body)
        rows, outcomes = encode_rows(_records(opened, model.dataset), configuration)
    return replay(configuration, rows, outcomes, file)


def black_box(opened: Opened, version: str) -> BlackBoxModel:
    """Return a version that was trained here as a model to ask.

    Raises
    ------
    EvidenceError
        When the file is not the one whose hash was logged.
    """
    model = version_named(opened, version)
    file, body = model_file(opened, version), configuration_named(opened, model.configuration)
    if sha256_hex(file) != model.sha256:
        raise EvidenceError(f"The file of {version!r} is not the one whose hash was logged.")
    if read_pinned(body) is not None:
        return parse_model(file, f"{model.name}.skops")
    configuration, weights = _canonical(body), read_model_file(file)

    codes = (configuration.outcome, *configuration.features)
    read = [
        name
        for name in dict.fromkeys(code.column for code in configuration.features)
        if name not in weights.without
    ]
    # The outcome is not read, and a masked feature has the weight 0: any value does.
    blank = {c.column: 0 if c.level is None else "" for c in codes if c.column not in read}

    def ask(frame: pd.DataFrame) -> object:
        rows, _ = encode_rows(frame.assign(**blank), configuration)
        return predict(weights, configuration, rows)

    return BlackBoxModel(ask, features=read, name=f"version {version}")
