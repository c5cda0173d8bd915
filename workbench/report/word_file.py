"""An audit's report as a file for word processors (.docx), from the same outline as the page.

Lawyers edit it. It holds no row of the data, no picture (a figure is the table of its numbers), no
link to another file and no macro.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from workbench.common.blocks import (
    Block,
    Bullets,
    Code,
    Figure,
    Note,
    Section,
    Sentence,
    Table,
    Tiles,
    lines_of,
    public,
)
from workbench.common.errors import MissingPackageError
from workbench.common.printable import printable
from workbench.report.charts.numbers import numbers_of
from workbench.report.findings import AuditFindings
from workbench.report.outline.audit import outline_of

__all__ = ["union_word_file", "word_file"]

DEEPEST = 4
"""Levels of headings; deeper ones look alike."""


def word_file(report: AuditFindings) -> bytes:
    """Return a report as the bytes of a .docx file, the same text for the same report.

    Raises
    ------
    MissingPackageError
        Without the extra ``docx``.
    """
    document = _empty(report)
    outline = outline_of(report)
    document.add_heading(_clean(outline.question), 0)
    _write(document, outline.asked, 1)
    _write(document, public(outline.verdict.blocks), 1)
    if outline.case is not None:
        document.add_heading(_clean(outline.case.title), 1)
        _write_body(document, outline.case, 1)
    for place, chapter in enumerate(outline.chapters, start=1):
        if not chapter.personal:
            document.add_heading(_clean(f"{place}. {chapter.title}"), 1)
            _write_body(document, chapter, 1)
    return _bytes_of(document, report)


def union_word_file(
    question: str, said: Iterable[Block], reports: Mapping[str, AuditFindings]
) -> bytes:
    """Return what the audits of a union say together, then each block of rows in short.

    Raises
    ------
    MissingPackageError
        Without the extra ``docx``.
    """
    first = next(iter(reports.values()))
    document = _empty(first)
    document.add_heading(_clean(question), 0)
    _write(document, said, 1)
    for place, (name, report) in enumerate(reports.items(), start=1):
        outline = outline_of(report)
        document.add_heading(_clean(f"{place}. {name}"), 1)
        _write(document, outline.asked, 2)
        _write(document, public((*outline.verdict.blocks, *outline.brief.blocks)), 2)
    return _bytes_of(document, first)


def _empty(report: AuditFindings) -> Any:
    """Return a document without text, with title and day in place of those of the template."""
    try:
        import docx
    except ModuleNotFoundError:
        raise MissingPackageError(
            "Writing a .docx needs python-docx: pip install 'cafe-workbench[docx]'."
        ) from None
    document = docx.Document()
    about, made = document.core_properties, datetime.fromisoformat(report.provenance.created)
    about.author, about.comments, about.keywords = "CAFÉ Audit Workbench", "", ""
    about.title = "Machine unlearning audit"
    about.created = about.modified = made
    about.last_modified_by = about.author
    return document


def _bytes_of(document: Any, report: AuditFindings) -> bytes:
    origin = report.provenance
    document.sections[0].footer.paragraphs[0].text = _clean(
        f"Data {origin.data_fingerprint[:12]} · model {origin.model_fingerprint[:12]} · "
        f"seed {origin.seed} · {origin.created} · CAFÉ Audit Workbench"
    )
    held = io.BytesIO()
    document.save(held)
    return held.getvalue()


def _clean(text: str) -> str:
    """Return a text without what XML cannot hold and nobody sees."""
    return printable(text, keep="\n\t", mark="\ufffd")


def _write_body(document: Any, section: Section, depth: int) -> None:
    if section.left_out:
        _paragraph(document, Sentence(section.left_out, lead="Left out."))
    _write(document, public(section.blocks), depth + 1)


def _write(document: Any, blocks: Iterable[Block], depth: int) -> None:
    for block in blocks:
        if isinstance(block, Section):
            document.add_heading(_clean(block.title), min(depth, DEEPEST))
            _write_body(document, block, depth)
        elif isinstance(block, Sentence):
            _paragraph(document, block)
        elif isinstance(block, Bullets):
            style = "List Number" if block.numbered else "List Bullet"
            for item in block.items:
                _paragraph(document, item, style)
        elif isinstance(block, Table):
            _table(document, block)
        elif isinstance(block, Figure):
            if block.title:
                _paragraph(document, Sentence("", lead=block.title))
            _table(document, numbers_of(block.chart))
            if block.caption:
                _paragraph(document, block.caption)
        elif isinstance(block, Note):
            _note(document, block)
        elif isinstance(block, Tiles):
            for tile in block.tiles:
                value = (
                    tile.value if isinstance(tile.value, str) else "; ".join(lines_of(tile.value))
                )
                note = f" ({tile.note})" if tile.note else ""
                _paragraph(document, Sentence(f"{value}{note}", lead=f"{tile.name}:"))
        elif isinstance(block, Code):
            _code(document, block.text)


def _paragraph(place: Any, said: str | Sentence, style: str | None = None) -> None:
    said = Sentence(said) if isinstance(said, str) else said
    paragraph = place.add_paragraph(style=style)
    if said.lead:
        paragraph.add_run(_clean(said.lead) + (" " if said.text else "")).bold = True
    paragraph.add_run(_clean(said.text))


def _note(document: Any, note: Note) -> None:
    """Write a box as a table of one cell."""
    cell = document.add_table(rows=1, cols=1, style="Table Grid").cell(0, 0)
    cell.paragraphs[0].add_run(_clean(note.title)).bold = True
    for said in note.sentences:
        _paragraph(cell, said)
    document.add_paragraph()


def _table(document: Any, table: Table) -> None:
    from docx.enum.text import WD_ALIGN_PARAGRAPH
    from docx.oxml import OxmlElement

    if table.caption:
        caption = document.add_paragraph(style="Caption")
        caption.add_run(_clean(table.caption))
        caption.paragraph_format.keep_with_next = True
    grid = document.add_table(
        rows=1 + len(table.rows), cols=len(table.columns), style="Light Grid Accent 1"
    )
    heads = ["\n".join(filter(None, (one.head, one.note))) for one in table.columns]
    lines = [heads, *(["\n".join(lines_of(cell)) for cell in row] for row in table.rows)]
    for row, texts in zip(grid.rows, lines, strict=True):
        for column, cell, text in zip(table.columns, row.cells, texts, strict=True):
            cell.text = _clean(text)
            if column.number:
                cell.paragraphs[0].alignment = WD_ALIGN_PARAGRAPH.RIGHT
        whole = row._tr.get_or_add_trPr()
        whole.append(OxmlElement("w:cantSplit"))
    grid.rows[0]._tr.get_or_add_trPr().append(OxmlElement("w:tblHeader"))  # on every page
    document.add_paragraph()


def _code(document: Any, text: str) -> None:
    run = document.add_paragraph().add_run(_clean(text))
    run.font.name = "Courier New"
