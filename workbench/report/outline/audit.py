"""The outline of a whole report: its chapters in their order.

A check brings its own outline and says where it stands (:class:`workbench.checks.finding.Check`).
A new chapter of another kind is one file and one line of :func:`chapter_makers`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from workbench.checks.finding import Check, Place
from workbench.checks.registry import CHECKS
from workbench.common.blocks import Block, Section, Sentence
from workbench.report.findings import AuditFindings
from workbench.report.outline.associations import associations, fairness
from workbench.report.outline.brief import brief
from workbench.report.outline.case_details import case_section
from workbench.report.outline.diagnostics import diagnostics
from workbench.report.outline.effects import effects
from workbench.report.outline.groups import groups
from workbench.report.outline.meaning import meaning
from workbench.report.outline.methods import methods
from workbench.report.outline.overturn import overturn
from workbench.report.outline.paths import paths
from workbench.report.outline.profile import profile
from workbench.report.outline.provenance import provenance
from workbench.report.outline.spread import spread
from workbench.report.outline.verdict import asked, question, verdict

__all__ = ["Outline", "chapter_makers", "chapters", "outline_of"]

NOTHING = "There was nothing to check."
TO_COME = "This is still being measured."
SectionMaker = Callable[[AuditFindings], Section | None]
"""Makes one section of a report; None where it has nothing to say."""


@dataclass(frozen=True)
class Outline:
    """All that a report says.

    Attributes
    ----------
    question : str
        The title.
    asked : tuple of Sentence
        What is to be forgotten, and where.
    verdict : Section
    case : Section or None
        Who asks, for whom and so on, where it was stated.
    brief : Section
        What stands on the first page with the verdict, for who reads no further.
    chapters : tuple of Section
    """

    question: str
    asked: tuple[Sentence, ...]
    verdict: Section
    case: Section | None
    brief: Section
    chapters: tuple[Section, ...]


def outline_of(report: AuditFindings) -> Outline:
    """Return all that a report says, the verdict first."""
    return Outline(
        question(report),
        asked(report),
        verdict(report),
        case_section(report),
        brief(report),
        chapters(report),
    )


def chapters(report: AuditFindings, *keys: str) -> tuple[Section, ...]:
    """Return the chapters that a report has: those of these keys, or all, in their order."""
    makers = (make for key, make in chapter_makers().items() if not keys or key in keys)
    return tuple(found for make in makers if (found := make(report)) is not None)


def chapter_makers() -> dict[str, SectionMaker]:
    """Return what makes each chapter, by its key, in the order of a report."""
    found = _chapter(
        "found", "What was found", effects, profile, groups, *_checks("found").values(), spread
    )
    others = _chapter("others", "What other methods say", methods, associations, fairness)
    sure = _chapter("sure", "How sure are we", diagnostics, *_checks("sure").values())
    return {
        **_checks("first"),
        "found": found,
        **_checks("next"),
        "ways": paths,
        "others": others,
        "sure": sure,
        "overturn": overturn,
        **_checks("last"),
        "meaning": meaning,
        "how": provenance,
    }


def _checks(place: Place) -> dict[str, SectionMaker]:
    return {check.key: _of(check) for check in CHECKS if check.place == place}


def _of(check: Check[Any]) -> SectionMaker:
    """Return what makes the section of a check: its finding, or why it was left out."""

    def part(report: AuditFindings) -> Section | None:
        found = report.checks.get(check.name)
        if found is not None:
            return Section(check.key, check.title, check.outline(found, report.about()))
        if check.name in report.pending:
            return Section(check.key, check.title, (Sentence(TO_COME),))
        reason = report.skipped.get(check.step)
        return None if reason is None else Section(check.key, check.title, left_out=reason)

    return part


def _chapter(
    key: str, title: str, blocks: Callable[[AuditFindings], tuple[Block, ...]], *parts: SectionMaker
) -> SectionMaker:
    """Return what makes a chapter of blocks, then of sections."""

    def chapter(report: AuditFindings) -> Section:
        sections = tuple(found for part in parts if (found := part(report)) is not None)
        said = (*blocks(report), *sections) or (Sentence(NOTHING, audience="annex"),)
        return Section(key, title, said)

    return chapter
