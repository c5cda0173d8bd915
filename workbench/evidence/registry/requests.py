"""Requests: what was asked, by when it is due, and how far it is; each step an entry of the log."""

from __future__ import annotations

import json
from collections.abc import Sequence
from types import MappingProxyType
from typing import Any

from workbench.common.errors import EvidenceError, listed, suggestion
from workbench.evidence.commitments import NO_POINT, make_leaf, sha256
from workbench.evidence.log_entries import make_request, request_entry
from workbench.evidence.registry.consents import withdraw
from workbench.evidence.registry.due_dates import DueDates
from workbench.evidence.registry.opened import Opened
from workbench.evidence.registry.times import day_of, seconds_of
from workbench.evidence.registry.values import Request

__all__ = [
    "BLOCKING",
    "CLOSED",
    "CONCERNED",
    "STATE",
    "STEPS_OF_REQUESTS",
    "advance",
    "advance_excluded",
    "advance_retrained",
    "columns_of",
    "extend",
    "holds",
    "receive",
    "request_named",
    "requests",
]

BLOCKING = "'erasure', 'objection', 'restriction'"
"""Kinds that keep rows out of the next data set from the moment they are received."""
STATE = """(SELECT json_extract(entry.body, '$.state') FROM entry
    WHERE entry.request = request.id AND entry.kind = 'state' ORDER BY entry.seq DESC LIMIT 1)"""
"""SQL: the state of a request is what the log's last entry on it says."""
CONCERNED = """(SELECT id FROM record WHERE record.person = request.person
    UNION SELECT record FROM request_record WHERE request_record.request = request.id)"""
"""SQL: the records that a request is about."""
CLOSED = ("answered", "refused", "lifted")
STEPS_OF_REQUESTS = MappingProxyType(
    {
        "received": ("accepted", "excluded", "retrained", "refused", "lifted", "answered"),
        "accepted": ("excluded", "retrained", "refused", "lifted", "answered"),
        "excluded": ("retrained", "refused", "lifted", "answered"),
        "retrained": ("destroyed", "answered", "lifted"),
        "destroyed": ("answered",),
        "answered": (),
        "refused": (),
        "lifted": (),
    }
)
"""Which state may follow which; "excluded", "retrained" and "destroyed" are written when done."""
DONE_NOT_SAID = ("excluded", "retrained", "destroyed")
GROUND_LENGTH = 60


def receive(
    opened: Opened,
    kind: str,
    policy: DueDates,
    *,
    law: str,
    clauses: Sequence[str],
    person: int | None = None,
    records: Sequence[int] = (),
    features: Sequence[str] = (),
    purpose: str | None = None,
    received: Any = None,
) -> Request:
    """Write a request down and give it a number and a due date.

    Raises
    ------
    EvidenceError
        When it is not about exactly one of: a person, records, features; or nothing says when it
        is due.
    """
    term = policy.term(law, kind)
    about = {"record": person is not None, "rows": bool(records), "feature": bool(features)}
    if sum(about.values()) != 1:
        raise EvidenceError("A request is about a person, or some records, or some features.")
    granularity = next(name for name, given in about.items() if given)
    if granularity != "record" and kind != "erasure":
        raise EvidenceError(f"A request of kind {kind!r} is one person's; name the person.")
    with opened.store.writing():
        at = opened.log.now()
        came = at if received is None else seconds_of(received)
        if came > at:
            raise EvidenceError(f"A request cannot be received in the future, on {day_of(came)}.")
        number = opened.store.row("SELECT count(*) + 1 FROM request")[0]
        name, due = f"R-{number}", term.due(came)
        token = opened.store.row("SELECT token FROM person WHERE id = ?", (person,))
        document = make_request(
            name,
            received=came,
            due=due,
            granularity=granularity,
            kind=kind,
            clauses=clauses,
            tokens=[token[0]] if token else (),
            rows=[sha256(leaf) for leaf in _leaves_of_records(opened, records)],
            features=features,
        )
        opened.store.run(
            """INSERT INTO request (id, kind, granularity, person, clauses, law, purpose, features,
            received, due, term, document) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)""",
            (
                *(name, kind, granularity, person, json.dumps(list(clauses)), law, purpose),
                *(json.dumps(sorted(features)), came, due, term.source, document),
            ),
        )
        opened.store.run_many(
            "INSERT INTO request_record (request, record) VALUES (?, ?)",
            [(name, record) for record in records],
        )
        opened.log.append(request_entry(document, at))
        opened.log.note("state", at, request=name, state="received")
        if kind == "withdrawal" and person is not None:
            withdraw(opened, person, purpose, at)
    return request_named(opened, name)


def _leaves_of_records(opened: Opened, records: Sequence[int]) -> list[bytes]:
    leaves = []
    for record in records:
        row = opened.store.row(
            """SELECT person.token, record.seal, record.point FROM record
            JOIN person ON person.id = record.person WHERE record.id = ?""",
            (record,),
        )
        if row is None:
            raise EvidenceError(f"There is no record {record}.")
        leaves.append(make_leaf(row[0], row[1], row[2] or NO_POINT))
    return leaves


_REQUEST = f"""
SELECT request.id, kind, granularity, law, clauses, received,
    coalesce((SELECT json_extract(entry.body, '$.due') FROM entry
        WHERE entry.request = request.id AND entry.kind = 'extension'
        ORDER BY seq DESC LIMIT 1), due),
    {STATE}, term, features, (SELECT count(*) FROM {CONCERNED}), document
FROM request
"""


def requests(opened: Opened) -> tuple[Request, ...]:
    """Return all requests, in the order in which they were written down."""
    rows = opened.store.rows(f"{_REQUEST} ORDER BY CAST(substr(request.id, 3) AS INTEGER)")
    return tuple(map(_request, rows))


def request_named(opened: Opened, name: str) -> Request:
    """Return a request.

    Raises
    ------
    EvidenceError
        When there is none of this number.
    """
    row = opened.store.row(f"{_REQUEST} WHERE request.id = ?", (name,))
    if row is None:
        known = [found[0] for found in opened.store.run("SELECT id FROM request")]
        raise EvidenceError(
            f"There is no request {name!r}.{suggestion(name, known)} Requests: {listed(known)}."
        )
    return _request(row)


def _request(row: Sequence[Any]) -> Request:
    name, kind, granularity, law, clauses, received, due, state, term, features, records, raw = row
    return Request(
        id=name,
        kind=kind,
        granularity=granularity,
        law=law,
        clauses=tuple(json.loads(clauses)),
        received=received,
        due=due,
        state=state,
        term=term,
        features=tuple(json.loads(features)),
        records=records,
        document=raw,
    )


def advance(
    opened: Opened, name: str, state: str, *, ground: str | None = None, done: bool = False
) -> Request:
    """Take a request to another state, by an entry of the log.

    Parameters
    ----------
    ground : str, optional
        For a refusal: the clause it rests on. It goes into the log, so it names nobody.
    done : bool, default False
        Set by the registry alone, when the step that the state names was taken.

    Raises
    ------
    EvidenceError
        When the state may not follow, or is not one that is said.
    """
    with opened.store.writing():
        request = request_named(opened, name)
        if state not in STEPS_OF_REQUESTS:
            raise EvidenceError(
                f"There is no state {state!r}.{suggestion(state, STEPS_OF_REQUESTS)} "
                f"States: {listed(STEPS_OF_REQUESTS)}."
            )
        if state in DONE_NOT_SAID and not done:
            raise EvidenceError(
                f"{state!r} is not said but done: the registry writes it when it has frozen, "
                f"retrained or destroyed."
            )
        if state not in STEPS_OF_REQUESTS[request.state]:
            raise EvidenceError(
                f"{name} is {request.state}; it can become "
                f"{listed(STEPS_OF_REQUESTS[request.state])}, not {state!r}."
            )
        said = {}
        if state == "refused" or ground is not None:
            if not ground or len(ground) > GROUND_LENGTH or not ground.isprintable():
                raise EvidenceError(
                    f"A refusal names the clause it rests on, such as 'GDPR 17(3)(b)', in at most "
                    f"{GROUND_LENGTH} characters; others read the log, so it names nobody."
                )
            said["ground"] = ground
        opened.log.note("state", opened.log.now(), request=name, state=state, **said)
    return request_named(opened, name)


def extend(opened: Opened, name: str, policy: DueDates) -> Request:
    """Extend a request's term by what the policy allows, once and within the first term.

    Raises
    ------
    EvidenceError
        When there is no extension, it was made already, or it comes too late.
    """
    with opened.store.writing():
        request = request_named(opened, name)
        at = opened.log.now()
        longest = policy.term(request.law, request.kind).extended(request.received)
        made = opened.store.row(
            "SELECT seq FROM entry WHERE request = ? AND kind = 'extension'", (name,)
        )
        if longest is None:
            raise EvidenceError(f"The policy gives no extension for {request.kind!r}.")
        if made or request.state in CLOSED:
            raise EvidenceError(f"{name} is {'extended already' if made else request.state}.")
        if at > request.due:
            raise EvidenceError(
                f"{name} was due on {day_of(request.due)}; an extension is told within the term."
            )
        opened.log.note("extension", at, request=name, due=longest)
    return request_named(opened, name)


def _open(opened: Opened, *states: str) -> list[Request]:
    return [request for request in requests(opened) if request.state in states]


def advance_excluded(opened: Opened, at: int) -> None:
    """Write "excluded" for the requests whose records are in no lineage's newest data set."""
    for request in _open(opened, "received", "accepted"):
        if request.granularity == "feature" or request.kind == "access":
            continue
        still = opened.store.row(
            f"""SELECT member.record FROM request, member
            JOIN dataset ON dataset.lineage = member.lineage AND dataset.number = member.first
            WHERE request.id = ? AND member.last IS NULL
            AND (request.purpose IS NULL OR request.purpose = dataset.purpose)
            AND member.record IN {CONCERNED} LIMIT 1""",
            (request.id,),
        )
        if still is None:
            advance(opened, request.id, "excluded", done=True)


def advance_retrained(opened: Opened) -> None:
    """Write "retrained" for the requests that no newest version of a model still holds."""
    newest = [
        version
        for (version,) in opened.store.rows(
            """SELECT version FROM model WHERE number = (
            SELECT max(other.number) FROM model AS other WHERE other.name = model.name)"""
        )
    ]
    for request in _open(opened, "received", "accepted", "excluded"):
        ready = request.granularity == "feature" or request.state == "excluded"
        if request.kind == "access" or not ready:
            continue
        if not any(holds(opened, version, request) for version in newest):
            advance(opened, request.id, "retrained", done=True)


def holds(opened: Opened, version: str, request: Request) -> bool:
    """Whether a version reads a feature, or was trained on a record, that a request is about."""
    if request.granularity == "feature":
        body, without = opened.store.row(
            """SELECT configuration.body, model.without FROM model
            JOIN configuration ON configuration.sha256 = model.configuration
            WHERE model.version = ?""",
            (version,),
        )
        return bool(set(request.features) & columns_of(body) - set(json.loads(without)))
    return (
        opened.store.row(
            f"""SELECT 1 FROM request, model
            JOIN dataset ON dataset.name = model.dataset
            JOIN member ON member.lineage = dataset.lineage AND member.first <= dataset.number
                AND (member.last IS NULL OR member.last >= dataset.number)
            WHERE request.id = ? AND model.version = ?
            AND (request.purpose IS NULL OR request.purpose = dataset.purpose)
            AND member.record IN {CONCERNED} LIMIT 1""",
            (request.id, version),
        )
        is not None
    )


def columns_of(configuration: bytes) -> set[str]:
    """Return the columns that a training configuration reads."""
    features = json.loads(configuration).get("features", [])
    return {one if isinstance(one, str) else str(one.get("column")) for one in features}
