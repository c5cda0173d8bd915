"""What a report means and how it was made, for a reader who was not there."""

from __future__ import annotations

import workbench as wb
from widgets.results.outline_view import ChapterView
from widgets.session.report_session import ReportSession
from workbench.common.blocks import Block, Note
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


class ReportPanel(ChapterView):
    """Says what the session's report means and how it was made.

    Parameters
    ----------
    session : ReportSession
        Anything with a trait ``report`` will do.
    """

    def __init__(self, session: ReportSession) -> None:
        super().__init__(session, [lambda report: chapters(report, "meaning"), _origin])


def _origin(report: wb.AuditReport) -> tuple[Block, ...]:
    warned = (FROM_FILE,) if report.from_file else ()
    return (*warned, *chapters(report, "how"))
