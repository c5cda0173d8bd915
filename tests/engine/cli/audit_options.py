"""The command in this process, and the options that name the files of a case."""

from __future__ import annotations

from pathlib import Path

from typer.testing import CliRunner, Result

from workbench.cli import commands as cli

ROOT = Path(__file__).resolve().parents[3]
MAIN = "from workbench.cli.commands import main; main()"


def run(*arguments: object) -> Result:
    """Run the command in this process."""
    return CliRunner().invoke(cli.app, [str(a) for a in arguments], env={"COLUMNS": "80"})


def fast(*arguments: object) -> Result:
    """Audit by CAFÉ alone, which takes a second."""
    return run("audit", *arguments, "--method", "cafe")


def own(folder: Path, *more: object) -> list[object]:
    """The options that name the files."""
    return [
        *("--data", folder / "loan.csv", "--model", folder / "model.skops"),
        *("--graph", folder / "graph.json", "--outcome", "approved"),
        *more,
    ]


def logged(folder: Path, *more: object) -> list[object]:
    features = (folder / "features.txt").read_text("utf-8")
    return [
        *("--data", folder / "logged.csv", "--predictions", "score", "--features", features),
        *("--graph", folder / "graph.dagitty", "--outcome", "approved"),
        *more,
    ]
