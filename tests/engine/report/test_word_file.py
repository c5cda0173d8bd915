"""A report for word processors: the page's text, figures as tables, nothing that is not text."""

from __future__ import annotations

import dataclasses
import io
import sys
import zipfile

import pytest

import workbench as wb
from workbench.common.blocks import Figure, Number, Section, lines_of
from workbench.report.audit_report import AuditReport
from workbench.report.charts.numbers import numbers_of
from workbench.report.outline.audit import outline_of


@pytest.fixture(scope="module")
def report() -> AuditReport:
    world = wb.datasets.loan(300, seed=2)
    names = [name for name in world.data.columns if name != "approved"]
    model = wb.BlackBoxModel(
        lambda rows: (rows["income"] / 2e5).clip(0, 1).to_numpy(), features=names
    )
    case = wb.AuditCase(world.data, model, world.graph, outcome="approved")
    return wb.audit(case, wb.UnlearningTarget.feature("income"), methods=["cafe", "fuzzing"])


def test_without_the_package_the_extra_is_named(
    report: AuditReport, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "docx", None)
    with pytest.raises(wb.MissingPackageError, match=r"cafe-workbench\[docx\]"):
        report.to_docx()


def test_every_figure_has_its_numbers_as_a_table(report: AuditReport) -> None:
    def figures(section: Section) -> list[Figure]:
        return [
            found
            for block in section.blocks
            for found in (
                figures(block)
                if isinstance(block, Section)
                else [block]
                if isinstance(block, Figure)
                else []
            )
        ]

    found = [one for chapter in outline_of(report).chapters for one in figures(chapter)]
    assert len(found) >= 3
    for one in found:
        assert numbers_of(one.chart).rows, one.title


def test_the_file_says_what_the_outline_says(report: AuditReport) -> None:
    docx = pytest.importorskip("docx")
    document = docx.Document(io.BytesIO(report.to_docx()))
    heads = [one.text for one in document.paragraphs if one.style.name.startswith("Heading")]
    outline = outline_of(report)
    assert [one for one in heads if one[0].isdigit()] == [
        f"{place}. {chapter.title}" for place, chapter in enumerate(outline.chapters, start=1)
    ]
    cells = {cell.text for table in document.tables for row in table.rows for cell in row.cells}
    assert report.verdict is not None
    assert any(text.startswith(report.verdict.headline) for text in cells)
    for entry in report.effects:
        (first, *_) = lines_of(Number(entry.total.value))
        assert any(first in text for text in cells), first


def test_the_file_holds_no_link_and_what_a_stranger_writes_stays_text(report: AuditReport) -> None:
    docx = pytest.importorskip("docx")
    evil = "x\x00\x1b[31m<w:p/>&amp;\u202e"
    renamed = dataclasses.replace(
        report, provenance=dataclasses.replace(report.provenance, model=evil)
    )
    raw = renamed.to_docx()
    document = docx.Document(io.BytesIO(raw))
    texts = [one.text for one in document.paragraphs]
    texts += [c.text for t in document.tables for row in t.rows for c in row.cells]
    whole = "\n".join(texts)
    assert "<w:p/>&amp;" in whole
    assert not set(whole) & {"\x00", "\x1b", "\u202e"}
    with zipfile.ZipFile(io.BytesIO(raw)) as archive:
        for name in archive.namelist():
            assert b'TargetMode="External"' not in archive.read(name), name
            assert not name.endswith((".bin", ".exe", ".png")), name
