"""How the command line ends: files, a printed report, one message for what went wrong."""

from __future__ import annotations

import errno
import os
import sys
import tempfile
import traceback
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from workbench.auditing.union import UnionAudit
from workbench.case.asking.question_plan import QuestionPlan
from workbench.common.errors import AuditError, DataError, listed
from workbench.common.printable import printable
from workbench.report.audit_report import AuditReport

__all__ = [
    "EXIT_STATUS",
    "CaseFile",
    "CodeFlag",
    "ProfileFlag",
    "WordFile",
    "closed_pipe",
    "exit_status",
    "files_to_write",
    "reported",
    "show_plan",
    "show_report",
    "write_files",
]

WordFile = Annotated[Path | None, typer.Option(help="Write it for word processors.")]
"""The option ``--docx`` of every command that writes a report."""
CaseFile = Annotated[
    Path | None,
    typer.Option(
        help="Who asks, for whom, which law, who signs (.toml): for the report's first page."
    ),
]
"""The option ``--case-file`` of every command that writes a report."""
ProfileFlag = Annotated[
    bool,
    typer.Option("--profile", help="Print the effect at every level that was tested, as a table."),
]
"""The option ``--profile`` of every command that prints one."""
CodeFlag = Annotated[bool, typer.Option("--code", help="Print the Python that repeats the audit.")]
"""The option ``--code`` of every command that prints it."""
EXIT_STATUS = {"below": 0, "above": 1, "inconclusive": 3}
"""Exit status of each verdict."""
CANNOT_RUN = 2
DEFECT = 70
STOPPED = 130


def exit_status(report: AuditReport) -> int:
    """Return the exit status that says what a report found."""
    return EXIT_STATUS[report.verdict.decision if report.verdict else "inconclusive"]


@contextmanager
def reported() -> Iterator[None]:
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
    except Exception as error:
        if isinstance(error, OSError) and error.errno == errno.ENAMETOOLONG:
            _fail(f"Error: {str(error.filename)!r} is too long to name a file.", CANNOT_RUN)
        # Never status 1, which says that influence was found.
        traceback.print_exc()
        _fail("This is a defect of the workbench; please report it with the lines above.", DEFECT)


def _fail(message: str, status: int) -> NoReturn:
    typer.echo(printable(message, keep="\n"), err=True)
    raise typer.Exit(status)


@contextmanager
def closed_pipe() -> Iterator[None]:
    """Keep the verdict's exit status when the reader of the output leaves early (``| head``).

    Raises
    ------
    DataError
        The output goes to a file, and the disk is full.
    """
    try:
        yield
        sys.stdout.flush()
    except BrokenPipeError:
        _lose_output()
    except OSError as error:
        if error.filename is not None:
            raise  # it is about a file that was opened, not about the output
        _lose_output()
        raise DataError(f"The output cannot be written: {error.strerror}.") from None


def _lose_output() -> None:
    """Let the rest of the output go nowhere, so that it is not tried again at the end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def files_to_write(
    read: Iterable[str | Path | None] = (), **options: Path | None
) -> dict[str, Path]:
    """Return the files that were asked for by kind, refusing early what could not be written.

    `read` are the files that the command reads: none of them is written over.

    Raises
    ------
    DataError
        When two are the same file, one is a file that is read, a device or a pipe, or a folder does
        not exist or may not be written to.
    """
    files = {kind: path for kind, path in options.items() if path is not None}
    sources = [Path(one) for one in read if one is not None and Path(one).exists()]
    for kind, path in files.items():
        for other in list(files)[: list(files).index(kind)]:
            if files[other].resolve() == path.resolve():
                raise DataError(f"--{other} and --{kind} name the same file.")
        if path.is_dir():
            raise DataError(f"{str(path)!r} is a folder; name a file in it.")
        if path.exists() and not path.is_file():
            raise DataError(f"{str(path)!r} is a device or a pipe, not a file; name a file.")
        if path.exists() and any(map(path.samefile, sources)):
            raise DataError(
                f"--{kind} would write over {str(path)!r}, which this command reads. Name another "
                f"file."
            )
        if not path.resolve().parent.is_dir():
            raise DataError(f"There is no folder {str(path.parent)!r} to write {path.name!r} into.")
        if not os.access(path.resolve().parent, os.W_OK):
            raise DataError(f"The folder {str(path.parent)!r} may not be written to.")
    return files


def write_files(report: AuditReport | UnionAudit, files: Mapping[str, Path]) -> None:
    """Write the files that were asked for, all of them or none, and none of them in part.

    A link stays a link: what it leads to is written.

    Raises
    ------
    DataError
        When a file cannot be written.
    """
    contents = [(path, getattr(report, f"to_{kind}")()) for kind, path in files.items()]
    written: list[tuple[str, Path]] = []
    try:
        for path, content in contents:
            real = path.resolve()
            handle, name = tempfile.mkstemp(dir=real.parent, prefix=f".{real.name}.")
            written.append((name, real))
            with os.fdopen(handle, "wb") as stream:
                stream.write(content if isinstance(content, bytes) else _lines(content))
        mask = os.umask(0)
        os.umask(mask)
        for name, path in written:
            os.chmod(name, 0o666 & ~mask)
            os.replace(name, path)
    except OSError as error:
        # A full disk names no file, and the unfinished file's own name is nobody's.
        named = listed([str(path) for path in files.values()])
        raise DataError(f"Cannot write {named}: {error.strerror}. No file was written.") from None
    finally:
        for name, _ in written:
            with suppress(FileNotFoundError):
                os.unlink(name)


def _lines(text: str) -> bytes:
    return (text if text.endswith("\n") else f"{text}\n").encode()


def show_plan(plan: QuestionPlan) -> None:
    """Say what will be asked, before it is; apart from what the report prints."""
    for sentence in plan.sentences():
        typer.echo(printable(sentence), err=True)


def _with_signs(text: str) -> str:
    """Return a text whose minus signs a terminal shows as such: without one −0.2 would be ?0.2."""
    try:
        "−".encode(sys.stdout.encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return text.replace("−", "-")
    return text


def show_report(
    report: AuditReport,
    *,
    notes: Sequence[str] = (),
    load: str | None = None,
    profile: bool = False,
    code: bool,
    quiet: bool,
) -> None:
    """Print a report, notes on how it came about, and the code that repeats it.

    The reader of the output may leave early; see :func:`closed_pipe`.

    Parameters
    ----------
    load : str, optional
        Python lines that define ``data`` and ``model``.
    profile : bool, default False
        Whether the effect at every level is printed too, even where the report is not.
    """
    with closed_pipe():
        if profile or not quiet:
            sys.stdout.write(_with_signs(_printed(report, notes, profile=profile, quiet=quiet)))
        if code:
            typer.echo(("" if quiet else "\n") + report.to_code(load), nl=False)


def _printed(report: AuditReport, notes: Sequence[str], *, profile: bool, quiet: bool) -> str:
    from rich.console import Console

    from workbench.report.terminal import print_profile, print_report

    console = Console(highlight=False, markup=False, emoji=False)
    # Captured, since rich itself would exit with status 1 when the output is closed.
    with console.capture() as captured:
        if not quiet:
            print_report(report, console)
        if profile:
            print_profile(report, console)
        for note in () if quiet else notes:
            console.print(printable(note, keep="\n"), style="dim")
    return captured.get()
