"""Different features for different rows: several targets stated as text, audited together."""

from __future__ import annotations

from collections.abc import Callable
from html import escape
from typing import Any

import ipywidgets as W

import workbench as wb
from widgets.parts import markup
from widgets.parts.download_button import DownloadButton
from widgets.parts.job_row import JobRow
from widgets.parts.saved_view import SavedView
from widgets.results.outline_view import blocks_html
from widgets.session.inputs import AuditSettings
from widgets.session.session import AuditSession
from workbench.case.target import TargetUnion
from workbench.case.target_text import joined_targets, target_part
from workbench.common.blocks import public
from workbench.common.errors import TargetError
from workbench.common.progress import Progress
from workbench.report.outline.verdict import verdict

__all__ = ["UnionPanel"]

WORDS = (
    "Where several requests are open at once, different features were to be forgotten for other "
    "rows each. Write a line for each: the feature, “where”, and the condition. A line without a "
    "condition holds for every row. All lines together get one verdict, whose rate of error they "
    "share; threshold, methods and seed are those of step 5. The result is in no saved session: "
    "download it as files."
)
ACTION = "Audit these together"
DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"


class UnionPanel(SavedView, W.VBox):
    """States a union of targets of the session's case, audits it, and hands the result out.

    Its controls are made when it is first opened.

    Parameters
    ----------
    session : AuditSession
        Its case, its settings and what is typed of the matter.

    Attributes
    ----------
    found : UnionAudit or None
        What the last audit found.
    """

    def __init__(self, session: AuditSession) -> None:
        self._session = session
        self.found: wb.UnionAudit | None = None
        self._asked_with: AuditSettings | None = None
        self._built = False
        self._lines = W.Textarea(description="One target on each line", rows=4)
        self._lines.add_class("wb-field")
        self._job = JobRow(session.lock, ACTION, self._begin, "Cancel")
        self._notice, self._shown = W.HTML(), W.HTML()
        files: list[tuple[str, str, str, Callable[[wb.UnionAudit], str | bytes]]] = [
            ("Report to read and print (HTML)", "union.html", "text/html", wb.UnionAudit.to_html),
            ("Report to edit (DOCX)", "union.docx", DOCX, wb.UnionAudit.to_docx),
            ("All numbers (JSON)", "union.json", "application/json", wb.UnionAudit.to_json),
            ("Tables for a spreadsheet (CSV)", "union.csv", "text/csv", wb.UnionAudit.to_csv),
        ]
        self._files = W.HBox([self._button(*file) for file in files])
        self._files.add_class("wb-row")
        super().__init__()
        self.add_class("wb-union")
        session.observe(lambda _: self._forget(), "case")
        session.observe(lambda _: self._draw(), "settings")

    def build(self) -> None:
        """Show the controls, once."""
        if not self._built:
            self._built = True
            intro = W.HTML(markup.paragraph(WORDS, "wb-muted"))
            self.children = [
                *(intro, self._lines, self._job, self._notice, self._shown, self._files)
            ]
            self._offer_example()
            self._draw()

    def wait(self, timeout: float | None = None) -> bool:
        """Wait for the audit; False when the time is over."""
        return self._job.wait(timeout)

    def static_html(self) -> str:
        """Return what was found, as it is now."""
        return str(self._shown.value)

    def target(self) -> TargetUnion:
        """Return the union that is written.

        Raises
        ------
        TargetError, ConditionError
            There is no case, a line cannot be read, or one line makes no union.
        """
        case = self._session.case
        if case is None:
            raise TargetError("Choose data and a model first (step 1).")
        lines = [line.strip() for line in self._lines.value.splitlines() if line.strip()]
        if len(lines) < 2:
            raise TargetError(
                "Write at least two lines, for instance “age where sex == 'Female'” and below it "
                "“income where age > 50”. A single target is chosen in step 3."
            )
        parts = []
        for number, line in enumerate(lines, start=1):
            try:
                part = target_part(case, line)
                case.resolve(wb.UnlearningTarget.feature(part) if isinstance(part, str) else part)
            except wb.AuditError as error:
                raise TargetError(f"Line {number} ({line:.80}): {error}") from None
            parts.append(part)
        found = joined_targets(parts)
        assert isinstance(found, TargetUnion)
        return found

    def _begin(self) -> None:
        case, settings, target = self._session.case, self._session.settings, self.target()
        assert case is not None

        def work(progress: Progress) -> wb.UnionAudit:
            return wb.audit_union(
                case,
                target,
                settings.methods,
                threshold=settings.threshold,
                seed=settings.seed,
                favourable=settings.favourable,
                progress=progress,
            )

        def done(found: wb.UnionAudit) -> None:
            self.found, self._asked_with = found, settings
            self._shown.value = _as_markup(found)
            self._job.say("Done. The verdict on all lines stands below.", "good")
            self._draw()

        self._job.start(work, done)

    def _button(
        self, label: str, name: str, media_type: str, text: Callable[[wb.UnionAudit], str | bytes]
    ) -> DownloadButton:
        def make() -> bytes:
            if self.found is None:
                raise TargetError("There is no result to download yet. Audit the lines first.")
            made = text(self.found.with_details(self._details(self.found)))
            return made if isinstance(made, bytes) else made.encode("utf-8", "replace")

        return DownloadButton(
            label, name, media_type, make, lambda words: self._job.say(words, "problem")
        )

    def _details(self, found: wb.UnionAudit) -> wb.CaseDetails | None:
        """Return what is typed of the matter, without reasons of arrows that are not there."""
        details = self._session.details
        if details is None:
            return None
        there = set(next(iter(found.reports.values())).graph.edges)
        notes = {ends: why for ends, why in details.notes.items() if ends in there}
        fields: dict[str, Any] = {
            key: getattr(details, key) for key in details.__struct_fields__ if key != "arrows"
        }
        return wb.CaseDetails.of(fields).with_arrows(notes)

    def _forget(self) -> None:
        """Drop a result of another case."""
        self._job.stop("The case has changed.")
        self.found, self._shown.value = None, ""
        self._offer_example()
        self._draw()

    def _offer_example(self) -> None:
        case = self._session.case
        names = () if case is None else case.features[:2]
        if len(names) == 2:
            self._lines.placeholder = f"{names[0]} where {names[1]} …\n{names[1]}"

    def _draw(self) -> None:
        if not self._built:
            return
        self._job.offer(self._session.case is not None)
        self._files.layout.display = "none" if self.found is None else ""
        changed = self.found is not None and self._asked_with != self._session.settings
        self._notice.value = (
            markup.notice("The settings of step 5 have changed since this result.", "warning")
            if changed
            else ""
        )


def _as_markup(found: wb.UnionAudit) -> str:
    """Return the verdict on all lines, and each block of rows to unfold."""
    parts = [blocks_html(found.first_page())]
    for name, report in found.reports.items():
        said = blocks_html(public(verdict(report).blocks))
        parts.append(
            f'<details class="wb-folded"><summary>{escape(name)}</summary>{said}</details>'
        )
    return "".join(parts)
