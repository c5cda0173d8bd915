"""Destroying what tells of a person: content, salts and blinds; and what must not come back."""

from __future__ import annotations

from workbench.common.errors import EvidenceError
from workbench.evidence.registry.opened import Opened
from workbench.evidence.registry.requests import CONCERNED, advance, request_named
from workbench.evidence.registry.values import Destroyed

__all__ = ["DAY", "destroy", "forget_suppressed", "lift_suppression", "suppressions"]

DAY = 86_400


def destroy(opened: Opened, request: str, *, suppress_days: int = 0) -> Destroyed:
    """Overwrite content, salt and blind of the records that an erasure request is about.

    Their leaves stay, so that old data sets keep their roots; without the salt a leaf tells nothing
    of its row. The person's token stays in them.

    Parameters
    ----------
    request : str
        Must be "retrained": the rows are in no newest data set and no newest model version.
    suppress_days : int, default 0
        For how long the registry is to refuse the same person and the same records. The tokens
        that this takes are personal data, with a key and a retention of their own.

    Raises
    ------
    EvidenceError
        When the request is no erasure of records, or is not so far.
    """
    if type(suppress_days) is not int or not 0 <= suppress_days <= 36_500:
        raise EvidenceError("Suppression is for a whole number of days.")
    with opened.store.writing():
        asked = request_named(opened, request)
        if asked.kind != "erasure" or asked.granularity == "feature":
            raise EvidenceError(
                f"{request} is a request of kind {asked.kind!r} about a {asked.granularity}; only "
                f"an erasure of records destroys them."
            )
        if asked.state != "retrained":
            raise EvidenceError(
                f"{request} is {asked.state}. Records are destroyed when they are in no newest "
                f"data set and no newest model version: `registry retrain --due` first, and hand "
                f"out the receipt, which is not possible afterwards."
            )
        at = opened.log.now()
        rows = opened.store.rows(
            f"""SELECT record.id, record.content, person.token FROM request, record
            JOIN person ON person.id = record.person
            WHERE request.id = ? AND record.destroyed IS NULL AND record.id IN {CONCERNED}""",
            (request,),
        )
        until = at + suppress_days * DAY if suppress_days else None
        if until is not None:
            tokens = {
                opened.keys.suppressed_record(content.encode()): "record" for _, content, _ in rows
            }
            if asked.granularity == "record":
                tokens |= {opened.keys.suppressed_person(token): "person" for _, _, token in rows}
            opened.store.run_many(
                """INSERT INTO suppressed (token, what, request, until) VALUES (?, ?, ?, ?)
                ON CONFLICT DO UPDATE SET until = max(until, excluded.until)""",
                [(token, what, request, until) for token, what in tokens.items()],
            )
        opened.store.run_many(
            """UPDATE record SET content = NULL, salt = NULL, blind = NULL, destroyed = ?
            WHERE id = ?""",
            [(at, record) for record, _, _ in rows],
        )
        opened.log.note("destroyed", at, request=request, records=len(rows), suppressed_until=until)
        advance(opened, request, "destroyed", done=True)
    return Destroyed(request, len(rows), until, opened.store.fold_away())


def suppressions(opened: Opened) -> list[tuple[str, str, int, int]]:
    """Return how many tokens there are: (request, what, how many, until)."""
    return opened.store.rows(
        """SELECT request, what, count(*), until FROM suppressed
        GROUP BY request, what, until ORDER BY until, request, what"""
    )


def forget_suppressed(opened: Opened) -> int:
    """Delete the tokens whose retention has ended; return how many."""
    with opened.store.writing():
        at = opened.log.now()
        gone = opened.store.run("DELETE FROM suppressed WHERE until <= ?", (at,)).rowcount
        if gone:
            opened.log.note("suppression ended", at, tokens=gone)
    if gone:
        opened.store.fold_away()
    return int(gone)


def lift_suppression(opened: Opened, subject: str) -> int:
    """Let a person come back who wants to; return how many tokens were deleted."""
    keys = opened.keys
    with opened.store.writing():
        gone = opened.store.run(
            """DELETE FROM suppressed WHERE request IN
            (SELECT request FROM suppressed WHERE token = ? AND what = 'person')""",
            (keys.suppressed_person(keys.person(subject)),),
        ).rowcount
        if gone:
            opened.log.note("suppression lifted", opened.log.now(), tokens=gone)
    return int(gone)
