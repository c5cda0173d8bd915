"""How Sphinx builds the documentation; `make docs` runs it, offline."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.metadata import version as installed
from pathlib import Path

from sphinx.application import Sphinx

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

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

COMMANDS = (
    ("audit",),
    ("report",),
    ("serve",),
    ("evidence",),
    *(("evidence", part) for part in ("keygen", "build", "verify", "timestamp", "checkpoint")),
    ("registry",),
)
COMMAND_LINE = Path("docs/reference/command_line.md")


def write_command_line(app: Sphinx) -> None:
    """Write what every command says of itself, as a page."""
    environment = {**os.environ, "COLUMNS": "100", "NO_COLOR": "1", "TERM": "dumb"}
    parts = ["# Command line\n\nWhat `cafe-workbench COMMAND --help` says.\n"]
    for command in COMMANDS:
        call = "from workbench.cli.commands import main; main()"
        said = subprocess.run(
            [sys.executable, "-c", call, *command, "--help"],
            env=environment,
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        parts.append(f"## {' '.join(command)}\n\n```text\n{said.strip()}\n```\n")
    (ROOT / COMMAND_LINE).write_text("\n".join(parts), "utf-8")


def setup(app: Sphinx) -> None:
    """Have the command line's page written before the sources are looked for."""
    app.connect("builder-inited", write_command_line)
