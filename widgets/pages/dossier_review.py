"""A dossier opened in the browser: its claims as a table, judged on the reader's own machine."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import anywidget
from traitlets import Dict, Unicode

from workbench.evidence.claims import CLAIMS, VERDICT_MEANS
from workbench.evidence.verify_command import NO_DOSSIER_SHOWS

__all__ = ["DossierReview", "verifier_script"]

FOLDER = Path(__file__).parent / "dossier_verifier"
SCRIPTS = ("bytes", "edwards", "log", "time_stamps", "optimum", "dossier_case", "dossier_checks")
"""In the order of their imports."""


@cache
def verifier_script() -> str:
    """Return the browser's verifier as one script, without imports and exports."""
    texts = [(FOLDER / f"{name}.js").read_text("utf-8") for name in SCRIPTS]
    kept = re.sub(r"^import .*;$\n", "", "\n".join(texts), flags=re.MULTILINE)
    return re.sub(r"^export ", "", kept, flags=re.MULTILINE)


class DossierReview(anywidget.AnyWidget):
    """Opens a dossier; nothing of it leaves the reader's browser."""

    _esm = f"{verifier_script()}\n{(FOLDER / 'dossier_review.js').read_text('utf-8')}"
    words = Dict(
        {name: list(texts) for name, texts in CLAIMS.items()},
        help="Each claim's title, what it rests on, and what it never says.",
    ).tag(sync=True)
    means = Dict(dict(VERDICT_MEANS), help="What each verdict says.").tag(sync=True)
    never = Unicode(" ".join(NO_DOSSIER_SHOWS.split())).tag(sync=True)
