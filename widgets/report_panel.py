"""Step 5, the end: how it was done, and what to take away."""

from __future__ import annotations

import ipywidgets as W

import workbench as wb
from widgets import markup
from widgets.browser_parts import DownloadButton, StatusLine
from widgets.jobs import words_for
from widgets.session import AuditSession

__all__ = ["ReportPanel"]


class ReportPanel(W.VBox):
    """Says how the session's report was made, and hands it over as files.

    Parameters
    ----------
    session : AuditSession
    """

    def __init__(self, session: AuditSession) -> None:
        self._session = session
        self._how = W.HTML()
        self._status = StatusLine()
        self._files = W.HBox(
            [
                self._button("Report to read and print (HTML)", "audit.html", "text/html"),
                self._button("All numbers (JSON)", "audit.json", "application/json"),
                self._button("The Python code that repeats it", "audit.py", "text/x-python"),
            ]
        )
        self._files.add_class("wb-row")
        super().__init__([self._how, self._files, self._status])
        session.observe(lambda _: self._draw(), "report")
        self._draw()

    def _button(self, label: str, name: str, media_type: str) -> DownloadButton:
        def make() -> bytes:
            report = self._session.report
            if report is None:
                raise wb.TargetError("There is no result to take away. Run the audit first.")
            texts = {
                "audit.html": report.to_html,
                "audit.json": report.to_json,
                "audit.py": report.to_code,
            }
            return texts[name]().encode("utf-8")

        return DownloadButton(
            label, name, media_type, make, lambda words: self._status.say(words, "problem")
        )

    def _draw(self) -> None:
        report = self._session.report
        self._how.value = ""
        self._status.say("")
        self._files.layout.display = "none" if report is None else ""
        if report is None:
            return
        try:
            self._how.value = _how(report)
        except Exception as error:  # the component's boundary
            self._how.value = markup.notice(words_for(error), "problem")


def _how(report: wb.AuditReport) -> str:
    origin, checks = report.provenance, report.diagnostics
    terms = {
        "Model": f"{origin.model}, reads {', '.join(report.reads)}",
        "Rows": f"{report.n_target_rows:,} asked about, of {origin.n_rows:,}",
        "Changed": "; ".join(
            f"{name} {text}".replace(" → ", " to ") for name, text in origin.interventions.items()
        ),
        "Seed": str(origin.seed),
        "Asked of the model": f"{sum(origin.queries.values()):,} rows in "
        f"{sum(origin.seconds.values()):.1f} seconds",
        "Data (SHA-256)": origin.data_fingerprint,
        "Model (SHA-256)": origin.model_fingerprint,
        "Versions": ", ".join(f"{name} {version}" for name, version in origin.versions.items()),
        "Made": origin.created,
    }
    adjusted = markup.table(
        checks.adjustment.itertuples(index=False, name=None),
        [str(name).replace("_", " ") for name in checks.adjustment.columns],
        caption="What each estimate holds fixed, and what it lets move",
    )
    fits = (
        markup.table(
            checks.equations.itertuples(index=False, name=None),
            [str(name).replace("_", " ") for name in checks.equations.columns],
            caption="How well each feature is foreseen from its causes, on rows kept aside",
            numeric=(3, 4),
        )
        if len(checks.equations)
        else ""
    )
    meaning = (
        "This is about the predictions of this model on these data, if the graph above is right. "
        "It does not show that a person's rows were or were not in the training set, and a "
        "finding of no influence holds at this precision and for these changes only."
    )
    return (
        markup.heading("How it was done")
        + markup.paragraph(meaning)
        + markup.figure_note(terms)
        + (adjusted if len(checks.adjustment) else "")
        + fits
        + markup.heading("Take it away")
    )
