"""Several audits in one command, for each class or block of rows: files apart, one verdict."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sized
from dataclasses import replace
from pathlib import Path
from typing import Any

import typer

from workbench.auditing.every_class import ClassAudit
from workbench.auditing.union import UnionAudit
from workbench.auditing.union_file import UNION_FORMAT
from workbench.cli.output import EXIT_STATUS, closed_pipe, show_report, write_files
from workbench.cli.sources import Named
from workbench.common.errors import ModelError, TargetError
from workbench.common.printable import printable
from workbench.models.files.skops_files import model_classes
from workbench.report.audit_report import AuditReport
from workbench.report.case_details import CaseDetails
from workbench.report.outline.case_details import case_in_short

__all__ = ["EVERY", "check_apart", "each_class", "files_of_class", "finish", "read_again"]

EVERY = "all"
OPENING = 200
"""Bytes at the beginning of a file that tell what it holds."""


def each_class(named: Named) -> tuple[tuple[Named, ...], str | None]:
    """Return what is named once for each class of its model; once where one class is meant.

    Returns
    -------
    runs : tuple of Named
    mirrored : str or None
        Of two classes the first, which is not audited: it is the mirror image of the second.

    Raises
    ------
    ModelError
        All classes are asked for, and there is no file that says which there are.
    """
    if named.positive != EVERY:
        return (named,), None
    if named.model is None:
        raise ModelError("--positive all needs --model with a file: nothing else says its classes.")
    classes = [str(label) for label in model_classes(os.fspath(named.model))]
    mirrored = classes.pop(0) if len(classes) == 2 else None
    return tuple(replace(named, positive=label) for label in classes), mirrored


def files_of_class(files: Mapping[str, Path], label: str | None, several: bool) -> dict[str, Path]:
    """Return the files of one class: beside the names that were given, with its label.

    Examples
    --------
    >>> files_of_class({"html": Path("audit.html")}, "on hold", True)["html"].name
    'audit-on_hold.html'
    """
    if not several:
        return dict(files)
    stem = re.sub(r"[^\w-]", "_", str(label))[:60]
    return {kind: path.with_stem(f"{path.stem}-{stem}") for kind, path in files.items()}


def check_apart(runs: Sized, mirrored: str | None, blocks: Sized) -> None:
    """Refuse classes and blocks of rows in one command.

    Raises
    ------
    TargetError
    """
    if (len(runs) > 1 or mirrored is not None) and len(blocks) > 1:
        raise TargetError(
            "--positive all and different features for different rows make too many reports for "
            "one command. Name one class, or audit each target by itself."
        )


def finish(
    reports: Mapping[Any, AuditReport],
    alpha: float,
    files: Mapping[str, Path],
    *,
    quiet: bool,
    union: bool,
    mirrored: str | None,
) -> int:
    """Say what all audits say together, where there are several; return the exit status.

    A union is written to the files that were named, each block of rows beside them.
    """
    found = UnionAudit(reports, alpha) if union else ClassAudit(reports, alpha, mirrored)
    if isinstance(found, UnionAudit):
        write_files(found, files)
    if (len(reports) > 1 or mirrored is not None) and not quiet:
        _say(found, "blocks of rows" if union else "classes")
    return EXIT_STATUS[found.decision]


def read_again(
    content: bytes,
    files: Mapping[str, Path],
    *,
    details: CaseDetails | None,
    profile: bool,
    code: bool,
    quiet: bool,
) -> int | None:
    """Show a saved union of audits and write its files; return the exit status.

    None where the content is something else.

    Raises
    ------
    DataError
        The union was changed, or the case explains an arrow that the graph does not have.
    """
    if f'"{UNION_FORMAT}"'.encode() not in content[:OPENING]:
        return None
    found = UnionAudit.from_json(content)
    if details is not None:
        found = found.with_details(details)
    write_files(found, files)
    with closed_pipe():
        if not quiet:
            _say(found, "blocks of rows")
            for sentence in case_in_short(next(iter(found.reports.values()))):
                typer.echo(printable(f"{sentence.lead} {sentence.text}"))
        for name, report in found.reports.items() if profile or code else ():
            typer.echo(printable(f"\n# {name}", keep="\n"))
            show_report(report, profile=profile, code=code, quiet=True)
    return EXIT_STATUS[found.decision]


def _say(found: UnionAudit | ClassAudit, what: str) -> None:
    said = f"\nAll {what}: {found.decision}. {found.headline}\n{found.explanation}"
    typer.echo(printable(said, keep="\n"))
