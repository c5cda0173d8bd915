"""Consents and other legal bases: granted for a purpose, withdrawn once."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from workbench.common.errors import EvidenceError, listed, suggestion
from workbench.evidence.registry.opened import Opened
from workbench.evidence.registry.times import seconds_of

__all__ = ["BASES", "Consent", "consent_of", "grant", "withdraw"]

BASES = (
    "consent",
    "contract",
    "legal obligation",
    "vital interests",
    "public task",
    "legitimate interests",
    "legitimate use",
)
"""Article 6(1) of the GDPR, and section 7 of the DPDP Act."""


@dataclass(frozen=True)
class Consent:
    """A permission to use records for one purpose.

    Parameters
    ----------
    purpose : str
        "credit scoring".
    basis : str, default "consent"
        One of `BASES`.
    granted : int, str or date, optional
        By default the time of ingestion.
    evidence_sha256 : str, optional
        Hash of the document that shows it (a signed form, a log line); the document stays outside.
    any_source : bool, default False
        Whether it covers the person's records from other sources too.
    """

    purpose: str
    basis: str = "consent"
    granted: Any = None
    evidence_sha256: str | None = None
    any_source: bool = False

    def __post_init__(self) -> None:
        if not str(self.purpose).strip():
            raise EvidenceError("A consent names its purpose, such as 'credit scoring'.")
        if self.basis not in BASES:
            raise EvidenceError(
                f"There is no legal basis {self.basis!r}.{suggestion(self.basis, BASES)} "
                f"Bases: {listed(BASES)}."
            )
        if self.granted is not None:
            seconds_of(self.granted)
        proof = self.evidence_sha256
        if proof is not None and not re.fullmatch("[0-9a-f]{64}", proof):
            raise EvidenceError("The evidence of a consent is named by its SHA-256: 64 hex digits.")


def consent_of(given: Consent | Mapping[str, Any]) -> Consent:
    """Read a consent that may be written as a mapping."""
    if isinstance(given, Consent):
        return given
    known = set(Consent.__dataclass_fields__)
    if not set(given) <= known or "purpose" not in given:
        raise EvidenceError(f"A consent has a purpose and otherwise only {listed(sorted(known))}.")
    return Consent(**given)


def grant(
    opened: Opened, people: Iterable[int], consent: Consent, source: int | None, at: int
) -> int:
    """Write a consent for people who have none in force that says the same; return how many."""
    granted = at if consent.granted is None else seconds_of(consent.granted)
    if granted > at:
        raise EvidenceError("A consent cannot be granted in the future.")
    scope = None if consent.any_source else source
    wanted = list(people)
    with opened.store.writing():
        before = opened.store.row("SELECT count(*) FROM consent")[0]
        opened.store.run_many(
            """INSERT INTO consent (person, source, purpose, basis, granted, evidence_sha256)
            SELECT ?1, ?2, ?3, ?4, ?5, ?6 WHERE NOT EXISTS (
                SELECT 1 FROM consent WHERE person = ?1 AND purpose = ?3 AND basis = ?4
                AND source IS ?2 AND withdrawn IS NULL AND evidence_sha256 IS ?6)""",
            [
                (person, scope, consent.purpose, consent.basis, granted, consent.evidence_sha256)
                for person in wanted
            ],
        )
        added = int(opened.store.row("SELECT count(*) FROM consent")[0] - before)
        if added:
            opened.log.note(
                "consent", at, purpose=consent.purpose, basis=consent.basis, people=added
            )
    return added


def withdraw(opened: Opened, person: int, purpose: str | None, at: int) -> int:
    """End a person's consents for a purpose (or all), from now on; return how many ended."""
    with opened.store.writing():
        ended = opened.store.run(
            """UPDATE consent SET withdrawn = :at WHERE person = :person AND withdrawn IS NULL
            AND basis = 'consent' AND (:purpose IS NULL OR purpose = :purpose)""",
            {"at": at, "person": person, "purpose": purpose},
        ).rowcount
        if not ended:
            what = "any purpose" if purpose is None else repr(purpose)
            raise EvidenceError(
                f"There is no consent for {what} in force that could be withdrawn. Where the basis "
                f"is another, the request is an objection."
            )
        opened.log.note("withdrawal", at, purpose=purpose, consents=ended)
    return ended
