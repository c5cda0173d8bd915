"""The command line of evidence: ``cafe-workbench evidence build``, ``verify`` and so on."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import numpy as np
import pandas as pd
import typer

from workbench import datasets
from workbench.case.condition import Condition
from workbench.common.errors import AuditError, DataError, EvidenceError
from workbench.evidence.certificates import certificates_for
from workbench.evidence.claims import EXIT_STATUS, Claim, ReaderError, whole_verdict
from workbench.evidence.commitments import tree_root
from workbench.evidence.dossier import verify_dossier, write_dossier
from workbench.evidence.dossier_files import read_dossier
from workbench.evidence.keys import SigningKey, ask_for_time_stamp
from workbench.evidence.log_entries import read_log_file
from workbench.evidence.mlflow_record import record_in_mlflow
from workbench.evidence.notes import (
    LOG_KEY,
    WITNESS_KEY,
    checkpoint_text,
    cosign_checkpoint,
    read_checkpoint,
    sign_checkpoint,
)
from workbench.evidence.rehearsal import rehearse
from workbench.evidence.retraining import configuration_for
from workbench.evidence.training_environment import surroundings
from workbench.evidence.verifier import verifier_source
from workbench.evidence.verify_command import written_claims
from workbench.report.audit_report import read_report
from workbench.tables.files.delimited import read_table

__all__ = ["evidence_app"]

VERDICTS_HELP = """Exit status: 0 PROVED, 1 CONSISTENT, 3 INCONCLUSIVE, 4 CONTRADICTED, 5 INVALID
(of the weakest claim); 2 the verification could not run."""

evidence_app = typer.Typer(
    name="evidence",
    help="Dossiers that a third party verifies without the data: make keys, build, stamp, verify.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
NewFile = Annotated[Path, typer.Option("--output", help="Where to write it; must not exist.")]
KeyFile = Annotated[Path, typer.Option("--key", help="A signing key's file, from keygen.")]
GivenKey = Annotated[str | None, typer.Option("--key", help="The controller's, not from here.")]
Authority = Annotated[
    str | None, typer.Option(help="SHA-256 of the time-stamping authority's certificate.")
]
Witnesses = Annotated[list[str] | None, typer.Option(help="A witness's key.")]
Checkpoints = Annotated[list[str] | None, typer.Option(help="A checkpoint you kept.")]
Growths = Annotated[
    list[str] | None, typer.Option(help="Proof that the log grew to a checkpoint that is later.")
]
RequestHash = Annotated[str | None, typer.Option(help="The request's SHA-256.")]
OtherHashes = Annotated[
    list[str] | None, typer.Option(help="SHA-256 of another's request of the same step.")
]
Served = Annotated[str | None, typer.Option(help="The served model's file or SHA-256.")]
Receipt = Annotated[str | None, typer.Option(help="The person's receipt.")]


def _written(raw: bytes, path: Path) -> None:
    try:
        with path.open("xb") as file:
            file.write(raw)
    except FileExistsError:
        raise EvidenceError(f"{path} exists; nothing is overwritten.") from None
    except OSError as error:
        raise EvidenceError(f"{path} cannot be written: {error.strerror}.") from None
    typer.echo(f"Wrote {path}.")


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise EvidenceError(f"{path} cannot be read: {error.strerror}.") from None


def _or_stop(action: Callable[[], None]) -> None:
    """Run an action; say what was wrong and leave with 2 where the user's input was."""
    try:
        action()
    except (AuditError, OSError) as error:
        typer.echo(f"Error: {error}", err=True)
        raise typer.Exit(2) from None


@evidence_app.command("keygen")
def keygen_command(
    name: Annotated[str, typer.Argument(help="What it signs for: bank.example/evidence.")],
    output: NewFile,
    witness: Annotated[bool, typer.Option(help="A witness's key, to cosign with.")] = False,
) -> None:
    """Make a signing key; print the public half, to be handed to whoever will verify."""

    def make() -> None:
        key = SigningKey.generate(name, WITNESS_KEY if witness else LOG_KEY)
        key.save(output)
        typer.echo(str(key.named))

    _or_stop(make)


def _sample(name: str, rows: int) -> tuple[pd.DataFrame, str]:
    if name != "loan":
        raise DataError(f"The sample for dossiers is 'loan', not {name!r}. Or use --data.")
    world = datasets.loan(rows, seed=0)
    return world.data, world.outcome


@evidence_app.command("build")
def build_command(
    key: KeyFile,
    output: Annotated[Path, typer.Option(help="A new folder for the dossier and the receipts.")],
    sample: Annotated[str | None, typer.Argument(help="A sample: loan. Or use --data.")] = None,
    data: Annotated[Path | None, typer.Option(help="A table of training rows.")] = None,
    outcome: Annotated[str | None, typer.Option(help="The column that is predicted.")] = None,
    positive: Annotated[str | None, typer.Option(help="The outcome's positive value.")] = None,
    subject: Annotated[str | None, typer.Option(help="The column that names people.")] = None,
    person: Annotated[list[str] | None, typer.Option(help="Who asks; again for more.")] = None,
    feature: Annotated[
        list[str] | None, typer.Option(help="A feature to be left out, in all rows.")
    ] = None,
    where: Annotated[
        str | None, typer.Option(help="A class or source: \"region == 'north'\".")
    ] = None,
    also: Annotated[
        list[str] | None, typer.Option(help="Somebody else who asks in the same step.")
    ] = None,
    rows: Annotated[int, typer.Option(help="Rows of the sample.")] = 200,
    ridge: Annotated[bool, typer.Option(help="Ridge regression of a number.")] = False,
    proof: Annotated[bool, typer.Option(help="Prove the optimum; a minute for 1,000 rows.")] = True,
    report: Annotated[
        Path | None,
        typer.Option(
            help="An audit that was saved with --json. It goes in; its results are INCONCLUSIVE, "
            "since a rehearsal cannot see that it is of the new model. `registry dossier` can."
        ),
    ] = None,
    authority: Annotated[
        str | None, typer.Option(help="Address of a time-stamping authority to ask.")
    ] = None,
    project: Annotated[
        Path | None,
        typer.Option(help="A folder whose git commit, lock files and DVC lock are stated."),
    ] = None,
) -> None:
    """Rehearse a request: commit, train, leave rows out, retrain, prove, sign; all in memory.

    A registry does the same over years: see `cafe-workbench registry`.
    """

    def build() -> None:
        signing = SigningKey.load(key)
        audited = None if report is None else read_report(report)
        if output.exists():
            raise EvidenceError(f"{output} exists; nothing is overwritten.")
        if data is not None:
            table, target = read_table(data), outcome
        else:
            table, target = _sample(sample or "loan", rows)
        if target is None:
            raise DataError("Say with --outcome what is predicted.")
        if subject is not None and subject not in table.columns:
            raise DataError(f"The table has no column {subject!r} that names people.")
        people = (
            [f"row-{i}" for i in range(len(table))]
            if subject is None
            else [str(name) for name in table[subject].tolist()]
        )
        table = table if subject is None else table.drop(columns=[subject])
        asking = list(person or ([] if feature or where else people[:1]))
        chosen = [] if where is None else np.flatnonzero(Condition(where).mask(table)).tolist()
        if where is not None and not chosen:
            raise DataError(f"No row of the table is one where {where}.")
        configuration = configuration_for(
            table,
            target,
            learner="ridge" if ridge else "logistic",
            positive=1 if positive is None else positive,
        )
        made = rehearse(
            table,
            people,
            asking,
            configuration,
            signing,
            now=lambda: int(time.time()),
            forget=tuple(feature or ()),
            rows=chosen,
            also=also or (),
            prove=proof,
            stamp=None if authority is None else lambda raw: ask_for_time_stamp(raw, authority),
            report=audited,
            facts={} if project is None else surroundings(project),
        )
        write_dossier(made.files, output / "dossier")
        (output / "public.key").write_text(f"{signing.named}\n", "utf-8")
        (output / "checkpoint.kept").write_bytes(made.kept)
        for i, receipt in enumerate(made.receipts, start=1):
            (output / f"receipt-{i}.json").write_bytes(receipt)
        size = sum(map(len, made.files.values()))
        typer.echo(f"Wrote {output / 'dossier'} ({size:,} bytes, {len(made.files)} files).")
        typer.echo(f"Request: {made.request_sha256}")
        typer.echo("The receipts and the kept checkpoint go to the person, not into the dossier.")

    _or_stop(build)


def _judged(
    dossier: Path,
    key: str | None,
    authority: str | None,
    witnesses: list[str] | None,
    checkpoints: list[str] | None,
    growth: list[str] | None,
    request: str | None,
    others: list[str] | None,
    served: str | None,
    receipt: str | None,
) -> tuple[Claim, ...]:
    """Judge a dossier by what its reader brings on the command line."""
    return verify_dossier(
        dossier,
        key=key,
        authority=authority,
        witnesses=witnesses or (),
        checkpoints=checkpoints or (),
        growth=growth or (),
        request=request,
        others=others or (),
        served=served,
        receipt=receipt,
    )


@evidence_app.command("verify", epilog=VERDICTS_HELP)
def verify_command(
    dossier: Annotated[Path, typer.Argument(help="A folder or a zip.")],
    key: GivenKey = None,
    authority: Authority = None,
    witness: Witnesses = None,
    checkpoint: Checkpoints = None,
    growth: Growths = None,
    request: RequestHash = None,
    other: OtherHashes = None,
    served: Served = None,
    receipt: Receipt = None,
    short: Annotated[bool, typer.Option(help="Without what each claim rests on.")] = False,
) -> None:
    """Judge a dossier as its `verify.py` does."""
    try:
        claims = _judged(
            dossier, key, authority, witness, checkpoint, growth, request, other, served, receipt
        )
    except ReaderError as error:
        typer.echo(f"Error: {error}", err=True)
        raise typer.Exit(2) from None
    typer.echo(written_claims(claims, long=not short))
    raise typer.Exit(EXIT_STATUS[whole_verdict(claims)])


@evidence_app.command("timestamp")
def timestamp_command(
    file: Annotated[Path, typer.Argument(help="What to stamp; only its hash is sent.")],
    url: Annotated[str, typer.Option(help="The authority's address (RFC 3161).")],
    output: NewFile,
) -> None:
    """Ask a time-stamping authority to stamp a file, such as a checkpoint."""
    _or_stop(lambda: _written(ask_for_time_stamp(_read(file), url), output))


@evidence_app.command("checkpoint")
def checkpoint_command(
    log: Annotated[Path, typer.Argument(help="A log, one entry a line.")],
    key: KeyFile,
    output: NewFile,
) -> None:
    """Sign the checkpoint of a log."""

    def sign() -> None:
        signing = SigningKey.load(key)
        entries, _ = read_log_file(_read(log))
        text = checkpoint_text(signing.name, entries)
        _written(sign_checkpoint(text, signing.named, signing.sign), output)

    _or_stop(sign)


@evidence_app.command("cosign")
def cosign_command(
    checkpoint: Annotated[Path, typer.Argument(help="A signed checkpoint.")],
    log: Annotated[Path, typer.Option(help="The log itself, one entry a line.")],
    key: KeyFile,
    output: NewFile,
    before: Annotated[
        Path | None, typer.Option(help="The last checkpoint of this log that you cosigned.")
    ] = None,
) -> None:
    """Cosign a checkpoint as a witness, once the log is seen to have only grown."""

    def cosign() -> None:
        witness = SigningKey.load(key)
        if witness.named.kind != WITNESS_KEY:
            raise EvidenceError("A witness cosigns with a key of `keygen --witness`.")
        raw = _read(checkpoint)
        held, (entries, _) = read_checkpoint(raw), read_log_file(_read(log))
        if (held.size, held.root) != (len(entries), tree_root(entries)):
            raise EvidenceError("The checkpoint is not that of this log.")
        if before is not None:
            old = read_checkpoint(_read(before))
            same = old.origin == held.origin and old.size <= held.size
            if not same or tree_root(entries[: old.size]) != old.root:
                raise EvidenceError("The log did not only grow since the checkpoint before.")
        _written(cosign_checkpoint(raw, witness.named, witness.sign, int(time.time())), output)

    _or_stop(cosign)


@evidence_app.command("certificate")
def certificate_command(
    dossier: Annotated[Path, typer.Argument(help="A folder or a zip.")],
    output: Annotated[Path, typer.Option(help="A new folder for the drafts.")],
    key: GivenKey = None,
    authority: Authority = None,
    witness: Witnesses = None,
    checkpoint: Checkpoints = None,
    growth: Growths = None,
    request: RequestHash = None,
    other: OtherHashes = None,
    served: Served = None,
    receipt: Receipt = None,
) -> None:
    """Write drafts for a lawyer: BSA s. 63(4) Parts A and B, and the map of clauses."""

    def write() -> None:
        claims = _judged(
            dossier, key, authority, witness, checkpoint, growth, request, other, served, receipt
        )
        if output.exists():
            raise EvidenceError(f"{output} exists; nothing is overwritten.")
        for name, text in certificates_for(read_dossier(str(dossier)), claims).items():
            (output / name).parent.mkdir(parents=True, exist_ok=True)
            _written(text.encode(), output / name)

    _or_stop(write)


@evidence_app.command("mlflow")
def mlflow_command(
    dossier: Annotated[Path, typer.Argument(help="A folder or a zip.")],
    tracking_uri: Annotated[str, typer.Option(help="MLflow's place: sqlite:///mlflow.db.")],
    run: Annotated[
        str | None, typer.Option(help="The run that trained the model. Default: a new one.")
    ] = None,
    experiment: Annotated[str, typer.Option(help="Where a new run goes.")] = "",
) -> None:
    """Write a dossier's hashes as tags into a run of MLflow, and the dossier as an artifact."""

    def record() -> None:
        held = read_dossier(str(dossier))
        typer.echo(f"Run {record_in_mlflow(held, tracking_uri, run=run, experiment=experiment)}")

    _or_stop(record)


@evidence_app.command("verifier")
def verifier_command(output: NewFile) -> None:
    """Write `verify.py`, the one file that judges dossiers."""
    _or_stop(lambda: _written(verifier_source().encode(), output))
