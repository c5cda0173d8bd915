"""``cafe-workbench registry audit``: an audit of models that the registry knows."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Any

import typer

from workbench.auditing.audit import audit
from workbench.case.audit_case import AuditCase
from workbench.case.model_sources import ModelFile
from workbench.case.target import UnlearningTarget
from workbench.cli.arguments import number_of
from workbench.cli.output import (
    WordFile,
    exit_status,
    files_to_write,
    show_report,
    write_files,
)
from workbench.cli.registry_commands import PLACE, File, Keys, opened, said
from workbench.cli.request_commands import registry_app
from workbench.common.errors import EvidenceError, listed
from workbench.common.progress import silent
from workbench.graph.causal_graph import CausalGraph
from workbench.models.black_box import BlackBoxModel

__all__ = ["registry_app"]


@registry_app.command("audit", no_args_is_help=True)
def registry_audit_command(
    model: Annotated[str, typer.Argument(help="What is audited: a version, or a model's file.")],
    graph: Annotated[Path, typer.Option(help="The causal graph: .json, .dot, .gml or .dagitty.")],
    target: Annotated[list[str], typer.Option(help="A feature to be forgotten; may be repeated.")],
    dataset: Annotated[
        str | None,
        typer.Option(help="Whose rows are asked about. Default: those the version was trained on."),
    ] = None,
    outcome: Annotated[str | None, typer.Option(help="The column that is predicted.")] = None,
    before: Annotated[
        str | None, typer.Option(help="The version, or file, before unlearning.")
    ] = None,
    retrained: Annotated[
        list[str] | None,
        typer.Option(help="A version, or file, retrained without the target; may be repeated."),
    ] = None,
    threshold: Annotated[
        float | None,
        typer.Option(
            parser=number_of,
            metavar="NUMBER",
            help="The influence that matters, in the prediction's unit.",
        ),
    ] = None,
    method: Annotated[list[str] | None, typer.Option(help="May be repeated. Default: all.")] = None,
    html: Annotated[Path | None, typer.Option(help="Write the report as one HTML page.")] = None,
    json: Annotated[Path | None, typer.Option(help="Write the report as JSON.")] = None,
    csv: Annotated[Path | None, typer.Option(help="Write the effects as a table.")] = None,
    docx: WordFile = None,
    quiet: Annotated[bool, typer.Option("--quiet", help="Print no report.")] = False,
    file: File = PLACE,
    keys: Keys = None,
) -> None:
    """Audit a version of the registry, or a file beside its versions, on the registry's rows.

    A retrained model that came out of the registry is known to be one, and the report says so; of
    one that was handed in it says that. The JSON goes into a dossier: `registry dossier --report`.
    """
    with opened(file, keys) as registry:
        read = (file, keys, graph, model, before, *(retrained or ()))
        files = files_to_write(read, html=html, json=json, csv=csv, docx=docx)
        known = {version.version: version for version in registry.models()}
        name = dataset or (known[model].dataset if model in known else None)
        if name is None:
            raise EvidenceError(
                f"{model!r} is no version of the registry, so say with --dataset on which rows it "
                f"is asked. Versions: {listed(list(known))}."
            )
        rows = registry.table(name)

        def taken(which: str) -> BlackBoxModel:
            if which in known:
                return registry.model(which)
            return ModelFile(os.fspath(which)).opened((), rows.columns).model

        compared: dict[str, Any] = {}
        if before is not None:
            compared["before"] = taken(before)
        if retrained:
            compared["retrained"] = [taken(which) for which in retrained]
        case = AuditCase(rows, taken(model), CausalGraph.read(graph), outcome)
        options: dict[str, Any] = {"methods": tuple(method)} if method else {}
        report = audit(
            case,
            UnlearningTarget.features(target),
            threshold=threshold,
            compare=compared or None,
            progress=silent if quiet else None,
            **options,
        )
        report = registry.with_known_models(report, case)
        write_files(report, files)
        show_report(report, code=False, quiet=quiet)
        if not quiet:
            said(one.sentence() for one in registry.known_models(report, case))
    raise typer.Exit(exit_status(report))
