"""When a request is due: a policy that is stated in a file, each term with its source."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

from workbench.common.errors import EvidenceError, listed, suggestion
from workbench.evidence.registry.times import end_of_term

__all__ = ["KINDS", "DueDates", "Term", "default_due_dates", "read_due_dates"]

KINDS = ("erasure", "withdrawal", "objection", "restriction", "access")
"""What a person can ask for."""
_NUMBERS = ("months", "days", "extension_months", "extension_days")
_KEYS = {"law", "kinds", "statutory", "source", *_NUMBERS}


@dataclass(frozen=True)
class Term:
    """How long there is for one kind of request under one law.

    Attributes
    ----------
    law, kind : str
    source : str
        Where the term comes from; for one that no statute fixes, who chose it.
    statutory : bool
        Whether the law gives the number.
    months, days : int
        From the day of receipt.
    extension_months, extension_days : int
        What the law allows on top, with reasons.
    """

    law: str
    kind: str
    source: str
    statutory: bool
    months: int = 0
    days: int = 0
    extension_months: int = 0
    extension_days: int = 0

    def due(self, received: int) -> int:
        """Return the last second of the term."""
        return end_of_term(received, months=self.months, days=self.days)

    def extended(self, received: int) -> int | None:
        """Return the last second of the longest extension, or None where there is none."""
        if not (self.extension_months or self.extension_days):
            return None
        return end_of_term(
            received,
            months=self.months + self.extension_months,
            days=self.days + self.extension_days,
        )


@dataclass(frozen=True)
class DueDates:
    """A policy: its version, and a term for each law and kind that it knows."""

    version: str
    terms: tuple[Term, ...]

    @property
    def laws(self) -> tuple[str, ...]:
        """The laws that the policy knows."""
        return tuple(dict.fromkeys(term.law for term in self.terms))

    def term(self, law: str, kind: str) -> Term:
        """Return the term for a kind of request.

        Raises
        ------
        EvidenceError
            When the policy knows none: a due date is never guessed.
        """
        if kind not in KINDS:
            raise EvidenceError(
                f"There is no request of kind {kind!r}.{suggestion(kind, KINDS)} "
                f"Kinds: {listed(KINDS)}."
            )
        for term in self.terms:
            if (term.law, term.kind) == (law, kind):
                return term
        raise EvidenceError(
            f"The policy {self.version} gives no term for {kind!r} under {law!r}."
            f"{suggestion(law, self.laws)} Laws: {listed(self.laws)}. Add the term, with its "
            f"source, to a policy file of your own."
        )


@cache
def default_due_dates() -> DueDates:
    """Return the policy that comes with the workbench."""
    text = resources.files(__package__).joinpath("due_dates.toml").read_text("utf-8")
    return _policy(text, "due_dates.toml")


def read_due_dates(path: str | Path) -> DueDates:
    """Read a policy file; ``due_dates.toml`` in this folder is the pattern.

    Raises
    ------
    EvidenceError
        When it cannot be read, a term has no source, or two terms say two things.
    """
    try:
        text = Path(path).read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise EvidenceError(f"Cannot read the policy {str(path)!r}: {error}.") from None
    return _policy(text, str(path))


def _policy(text: str, name: str) -> DueDates:
    try:
        held = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise EvidenceError(f"{name} is not TOML: {error}.") from None
    version, terms = held.get("version"), held.get("term")
    if not isinstance(version, str) or not isinstance(terms, list) or not terms:
        raise EvidenceError(f"{name} needs a text `version` and at least one [[term]].")
    read = [term for number, one in enumerate(terms, 1) for term in _terms(one, number, name)]
    named = [(term.law, term.kind) for term in read]
    twice = next((pair for pair in named if named.count(pair) > 1), None)
    if twice:
        raise EvidenceError(f"{name} gives two terms for {twice[1]!r} under {twice[0]!r}.")
    return DueDates(version, tuple(read))


def _terms(one: Any, number: int, name: str) -> list[Term]:
    where = f"Term {number} of {name}"
    if not isinstance(one, dict):
        raise EvidenceError(f"{where} is not a table; write [[term]].")
    if unknown := sorted(set(one) - _KEYS):
        raise EvidenceError(f"{where} has unknown keys: {listed(unknown)}.")
    law, source, kinds = one.get("law"), one.get("source"), one.get("kinds")
    if not (isinstance(law, str) and law) or not (isinstance(source, str) and source.strip()):
        raise EvidenceError(f"{where} needs a `law` and a `source`: where the term comes from.")
    if not isinstance(kinds, list) or not kinds or not set(map(str, kinds)) <= set(KINDS):
        raise EvidenceError(f"{where} needs `kinds`, some of {listed(KINDS)}.")
    if not isinstance(one.get("statutory"), bool):
        raise EvidenceError(f"{where} needs `statutory`: true where the law gives the number.")
    numbers = {key: one.get(key, 0) for key in _NUMBERS}
    if any(type(value) is not int or not 0 <= value <= 3650 for value in numbers.values()):
        raise EvidenceError(f"{where}: {listed(_NUMBERS)} are whole numbers from 0.")
    if not (numbers["months"] or numbers["days"]):
        raise EvidenceError(f"{where} needs `months` or `days`.")
    return [Term(law, kind, source.strip(), one["statutory"], **numbers) for kind in kinds]
