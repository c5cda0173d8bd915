"""The result as files: a report to read, its numbers, its tables, and the code that repeats it."""

from __future__ import annotations

from collections.abc import Callable

import ipywidgets as W

import workbench as wb
from widgets.parts import markup
from widgets.parts.disclosure import Disclosure
from widgets.parts.download_button import DownloadButton
from widgets.parts.status_line import StatusLine
from widgets.results.case_details_form import CaseDetailsForm
from widgets.session.report_session import ReportSession

__all__ = ["Downloads"]

WORDS = (
    "HTML opens without a network and prints well; DOCX has the same text, each picture as a table "
    "of its numbers. JSON opens again on the legal review page and holds no row of the data."
)
DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"


class Downloads(W.VBox):
    """Hands the session's report over as files; nothing while there is none.

    Parameters
    ----------
    session : ReportSession
        Anything with a trait ``report`` will do. The code of the run it shows, where there is
        some, becomes part of the Python code.
    """

    def __init__(self, session: ReportSession) -> None:
        self._session = session
        self._status = StatusLine()
        self._case = CaseDetailsForm(session)
        files: list[tuple[str, str, str, Callable[[wb.AuditReport], str | bytes]]] = [
            ("Report to read and print (HTML)", "audit.html", "text/html", wb.AuditReport.to_html),
            ("Report to edit (DOCX)", "audit.docx", DOCX, wb.AuditReport.to_docx),
            ("All numbers (JSON)", "audit.json", "application/json", wb.AuditReport.to_json),
            ("Tables for a spreadsheet (CSV)", "audit.csv", "text/csv", wb.AuditReport.to_csv),
            ("The Python code that repeats it", "audit.py", "text/x-python", self._code),
        ]
        row = W.HBox([self._button(*file) for file in files])
        row.add_class("wb-row")
        title = W.HTML(markup.heading("Download"))
        case = Disclosure("Say who asks, for whom, and who signs", self._case)
        case.observe(lambda _: self._case.build(), "opened")
        super().__init__(
            [title, row, W.HTML(markup.paragraph(WORDS, "wb-muted")), self._status, case]
        )
        self.add_class("wb-downloads")
        session.observe(lambda _: self._draw(), "report")
        self._draw()

    def _button(
        self, label: str, name: str, media_type: str, text: Callable[[wb.AuditReport], str | bytes]
    ) -> DownloadButton:
        def make() -> bytes:
            report = self._session.report
            if report is None:
                raise wb.TargetError("There is no result to download yet. Run the audit first.")
            made = text(report.with_details(self._case.details))
            return made if isinstance(made, bytes) else made.encode("utf-8", "replace")

        return DownloadButton(
            label, name, media_type, make, lambda words: self._status.say(words, "problem")
        )

    def _code(self, report: wb.AuditReport) -> str:
        run = getattr(self._session, "shown", None)
        return report.to_code(load=None if run is None else run.inputs.code)

    def _draw(self) -> None:
        self._status.say("")
        self.layout.display = "none" if self._session.report is None else ""
