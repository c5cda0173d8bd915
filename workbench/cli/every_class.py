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
from workbench.cli.output import EXIT_STATUS
from workbench.cli.sources import Named
from workbench.common.errors import ModelError, TargetError
from workbench.common.printable import printable
from workbench.models.files.skops_files import model_classes
from workbench.report.audit_report import AuditReport

__all__ = ["EVERY", "check_apart", "each_class", "files_of_class", "finish"]

EVERY = "all"


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
    *,
    quiet: bool,
    union: bool,
    mirrored: str | None,
) -> int:
    """Say what all audits say together, where there are several; return the exit status."""
    found = UnionAudit(reports, alpha) if union else ClassAudit(reports, alpha, mirrored)
    what = "blocks of rows" if union else "classes"
    if (len(reports) > 1 or mirrored is not None) and not quiet:
        said = f"\nAll {what}: {found.decision}. {found.headline}\n{found.explanation}"
        typer.echo(printable(said, keep="\n"))
    return EXIT_STATUS[found.decision]
