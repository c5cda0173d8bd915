"""What one audit is asked with, and what differs between two askings, in words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

import workbench as wb
from workbench.case.decision_line import Favourable
from workbench.case.intervention import Intervention
from workbench.checks.registry import CHECK_BY_NAME
from workbench.methods.registry import METHOD_BY_NAME, METHOD_NAMES
from workbench.models.training import Training

__all__ = ["AuditInputs", "AuditRun", "AuditSettings", "alike", "changes"]

MOST_ARROWS = 3
"""Arrows that are named where a graph has changed."""


@dataclass(frozen=True)
class AuditSettings:
    """How to audit.

    Attributes
    ----------
    methods : tuple of str
    threshold : float or None
        τ in the unit of the prediction; None takes :func:`default_threshold`.
    seed : int
    interventions : mapping of str to Contrast, Resample or Shift
        By feature; a feature that is not named takes the default of
        :func:`workbench.case.intervention.vary`. Names outside the target are left out of a run.
    checks : tuple of str
        Further checks, which take longer; see :func:`workbench.auditing.audit.audit`.
    favourable : {"higher", "lower"} or None
        Which scores are to the advantage of people, as the auditor states it; None: not stated.
    """

    methods: tuple[str, ...] = METHOD_NAMES
    threshold: float | None = None
    seed: int = 0
    interventions: Mapping[str, Intervention] = field(default_factory=dict)
    checks: tuple[str, ...] = ()
    favourable: Favourable | None = None


@dataclass(frozen=True, eq=False)
class AuditInputs:
    """All that decides what an audit finds.

    Attributes
    ----------
    case : AuditCase
    target : UnlearningTarget or None
    settings : AuditSettings
    subgroups : mapping of str to str
    compare : mapping of str to tuple of BlackBoxModel
    training : Training or None
    code : str or None
        Python lines that define all this, where they are known.
    """

    case: wb.AuditCase
    target: wb.UnlearningTarget | None
    settings: AuditSettings
    subgroups: Mapping[str, str]
    compare: Mapping[str, tuple[wb.BlackBoxModel, ...]]
    training: Training | None
    code: str | None = None

    def interventions(self) -> dict[str, Intervention]:
        """Return the changes that were chosen for features of the target."""
        if self.target is None or not self.settings.interventions:
            return {}
        names, _ = self.case.resolve(self.target)
        return {n: v for n, v in self.settings.interventions.items() if n in names}


@dataclass(frozen=True, eq=False)
class AuditRun:
    """One audit of a session: its number, when it was started, with what, and what it found."""

    number: int
    started: datetime
    inputs: AuditInputs
    report: wb.AuditReport


def alike(before: AuditInputs, now: AuditInputs) -> bool:
    """Whether the same audit would be run again; it ends at the first difference."""
    return next(_differences(before, now), None) is None


def changes(before: AuditInputs, now: AuditInputs) -> tuple[str, ...]:
    """Say what differs; nothing when the same audit would be run again.

    Returns
    -------
    tuple of str
        Such as "graph: income → prediction taken away".
    """
    return tuple(_differences(before, now))


def _differences(before: AuditInputs, now: AuditInputs) -> Iterator[str]:
    yield from _of_case(before.case, now.case)
    yield from _of_question(before, now)


def _of_case(before: wb.AuditCase, now: wb.AuditCase) -> Iterator[str]:
    if before is now:
        return
    if before.data is not now.data:
        yield "table: another one"
    if before.model is not now.model:
        names = before.model.name, now.model.name
        yield "model: another one" if names[0] == names[1] else f"model: {names[0]} → {names[1]}"
    old, new = set(before.graph.edges), set(now.graph.edges)
    for edges, what in ((new - old, "added"), (old - new, "taken away")):
        if edges:
            named = [f"{a} → {b}" for a, b in sorted(edges)[:MOST_ARROWS]]
            more = f" and {len(edges) - MOST_ARROWS} more" if len(edges) > MOST_ARROWS else ""
            yield f"graph: {', '.join(named)}{more} {what}"


def _of_question(before: AuditInputs, now: AuditInputs) -> Iterator[str]:
    if before.target != now.target:
        was, is_ = ("nothing" if t is None else t.describe() for t in (before.target, now.target))
        yield f"target: {was} → {is_}"
    old, new = before.settings, now.settings
    if old.threshold != new.threshold:
        yield f"threshold τ: {_number(old.threshold)} → {_number(new.threshold)}"
    if old.seed != new.seed:
        yield f"seed: {old.seed} → {new.seed}"
    if old.favourable != new.favourable:
        yield f"a higher answer is: {_good(old.favourable)} → {_good(new.favourable)}"
    if before.interventions() != now.interventions():
        yield "the change that is asked about"
    titles = {name: method.title for name, method in METHOD_BY_NAME.items()}
    yield from _ticked("methods", old.methods, new.methods, titles)
    titles = {name: check.title for name, check in CHECK_BY_NAME.items()}
    yield from _ticked("checks", old.checks, new.checks, titles)
    if before.subgroups != now.subgroups:
        yield "named subgroups"
    if before.compare != now.compare:
        yield "models beside the audited one"
    if before.training is not now.training:
        yield "rows held out of training"


def _ticked(
    what: str, old: tuple[str, ...], new: tuple[str, ...], titles: Mapping[str, str]
) -> Iterator[str]:
    for names, said in (
        ([n for n in new if n not in old], "added"),
        ([n for n in old if n not in new], "left out"),
    ):
        if names:
            yield f"{what}: {', '.join(titles.get(n, n) for n in names)} {said}"


def _good(favourable: Favourable | None) -> str:
    return {None: "not said", "higher": "good", "lower": "bad"}[favourable]


def _number(threshold: float | None) -> str:
    return "default" if threshold is None else f"{threshold:g}"
