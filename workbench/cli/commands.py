"""The command line ``cafe-workbench``: its list of commands, and ``audit`` itself."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from contextlib import suppress
from importlib import metadata
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer
from typer.core import TyperGroup

from workbench.auditing.audit import audit
from workbench.auditing.questions import question_plan
from workbench.case.audit_case import AuditCase
from workbench.case.target import UnlearningTarget
from workbench.checks.registry import CHECK_BY_NAME, CHECK_NAMES
from workbench.cli.arguments import (
    blocks_of,
    check_settings,
    contrast_of,
    levels_of,
    names_of,
    number_of,
    range_of,
    read_favourable,
    stated_of,
    subgroups_of,
    target_of,
)
from workbench.cli.every_class import check_apart, each_class, files_of_class, finish
from workbench.cli.evidence_commands import evidence_app
from workbench.cli.output import (
    EXIT_STATUS,
    CaseFile,
    CodeFlag,
    ProfileFlag,
    WordFile,
    files_to_write,
    reported,
    show_plan,
    show_report,
    write_files,
)
from workbench.cli.partitioned import check_workers, show_table_plan, workers_of
from workbench.cli.registry_audit_command import registry_app
from workbench.cli.report_command import report_command
from workbench.cli.serve_command import serve_command
from workbench.cli.sources import SAMPLES, Named, load_case, load_compared
from workbench.common.map_reduce import On
from workbench.common.progress import silent
from workbench.methods.registry import METHOD_NAMES
from workbench.models.endpoint.protocols import PROTOCOLS
from workbench.models.trained_here import MODEL_KINDS
from workbench.report.case_details import read_case_details
from workbench.tables.files.column_types import TYPES

__all__ = ["EXIT_STATUS", "app", "main"]

STATUS_HELP = """Exit status: 0 no influence above the threshold found at this precision;
1 influence above it found; 2 the audit could not run; 3 inconclusive;
130 stopped by Ctrl-C."""

COMMAND_CHECKS = tuple(
    CHECK_BY_NAME[name] for name in CHECK_NAMES if "training" not in CHECK_BY_NAME[name].needs
)
"""Checks that need no more than the command line can say."""


class Commands(TyperGroup):
    """The commands, none of which takes an empty value: it comes of an unset shell variable."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Refuse an empty value before any command would read it as one that was not given."""
        for place, given in enumerate(args):
            option, _, _ = given.partition("=")
            if given and not (given == f"{option}=" and given.startswith("--")):
                continue
            before = args[place - 1] if place else ""
            name = option or (before if before.startswith("-") else "an argument")
            raise typer.BadParameter(
                f"The value of {name} is empty; perhaps a variable of the shell is not set. Give "
                f"a value, or leave it out."
            )
        return list(super().parse_args(ctx, args))


app = typer.Typer(
    name="cafe-workbench",
    cls=Commands,
    help="Audit machine unlearning: what of a feature or a row still influences a model.",
    add_completion=False,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)


app.add_typer(evidence_app)
app.add_typer(registry_app)
app.command("serve")(serve_command)


def main() -> NoReturn:
    """Run the command line; what a terminal cannot show becomes a question mark."""
    for stream in (sys.stdout, sys.stderr):
        with suppress(AttributeError, ValueError):
            stream.reconfigure(errors="replace")  # type: ignore[union-attr]
    app()
    raise SystemExit(0)


def _version(asked: bool) -> None:
    if asked:
        typer.echo(f"cafe-workbench {metadata.version('cafe-workbench')}")
        raise typer.Exit


@app.callback()
def workbench(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Audit machine unlearning: what of a feature or a row still influences a model."""


@app.command("audit", epilog=STATUS_HELP, no_args_is_help=True)
def audit_command(
    sample: Annotated[
        str | None, typer.Argument(help=f"A sample: {', '.join(SAMPLES)}. Or use --data.")
    ] = None,
    target: Annotated[
        list[str] | None,
        typer.Option(
            help='A feature to be forgotten, or "FEATURE where CONDITION"; may be repeated.'
        ),
    ] = None,
    where: Annotated[
        str | None, typer.Option(help='Only the rows where this holds: "age > 50".')
    ] = None,
    subgroup: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=CONDITION",
            help='Report the effects in this group too: elderly="age > 65"; may be repeated.',
        ),
    ] = None,
    row: Annotated[
        list[str] | None,
        typer.Option(help="Only this row, counted from 0 in a CSV file; may be repeated."),
    ] = None,
    data: Annotated[
        Path | None,
        typer.Option(help="The table: .csv, .xlsx, .parquet, …; a folder of .parquet."),
    ] = None,
    model: Annotated[Path | None, typer.Option(help="The model: .skops, .onnx and others.")] = None,
    predictions: Annotated[
        str | None,
        typer.Option(help="Instead of a model, the column that holds its logged predictions."),
    ] = None,
    endpoint: Annotated[
        str | None,
        typer.Option(help="Instead of a model file, the address of one that answers over HTTP."),
    ] = None,
    protocol: Annotated[
        str | None,
        typer.Option(help=f"How the endpoint is asked: {' or '.join(PROTOCOLS)}."),
    ] = None,
    endpoint_output: Annotated[
        str | None,
        typer.Option(help="The endpoint's output that holds the score, where it gives several."),
    ] = None,
    token_from: Annotated[
        str | None,
        typer.Option(
            metavar="VARIABLE",
            help="The environment variable that holds the endpoint's token: its name, never the "
            "token itself.",
        ),
    ] = None,
    before: Annotated[
        Path | None,
        typer.Option(help="The model before unlearning, to compare: .skops, .onnx and others."),
    ] = None,
    retrained: Annotated[
        list[Path] | None,
        typer.Option(
            help="A model retrained without the target; may be repeated, for other seeds."
        ),
    ] = None,
    graph: Annotated[
        Path | None, typer.Option(help="The causal graph: .json, .dot, .gml or .dagitty.")
    ] = None,
    outcome: Annotated[str | None, typer.Option(help="The column that the model predicts.")] = None,
    features: Annotated[
        str | None,
        typer.Option(help="The columns the model reads, by commas, where it cannot say."),
    ] = None,
    type_of: Annotated[
        list[str] | None,
        typer.Option(
            "--type",
            metavar="COLUMN=TYPE",
            help=f"What a column of the table holds, any of {', '.join(TYPES)}: zip=text; may be "
            "repeated.",
        ),
    ] = None,
    missing: Annotated[
        list[str] | None,
        typer.Option(
            metavar="[COLUMN=]MARK",
            help="What means 'not known': '.', or alley=NA for one column; may be repeated.",
        ),
    ] = None,
    decimal: Annotated[
        str | None, typer.Option(help="The sign before a fraction: '.' or ','.")
    ] = None,
    positive: Annotated[
        str | None, typer.Option(help="The class whose probability is audited; all for each.")
    ] = None,
    model_kind: Annotated[
        str | None,
        typer.Option(help=f"The model trained on a sample: {', '.join(MODEL_KINDS)}."),
    ] = None,
    folder: Annotated[
        Path | None,
        typer.Option(help="Folder of the original UCI files (or set CAFE_WORKBENCH_DATA)."),
    ] = None,
    range_: Annotated[
        str | None, typer.Option("--range", help="Levels the verdict is about, by commas; or all.")
    ] = None,
    contrast: Annotated[
        str | None, typer.Option(help="Vary the feature between these two levels: LOW,HIGH.")
    ] = None,
    low: Annotated[str | None, typer.Option("--from", help="The level to start from.")] = None,
    high: Annotated[str | None, typer.Option("--to", help="The level to go to.")] = None,
    method: Annotated[
        list[str] | None,
        typer.Option(help=f"Any of {', '.join(METHOD_NAMES)}; may be repeated. Default: all."),
    ] = None,
    check: Annotated[
        list[str] | None,
        typer.Option(
            help="A further check that takes longer, and may be repeated: "
            + ", ".join(f"{check.name} {check.does}" for check in COMMAND_CHECKS)
            + "."
        ),
    ] = None,
    threshold: Annotated[
        float | None,
        typer.Option(
            parser=number_of,
            metavar="NUMBER",
            help="The influence that matters, in the prediction's unit (0.02: 2 points).",
        ),
    ] = None,
    alpha: Annotated[
        float,
        typer.Option(parser=number_of, metavar="NUMBER", help="Error rate of the verdict."),
    ] = 0.05,
    favourable: Annotated[
        str | None,
        typer.Option(help="Which scores are to people's advantage: higher or lower."),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Same input and seed, same output.")] = 0,
    max_queries: Annotated[
        int | None,
        typer.Option(
            min=1, help="The most rows that the model may be asked about, for one that costs money."
        ),
    ] = None,
    workers: Annotated[
        int | None,
        typer.Option(min=1, help="Processes that read a folder of Parquet files side by side."),
    ] = None,
    memory: Annotated[
        str | None, typer.Option(help="What the workers may take together: 4GB.")
    ] = None,
    scheduler: Annotated[
        str | None, typer.Option(help="The address of a Dask scheduler whose workers read it.")
    ] = None,
    html: Annotated[Path | None, typer.Option(help="Write the report as one HTML page.")] = None,
    json: Annotated[Path | None, typer.Option(help="Write the report as JSON.")] = None,
    csv: Annotated[Path | None, typer.Option(help="Write the effects as a table.")] = None,
    docx: WordFile = None,
    case_file: CaseFile = None,
    profile: ProfileFlag = False,
    code: CodeFlag = False,
    quiet: Annotated[
        bool, typer.Option("--quiet", help="Print no report and no progress.")
    ] = False,
) -> None:
    """Audit what of a target still influences a model's predictions.

    A sample comes with its graph, and a model is trained on it on the spot:

      cafe-workbench audit loan --target zip_code

    Files of your own need a table, a model (or its logged predictions), a graph and the outcome:

      cafe-workbench audit --data x.csv --model m.skops --graph g.json --outcome y --target zip_code

    A model behind an address is asked over HTTP, with a token from the environment if it needs one:

      cafe-workbench audit --data x.csv --endpoint https://models.example.org/v2/models/loan
        --features age,income --token-from MODEL_TOKEN --graph g.json --target zip_code

    With --before and --retrained it says what unlearning removed, and what is left of it.
    """
    with reported():
        check_settings(threshold, alpha, check or ())
        favoured = read_favourable(favourable, positive)
        read = (data, model, graph, case_file, before, *(retrained or ()))
        files = files_to_write(read, html=html, json=json, csv=csv, docx=docx)
        details = None if case_file is None else read_case_details(case_file)
        names, groups = tuple(target or ()), subgroups_of(subgroup or ())
        named = Named(
            sample=sample,
            data=data,
            model=model,
            predictions=predictions,
            endpoint=endpoint,
            protocol=protocol,
            output=endpoint_output,
            token_from=token_from,
            graph=graph,
            outcome=outcome,
            features=names_of(features),
            positive=positive,
            kind=model_kind,
            folder=folder,
            seed=seed,
            said=stated_of(type_of or (), missing or (), decimal),
        )
        check_workers(data, workers, memory, scheduler)
        on = workers_of(workers, memory, scheduler)
        levels = levels_of(contrast, low, high)
        (runs, mirrored), reports = each_class(named), dict[str | None, Any]()
        for one in runs:
            loaded = load_case(one)
            case = loaded.case
            others = load_compared(before, retrained or (), case.data.columns, one.positive)
            blocks = blocks_of(target_of(case, names, where, tuple(row or ())), case)
            check_apart(runs, mirrored, blocks)
            count = len(runs) * len(blocks)
            for block, wanted in blocks.items():
                questions: dict[str, Any] = {
                    "methods": tuple(method) if method else METHOD_NAMES,
                    "range": range_of(case, wanted.names, range_),
                    "intervention": levels and contrast_of(case, wanted.names, levels),
                    "seed": seed,
                    "subgroups": groups,
                    "checks": tuple(check or ()),
                    "max_queries": max_queries and max_queries // count,
                }
                if not quiet:
                    _show_what_it_takes(case, wanted, questions, on)
                report = audit(
                    case,
                    wanted,
                    **questions,
                    on=on,
                    threshold=threshold,
                    alpha=alpha / count,
                    favourable=favoured,
                    compare=others.models or None,
                    details=details,
                    progress=silent if quiet else None,
                )
                label = block or one.positive
                write_files(report, files_of_class(files, label, count > 1 or mirrored is not None))
                reports[label] = report
                show_report(
                    report,
                    notes=(*loaded.notes, *others.notes),
                    load=loaded.code + others.code,
                    profile=profile,
                    code=code,
                    quiet=quiet,
                )
        status = finish(
            reports, alpha, files, quiet=quiet, union=len(blocks) > 1, mirrored=mirrored
        )
    raise typer.Exit(status)


def _show_what_it_takes(
    case: AuditCase, target: UnlearningTarget, questions: Mapping[str, Any], on: On
) -> None:
    """Say what an audit with limited questions will ask, or what one of a large table will take."""
    if questions["max_queries"] is not None:
        show_plan(question_plan(case, target, **questions))
    else:
        show_table_plan(case, target, questions["intervention"], questions["seed"], on)


app.command("report", epilog=STATUS_HELP, no_args_is_help=True)(report_command)
