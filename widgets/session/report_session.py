"""What the views of a result look at: the report, and the estimate before there is one."""

from __future__ import annotations

from collections.abc import Mapping

from traitlets import Enum, HasTraits, Instance, Unicode

import workbench as wb
from widgets.session.jobs import BackgroundJob, Listener
from workbench.case.intervention import Intervention
from workbench.common.progress import Progress

__all__ = ["LiveEstimating", "ReportSession", "session_of"]


class ReportSession(HasTraits):
    """What the views of a result need, and nothing that could run a model.

    Attributes
    ----------
    report : AuditReport or None
        Of a run: first as soon as its verdict stands, then as it grows (``report.pending``); None
        when the case is closed.
    stale : tuple of str
        What has changed since, in words; empty while `report` is of the present inputs.
    details : CaseDetails or None
        The matter that the report belongs to, as somebody typed it; None where nobody did. No run
        asks for it and none changes it.
    live : EffectTable or None
        CAFÉ's effects of the present target, estimated in the background as soon as the inputs
        have changed; None while there are none for the present inputs.
    live_state : {"off", "running", "ready", "failed"}
        "off": nothing to estimate, or not wanted.
    live_problem : str
        Why there is no live estimate, in words.
    """

    report = Instance(wb.AuditReport, allow_none=True)
    stale = Instance(tuple, ())
    details = Instance(wb.CaseDetails, allow_none=True)
    live = Instance(wb.EffectTable, allow_none=True)
    live_state = Enum(("off", "running", "ready", "failed"), "off")
    live_problem = Unicode()


def session_of(source: ReportSession | wb.AuditReport) -> ReportSession:
    """Return what a view of results looks at: the session itself, or one that holds a report.

    Examples
    --------
    >>> session_of(session := ReportSession()) is session
    True
    """
    if not isinstance(source, wb.AuditReport):
        return source
    session = ReportSession()
    session.report = source
    return session


class LiveEstimating:
    """Estimates CAFÉ's effects for a session, unless that is done or under way.

    Parameters
    ----------
    session : ReportSession
        Whose traits ``live``, ``live_state`` and ``live_problem`` say how far it is.
    job : BackgroundJob
        That of the session: one piece of work at a time.
    """

    def __init__(self, session: ReportSession, job: BackgroundJob) -> None:
        self._session, self._job = session, job
        self._inputs: object = None

    def start(
        self,
        case: wb.AuditCase,
        target: wb.UnlearningTarget,
        interventions: Mapping[str, Intervention],
        seed: int,
    ) -> None:
        """Estimate, unless the last estimate was of the same."""
        inputs = (case, target, interventions, seed)
        if inputs == self._inputs:
            return
        self.forget("running", inputs)

        def work(progress: Progress) -> wb.EffectTable:
            return wb.cafe_effects(
                case, target, intervention=interventions or None, seed=seed, progress=progress
            )

        self._job.start(work, Listener(self._done, self._failed, lambda *_: None))

    def forget(self, state: str = "off", inputs: object = None) -> None:
        """Stop an estimate that is under way, and show none."""
        session = self._session
        if session.live_state == "running":
            self._job.cancel()
        self._inputs = inputs
        session.live, session.live_problem, session.live_state = None, "", state

    def _done(self, found: wb.EffectTable) -> None:
        self._session.live = found
        self._session.live_state = "ready"

    def _failed(self, words: str) -> None:
        self._session.live_problem = words
        self._session.live_state = "failed"
