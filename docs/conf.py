"""How Sphinx builds the documentation; `make docs` runs it, offline."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from importlib.metadata import version as installed
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx
from typer.main import get_command
from typer.testing import CliRunner

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from workbench.cli.commands import app  # noqa: E402 — found by the line above

project = "CAFÉ Audit Workbench"
author = "the CAFÉ Audit Workbench's authors"
release = installed("cafe-workbench")
language = "en"

# The sources are the repository itself, so that a page links to a notebook where it stands.
root_doc = "docs/index"
include_patterns = ["docs/**", "notebooks/0*.ipynb", "ARCHITECTURE.md", "benchmarks/results/**.md"]
exclude_patterns = ["docs/_build/**", ".venv/**"]

extensions = ["myst_nb", "numpydoc", "sphinx.ext.autodoc", "sphinx.ext.autosummary"]
nb_execution_mode = "off"  # the stored output is what the tests compare
myst_enable_extensions = ["colon_fence", "dollarmath"]
myst_heading_anchors = 3
suppress_warnings = [
    "myst.header",  # notebooks start where their story does
    "mystnb.unknown_mime_type",  # an interactive widget stands beside its picture
]

autosummary_generate = True
autodoc_typehints = "none"  # numpydoc's sections say them
numpydoc_show_class_members = True
numpydoc_class_members_toctree = False

html_theme = "pydata_sphinx_theme"
html_title = project
html_theme_options = {
    "show_prev_next": False,
    "secondary_sidebar_items": ["page-toc"],
    "navigation_with_keys": False,
}
html_show_sourcelink = False

COMMAND_LINE = Path("docs/reference/command_line.md")


def command_lines(command: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Name a command and all below it."""
    if path:
        yield path
    for name, below in getattr(command, "commands", {}).items():
        yield from command_lines(below, (*path, name))


def write_command_line(_: Sphinx) -> None:
    """Write what every command says of itself, as a page."""
    parts = ["# Command line\n\nWhat `cafe-workbench COMMAND --help` says.\n"]
    environment = {"COLUMNS": "100", "NO_COLOR": "1", "TERM": "dumb"}
    for path in command_lines(get_command(app)):
        said = CliRunner().invoke(app, [*path, "--help"], env=environment)
        if said.exit_code:
            raise RuntimeError(f"{' '.join(path)} --help failed")
        parts.append(f"## {' '.join(path)}\n\n```text\n{said.output.strip()}\n```\n")
    (ROOT / COMMAND_LINE).write_text("\n".join(parts), "utf-8")


def setup(sphinx: Sphinx) -> None:
    """Have the command line's page written before the sources are looked for."""
    sphinx.connect("builder-inited", write_command_line)
