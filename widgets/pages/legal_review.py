"""The page of a legal team: one saved report, read without the data and without the model."""

from __future__ import annotations

import os
from pathlib import Path

import anywidget
import ipywidgets as W
from traitlets import Bool, Unicode

from widgets.pages.dossier_review import DossierReview
from widgets.pages.report_file import (
    REPORT_VARIABLE,
    ReportFile,
    open_report,
    read_report,
)
from widgets.parts import markup
from widgets.parts.file_picker import FilePicker
from widgets.parts.page_footer import PageFooter
from widgets.parts.page_style import page_style
from widgets.parts.saved_view import SavedView
from widgets.parts.status_line import StatusLine
from widgets.results.downloads import Downloads
from widgets.results.outline_view import ComparisonView, EffectsView
from widgets.results.report_panel import ReportPanel
from widgets.results.subgroup_choice import SubgroupChoice
from widgets.session.jobs import words_for
from widgets.session.report_session import ReportSession
from workbench.common.limits import JSON_BYTES

__all__ = ["LegalReview", "PrintButton", "ReportSession"]

HEAD = """
<header class="wb-head"><h1>Review of an audit report</h1>
<p>Has a model really forgotten? This page opens one saved report and shows what was found, how
large it is, and how it was measured. It holds no data and no model, and it changes nothing.</p>
</header>
"""
SHORT = "The finding only; the report says more."
"""Printed above the finding where the rest of the page is not."""


class PrintButton(anywidget.AnyWidget):
    """A button that prints the served page; in a notebook there is none.

    Attributes
    ----------
    label : str
    short : bool, default False
        Whether only the finding and what tells the true report are printed.
    """

    _esm = Path(__file__).with_suffix(".js").read_text("utf-8")
    label = Unicode("Print this page").tag(sync=True)
    short = Bool(False).tag(sync=True)


class LegalReview(SavedView, W.VBox):
    """Shows one saved report for reading.

    Parameters
    ----------
    path : str or Path, optional
        A saved report (JSON). By default the one that ``cafe-workbench serve --report`` names;
        without one the reader chooses a file.

    Attributes
    ----------
    session : ReportSession
        Its `report` is the one shown.
    """

    def __init__(self, path: str | Path | None = None) -> None:
        self.session = ReportSession()
        given = path or os.environ.get(REPORT_VARIABLE)
        self._status = StatusLine()
        self._identity = W.HTML()
        self._views = [
            EffectsView(self.session),
            ComparisonView(self.session),
            ReportPanel(self.session),
        ]
        effects, comparison, how = self._views
        firsts = [
            _part("The finding", W.HTML(markup.paragraph(SHORT, "wb-short-said")), effects),
            _part("Is it the true report?", self._identity),
        ]
        for step in firsts:
            step.add_class("wb-print-first")
        self._result = W.VBox(
            [
                *firsts,
                _part("One group at a time", SubgroupChoice(self.session)),
                _part("Compared with other methods", comparison),
                _part(
                    "What it means, and how it was done",
                    how,
                    Downloads(self.session),
                    W.HBox(
                        [PrintButton(), PrintButton(label="Print the finding only", short=True)]
                    ),
                ),
            ]
        )
        self._result.layout.display = "none"
        picker = FilePicker(
            f"A saved report (JSON file, at most {JSON_BYTES / 1e6:.0f} MB)",
            ".json",
            JSON_BYTES,
            lambda name, content: self._show(open_report(name, content)),
            self._refused,
            advice="A saved report is smaller; is this the right file?",
        )
        opening = [] if given else [picker]
        super().__init__(
            [
                W.HTML(page_style() + HEAD),
                _part("The report", *opening, self._status),
                self._result,
                _part("A dossier of evidence", DossierReview()),
                PageFooter(self.session),
            ]
        )
        self.add_class("wb-page")
        self._result.add_class("wb-result")
        if given:
            try:
                self._show(read_report(given))
            except Exception as error:  # the component's boundary
                self._refused(words_for(error))

    def static_html(self) -> str:
        """Return the report's identity and its findings."""
        if self.session.report is None:
            return markup.paragraph("No report was opened.")
        found, *others = (view.static_html() for view in self._views)
        return "".join([found, self._identity.value, *others])

    def _show(self, file: ReportFile) -> None:
        self.session.report = file.report
        self._identity.value = _identity(file)
        self._result.layout.display = ""
        self._status.say(
            f"Opened {file.name}. How to see that it is the true report is said below the finding.",
            "good",
        )

    def _refused(self, words: str) -> None:
        # Nothing of the file before may pass for the one that was refused.
        self.session.report = None
        self._identity.value = ""
        self._result.layout.display = "none"
        self._status.say(words, "problem")


def _identity(file: ReportFile) -> str:
    origin = file.report.provenance
    terms = {
        "File": f"{file.name} ({file.size:,} bytes)",
        "Fingerprint of the file (SHA-256)": file.fingerprint,
        "Made, as the file says": origin.created,
        "About the model": origin.model,
    }
    return (
        markup.figure_note(terms)
        + markup.notice(
            "Whoever has a saved file can change it, and this page cannot see that. Ask those who "
            "made the report for its fingerprint by another way than the one the file came by, and "
            "compare all 64 characters. One changed character in the file changes the fingerprint.",
            "warning",
        )
        + markup.paragraph(
            "To compute the fingerprint without this page: sha256sum FILE (Linux), "
            "shasum -a 256 FILE (macOS), Get-FileHash FILE (Windows PowerShell). To check the "
            "numbers themselves, have the audit repeated with the Python code below, on data and a "
            "model with the fingerprints at the foot of the page.",
            "wb-muted",
        )
    )


def _part(title: str, *parts: W.Widget) -> W.VBox:
    section = W.VBox([W.HTML(markup.heading(title, 2)), *parts])
    section.add_class("wb-step")
    return section
