"""A session as one file: its choices and its results, and no row of the data.

The file names its sample, or the fingerprint of the table; whoever opens it brings the table again.
It is read with suspicion: sizes are bounded, and every part is checked by the code that checks it
elsewhere, the results by that of saved reports.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

import msgspec

import workbench as wb
from widgets.session.inputs import AuditInputs, AuditRun, AuditSettings
from widgets.session.session import MOST_RUNS, AuditSession
from workbench.case.intervention import Contrast, Intervention, Resample, Shift
from workbench.checks.registry import CHECK_NAMES
from workbench.common.errors import DataError
from workbench.common.row_labels import WrittenLabel, read_label, written_label
from workbench.common.saved_values import Count, MaybeNumber, Number, Saved, read_values
from workbench.common.strict_json import parse_strictly
from workbench.methods.registry import METHOD_NAMES

__all__ = ["KeptSession", "check_table", "put_back", "read_session", "write_session"]

FORMAT = "cafe-workbench-session"
VERSION = 1
WHAT = "saved session"


class SavedChange(Saved, frozen=True):
    """What is done to one feature."""

    kind: Literal["contrast", "resample", "shift"]
    a: WrittenLabel | None = None
    b: WrittenLabel | None = None
    draws: Annotated[int, msgspec.Meta(ge=1, le=1_000)] = 10
    given: Literal["parents"] | None = None
    delta: Number = 0.0


class SavedQuestion(Saved, frozen=True):
    """Everything that is asked of a case."""

    graph: dict[str, Any]
    names: tuple[str, ...]
    rows: tuple[WrittenLabel, ...] | None
    condition: str | None
    has_target: bool
    methods: tuple[str, ...]
    threshold: MaybeNumber
    seed: Count
    checks: tuple[str, ...]
    interventions: dict[str, SavedChange]
    subgroups: dict[str, str]
    favourable: Literal["higher", "lower"] | None = None


class SavedRun(Saved, frozen=True):
    """One result, and what it was asked with."""

    number: Count
    started: str
    question: SavedQuestion
    report: dict[str, Any]


class SavedSession(Saved, frozen=True):
    """The file."""

    format: str
    format_version: int
    saved: str
    sample: str
    model: str
    data_fingerprint: str
    model_fingerprint: str
    about: str
    question: SavedQuestion
    runs: Annotated[tuple[SavedRun, ...], msgspec.Meta(max_length=MOST_RUNS)]
    details: wb.CaseDetails | None = None


@dataclass(frozen=True, eq=False)
class KeptRun:
    """A result of a saved session."""

    number: int
    started: datetime
    question: Question
    report: wb.AuditReport


@dataclass(frozen=True, eq=False)
class Question:
    """What is asked of a case: graph, target, settings and named subgroups."""

    graph: wb.CausalGraph
    target: wb.UnlearningTarget | None
    settings: AuditSettings
    subgroups: Mapping[str, str]


@dataclass(frozen=True, eq=False)
class KeptSession:
    """A saved session that was read and checked.

    Attributes
    ----------
    sample, model : str
        What the page loads and trains by itself; "" for what a person brought.
    data_fingerprint, model_fingerprint : str
    about : str
        The data and the model in words.
    question : Question
    runs : tuple of KeptRun
    details : CaseDetails or None
        The matter that the reports belong to, as it was typed.
    """

    sample: str
    model: str
    data_fingerprint: str
    model_fingerprint: str
    about: str
    question: Question
    runs: tuple[KeptRun, ...]
    details: wb.CaseDetails | None


def write_session(
    session: AuditSession,
    *,
    when: datetime | None = None,
    most_bytes: int | None = None,
    numbers: Callable[[wb.AuditReport], str] = wb.AuditReport.to_json,
) -> str:
    """Return a session as JSON text.

    Parameters
    ----------
    when : datetime, optional
        When it was saved; by default now.
    most_bytes : int, optional
        Leave the oldest results out that do not fit.
    numbers : callable (AuditReport) -> str, optional
        Writes a report; a caller that writes often may remember.

    Raises
    ------
    DataError
        When the session has no data yet.
    """
    inputs = session.inputs
    if inputs is None:
        raise DataError("There is nothing to save yet. Choose data and a model first.")
    case, sample = inputs.case, session.sample or ("", "")
    runs: list[Any] = []
    room = most_bytes
    for run in reversed(session.history):
        if run.report.pending or run.inputs.compare:
            continue  # models made to forget are in no file
        written = numbers(run.report)
        if room is not None:
            room -= len(written)
            if room < 0:
                break
        runs.insert(
            0,
            SavedRun(
                run.number,
                run.started.isoformat(),
                _written(run.inputs),
                json.loads(written),
            ),
        )
    rows, columns = case.data.shape
    kept = SavedSession(
        FORMAT,
        VERSION,
        (when or datetime.now(UTC)).isoformat(timespec="seconds"),
        *sample,
        case.data_fingerprint,
        case.model_fingerprint,
        f"{rows:,} rows, {columns:,} columns; model {case.model.name}",
        _written(inputs),
        tuple(runs),
        session.details,
    )
    return json.dumps(msgspec.to_builtins(kept), ensure_ascii=False)


def read_session(text: str | bytes) -> KeptSession:
    """Read a session from JSON text.

    Raises
    ------
    DataError, GraphError, TargetError
        When the text is too large, no session, or a part of it is not what it should be.
    """
    root = parse_strictly(text, WHAT)
    if not isinstance(root.value, dict) or root.value.get("format") != FORMAT:
        raise DataError(
            "This is JSON, but not a saved session of the workbench. One is written by “Save this "
            "session”. A saved report (audit.json) opens on the legal review page."
        )
    if root.value.get("format_version") != VERSION:
        raise DataError(
            f"This session has another format than {VERSION}, the one that this version of the "
            f"workbench reads. Update the package cafe-workbench."
        )
    saved = read_values(root, SavedSession)
    return KeptSession(
        saved.sample,
        saved.model,
        saved.data_fingerprint,
        saved.model_fingerprint,
        saved.about[:200],
        _question(saved.question),
        tuple(map(_run, saved.runs)),
        saved.details,
    )


def check_table(case: wb.AuditCase | None, kept: KeptSession) -> None:
    """See to it that the open table is the one of a saved session.

    Raises
    ------
    DataError
        It is another.
    """
    if case is None or case.data_fingerprint != kept.data_fingerprint:
        raise DataError(
            f"This table is not the one of the saved session ({kept.about}): its SHA-256 is "
            f"{'–' if case is None else case.data_fingerprint}, that of the session "
            f"{kept.data_fingerprint}."
        )


def put_back(session: AuditSession, kept: KeptSession) -> int:
    """Put a session's graph, settings, subgroups, case and results onto the case that is open.

    The target is left to its picker. Results of another model than the open one stay away.

    Returns
    -------
    int
        How many results came back.

    Raises
    ------
    DataError
        The open table is not the session's.
    """
    check_table(session.case, kept)
    session.edit_graph(kept.question.graph)
    session.subgroups = dict(kept.question.subgroups)
    if kept.details is not None:
        session.details = kept.details
    case = session.case
    if case is None or case.model_fingerprint != kept.model_fingerprint:
        return 0
    runs = []
    for run in kept.runs:
        origin = run.report.provenance
        if (origin.data_fingerprint, origin.model_fingerprint) != (
            kept.data_fingerprint,
            kept.model_fingerprint,
        ):
            continue
        asked = run.question
        same = set(asked.graph.edges) == set(case.graph.edges)
        own = case if same else case.with_graph(asked.graph)
        inputs = AuditInputs(
            own, asked.target, asked.settings, asked.subgroups, {}, None, session.code
        )
        runs.append(AuditRun(run.number, run.started, inputs, run.report))
    session.bring_back(tuple(runs))
    return len(runs)


def _written(inputs: AuditInputs) -> SavedQuestion:
    target, settings = inputs.target, inputs.settings
    rows = None if target is None or target.rows is None else target.rows
    condition = None if target is None else target.condition
    return SavedQuestion(
        graph=json.loads(inputs.case.graph.to_json()),
        names=() if target is None else tuple(target.names),
        rows=None if rows is None else tuple(map(written_label, rows)),
        condition=None if condition is None else condition.text,
        has_target=target is not None,
        methods=tuple(settings.methods),
        threshold=settings.threshold,
        seed=settings.seed,
        checks=tuple(settings.checks),
        interventions={
            name: _written_change(change) for name, change in settings.interventions.items()
        },
        subgroups=dict(inputs.subgroups),
        favourable=settings.favourable,
    )


def _written_change(change: Intervention) -> SavedChange:
    if isinstance(change, Contrast):
        return SavedChange("contrast", a=_label(change.a), b=_label(change.b))
    if isinstance(change, Resample):
        return SavedChange("resample", draws=change.draws, given=change.given)
    return SavedChange("shift", delta=change.delta)


def _label(value: Any) -> WrittenLabel:
    """Write a level; numpy's numbers as Python's."""
    return written_label(value.item() if hasattr(value, "item") else value)


def _question(saved: SavedQuestion) -> Question:
    target = None
    if saved.has_target and saved.rows is not None:
        rows = tuple(map(read_label, saved.rows))
        target = wb.UnlearningTarget.datapoints(rows, saved.names or None)
    elif saved.has_target and saved.condition is not None:
        target = wb.UnlearningTarget.subgroup(saved.condition, saved.names or None)
    elif saved.has_target:
        target = wb.UnlearningTarget.features(saved.names)
    _check_known("method", saved.methods, METHOD_NAMES)
    _check_known("check", saved.checks, CHECK_NAMES)
    settings = AuditSettings(
        saved.methods,
        saved.threshold,
        saved.seed,
        {name: _change(change) for name, change in saved.interventions.items()},
        saved.checks,
        saved.favourable,
    )
    graph = wb.CausalGraph.from_json(json.dumps(saved.graph))
    return Question(graph, target, settings, dict(saved.subgroups))


def _check_known(what: str, names: tuple[str, ...], known: tuple[str, ...]) -> None:
    for name in names:
        if name not in known:
            raise DataError(
                f"This {WHAT} asks for the {what} {name[:60]!r}. This version of the workbench "
                f"knows {', '.join(known)}."
            )


def _change(saved: SavedChange) -> Intervention:
    if saved.kind == "contrast":
        if saved.a is None or saved.b is None:
            raise DataError(f"This {WHAT} has a contrast without its two levels.")
        return Contrast(read_label(saved.a), read_label(saved.b))
    if saved.kind == "resample":
        return Resample(saved.draws, saved.given)
    return Shift(saved.delta)


def _run(saved: SavedRun) -> KeptRun:
    try:
        started = datetime.fromisoformat(saved.started)
    except ValueError:
        raise DataError(f"This {WHAT} has a result of no time: {saved.started[:60]!r}.") from None
    if started.tzinfo is None:
        started = started.replace(tzinfo=UTC)
    report = wb.AuditReport.from_json(json.dumps(saved.report))
    return KeptRun(saved.number, started, _question(saved.question), report)
