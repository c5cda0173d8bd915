"""``cafe-workbench serve``: the workbench as a page."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from workbench.cli.output import reported
from workbench.common.errors import MissingPackageError

__all__ = ["serve_command"]


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
        int, typer.Option(min=1, help="Pages open at once; each takes about 320 MB.")
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
    readers: Annotated[
        int | None,
        typer.Option(
            "--class",
            min=1,
            help="Serve teaching to a class of so many readers from one process; the answers are "
            "counted without names.",
        ),
    ] = None,
    teacher_token: Annotated[
        str | None,
        typer.Option(
            envvar="CAFE_WORKBENCH_TEACHER_TOKEN",
            help="What the address of whoever teaches the class carries. Default: random.",
        ),
    ] = None,
    answers: Annotated[
        Path | None,
        typer.Option(help="A new CSV for the answers of the class. Default: one in this folder."),
    ] = None,
    browser: Annotated[
        bool, typer.Option("--browser/--no-browser", help="Open the page in a browser.")
    ] = True,
) -> None:
    """Serve the workbench as a page, on this computer only, until Ctrl-C."""
    with reported():
        try:
            from widgets.serving.serving import ClassOptions, serve
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
            classroom=None if readers is None else ClassOptions(readers, teacher_token, answers),
        )
