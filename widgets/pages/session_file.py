"""The session as a file, and as this tab remembers it: saved, opened, and back after a reload."""

from __future__ import annotations

from datetime import UTC, datetime

import ipywidgets as W

import workbench as wb
from widgets.loading.loader import DataModelLoader
from widgets.parts import markup
from widgets.parts.disclosure import Disclosure
from widgets.parts.download_button import DownloadButton
from widgets.parts.file_picker import FilePicker
from widgets.parts.status_line import StatusLine
from widgets.parts.tab_memory import TabMemory
from widgets.run.run_panel import RunPanel
from widgets.session.jobs import words_for
from widgets.session.saved_session import (
    KeptSession,
    check_table,
    put_back,
    read_session,
    write_session,
)
from widgets.session.session import AuditSession
from widgets.target.target_picker import TargetPicker
from workbench.common.limits import JSON_BYTES

__all__ = ["SessionFile"]

REMEMBERED = 2_500_000
"""Characters that a tab remembers; browsers keep about twice as many."""
WORDS = (
    "The file holds the graph, the target, the settings, named subgroups, the results of this "
    "session and what you wrote about the case (who asks, for whom, who signs), and no row of the "
    "data: a table or model of your own is brought again. This tab remembers the same over a "
    "reload. Results of "
    "models that were made to forget on this page are not in it; download those as reports."
)
HEARD = ("case", "target", "settings", "subgroups", "history", "details", "state")


class SessionFile(W.VBox):
    """Saves the session to a file, opens one, and brings the tab's own back after a reload.

    It comes last on a page: what it opens must have reached the steps before.

    Parameters
    ----------
    session : AuditSession
    loader : DataModelLoader
    picker : TargetPicker
    run : RunPanel
    """

    def __init__(
        self, session: AuditSession, loader: DataModelLoader, picker: TargetPicker, run: RunPanel
    ) -> None:
        self._session = session
        self._loader, self._picker, self._run = loader, picker, run
        self._awaited: KeptSession | None = None
        self._bringing = False
        self._kept_text = ""
        self._began = datetime.now(UTC)  # one time for all that the tab keeps: like is like
        self._saved_runs: tuple[object, ...] = ()
        self._numbers: dict[int, tuple[wb.AuditReport, str]] = {}
        self._status = StatusLine()
        self._memory = TabMemory(self._remembered)
        save = DownloadButton(
            "Save this session (file)",
            "session.json",
            "application/json",
            self._save,
            lambda words: self._status.say(words, "problem"),
        )
        picked = FilePicker(
            f"Open a saved session (JSON file, at most {JSON_BYTES / 1e6:.0f} MB)",
            ".json",
            JSON_BYTES,
            lambda _, content: self._open(content),
            lambda words: self._status.say(words, "problem"),
            advice="A saved session is smaller; is this the right file?",
        )
        fold = Disclosure(
            "Save this session, or open one",
            W.VBox([W.HTML(markup.paragraph(WORDS, "wb-muted")), save, picked]),
        )
        super().__init__([fold, self._status, self._memory])
        self.add_class("wb-session-file")
        session.observe(lambda change: self._changed(change["name"]), HEARD)

    # ---- saving -----------------------------------------------------------------------------

    def _save(self) -> bytes:
        text = write_session(self._session, numbers=self._written)
        self._saved_runs = self._session.history
        self._ask_before_leaving()
        return text.encode("utf-8", "replace")

    def _written(self, report: wb.AuditReport) -> str:
        """Write a report once, however often the session is kept."""
        found = self._numbers.get(id(report))
        if found is None or found[0] is not report:
            found = self._numbers[id(report)] = (report, report.to_json())
        return found[1]

    def _changed(self, what: str) -> None:
        session = self._session
        if self._awaited is not None and session.case is not None:
            self._bring_back()
        self._ask_before_leaving()
        if self._bringing or self._awaited is not None:
            return
        if session.state == "running" and what != "history":
            return  # a result is kept before the page says that it is ready
        if session.case is None:
            return  # being loaded: the session before is still the one to come back to
        reports = {id(run.report) for run in session.history}
        self._numbers = {k: v for k, v in self._numbers.items() if k in reports}
        try:
            text = write_session(
                session, when=self._began, most_bytes=REMEMBERED, numbers=self._written
            )
        except Exception as error:  # the component's boundary
            self._status.say(f"The browser cannot keep this session: {words_for(error)}", "info")
            return
        if text != self._kept_text:
            self._kept_text = text
            self._memory.keep(text)

    def _ask_before_leaving(self) -> None:
        session = self._session
        new = [run for run in session.history if run not in self._saved_runs]
        self._memory.unsaved = session.state == "running" or bool(new)

    # ---- opening ----------------------------------------------------------------------------

    def _remembered(self, text: str) -> None:
        """Bring the tab's session back, also where Run was pressed before the tab spoke."""
        with self._session.lock:
            if not self._session.history:
                self._session.cancel()
                self._take(text, "This tab’s session")

    def _open(self, content: bytes) -> None:
        self._take(content, "The saved session")

    def _take(self, text: str | bytes, named: str) -> None:
        try:
            kept = read_session(text)
            with self._session.lock:  # a case that is being loaded arrives before or after
                self._await(kept, named)
        except Exception as error:  # the component's boundary
            self._awaited = None
            self._status.say(words_for(error), "problem")

    def _await(self, kept: KeptSession, named: str) -> None:
        session = self._session
        if session.state == "running":
            raise wb.TargetError("An audit is running. Cancel it, or wait for its end.")
        self._awaited, self._named = kept, named
        case = session.case
        fits = case is not None and (case.data_fingerprint, case.model_fingerprint) == (
            kept.data_fingerprint,
            kept.model_fingerprint,
        )
        if fits:
            self._bring_back()
        elif kept.sample:
            self._status.say(f"{named} is being opened…", "busy")
            self._loader.choose(kept.sample, kept.model)
        else:
            self._loader.ask_for_table()
            self._status.say(
                f"{named} is of a table and a model that a person brought ({kept.about}). Bring "
                f"both again in step 1; the rest comes back by itself.",
                "info",
            )

    def _bring_back(self) -> None:
        kept = self._awaited
        if kept is None or self._bringing:
            return
        self._bringing = True
        try:
            check_table(self._session.case, kept)
            self._awaited = None
            self._run.ask(kept.question.settings)
            self._session.edit_graph(kept.question.graph)
            if kept.question.target is not None:
                self._picker.ask(kept.question.target)
            count = put_back(self._session, kept)
            self._saved_runs = self._session.history
            self._say_back(kept, count)
        except Exception as error:  # the component's boundary
            self._status.say(words_for(error), "problem")
        finally:
            self._bringing = False

    def _say_back(self, kept: KeptSession, count: int) -> None:
        missing = len(kept.runs) - count
        results = "1 result" if count == 1 else f"{count} results"
        words = f"{self._named} is back, with {results}."
        if missing:
            words += (
                f" {missing} of its results belong to another model than the one that is open, and "
                f"stay in the file."
            )
        self._status.say(words, "info" if missing else "good")
