"""A report as text that a person reads in a terminal, at 80 columns and without colour too."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from rich.console import Console, RenderableType
from rich.padding import Padding
from rich.table import Table as Grid
from rich.text import Text

from workbench.common.blocks import (
    Block,
    Bullets,
    Cell,
    Note,
    Section,
    Sentence,
    Table,
    lines_of,
)
from workbench.common.printable import printable
from workbench.report.findings import AuditFindings
from workbench.report.outline.audit import outline_of
from workbench.report.outline.case_details import case_in_short
from workbench.report.outline.profile import level_tables

__all__ = ["print_profile", "print_report"]

MOST_ROWS = 15
"""Rows of a table."""
FEW = 3
"""Columns of numbers whose intervals fit beside each other without a break."""
COLOURS = {
    "above": "bold red",
    "alarm": "bold red",
    "below": "bold green",
    "inconclusive": "bold yellow",
    "warning": "yellow",
}


def print_report(report: AuditFindings, console: Console) -> None:
    """Print what a report says to every reader: its headlines and its body, not its annex.

    Parameters
    ----------
    report : AuditFindings
    console : rich.console.Console
        Decides width and colour.
    """
    outline = outline_of(report)
    console.print(_text(outline.question, "bold"))
    said = (*outline.asked, *case_in_short(report), *outline.verdict.blocks, *outline.chapters)
    for made in _rendered(said):
        console.print(made)
    origin = report.provenance
    sample = "" if origin.table_rows is None else f" of the table's {origin.table_rows:,}"
    console.print()
    console.print(
        _text(
            f"{origin.n_rows:,} rows{sample}, data {origin.data_fingerprint[:12]}; "
            f"{origin.model}, model "
            f"{origin.model_fingerprint[:12]}, {sum(origin.queries.values()):,} rows asked in "
            f"{sum(origin.seconds.values()):.1f} s; seed {origin.seed}; {origin.created}",
            "dim",
        )
    )


def print_profile(report: AuditFindings, console: Console) -> None:
    """Print the effect at every level that was tested, a table per feature.

    Parameters
    ----------
    report : AuditFindings
    console : rich.console.Console
    """
    tables = level_tables(report)
    if not tables:
        console.print(_text("No levels to print: this audit is about one change."))
    for table in tables:
        console.print()
        console.print(Padding(_grid(table, most=len(table.rows)), (0, 0, 0, 2), expand=False))


def _rendered(blocks: Iterable[Block]) -> Iterator[RenderableType]:
    for block in blocks:
        if block.audience == "annex":
            continue
        if isinstance(block, Section):
            yield from _section(block)
        elif isinstance(block, Note):
            yield from _note(block)
        elif isinstance(block, Sentence):
            yield _text(_said(block))
        elif isinstance(block, Bullets):
            yield _bullets(block.items)
        elif isinstance(block, Table):
            yield Padding(_grid(block), (0, 0, 0, 2), expand=False)


def _section(section: Section) -> Iterator[RenderableType]:
    """Yield a section with its heading; nothing where all of it is annex or about people's rows."""
    if section.personal:
        return
    left_out = [_text(f"Left out. {section.left_out}", "yellow")] if section.left_out else []
    made = [*left_out, *_rendered(section.blocks)]
    if made:
        yield _text("")
        yield _text(section.title, "bold")
        yield from made


def _note(note: Note) -> Iterator[RenderableType]:
    title = _text(note.title, COLOURS.get(note.kind, "bold"))
    if note.kind in ("warning", "info") and len(note.sentences) == 1:
        if not note.title.endswith((".", ":")):
            title.append(":")
        yield title.append(_text(f" {_said(note.sentences[0])}", "not bold"))
        return
    yield title
    if note.sentences:
        yield _bullets(note.sentences)


def _grid(table: Table, most: int = MOST_ROWS) -> Grid:
    grid = Grid(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    grid.title = _text(table.caption, "dim")
    grid.title_justify = "left"
    whole = sum(column.number for column in table.columns) <= FEW
    for column in table.columns:
        if column.number:
            grid.add_column(_text(column.head), justify="right", overflow="fold", no_wrap=whole)
        else:
            grid.add_column(_text(column.head), overflow="fold")
    for row in table.rows[:most]:
        grid.add_row(*(_cell(cell) for cell in row))
    if len(table.rows) > most:
        grid.add_row(f"and {len(table.rows) - most} more")
    return grid


def _cell(cell: Cell) -> Text:
    return Text("\n".join(printable(line) for line in lines_of(cell)))


def _said(sentence: str | Sentence) -> str:
    if isinstance(sentence, str):
        return sentence
    return f"{sentence.lead} {sentence.text}" if sentence.lead else sentence.text


def _bullets(items: Iterable[str | Sentence]) -> Padding:
    grid = Grid.grid(padding=(0, 1, 0, 0))
    grid.add_column()
    grid.add_column(overflow="fold")  # not cut where a line holds characters two columns wide
    for item in items:
        grid.add_row("-", _text(_said(item)))
    return Padding(grid, (0, 0, 0, 2), expand=False)


def _text(text: str, style: str = "") -> Text:
    return Text(printable(text), style)
