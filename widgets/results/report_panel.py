"""Step 6, the end: the findings for a legal reader, how they were made, and what to take away."""

from __future__ import annotations

from collections.abc import Callable

import ipywidgets as W

import workbench as wb
from widgets.parts.download_button import DownloadButton
from widgets.parts.status_line import StatusLine
from widgets.results.outline_view import ChapterView
from widgets.session.report_session import ReportSession
from workbench.common.blocks import Block, Note, Section, Sentence
from workbench.report.outline.audit import chapters

__all__ = ["ReportPanel"]

FROM_FILE = Note(
    "warning",
    "This report was read from a file.",
    (
        "It is as trustworthy as whoever handed the file on; the fingerprints below can be "
        "compared with those of the data and the model.",
    ),
)
TAKE_AWAY = Section(
    "take-away",
    "Take it away",
    (
        Sentence(
            "The HTML file opens without a network and prints well. The JSON file opens again on "
            "the legal review page; it holds no row of the data.",
            quiet=True,
        ),
    ),
)


class ReportPanel(ChapterView):
    """Says what the session's report means and how it was made, and hands it over as files.

    Parameters
    ----------
    session : ReportSession
        Anything with a trait ``report`` will do. The code of the run it shows, where there is
        some, becomes part of the Python code.
    """

    def __init__(self, session: ReportSession) -> None:
        self._status = StatusLine()
        files: list[tuple[str, str, str, Callable[[wb.AuditReport], str]]] = [
            ("Report to read and print (HTML)", "audit.html", "text/html", _page),
            ("All numbers (JSON)", "audit.json", "application/json", _numbers),
            ("Tables for a spreadsheet (CSV)", "audit.csv", "text/csv", _tables),
            ("The Python code that repeats it", "audit.py", "text/x-python", self._code),
        ]
        self._files = W.HBox([self._button(*file) for file in files])
        self._files.add_class("wb-row")
        made = [lambda report: chapters(report, "meaning"), _origin]
        super().__init__(session, made, after=[self._files, self._status])

    def _button(
        self, label: str, name: str, media_type: str, text: Callable[[wb.AuditReport], str]
    ) -> DownloadButton:
        def make() -> bytes:
            report = self._session.report
            if report is None:
                raise wb.TargetError("There is no result to take away. Run the audit first.")
            return text(report).encode("utf-8", "replace")

        return DownloadButton(
            label, name, media_type, make, lambda words: self._status.say(words, "problem")
        )

    def _code(self, report: wb.AuditReport) -> str:
        run = getattr(self._session, "shown", None)
        return report.to_code(load=None if run is None else run.inputs.code)

    def _draw(self) -> None:
        self._status.say("")
        self._files.layout.display = "none" if self._session.report is None else ""
        super()._draw()


def _page(report: wb.AuditReport) -> str:
    return report.to_html()


def _numbers(report: wb.AuditReport) -> str:
    return report.to_json()


def _tables(report: wb.AuditReport) -> str:
    return report.to_csv()


def _origin(report: wb.AuditReport) -> tuple[Block, ...]:
    warned = (FROM_FILE,) if report.from_file else ()
    return (*warned, *chapters(report, "how"), TAKE_AWAY)
