"""The single truth of the interface: what is audited, how, and what was found.

Components set the inputs and observe the rest; they never know each other. Any change of an input
clears the report, so that no result is ever shown for inputs that have since changed.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass

from traitlets import Enum, Float, HasTraits, Instance, Unicode, observe

import workbench as wb
from widgets.jobs import BackgroundJob, Listener
from workbench.audit import METHODS
from workbench.progress import Progress

__all__ = ["AuditSession", "AuditSettings"]


@dataclass(frozen=True)
class AuditSettings:
    """How to audit.

    Attributes
    ----------
    methods : tuple of str
    threshold : float or None
        τ in the unit of the prediction; None takes :func:`workbench.audit.default_threshold`.
    seed : int
    """

    methods: tuple[str, ...] = METHODS
    threshold: float | None = None
    seed: int = 0


class AuditSession(HasTraits):
    """One audit in the making.

    Attributes
    ----------
    case : AuditCase or None
        Set by the loader, and with another graph by the graph's view.
    suggested : tuple of str
        Features worth asking about in this case; set together with `case` by :meth:`open`.
    target : UnlearningTarget or None
        Set by the target's picker.
    target_problem : str
        Why there is no target, in words.
    settings : AuditSettings
    report : AuditReport or None
        Set by a finished run only; None again as soon as an input changes.
    state : {"idle", "running", "done", "failed", "cancelled", "changed"}
        "changed": there was a report, and an input has changed since.
    step, share : str, float
        Where a run is.
    problem : str
        Why the last run failed, in words.
    """

    case = Instance(wb.AuditCase, allow_none=True)
    suggested = Instance(tuple, ())
    target = Instance(wb.UnlearningTarget, allow_none=True)
    target_problem = Unicode()
    settings = Instance(AuditSettings, ())
    report = Instance(wb.AuditReport, allow_none=True)
    state = Enum(("idle", "running", "done", "failed", "cancelled", "changed"), "idle")
    step = Unicode()
    share = Float()
    problem = Unicode()

    def __init__(self) -> None:
        super().__init__()
        self.lock = threading.RLock()
        self._job = BackgroundJob(self.lock)

    def open(self, case: wb.AuditCase, suggested: tuple[str, ...] = ()) -> None:
        """Start over with another case; the target of the one before is dropped."""
        with self.lock:
            self.close()
            self.suggested = tuple(name for name in suggested if name in case.features)
            self.case = case

    def close(self) -> None:
        """Have no case, for instance while another one is being loaded."""
        with self.lock:
            self.target = None
            self.case = None

    def edit_graph(self, graph: wb.CausalGraph) -> None:
        """Take another graph over the same data and model.

        Raises
        ------
        GraphError
            When the graph does not fit the data; nothing is changed.
        """
        with self.lock:
            if self.case is None:
                return
            case = self.case.with_graph(graph)
            if self.target is not None:
                try:
                    case.resolve(self.target)
                except wb.TargetError as error:
                    self.target_problem = str(error)
                    self.target = None
            self.case = case

    @property
    def missing(self) -> tuple[str, ...]:
        """What still has to be chosen before a run, in words."""
        found = []
        if self.case is None:
            found.append("Step 1: choose data and a model.")
        elif self.target is None:
            found.append(f"Step 3: {self.target_problem or 'choose what should be forgotten.'}")
        if not self.settings.methods:
            found.append("Step 4: tick at least one method.")
        return tuple(found)

    def run(self) -> None:
        """Audit the present inputs in the background."""
        with self.lock:
            case, target, settings = self.case, self.target, self.settings
            if case is None or target is None or self.missing:
                return

            def work(progress: Progress) -> wb.AuditReport:
                return wb.audit(
                    case,
                    target,
                    settings.methods,
                    threshold=settings.threshold,
                    seed=settings.seed,
                    progress=progress,
                )

            self.report = None
            self.problem, self.step, self.share, self.state = "", "starting", 0.0, "running"
            self._job.start(work, Listener(self._done, self._failed, self._progress))

    def cancel(self) -> None:
        """Stop the run that is under way, if any."""
        with self.lock:
            if self.state == "running":
                self._job.cancel()
                self.state = "cancelled"

    def wait(self, timeout: float | None = None) -> bool:
        """Wait for the run to end; False when the time is over."""
        return self._job.wait(timeout)

    def _done(self, report: wb.AuditReport) -> None:
        self.report = report
        self.state = "done"

    def _failed(self, words: str) -> None:
        self.problem = words
        self.state = "failed"

    def _progress(self, step: str, share: float) -> None:
        self.step, self.share = step, share

    @observe("case", "target", "settings")
    def _inputs_changed(self, _: object) -> None:
        with self.lock:
            if self.state != "idle":
                self._job.cancel()
                had = self.state in ("done", "running", "changed")
                self.report, self.problem = None, ""
                self.state = "changed" if had else "idle"
