"""The form for the case of a report: who asks, for whom, who signs, and why each arrow is drawn."""

from __future__ import annotations

import ipywidgets as W

import workbench as wb
from widgets.parts import markup
from widgets.parts.download_button import DownloadButton
from widgets.parts.file_picker import FilePicker
from widgets.parts.status_line import StatusLine
from widgets.session.report_session import ReportSession
from workbench.common.limits import CASE_FIELD_CHARACTERS, CASE_FILE_BYTES
from workbench.report.case_details import CASE_FIELDS, case_details_of

__all__ = ["CaseDetailsForm"]

WORDS = (
    "What you write stands on the first page of the report, and a field that you leave empty "
    "stands there as not stated. It changes no number, no dossier hands it on, and nothing of it "
    "is checked. A reason that you give an arrow while you draw is here already. A saved session "
    "holds what you write, as you typed it, and this tab remembers it over a reload."
)
MOST_LISTED = 100
"""Reasons that are listed; every one is in the report."""


class CaseDetailsForm(W.VBox):
    """Asks for the case of the session's report, or reads it from a file.

    Its controls are made when it is first opened: a page that never states a case sends none.

    Parameters
    ----------
    session : ReportSession
        Its report says which arrows there are, and may hold a case already. What is written is
        kept as its ``details``, and what stands there is shown.
    """

    def __init__(self, session: ReportSession) -> None:
        self._session = session
        self._texts = dict.fromkeys((one.key for one in CASE_FIELDS), "")
        self._reasons: dict[tuple[str, str], str] = {}
        self._known: wb.CaseDetails | None = None
        self._filling = self._built = self._keeping = False
        super().__init__()
        session.observe(lambda _: self._follow(), "report")
        session.observe(lambda _: self._brought(), "details")
        self._brought()
        self._follow()

    @property
    def details(self) -> wb.CaseDetails | None:
        """What was stated; None where nothing was. Reasons of arrows that are gone are left out.

        Raises
        ------
        DataError
            When a text is too long.
        """
        report = self._session.report
        there = set() if report is None else set(report.graph.edges)
        texts = {key: text.strip() for key, text in self._texts.items()}
        reasons = {
            arrow: why for arrow, why in self._all_reasons().items() if why and arrow in there
        }
        if not reasons and not any(texts.values()):
            return None
        return wb.CaseDetails.of(texts).with_arrows(reasons)

    def build(self) -> None:
        """Make the controls, once."""
        if self._built:
            return
        self._built = True
        self._fields = {
            one.key: W.Text(self._texts[one.key], description=one.label, continuous_update=False)
            for one in CASE_FIELDS
        }
        self._arrow = W.Dropdown(description="An arrow of the graph", options=[])
        self._why = W.Text(description="Why it is there", continuous_update=False)
        self._listed = W.HTML()
        self._status = StatusLine()
        for control in (*self._fields.values(), self._arrow, self._why):
            control.add_class("wb-field")
        fields = W.Box(list(self._fields.values()))
        arrows = W.HBox([self._arrow, self._why])
        opening = FilePicker(
            "Open a case file (TOML), at most 200 kB",
            ".toml",
            CASE_FILE_BYTES,
            self._opened,
            self._refused,
            advice="A case file is a page of text.",
        )
        saving = DownloadButton(
            "Save as case file (TOML)", "case.toml", "application/toml", self._toml, self._refused
        )
        files = W.HBox([opening, saving])
        for row in (fields, arrows, files):
            row.add_class("wb-row")
        for key, field in self._fields.items():
            field.observe(lambda change, key=key: self._typed(key, change["new"]), "value")
        self._arrow.observe(lambda _: self._arrow_chosen(), "value")
        self._why.observe(lambda _: self._explained(), "value")
        intro = W.HTML(markup.paragraph(WORDS, "wb-muted"))
        self.children = [intro, fields, arrows, self._listed, self._status, files]
        self._draw()

    def _all_reasons(self) -> dict[tuple[str, str], str]:
        """Return what the drawn graph says of its arrows, and what was written here."""
        case = getattr(self._session, "case", None)
        return {**({} if case is None else case.graph.notes), **self._reasons}

    def _typed(self, key: str, text: str) -> None:
        self._texts[key] = text
        if len(text) > CASE_FIELD_CHARACTERS:
            self._refused(
                f"{self._fields[key].description} has {len(text):,} characters; at most "
                f"{CASE_FIELD_CHARACTERS:,} stand on a report's first page."
            )
        else:
            self._status.say("")
            self._keep()

    def _keep(self) -> None:
        """Let the session hold what is written: in its file, and over a reload."""
        if all(len(text) <= CASE_FIELD_CHARACTERS for text in self._texts.values()):
            found = wb.CaseDetails.of(self._texts).with_arrows(self._reasons)
            self._keeping = True
            self._session.details = found if found != wb.CaseDetails() else None
            self._keeping = False

    def _brought(self) -> None:
        """Show what the session holds, where it did not come from here."""
        details = self._session.details
        if details is not None and not self._keeping:
            self._texts = {key: getattr(details, key) for key in self._texts}
            self._reasons = dict(details.notes)
            self._draw()

    def _follow(self) -> None:
        """Take over what another report says of its case, and offer its arrows."""
        report = self._session.report
        if report is None:
            return
        if report.details is not None and report.details != self._known:
            self._known = report.details
            self._take(report.details)
        self._draw()

    def _take(self, details: wb.CaseDetails) -> None:
        """Take a case; what it leaves empty stays as it was typed."""
        stated = {key: getattr(details, key) for key in self._texts}
        self._texts.update({key: text for key, text in stated.items() if text})
        self._reasons.update(details.notes)
        self._keep()

    def _arrow_chosen(self) -> None:
        self._filling = True
        try:
            self._why.value = self._all_reasons().get(self._arrow.value, "")
        finally:
            self._filling = False

    def _explained(self) -> None:
        arrow, why = self._arrow.value, self._why.value.strip()
        if self._filling or arrow is None:
            return
        if len(why) > CASE_FIELD_CHARACTERS:
            self._refused(
                f"The reason has {len(why):,} characters; at most {CASE_FIELD_CHARACTERS:,} are "
                f"shown."
            )
            return
        self._reasons[arrow] = why
        self._keep()
        self._draw()

    def _draw(self) -> None:
        if not self._built:
            return
        report = self._session.report
        edges = () if report is None else report.graph.edges
        arrows = [(f"{cause} → {effect}", (cause, effect)) for cause, effect in edges]
        if list(self._arrow.options) != arrows:
            kept = self._arrow.value
            self._arrow.options = arrows
            self._arrow.value = kept if kept in edges else next(iter(edges), None)
        for key, field in self._fields.items():
            field.value = self._texts[key]
        self._arrow_chosen()
        reasons = self._all_reasons()
        said = [f"{u} → {v}: {reasons[u, v]}" for u, v in edges if reasons.get((u, v))]
        left = len(edges) - len(said)
        if said and left:
            said = [*said[:MOST_LISTED], f"{left:,} of {len(edges):,} arrows have no reason yet."]
        self._listed.value = markup.bullets(said) if said else ""

    def _opened(self, name: str, content: bytes) -> None:
        details = case_details_of(content, name)
        report = self._session.report
        if report is not None:
            details.check_arrows(report.graph.edges)
        self._take(details)
        self._draw()
        self._status.say(f"Read {name}.", "good")

    def _toml(self) -> bytes:
        return (self.details or wb.CaseDetails()).to_toml().encode()

    def _refused(self, words: str) -> None:
        self._status.say(words, "problem")
