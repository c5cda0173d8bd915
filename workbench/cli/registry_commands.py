"""``cafe-workbench registry``: who gave what, with which consent, and where it went."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import pandas as pd
import typer

from workbench.cli.arguments import names_of
from workbench.cli.output import closed_pipe, reported
from workbench.common.errors import EvidenceError
from workbench.common.printable import printable
from workbench.common.wording import counted
from workbench.evidence.configuration import Configuration, read_configuration
from workbench.evidence.registry.consents import BASES, Consent
from workbench.evidence.registry.pinned_training import PinnedConfiguration
from workbench.evidence.registry.registry import Registry
from workbench.evidence.registry.times import day_of
from workbench.evidence.retraining import configuration_for
from workbench.tables.files.delimited import read_table

__all__ = ["PLACE", "File", "Keys", "Subject", "opened", "registry_app", "said", "shown", "who"]

CANONICAL = ("logistic", "ridge")
"""Learners with one optimum, which a retraining reaches bit by bit."""

registry_app = typer.Typer(
    name="registry",
    help="Who gave what, with which consent, in which model versions it went, and requests.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

File = Annotated[
    Path,
    typer.Option("--registry", envvar="CAFE_WORKBENCH_REGISTRY", help="The registry's file."),
]
Keys = Annotated[
    Path | None,
    typer.Option("--keys", help="The registry's keys. Default: its path with .key after it."),
]
Subject = Annotated[
    str, typer.Argument(help="Who, as in the subject column; - reads it from standard input.")
]
PLACE = Path("registry.sqlite")


Features = Annotated[
    str | None, typer.Option(help="The columns to read, by commas. Default: all others.")
]
Learner = Annotated[
    str,
    typer.Option(
        help="logistic or ridge, whose retraining is the same bit by bit; or forest or mlp, "
        "whose seed, thread and versions are pinned."
    ),
]
Positive = Annotated[str, typer.Option(help="The outcome's value that is predicted.")]
Seed = Annotated[int, typer.Option(min=0, help="Of a forest or network.")]


@contextmanager
def opened(file: Path, keys: Path | None, policy: Path | None = None) -> Iterator[Registry]:
    """Open the registry that a command names, and say in words what goes wrong."""
    with reported(), Registry.open(file, key=keys, policy=policy) as registry, closed_pipe():
        yield registry


def said(lines: Iterable[str]) -> None:
    """Print lines."""
    for line in lines:
        typer.echo(printable(line))


def shown(frame: pd.DataFrame, empty: str) -> None:
    """Print a table, or that it is empty."""
    if frame.empty:
        said([empty])
        return
    text = frame.astype(object).where(frame.notna(), "").to_string(index=False)
    said(text.splitlines())


def who(subject: str) -> str:
    """Return a person's identifier; read from standard input it stays out of shell histories."""
    return sys.stdin.readline().rstrip("\r\n") if subject == "-" else subject


@registry_app.command("init")
def init_command(
    origin: Annotated[str, typer.Option(help="The log's name: bank.example/evidence.")],
    file: File = PLACE,
    keys: Keys = None,
) -> None:
    """Make a registry, and its keys in a file of their own."""
    with reported():
        Registry.create(file, origin=origin, key=keys).close()
        kept = keys or file.with_name(file.name + ".key")
        said([f"Made {file}. Its keys are in {kept}: move them away from the registry's copies."])


@registry_app.command("ingest", no_args_is_help=True)
def ingest_command(
    table: Annotated[Path, typer.Argument(help="The table: .csv, .xlsx, .parquet and others.")],
    subject: Annotated[str, typer.Option(help="The column that says who a row is of.")],
    source: Annotated[str, typer.Option(help="Name of the source.")],
    licence: Annotated[str, typer.Option(help="Of the source, where it is new.")] = "unknown",
    uri: Annotated[
        str | None, typer.Option(help="Place of the source, where it is new. Default: the file.")
    ] = None,
    purpose: Annotated[
        str | None, typer.Option(help="What everybody in the table has consented to.")
    ] = None,
    basis: Annotated[str, typer.Option(help=f"Any of {', '.join(BASES)}.")] = "consent",
    granted: Annotated[str | None, typer.Option(help="When: 2026-01-31. Default: now.")] = None,
    prove_with: Annotated[
        str | None,
        typer.Option(
            help="SHA-256 of a committed configuration (`registry configure`): each commitment "
            "then holds a point, by which a dossier proves the optimum."
        ),
    ] = None,
    file: File = PLACE,
    keys: Keys = None,
) -> None:
    """Take a table's rows in, each with a commitment; the subject column becomes keyed tokens."""
    with opened(file, keys) as registry:
        if source not in {known.name for known in registry.sources()}:
            registry.source(source, uri=uri or f"file:{table.name}", licence=licence)
        consents = [] if purpose is None else [Consent(purpose, basis, granted)]
        taken = registry.ingest(
            read_table(table),
            subject=subject,
            source=source,
            consent=consents,
            prove_with=None
            if prove_with is None
            else read_configuration(registry.configuration(prove_with)),
        )
        whose = counted(taken.people, "person", "people")
        text = f"{counted(len(taken.records), 'record')} of {whose} taken in"
        if taken.kept_out:
            text += f"; {taken.kept_out:,} rows kept out, because they are suppressed"
        said([f"{text}. Root {taken.root.hex()}, entry {taken.entry} of the log."])


@registry_app.command("consent", no_args_is_help=True)
def consent_command(
    subjects: Annotated[list[str], typer.Argument(help="Who consented.")],
    purpose: Annotated[str, typer.Option(help="To what.")],
    basis: Annotated[str, typer.Option(help=f"Any of {', '.join(BASES)}.")] = "consent",
    granted: Annotated[str | None, typer.Option(help="When: 2026-01-31. Default: now.")] = None,
    source: Annotated[
        str | None, typer.Option(help="Only for records of this source. Default: any.")
    ] = None,
    file: File = PLACE,
    keys: Keys = None,
) -> None:
    """Write a consent down; `request withdrawal` ends it."""
    with opened(file, keys) as registry:
        consent = Consent(purpose, basis, granted, any_source=source is None)
        new = registry.grant([who(subject) for subject in subjects], consent, source=source)
        said([f"{new} new consents for {purpose!r}."])


@registry_app.command("freeze", no_args_is_help=True)
def freeze_command(
    purpose: Annotated[str, typer.Option(help="Only rows whose consent covers it.")],
    name: Annotated[
        str | None, typer.Option(help="Of the lineage of data sets. Default: the purpose.")
    ] = None,
    file: File = PLACE,
    keys: Keys = None,
) -> None:
    """Freeze the rows whose consent covers a purpose, now, as the next data set."""
    with opened(file, keys) as registry:
        data = registry.freeze(purpose=purpose, name=name)
        why = ", ".join(f"{count:,} by {reason}" for reason, count in data.why_left.items())
        left = f"{data.left:,} left ({why})" if why else "none left"
        said([f"{data.name}: {data.size:,} rows, {data.joined:,} joined, {left}."])
        said([f"Root {data.root.hex()}"])


@registry_app.command("configure", no_args_is_help=True)
def configure_command(
    table: Annotated[Path, typer.Argument(help="A table that gives the constants.")],
    outcome: Annotated[str, typer.Option(help="The column to predict.")],
    subject: Annotated[str | None, typer.Option(help="The column to leave out: who.")] = None,
    features: Features = None,
    learner: Learner = "logistic",
    positive: Positive = "1",
    seed: Seed = 0,
    file: File = PLACE,
    keys: Keys = None,
) -> None:
    """Commit a training configuration before rows are taken in; print its SHA-256."""
    with opened(file, keys) as registry:
        frame = read_table(table)
        frame = frame if subject is None else frame.drop(columns=subject, errors="ignore")
        said([registry.commit(_configured(frame, outcome, features, learner, positive, seed))])


@registry_app.command("train", no_args_is_help=True)
def train_command(
    name: Annotated[str, typer.Argument(help="The model's name.")],
    dataset: Annotated[str, typer.Option(help="The data set: 'credit scoring/1'.")],
    outcome: Annotated[str | None, typer.Option(help="The column to predict.")] = None,
    features: Features = None,
    learner: Learner = "logistic",
    positive: Positive = "1",
    seed: Seed = 0,
    configuration: Annotated[
        str | None, typer.Option(help="SHA-256 of one that is committed, in place of the above.")
    ] = None,
    file: File = PLACE,
    keys: Keys = None,
) -> None:
    """Train a model's first version by a configuration, which is committed where it is new."""
    with opened(file, keys) as registry:
        if (outcome is None) == (configuration is None):
            raise EvidenceError("Say either what is predicted, --outcome, or --configuration.")
        committed = configuration or registry.commit(
            _configured(registry.table(dataset), str(outcome), features, learner, positive, seed)
        )
        version = registry.train(name, dataset, committed)
        said([f"{version.version}: trained on {dataset}, file {version.sha256}."])


@registry_app.command("register", no_args_is_help=True)
def register_command(
    name: Annotated[str, typer.Argument(help="The model's name.")],
    dataset: Annotated[str, typer.Option(help="What it is said to be trained on.")],
    configuration: Annotated[Path, typer.Option(help="How: one JSON object.")],
    model: Annotated[Path, typer.Option(help="Its file, of which the hash is kept.")],
    file: File = PLACE,
    keys: Keys = None,
) -> None:
    """Register a version that was trained elsewhere; that it was so is told, not known."""
    with opened(file, keys) as registry:
        committed = registry.commit(_content(configuration))
        version = registry.register_model(name, dataset, committed, file=_content(model))
        said([f"{version.version}: handed in, file {version.sha256}."])


@registry_app.command("models")
def models_command(
    name: Annotated[str | None, typer.Argument(help="Only versions of this model.")] = None,
    file: File = PLACE,
    keys: Keys = None,
) -> None:
    """List the model versions: data set, how they came about, when they were served."""
    with opened(file, keys) as registry:
        rows = [
            {
                "version": one.version,
                "dataset": one.dataset,
                "trained": day_of(one.trained),
                "known": "trained here" if one.trained_here else "handed in",
                "served_from": day_of(one.served_from) if one.served_from else "",
                "served_until": day_of(one.served_until) if one.served_until else "",
                "replaces": one.replaces or "",
                "sha256": one.sha256[:16],
            }
            for one in registry.models(name)
        ]
        shown(pd.DataFrame(rows), "No model version is registered.")


@registry_app.command("serve", no_args_is_help=True)
def serve_command(
    version: Annotated[str, typer.Argument(help="The version: credit/2.")],
    file: File = PLACE,
    keys: Keys = None,
) -> None:
    """Write down that a version is served now, in place of the others of its name."""
    with opened(file, keys) as registry:
        said([f"{registry.serve(version).version} is served from now on."])


@registry_app.command("where-is", no_args_is_help=True)
def where_is_command(subject: Subject, file: File = PLACE, keys: Keys = None) -> None:
    """Say which model versions hold a person's records, with what consent, and her requests."""
    with opened(file, keys) as registry:
        found = registry.where_is(who(subject))
        said(found.sentences())
        shown(found.to_frame(), "")


@registry_app.command("trace", no_args_is_help=True)
def trace_command(
    version: Annotated[str, typer.Argument(help="The version that predicted: credit/2.")],
    where: Annotated[str, typer.Option(help="Rows like the one predicted: \"region == 'north'\".")],
    file: File = PLACE,
    keys: Keys = None,
) -> None:
    """Follow a suspect prediction back: version, data set, sources, and its slice's profile."""
    with opened(file, keys) as registry:
        found = registry.trace(version, where)
        said(found.sentences())
        shown(found.sources.reset_index(), "")
        shown(found.profile.round(4).reset_index(), "")


def _configured(
    table: pd.DataFrame,
    outcome: str,
    features: str | None,
    learner: str,
    positive: str,
    seed: int,
) -> Configuration | PinnedConfiguration:
    read = list(names_of(features)) or [n for n in map(str, table.columns) if n != outcome]
    if learner not in CANONICAL:
        return PinnedConfiguration.here(outcome, read, learner, seed)
    return configuration_for(
        table,
        outcome,
        learner="ridge" if learner == "ridge" else "logistic",
        positive=int(positive) if positive.lstrip("-").isdecimal() else positive,
        features=read,
    )


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise EvidenceError(f"Cannot read {str(path)!r}: {error.strerror}.") from None
