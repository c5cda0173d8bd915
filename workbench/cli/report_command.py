"""``cafe-workbench report``: a saved report, read again without its data and its model."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from workbench.cli.every_class import read_again
from workbench.cli.output import (
    CaseFile,
    CodeFlag,
    ProfileFlag,
    WordFile,
    exit_status,
    files_to_write,
    reported,
    show_report,
    write_files,
)
from workbench.report.audit_report import AuditReport, saved_content
from workbench.report.case_details import read_case_details
from workbench.report.saved.document import SAVED_NOTE

__all__ = ["report_command"]


def report_command(
    file: Annotated[Path, typer.Argument(help="A report that was saved with audit --json.")],
    html: Annotated[Path | None, typer.Option(help="Write it as one HTML page.")] = None,
    csv: Annotated[Path | None, typer.Option(help="Write its effects as a table.")] = None,
    docx: WordFile = None,
    case_file: CaseFile = None,
    profile: ProfileFlag = False,
    code: CodeFlag = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Print no report.")] = False,
) -> None:
    """Read a saved report again, without its data and its model.

    cafe-workbench report audit.json --html audit.html
    """
    with reported():
        files = files_to_write((file, case_file), html=html, csv=csv, docx=docx)
        content = saved_content(file)
        details = None if case_file is None else read_case_details(case_file)
        status = read_again(
            content, files, details=details, profile=profile, code=code, quiet=quiet
        )
        if status is None:
            report = AuditReport.from_json(content)
            if details is not None:
                report = report.with_details(details)
            write_files(report, files)
            show_report(report, notes=(SAVED_NOTE,), profile=profile, code=code, quiet=quiet)
            status = exit_status(report)
    raise typer.Exit(status)
