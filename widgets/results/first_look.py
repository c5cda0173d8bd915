"""What a reader sees of a result before asking for more: the whole range, and who moves how far."""

from __future__ import annotations

from dataclasses import replace

import workbench as wb
from workbench.common.blocks import Block, Bullets, Figure, Section
from workbench.report.outline.audit import chapters

__all__ = ["first_look", "split_found", "the_rest"]

TITLE = "Over its whole range, and how many people move"
TESTED = "What was tested, and how surely"
WITH_WORDS = "profile"
PICTURED = (WITH_WORDS, "spread")
"""Sections whose first picture is shown at once, and the one whose words are."""


def first_look(report: wb.AuditReport) -> tuple[Block, ...]:
    """Return the first pictures of what was found; see :func:`split_found`."""
    return split_found(chapters(report, "found"))[0]


def the_rest(report: wb.AuditReport) -> tuple[Block, ...]:
    """Return what was found besides the first look: together they say all, and nothing twice."""
    return split_found(chapters(report, "found"))[1]


def split_found(
    found: tuple[Section, ...],
) -> tuple[tuple[Section, ...], tuple[Section, ...]]:
    """Split what was found into a first look and the rest.

    The first look is the effect over all levels and its spread over single people, and folded
    below what was tested. Of an audit of one change, which has no levels, it is the picture of
    the effects.
    """
    sections = [
        block for chapter in found for block in chapter.blocks if isinstance(block, Section)
    ]
    taken = [
        block
        for key in PICTURED
        for section in sections
        if section.key == key
        for block in (*_first_picture(section), *_words(section))
    ]
    if not any(isinstance(block, Figure) for block in taken):
        taken = [block for chapter in found for block in _first_picture(chapter)]
    if not taken:
        return (), found
    gone = {id(block) for block in taken}
    pictures = tuple(block for block in taken if isinstance(block, Figure))
    words = tuple(block for block in taken if not isinstance(block, Figure))
    tested = (Section("first-look-tested", TESTED, words, folded=True),) if words else ()
    look = Section("first-look", TITLE, (*pictures, *tested))
    return (look,), tuple(_without(chapter, gone) for chapter in found)


def _first_picture(section: Section) -> tuple[Block, ...]:
    return tuple(block for block in section.blocks if isinstance(block, Figure))[:1]


def _words(section: Section) -> tuple[Block, ...]:
    if section.key != WITH_WORDS:
        return ()
    return tuple(block for block in section.blocks if isinstance(block, Bullets))


def _without(section: Section, gone: set[int]) -> Section:
    kept = (
        _without(block, gone) if isinstance(block, Section) else block
        for block in section.blocks
        if id(block) not in gone
    )
    return replace(section, blocks=tuple(kept))
