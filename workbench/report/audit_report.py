"""The result of an audit, with the forms it can take: page, file, table, code."""

from __future__ import annotations

from dataclasses import fields, replace
from os import PathLike
from pathlib import Path

from workbench.checks.registry import CHECK_BY_NAME
from workbench.common.blocks import public
from workbench.common.errors import AuditError, DataError, TargetError, listed
from workbench.common.limits import JSON_BYTES
from workbench.report.case_details import CaseDetails
from workbench.report.csv_table import csv_text
from workbench.report.findings import AuditFindings
from workbench.report.outline.audit import chapters
from workbench.report.outline.verdict import verdict
from workbench.report.saved.document import document_text
from workbench.report.saved.reading import parse_findings

__all__ = ["STOPPED", "AuditReport", "read_report", "saved_content"]

STOPPED = "The audit was cancelled before this was measured."
"""Why a method or check is left out of a report that was stopped."""


class AuditReport(AuditFindings):
    """Everything one audit found, and the forms it can be passed on in.

    Its attributes are those of :class:`workbench.report.findings.AuditFindings`.
    """

    def to_json(self, path: str | Path | None = None) -> str:
        """Return the whole report as JSON text, and write it to `path` if given."""
        self._only_when_done()
        text = document_text(self)
        if path is not None:
            Path(path).write_text(text + "\n", encoding="utf-8")
        return text

    @classmethod
    def from_json(cls, text: str | bytes) -> AuditReport:
        """Read a report back from :meth:`to_json`'s text, without its data and its model.

        Tables, intervals, verdict, sentences and pages are those of the original. The effects at
        single rows are not in the file; :meth:`row_summary` is.

        Raises
        ------
        DataError
            When the text is not such a report, or its numbers do not agree with each other; see
            :mod:`workbench.report.saved.reading`.
        """
        try:
            return cls.of(parse_findings(text))
        except AuditError:
            raise
        except Exception:  # numbers and names that fit no report in endless ways
            raise DataError(
                "This report does not agree with itself, so it was changed or damaged after it "
                "was saved. Ask for the original."
            ) from None

    @classmethod
    def of(cls, found: AuditFindings) -> AuditReport:
        """Return findings as a report."""
        return cls(**{field.name: getattr(found, field.name) for field in fields(found)})

    def to_csv(self, path: str | Path | None = None) -> str:
        """Return effects, the change of models, subgroups, paths and checks as one CSV text.

        It is written to `path` if given.

        Columns section, name, feature, estimator, part, n_rows, value, low, high, and the level
        of the interval: 1 − alpha, but 0.95 for other methods' values. A text that a
        spreadsheet would take for a formula gets an apostrophe in front.
        """
        self._only_when_done()
        text = csv_text(self)
        if path is not None:
            Path(path).write_text(text, encoding="utf-8", newline="")
        return text

    def to_html(self, path: str | Path | None = None, *, rows: bool = False) -> str:
        """Return the report as one HTML page that needs no network, and write it if asked.

        Parameters
        ----------
        path : str or path, optional
        rows : bool, default False
            Whether to show the example rows of the next actions. They are personal data: by
            default no row of the data leaves with the page.
        """
        from workbench.report.page.page import render_page

        self._only_when_done()
        text: str = render_page(self, rows=rows)
        if path is not None:
            Path(path).write_text(text, encoding="utf-8")
        return text

    def to_docx(self, path: str | Path | None = None) -> bytes:
        """Return the report as a file for word processors, and write it if asked.

        The text is the page's, a figure is the table of its numbers, and no row of the data is in
        it. Needs the extra ``docx``.
        """
        from workbench.report.word_file import word_file

        self._only_when_done()
        content = word_file(self)
        if path is not None:
            Path(path).write_bytes(content)
        return content

    def with_details(self, details: CaseDetails | None) -> AuditReport:
        """Return the report with who asks, for whom and so on; no number changes.

        Raises
        ------
        DataError
            When the case explains an arrow that the graph does not have.
        """
        if details is not None:
            details.check_arrows(self.graph.edges)
        return replace(self, details=details)

    def stopped(self) -> AuditReport:
        """Return a report that waits for nothing: what was still to come counts as left out."""
        steps = {
            name: CHECK_BY_NAME[name].step if name in CHECK_BY_NAME else name
            for name in self.pending
        }
        reasons = dict.fromkeys(steps.values(), STOPPED)
        return replace(self, pending=(), skipped={**self.skipped, **reasons})

    def _only_when_done(self) -> None:
        """No half of an audit is passed on as if it were the whole."""
        if self.pending:
            raise TargetError(
                f"The audit is still running ({listed(self.pending)} to come). Take the report "
                f"away when it is done, or cancel and run it without them."
            )

    def _repr_html_(self) -> str:
        from workbench.report.page.markup import render_blocks

        said = (*verdict(self).blocks, *chapters(self, "change", "membership", "found"))
        return render_blocks(public(said))


def read_report(path: str | PathLike[str]) -> AuditReport:
    """Read a report from a JSON file of at most 50 MB.

    Parameters
    ----------
    path : str or path
        What :meth:`workbench.report.audit_report.AuditReport.to_json` wrote.

    Returns
    -------
    AuditReport
        The same, but for effects at single rows, which are not in the file.

    Raises
    ------
    DataError
        When the file cannot be read, or is not a report that agrees with itself.

    Examples
    --------
    >>> import tempfile
    >>> import pandas as pd
    >>> import workbench as wb
    >>> frame = pd.DataFrame({"sex": [0, 1] * 100, "age": range(200)})
    >>> case = wb.AuditCase(data=frame, model=lambda rows: 0.3 * rows["sex"], features=["sex"],
    ...                     graph=wb.CausalGraph(nodes=["sex", "age"]))
    >>> report = wb.audit(case, wb.UnlearningTarget.feature("sex"), ["cafe"])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder, "report.json")
    ...     _ = report.to_json(file)
    ...     read_report(file).verdict.decision == report.verdict.decision
    True
    """
    return AuditReport.from_json(saved_content(path))


def saved_content(path: str | PathLike[str]) -> bytes:
    """Return the bytes of a saved report, no more than one too many.

    Raises
    ------
    DataError
        When the file cannot be read.
    """
    try:
        with Path(path).open("rb") as stream:
            return stream.read(JSON_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise DataError(f"Cannot read {str(path)!r}: {reason}.") from None
