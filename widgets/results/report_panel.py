"""Step 6, the end: the findings for a legal reader, how they were made, and what to take away."""

from __future__ import annotations

from collections.abc import Callable

import ipywidgets as W

import workbench as wb
from widgets.parts import markup
from widgets.parts.download_button import DownloadButton
from widgets.parts.saved_view import SavedView
from widgets.parts.sections import folded, guarded, section
from widgets.parts.status_line import StatusLine
from widgets.results.findings import legal_findings
from widgets.session.session import ReportSession
from workbench.methods.comparison import NAMES
from workbench.methods.estimator import ESTIMATOR_NAMES

__all__ = ["ReportPanel"]

FROM_FILE = (
    "This report was read from a file. It is as trustworthy as whoever handed the file on; the "
    "fingerprints below can be compared with those of the data and the model."
)


class ReportPanel(SavedView, W.VBox):
    """Says what the session's report means and how it was made, and hands it over as files.

    Parameters
    ----------
    session : ReportSession
        Anything with a trait ``report`` will do. Its ``code``, where it has some, becomes part of
        the Python code.
    """

    def __init__(self, session: ReportSession) -> None:
        self._session = session
        self._how = W.HTML()
        self._status = StatusLine()
        files: list[tuple[str, str, str, Callable[[wb.AuditReport], str]]] = [
            ("Report to read and print (HTML)", "audit.html", "text/html", _page),
            ("All numbers (JSON)", "audit.json", "application/json", _numbers),
            ("Tables for a spreadsheet (CSV)", "audit.csv", "text/csv", _tables),
            ("The Python code that repeats it", "audit.py", "text/x-python", self._code),
        ]
        self._files = W.HBox([self._button(*file) for file in files])
        self._files.add_class("wb-row")
        super().__init__([self._how, self._files, self._status])
        session.observe(lambda _: self._draw(), "report")
        self._draw()

    def static_html(self) -> str:
        """Return the findings and their origin as they are now."""
        return str(self._how.value)

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
        code = getattr(self._session, "code", None)
        others = getattr(self._session, "compare_code", "")
        return report.to_code(load=f"{code}\n{others}" if code and others else code)

    def _draw(self) -> None:
        report = self._session.report
        self._status.say("")
        self._files.layout.display = "none" if report is None else ""
        self._how.value = "" if report is None else guarded(lambda: _findings(report))


def _page(report: wb.AuditReport) -> str:
    return report.to_html()


def _numbers(report: wb.AuditReport) -> str:
    return report.to_json()


def _tables(report: wb.AuditReport) -> str:
    return report.to_csv()


def _findings(report: wb.AuditReport) -> str:
    said = "".join(
        f"{markup.heading(title, 4)}{markup.bullets(sentences)}"
        for title, sentences in legal_findings(report).items()
    )
    verdict = report.verdict
    lead = (
        "There is no verdict: no causal method was chosen."
        if verdict is None
        else (verdict.headline)
    )
    return (
        section("The finding in plain words", lead, said)
        + section(
            "How it was done",
            "With this, another person can repeat the audit and see whether the data or the model "
            "have changed since.",
            markup.notice(FROM_FILE, "warning") if report.from_file else "",
            markup.figure_note(_origin(report)),
            _checks(report),
        )
        + markup.heading("Take it away")
        + markup.paragraph(
            "The HTML file opens without a network and prints well. The JSON file opens again on "
            "the legal review page; it holds no row of the data.",
            "wb-muted",
        )
    )


def _origin(report: wb.AuditReport) -> dict[str, str]:
    origin = report.provenance
    verdict = report.verdict
    terms = {
        "Asked to be forgotten": report.target.describe(),
        "Model": f"{origin.model}, reads {', '.join(report.reads)}",
        "Rows": f"{report.n_target_rows:,} asked about, of {origin.n_rows:,}",
        "Changed": "; ".join(
            f"{name} {text}".replace(" → ", " to ") for name, text in origin.interventions.items()
        ),
        "Threshold": ""
        if verdict is None
        else f"{verdict.threshold:g}, with an error rate of at most {verdict.alpha:.0%}".replace(
            "%", " %"
        ),
        "Methods": ", ".join(_method(name) for name in report.methods),
        "Seed": str(origin.seed),
        "Asked of the model": f"{sum(origin.queries.values()):,} rows in "
        f"{sum(origin.seconds.values()):.1f} seconds",
        "Data (SHA-256)": origin.data_fingerprint,
        "Model (SHA-256)": origin.model_fingerprint,
        "Versions": ", ".join(f"{name} {version}" for name, version in origin.versions.items()),
        "Made": origin.created,
    }
    return {name: text for name, text in terms.items() if text}


def _method(name: str) -> str:
    return {**NAMES, **ESTIMATOR_NAMES, "aif360": "AIF360"}.get(name, name)


def _checks(report: wb.AuditReport) -> str:
    checks = report.diagnostics
    tables = [
        markup.table(
            frame.itertuples(index=False, name=None),
            [str(name).replace("_", " ") for name in frame.columns],
            caption=caption,
            numeric=numeric,
        )
        for frame, caption, numeric in (
            (checks.adjustment, "What each estimate holds fixed, and what it lets move", ()),
            (
                checks.equations,
                "How well each feature is foreseen from its causes, on rows kept aside",
                (3, 4),
            ),
            (
                checks.overlap,
                "Share of rows for which a level is hardly ever seen among similar rows",
                (3,),
            ),
        )
        if len(frame)
    ]
    return folded("Checks for a statistician", "".join(tables)) if tables else ""
