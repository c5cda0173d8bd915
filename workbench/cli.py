"""The command line: ``cafe-workbench audit`` and ``cafe-workbench serve``."""

from __future__ import annotations

import math
import os
import sys
import tempfile
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib import metadata
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from workbench.audit import METHODS, audit
from workbench.cli_case import SAMPLES, Loaded, contrast_of, load_files, load_sample, target_of
from workbench.errors import AuditError, DataError, MissingPackageError, TargetError
from workbench.progress import silent
from workbench.report import AuditReport
from workbench.sample_models import MODEL_KINDS

__all__ = ["EXIT_STATUS", "app", "main"]

EXIT_STATUS = {"below": 0, "above": 1, "inconclusive": 3}
"""Exit status of each verdict."""
CANNOT_RUN = 2
DEFECT = 70
STOPPED = 130

STATUS_HELP = """Exit status: 0 no influence above the threshold found at this precision;
1 residual influence above it found; 2 the audit could not run; 3 inconclusive;
130 stopped by Ctrl-C."""

app = typer.Typer(
    name="cafe-workbench",
    help="Audit machine unlearning: what of a feature or a row still influences a model.",
    add_completion=False,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)


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
        list[str] | None, typer.Option(help="A feature to be forgotten; may be repeated.")
    ] = None,
    where: Annotated[
        str | None, typer.Option(help='Only the rows where this holds: "age > 50".')
    ] = None,
    row: Annotated[
        list[str] | None,
        typer.Option(help="Only this row, counted from 0 in a CSV file; may be repeated."),
    ] = None,
    data: Annotated[Path | None, typer.Option(help="The table: .csv or .parquet.")] = None,
    model: Annotated[Path | None, typer.Option(help="The model: .skops or .onnx.")] = None,
    predictions: Annotated[
        str | None,
        typer.Option(help="Instead of a model, the column that holds its logged predictions."),
    ] = None,
    graph: Annotated[
        Path | None, typer.Option(help="The causal graph: .json, .dot, .gml or .dagitty.")
    ] = None,
    outcome: Annotated[str | None, typer.Option(help="The column that the model predicts.")] = None,
    features: Annotated[
        str | None,
        typer.Option(help="The columns the model reads, by commas, where it cannot say."),
    ] = None,
    positive: Annotated[
        str | None, typer.Option(help="The class whose probability is audited.")
    ] = None,
    model_kind: Annotated[
        str | None,
        typer.Option(help=f"The model trained on a sample: {', '.join(MODEL_KINDS)}."),
    ] = None,
    folder: Annotated[
        Path | None,
        typer.Option(help="Folder of the original UCI files (or set CAFE_WORKBENCH_DATA)."),
    ] = None,
    contrast: Annotated[
        str | None, typer.Option(help="Vary the feature between these two levels: LOW,HIGH.")
    ] = None,
    low: Annotated[str | None, typer.Option("--from", help="The level to start from.")] = None,
    high: Annotated[str | None, typer.Option("--to", help="The level to go to.")] = None,
    method: Annotated[
        list[str] | None,
        typer.Option(help=f"Any of {', '.join(METHODS)}; may be repeated. Default: all."),
    ] = None,
    threshold: Annotated[
        float | None,
        typer.Option(help="The influence that matters, in the prediction's unit (0.02: 2 points)."),
    ] = None,
    alpha: Annotated[float, typer.Option(help="Error rate of the verdict.")] = 0.05,
    seed: Annotated[int, typer.Option(min=0, help="Same input and seed, same output.")] = 0,
    html: Annotated[Path | None, typer.Option(help="Write the report as one HTML page.")] = None,
    json: Annotated[Path | None, typer.Option(help="Write the report as JSON.")] = None,
    code: Annotated[
        bool, typer.Option("--code", help="Print the Python that repeats the audit.")
    ] = False,
    quiet: Annotated[
        bool, typer.Option("--quiet", help="Print no report and no progress.")
    ] = False,
) -> None:
    """Audit what of a target still influences a model's predictions.

    A sample comes with its graph, and a model is trained on it on the spot:

      cafe-workbench audit loan --target zip_code

    Files of your own need a table, a model (or its logged predictions), a graph and the outcome:

      cafe-workbench audit --data x.csv --model m.skops --graph g.json --outcome y --target zip_code
    """
    with _reported():
        _check_settings(threshold, alpha, html, json)
        names = tuple(target or ())
        loaded = _load(
            sample=sample,
            data=data,
            model=model,
            predictions=predictions,
            graph=graph,
            outcome=outcome,
            features=_listed(features),
            positive=positive,
            kind=model_kind,
            folder=folder,
            seed=seed,
        )
        wanted = target_of(loaded.case, names, where, tuple(row or ()))
        levels = _levels(contrast, low, high)
        varied = None if levels is None else contrast_of(loaded.case, names, levels)
        report = audit(
            loaded.case,
            wanted,
            methods=tuple(method) if method else METHODS,
            intervention=varied,
            threshold=threshold,
            alpha=alpha,
            seed=seed,
            progress=silent if quiet else None,
        )
        _write(report, html, json)
        with _closed_pipe():
            _show(report, loaded, code=code, quiet=quiet)
    decision = report.verdict.decision if report.verdict else "inconclusive"
    raise typer.Exit(EXIT_STATUS[decision])


@app.command("serve")
def serve_command(
    page: Annotated[
        str,
        typer.Argument(
            help="The page: dashboard, legal_review, teaching, or the path of a notebook."
        ),
    ] = "dashboard",
    port: Annotated[
        int | None,
        typer.Option(min=0, max=65535, help="0 takes any free port. Default: 8866, or a free one."),
    ] = None,
    token: Annotated[
        str | None,
        typer.Option(
            envvar="CAFE_WORKBENCH_TOKEN",
            help="What the address must carry. Default: a new random one.",
        ),
    ] = None,
    public_url: Annotated[
        str | None,
        typer.Option(help="Where a reverse proxy shows the page: https://audit.example.org/cafe/"),
    ] = None,
    host: Annotated[
        str, typer.Option(help="Address to listen on; another than loopback needs --public-url.")
    ] = "127.0.0.1",
    max_pages: Annotated[
        int, typer.Option(min=1, help="Pages open at once; each takes some 320 MB.")
    ] = 8,
    preheat: Annotated[
        int,
        typer.Option(min=0, help="Processes that wait with the page drawn, so it opens at once."),
    ] = 0,
    endpoint: Annotated[
        list[str] | None,
        typer.Option(
            help="A prediction endpoint that pages may ask, by the beginning of its address; may "
            "be repeated. Default: none."
        ),
    ] = None,
    report: Annotated[
        Path | None, typer.Option(help="A saved report (JSON) that legal_review opens.")
    ] = None,
    browser: Annotated[
        bool, typer.Option("--browser/--no-browser", help="Open the page in a browser.")
    ] = True,
) -> None:
    """Serve the workbench as a page, on this computer only, until Ctrl-C."""
    with _reported():
        try:
            from widgets.serving import serve
        except ModuleNotFoundError as error:
            raise MissingPackageError(
                f"Serving the page needs the package {error.name!r}, which is not installed. "
                f"Install the interface: pip install 'cafe-workbench[interface]'"
            ) from None
        serve(
            page,
            port=port,
            token=token,
            public_url=public_url,
            host=host,
            open_browser=browser,
            max_pages=max_pages,
            preheat=preheat,
            endpoints=tuple(endpoint or ()),
            report=report,
        )


@contextmanager
def _reported() -> Iterator[None]:
    """Turn what goes wrong into one message and an exit status."""
    try:
        yield
    except AuditError as error:
        _fail(f"Error: {error}", CANNOT_RUN)
    except KeyboardInterrupt:
        _fail("\nStopped. No file was written.", STOPPED)
    except MemoryError:
        _fail("Error: there is not enough memory for this audit. Try fewer rows.", CANNOT_RUN)
    except typer.Exit:
        raise
    except Exception:
        # Never status 1, which says that influence was found.
        traceback.print_exc()
        _fail("This is a defect of the workbench; please report it with the lines above.", DEFECT)


def _fail(message: str, status: int) -> NoReturn:
    typer.echo("".join(c if c.isprintable() or c == "\n" else "?" for c in message), err=True)
    raise typer.Exit(status)


@contextmanager
def _closed_pipe() -> Iterator[None]:
    """Keep the verdict's exit status when the reader of the output leaves early (``| head``)."""
    try:
        yield
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _check_settings(
    threshold: float | None, alpha: float, html: Path | None, json: Path | None
) -> None:
    """Refuse before the long work begins what would fail after it."""
    if threshold is not None and not (threshold > 0 and math.isfinite(threshold)):
        raise TargetError(f"--threshold must be a number above 0, not {threshold:g}.")
    if not 0 < alpha < 0.5:
        raise TargetError(f"--alpha must lie between 0 and 0.5, not {alpha:g}.")
    if html is not None and html == json:
        raise DataError("--html and --json name the same file.")
    for path in (html, json):
        if path is None:
            continue
        if path.is_dir():
            raise DataError(f"{str(path)!r} is a folder; name a file in it.")
        if not path.parent.is_dir():
            raise DataError(f"There is no folder {str(path.parent)!r} to write {path.name!r} into.")
        if not os.access(path.parent, os.W_OK):
            raise DataError(f"The folder {str(path.parent)!r} may not be written to.")


def _load(
    *,
    sample: str | None,
    data: Path | None,
    model: Path | None,
    predictions: str | None,
    graph: Path | None,
    outcome: str | None,
    features: tuple[str, ...],
    positive: str | None,
    kind: str | None,
    folder: Path | None,
    seed: int,
) -> Loaded:
    given = {
        "--data": data,
        "--model": model,
        "--predictions": predictions,
        "--graph": graph,
        "--outcome": outcome,
        "--features": features or None,
        "--positive": positive,
    }
    if sample is not None:
        extra = [option for option, value in given.items() if value is not None]
        if extra:
            raise DataError(
                f"{', '.join(extra)} belongs to files of your own, but the sample {sample!r} is "
                f"named. Use one of the two."
            )
        return load_sample(sample, kind=kind, folder=folder, seed=seed)
    if kind is not None or folder is not None:
        raise DataError("--model-kind and --folder belong to a sample; name one of them first.")
    if data is None:
        raise DataError("Name a sample (for instance: audit loan), or a table with --data.")
    if (model is None) == (predictions is None):
        raise DataError("Give either --model file.skops or --predictions column.")
    if graph is None:
        raise DataError(
            "--graph is missing. Without a causal graph nothing says what reaches the prediction "
            "through other features; workbench.CausalGraph.discover(data) proposes one in Python."
        )
    return load_files(
        data,
        graph=graph,
        outcome=outcome,
        model=model,
        predictions=predictions,
        features=features,
        positive=positive,
    )


def _listed(text: str | None) -> tuple[str, ...]:
    return () if text is None else tuple(name.strip() for name in text.split(",") if name.strip())


def _levels(contrast: str | None, low: str | None, high: str | None) -> tuple[str, ...] | None:
    if contrast is not None:
        if low is not None or high is not None:
            raise TargetError("Use either --contrast, or --from and --to.")
        return tuple(level.strip() for level in contrast.split(","))
    if low is None and high is None:
        return None
    if low is None or high is None:
        raise TargetError("--from and --to belong together.")
    return low, high


def _write(report: AuditReport, html: Path | None, json: Path | None) -> None:
    """Write the files that were asked for, all of them or none, and none of them in part."""
    contents = [
        (path, text())
        for path, text in ((html, report.to_html), (json, report.to_json))
        if path is not None
    ]
    written: list[tuple[str, Path]] = []
    try:
        for path, text in contents:
            handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
            written.append((name, path))
            with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as stream:
                stream.write(text if text.endswith("\n") else text + "\n")
        mask = os.umask(0)
        os.umask(mask)
        for name, path in written:
            os.chmod(name, 0o666 & ~mask)
            os.replace(name, path)
    except OSError as error:
        raise DataError(f"Cannot write {error.filename!r}: {error.strerror}.") from None
    finally:
        for name, _ in written:
            with suppress(FileNotFoundError):
                os.unlink(name)


def _show(report: AuditReport, loaded: Loaded, *, code: bool, quiet: bool) -> None:
    if not quiet:
        from rich.console import Console

        from workbench.report_text import print_report

        console = Console(highlight=False, markup=False, emoji=False)
        # Captured, since rich itself would exit with status 1 when the output is closed.
        with console.capture() as captured:
            print_report(report, console)
            for note in loaded.notes:
                console.print(note, style="dim")
        sys.stdout.write(captured.get())
    if code:
        typer.echo(("" if quiet else "\n") + report.to_code(loaded.code), nl=False)
