"""``cafe-workbench registry``: requests, from their receipt to what is destroyed."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from workbench.cli.registry_commands import (
    PLACE,
    File,
    Keys,
    opened,
    registry_app,
    said,
    shown,
    who,
)
from workbench.common.errors import EvidenceError
from workbench.common.wording import counted
from workbench.evidence.commitments import tree_root
from workbench.evidence.dossier import write_dossier
from workbench.evidence.dossier_case import growth_file
from workbench.evidence.keys import SigningKey, ask_for_time_stamp
from workbench.evidence.notes import read_checkpoint
from workbench.evidence.registry.due_dates import KINDS
from workbench.evidence.registry.times import day_of, end_of_term, seconds_of
from workbench.evidence.training_environment import surroundings
from workbench.report.audit_report import read_report

__all__ = ["registry_app"]

Number = Annotated[str, typer.Argument(help="The request's number: R-1.")]
Policy = Annotated[
    Path | None, typer.Option(help="Terms of requests, a TOML file. Default: the workbench's own.")
]


@registry_app.command("request", no_args_is_help=True)
def request_command(
    kind: Annotated[str, typer.Argument(help=f"Any of {', '.join(KINDS)}.")],
    subject: Annotated[
        str | None, typer.Option(help="Who asks; - reads it from standard input.")
    ] = None,
    where: Annotated[
        str | None, typer.Option(help="For a class of rows: \"region == 'north'\".")
    ] = None,
    source: Annotated[str | None, typer.Option(help="For the rows of a source.")] = None,
    feature: Annotated[
        list[str] | None, typer.Option(help="For a feature, in all rows; may be repeated.")
    ] = None,
    clause: Annotated[
        list[str] | None, typer.Option(help="'GDPR 17(1)(b)'; may be repeated.")
    ] = None,
    purpose: Annotated[
        str | None, typer.Option(help="Of the consent withdrawn or the objection. Default: all.")
    ] = None,
    received: Annotated[str | None, typer.Option(help="When it came. Default: now.")] = None,
    policy: Policy = None,
    file: File = PLACE,
    keys: Keys = None,
) -> None:
    """Write a request down; its number, its hash and its due date are for the person."""
    with opened(file, keys, policy) as registry:
        asked = registry.request(
            kind,
            subject=None if subject is None else who(subject),
            where=where,
            source=source,
            features=feature or (),
            clause=clause or (),
            purpose=purpose,
            received=received,
        )
        said(
            [
                f"{asked.id}: {asked.kind} of {counted(asked.records, 'record')}, received "
                f"{day_of(asked.received)}, due {day_of(asked.due)}.",
                f"The term: {asked.term}.",
            ]
        )


@registry_app.command("due")
def due_command(policy: Policy = None, file: File = PLACE, keys: Keys = None) -> None:
    """List the backlog: the open requests, the most urgent first."""
    with opened(file, keys, policy) as registry:
        shown(registry.due(), "No request is open.")


@registry_app.command("advance", no_args_is_help=True)
def advance_command(
    request: Number,
    state: Annotated[str, typer.Argument(help="accepted, refused, lifted or answered.")],
    ground: Annotated[
        str | None, typer.Option(help="Of a refusal: the clause, 'GDPR 17(3)(b)'.")
    ] = None,
    file: File = PLACE,
    keys: Keys = None,
) -> None:
    """Take a request to another state, by an entry of the log."""
    with opened(file, keys) as registry:
        said([f"{request} is {registry.advance(request, state, ground=ground).state}."])


@registry_app.command("extend", no_args_is_help=True)
def extend_command(
    request: Number, policy: Policy = None, file: File = PLACE, keys: Keys = None
) -> None:
    """Extend a request's term by what the policy allows, once and within the first term."""
    with opened(file, keys, policy) as registry:
        said([f"{request} is due {day_of(registry.extend(request).due)}."])


@registry_app.command("retrain")
def retrain_command(
    model: Annotated[str | None, typer.Argument(help="The model's name.")] = None,
    due: Annotated[
        bool, typer.Option("--due", help="Every model that open requests are about.")
    ] = False,
    due_by: Annotated[
        str | None, typer.Option(help="Only when a request is due by this day: 2026-01-31.")
    ] = None,
    file: File = PLACE,
    keys: Keys = None,
) -> None:
    """Run a planned cycle: exclude what was asked to leave, and train again."""
    with opened(file, keys) as registry:
        if (model is None) != due:
            raise EvidenceError("Name one model, or --due for every model with open requests.")
        names = [model] if model is not None else registry.models_with_open_requests()
        if not names:
            said(["No open request is about a registered model; nothing was done."])
        day = None if due_by is None else end_of_term(seconds_of(due_by))
        for name in names:
            said(registry.retrain_due(name, due_by=day).sentences())


@registry_app.command("receipt", no_args_is_help=True)
def receipt_command(
    request: Number,
    out: Annotated[Path, typer.Option(help="A new folder for the receipts, for her alone.")],
    file: File = PLACE,
    keys: Keys = None,
) -> None:
    """Write the receipts of the person who asked: her records, and what opens their commitments."""
    with opened(file, keys) as registry:
        receipts = registry.receipts(request)
        try:
            out.mkdir(mode=0o700)
            for number, receipt in enumerate(receipts, 1):
                place = out / f"receipt-{number}.json"
                handle = os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
                with os.fdopen(handle, "wb") as stream:
                    stream.write(receipt)
        except OSError as error:
            raise EvidenceError(f"Cannot write {str(out)!r}: {error.strerror}.") from None
        said([f"{len(receipts)} receipts in {out}: hers alone, and not possible after `erase`."])


@registry_app.command("dossier", no_args_is_help=True)
def dossier_command(
    request: Number,
    model: Annotated[str, typer.Argument(help="The model that was retrained for it.")],
    key: Annotated[Path, typer.Option(help="The signing key, from `evidence keygen`.")],
    out: Annotated[Path, typer.Option(help="A new folder, or a new file that ends in .zip.")],
    report: Annotated[
        Path | None,
        typer.Option(help="An audit of the new model: the JSON of `registry audit`. It goes in."),
    ] = None,
    prove: Annotated[
        bool, typer.Option("--prove", help="Prove the optimum; for rows taken in with points.")
    ] = False,
    kept: Annotated[
        Path | None, typer.Option(help="A checkpoint from before the request, to be shown.")
    ] = None,
    kept_stamp: Annotated[Path | None, typer.Option(help="Its time stamp.")] = None,
    authority: Annotated[
        str | None, typer.Option(help="Address of an authority to stamp the log as it is now.")
    ] = None,
    project: Annotated[
        Path | None,
        typer.Option(help="A folder whose git commit, lock files and DVC lock are stated."),
    ] = None,
    file: File = PLACE,
    keys: Keys = None,
) -> None:
    """Write the dossier about a request that was carried out, for whoever will check it."""
    with opened(file, keys) as registry:
        files = registry.dossier(
            request,
            model,
            SigningKey.load(key),
            report=None if report is None else read_report(report),
            prove=prove,
            old_checkpoint=None if kept is None else kept.read_bytes(),
            old_stamp=None if kept_stamp is None else kept_stamp.read_bytes(),
            stamp=None if authority is None else lambda raw: ask_for_time_stamp(raw, authority),
            facts=None if project is None else surroundings(project),
        )
        write_dossier(files, out)
        said([f"{len(files)} files in {out}; `evidence verify` or its verify.py judges them."])


@registry_app.command("checkpoint", no_args_is_help=True)
def checkpoint_command(
    key: Annotated[Path, typer.Option(help="The signing key, from `evidence keygen`.")],
    out: Annotated[Path, typer.Option(help="A new file.")],
    since: Annotated[
        Path | None,
        typer.Option(help="An earlier checkpoint: OUT.growth proves that the log grew from it."),
    ] = None,
    file: File = PLACE,
    keys: Keys = None,
) -> None:
    """Sign the log as it is now, to be stamped, cosigned, and handed to whoever will check it."""
    with opened(file, keys) as registry:
        signed = registry.checkpoint(SigningKey.load(key))
        entries = registry.entries()[: read_checkpoint(signed).size]
        _new_file(out, signed)
        said([f"A checkpoint of {len(entries):,} entries is in {out}."])
        if since is not None:
            place = out.with_name(out.name + ".growth")
            _new_file(place, growth_file(entries, _checkpoint_of(entries, since)))
            said([f"That the log grew from {since} to it is proved by {place}."])


def _new_file(place: Path, raw: bytes) -> None:
    try:
        with place.open("xb") as stream:
            stream.write(raw)
    except OSError as error:
        raise EvidenceError(f"Cannot write {str(place)!r}: {error.strerror}.") from None


def _checkpoint_of(entries: Sequence[bytes], place: Path) -> int:
    """Return the size of a checkpoint that is one of this log."""
    try:
        held = read_checkpoint(place.read_bytes())
    except OSError as error:
        raise EvidenceError(f"Cannot read {str(place)!r}: {error.strerror}.") from None
    if held.size > len(entries) or tree_root(entries[: held.size]) != held.root:
        raise EvidenceError(f"{place} is no checkpoint of this registry's log.")
    return held.size


@registry_app.command("erase", no_args_is_help=True)
def erase_command(
    request: Number,
    suppress_days: Annotated[
        int, typer.Option(min=0, help="How long to refuse the same person and records again.")
    ] = 0,
    file: File = PLACE,
    keys: Keys = None,
) -> None:
    """Destroy content, salts and blinds of an erasure that was carried out; leaves stay."""
    with opened(file, keys) as registry:
        gone = registry.destroy(request, suppress_days=suppress_days)
        are = "is" if gone.records == 1 else "are"
        what = counted(gone.records, "record")
        lines = [f"Content, salt and blind of {what} {are} overwritten."]
        if gone.suppressed_until is not None:
            lines.append(f"Suppression tokens stay until {day_of(gone.suppressed_until)}.")
        if not gone.folded_away:
            lines.append("Another process reads an earlier state: traces go when it closes.")
        said([*lines, "Copies and backups of the registry are not reached."])


@registry_app.command("suppress")
def suppress_command(
    ended: Annotated[
        bool, typer.Option("--ended", help="Delete the tokens whose retention has ended.")
    ] = False,
    lift: Annotated[
        str | None, typer.Option(help="Let this person come back; - reads standard input.")
    ] = None,
    file: File = PLACE,
    keys: Keys = None,
) -> None:
    """List what must not come back and until when; end it."""
    with opened(file, keys) as registry:
        if ended:
            said([f"{registry.forget_suppressed():,} tokens deleted."])
        if lift is not None:
            said([f"{registry.lift_suppression(who(lift)):,} tokens deleted."])
        frame = registry.suppressions()
        frame["until"] = [day_of(until) for until in frame["until"]]
        shown(frame, "Nothing is suppressed.")


@registry_app.command("check")
def check_command(file: File = PLACE, keys: Keys = None) -> None:
    """Check that the file is whole, the log unchanged, and every data set as it was frozen."""
    with opened(file, keys) as registry:
        registry.check()
        entries, datasets = len(registry.entries()), len(registry.datasets())
        said([f"{entries:,} entries and {datasets:,} data sets are as they were written."])
