"""The single truth of the interface: what is audited, how, and what was found.

Components set the inputs and observe the rest; they never know each other. A change of an input
leaves the report and says in ``stale`` what changed, so that no result is ever shown as if it were
of other inputs; undone, the change brings the result back.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from traitlets import Bool, Dict, Enum, Float, Instance, Unicode, observe

import workbench as wb
from widgets.session.forecast import Forecast, Forecasts, steps_of
from widgets.session.inputs import AuditInputs, AuditRun, AuditSettings, alike, changes
from widgets.session.jobs import BackgroundJob, Listener
from widgets.session.readiness import why_not
from widgets.session.report_session import LiveEstimating, ReportSession
from workbench.auditing.outlook import Outlook
from workbench.case.asking.budget import Budget
from workbench.checks.finding import Need
from workbench.common.progress import Progress
from workbench.models.training import Training

__all__ = ["AuditSession", "AuditSettings", "ReportSession"]

FORESEEN = (
    "case", "target", "settings", "subgroups", "compare", "preparing", "made_for", "state",
    "live_state", "live_wanted",
)  # fmt: skip
MOST_RUNS = 10
"""Runs that a session keeps."""


class AuditSession(ReportSession):
    """One audit in the making.

    Attributes
    ----------
    case : AuditCase or None
        Set by the loader, and with another graph by the graph's view.
    suggested : tuple of str
        Features worth asking about in this case; set together with `case` by :meth:`open`.
    code : str or None
        Python lines that define ``data`` and ``model`` as the case has them, where they are known.
    target : UnlearningTarget or None
        Set by the target's picker.
    target_problem : str
        Why there is no target, in words.
    subgroups : dict of str to str
        Conditions that were given a name, in the subgroup language; a run reports each of them.
        Kept while the table is the same.
    settings : AuditSettings
    compare : dict of str to tuple of BlackBoxModel
        Models beside the audited one: "before", one, and "retrained", one or several.
    compare_code : str
        Python lines that define ``compare``, where `code` does not.
    training : Training or None
        How the audited model was trained, where this page did it with rows held out.
    learner : str or None
        By which of :data:`workbench.unlearning.LEARNERS` the page trained the model as loaded.
    made_for : UnlearningTarget or None
        What the models of `compare`, and the audited one, were made on this page to forget; a run
        about anything else would be about another request.
    preparing : str
        What step 4 is still at, in words; a run waits for it.
    live_wanted : bool
        Whether to estimate, and to time the model, while the auditor chooses. Off where a question
        to the model costs.
    state : {"idle", "running", "done", "failed", "cancelled", "changed"}
        "changed": an input has changed since the last run.
    history : tuple of AuditRun
        The last runs that came to an end, the newest last; those of cases before this one, too.
    step, share : str, float
        Where a run is.
    clock : (float, TimeLeft) or None
        The seconds that a run has taken, and those that are left as far as is known.
    forecast : Forecast or None
        What a run of the present inputs would take; None while none can be started.
    problem : str
        Why the last run failed, in words.
    """

    case = Instance(wb.AuditCase, allow_none=True)
    suggested = Instance(tuple, ())
    target = Instance(wb.UnlearningTarget, allow_none=True)
    target_problem = Unicode()
    code = Unicode(None, allow_none=True)
    subgroups = Dict(key_trait=Unicode(), value_trait=Unicode())
    settings = Instance(AuditSettings, ())
    compare = Dict(key_trait=Unicode(), value_trait=Instance(tuple))
    compare_code = Unicode()
    training = Instance(Training, allow_none=True)
    learner = Unicode(None, allow_none=True)
    made_for = Instance(wb.UnlearningTarget, allow_none=True)
    preparing = Unicode()
    live_wanted = Bool(True)
    state = Enum(("idle", "running", "done", "failed", "cancelled", "changed"), "idle")
    step = Unicode()
    share = Float()
    clock = Instance(tuple, allow_none=True)
    forecast = Instance(Forecast, allow_none=True)
    problem = Unicode()
    history = Instance(tuple, ())

    def __init__(self) -> None:
        super().__init__()
        self.lock = threading.RLock()
        self._job = BackgroundJob(self.lock)
        self._live = LiveEstimating(self, self._job)
        self._forecasts = Forecasts(self._job, lambda found: setattr(self, "forecast", found))
        self.shown: AuditRun | None = None  # the run of `report`
        self.sample: tuple[str, str] | None = None  # with its model, where the page has both
        self._as_loaded: tuple[wb.BlackBoxModel, str | None] | None = None

    def open(
        self,
        case: wb.AuditCase,
        suggested: tuple[str, ...] = (),
        *,
        code: str | None = None,
        live: bool = True,
        learner: str | None = None,
        sample: tuple[str, str] | None = None,
        rate: float | None = None,
    ) -> None:
        """Start over with another case; `rate` are the seconds per row that its model takes."""
        with self.lock:
            self.close()
            self._forecasts.know(case.model, rate)
            self.suggested = tuple(name for name in suggested if name in case.features)
            self.code, self.subgroups, self.live_wanted = code, {}, live
            self.learner, self.sample = learner, sample
            self.settings = replace(self.settings, interventions={})
            self.case = case

    def close(self) -> None:
        """Have no case, for instance while another one is being loaded."""
        with self.lock:
            self._as_loaded = self.learner = self.sample = None
            self._forget_others()
            self.target = None
            self.case = None

    def put_unlearned(
        self,
        case: wb.AuditCase,
        compare: Mapping[str, tuple[wb.BlackBoxModel, ...]],
        *,
        training: Training,
        made_for: wb.UnlearningTarget,
        code: str | None,
    ) -> None:
        """Audit a model that was made to forget on this page, beside those made with it."""
        with self.lock:
            if self.case is not None and self._as_loaded is None:
                self._as_loaded = self.case.model, self.code
            self._forget_others()
            self.case, self.code, self.training = case, code, training
            self.compare, self.made_for = dict(compare), made_for

    def take_others_away(self) -> None:
        """Audit the model as it was loaded, beside no other."""
        with self.lock:
            if self._as_loaded is None or self.case is None:
                self._forget_others()
                return
            model, code = self._as_loaded
            case = self.case.with_model(model)
            self._forget_others()
            self._as_loaded, self.code, self.case = None, code, case

    def prepare(self, words: str) -> None:
        """Say what step 4 is still at; "" when that is done."""
        with self.lock:
            self.preparing = words

    @property
    def loaded(self) -> tuple[wb.BlackBoxModel, str | None] | None:
        """The model as it was loaded, before any unlearning on this page, and its code."""
        if self._as_loaded is not None or self.case is None:
            return self._as_loaded
        return self.case.model, self.code

    def _forget_others(self) -> None:
        self.compare, self.training, self.made_for = {}, None, None
        self.compare_code = ""

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
        elif self.made_for is not None and self.made_for != self.target:
            found.append(
                f"Step 4: the models were made to forget {self.made_for.describe()}, and the "
                f"target is now another. Unlearn again, or go back to the model as loaded."
            )
        if self.preparing:
            found.append(f"Step 4: {self.preparing} The audit can be run when that is done.")
        if not self.settings.methods:
            found.append("Step 5: tick at least one method.")
        return tuple(found)

    def why_not(self, needs: Sequence[Need]) -> str:
        """Say why a check with such needs cannot be asked now; "" where it can."""
        return why_not(needs, self.case, self.target, self.training, self.learner)

    @property
    def inputs(self) -> AuditInputs | None:
        """What a run would be asked with now; None without a case."""
        if self.case is None:
            return None
        code, others = self.code, self.compare_code
        return AuditInputs(
            self.case,
            self.target,
            self.settings,
            dict(self.subgroups),
            dict(self.compare),
            self.training,
            f"{code}\n{others}" if code and others else code,
        )

    def run(self) -> None:
        """Audit the present inputs in the background."""
        with self.lock:
            inputs = self.inputs
            if inputs is None or inputs.target is None or self.missing:
                return
            case, target, settings = inputs.case, inputs.target, inputs.settings
            account = Budget(within=case.budget)
            outlook = Outlook(steps_of(inputs), account)
            number = 1 + max((run.number for run in self.history), default=0)
            started = datetime.now(UTC)
            if self.live_state == "running":
                self._live.forget()

            def grown(report: wb.AuditReport) -> None:
                self._show(AuditRun(number, started, inputs, report))

            def done(report: wb.AuditReport) -> None:
                self._keep(AuditRun(number, started, inputs, report))
                self.state = "done"

            def beat(seconds: float) -> None:
                self.clock = seconds, outlook.left()

            def work(progress: Progress) -> wb.AuditReport:
                def noted(step: str, share: float) -> None:
                    outlook.heard(step)
                    progress(step, share)

                return wb.audit(
                    case.counted_in(account),
                    target,
                    settings.methods,
                    intervention=inputs.interventions() or None,
                    threshold=settings.threshold,
                    seed=settings.seed,
                    subgroups=inputs.subgroups,
                    checks=settings.checks,
                    favourable=settings.favourable,
                    compare={role: list(models) for role, models in inputs.compare.items()} or None,
                    training=inputs.training,
                    progress=noted,
                    early=lambda report: self._job.tell(lambda: grown(report)),
                )

            self._forecasts.watch(case.model, outlook)
            self.report, self.stale = None, ()
            self.problem, self.step, self.share, self.clock = "", "starting", 0.0, None
            self.state = "running"
            self._job.start(work, Listener(done, self._failed, self._progress, beat))

    @observe(*FORESEEN)
    def _look_ahead(self, _: object) -> None:
        with self.lock:
            running = self.state == "running"
            busy = running or self.live_state == "running"  # a model that is busy looks slow
            inputs = None if busy or self.missing else self.inputs
            self._forecasts.look(inputs, running=running, may_ask=self.live_wanted)

    def cancel(self) -> None:
        """Stop the run that is under way, if any; a verdict that stands already is kept."""
        with self.lock:
            if self.state == "running":
                self._stop()
                self._look_back()
                self.state = "cancelled"
                self._estimate()

    def show(self, run: AuditRun) -> None:
        """Show the result of an earlier run, and what has changed since."""
        with self.lock:
            now = self.inputs
            if self.state != "running" and now is not None:
                self.stale = changes(run.inputs, now)
                self._show(run)
                self.state = "changed" if self.stale else "done"

    def bring_back(self, runs: tuple[AuditRun, ...]) -> None:
        """Take runs of a saved session for those of this one, and show the last."""
        with self.lock:
            if self.state != "running" and runs:
                self.history = runs[-MOST_RUNS:]
                self.show(self.history[-1])

    def _stop(self) -> None:
        self._job.cancel()
        if self.shown is not None and self.shown.report.pending:
            self._keep(replace(self.shown, report=self.shown.report.stopped()))

    def _show(self, run: AuditRun | None) -> None:
        self.shown = run
        self.report = None if run is None else run.report

    def _keep(self, run: AuditRun) -> None:
        self.history = (*self.history, run)[-MOST_RUNS:]
        self._show(run)

    def _look_back(self) -> None:
        """Show the run of the present inputs, if any; else the last, with what has changed."""
        now = self.inputs
        if now is None:
            self._show(None)
            self.stale = ()
            return
        shown = self.shown
        if shown is None or not alike(shown.inputs, now):
            same = (run for run in reversed(self.history) if alike(run.inputs, now))
            shown = next(same, shown)
        self.stale = () if shown is None else changes(shown.inputs, now)
        self._show(shown)

    def wait(self, timeout: float | None = None) -> bool:
        """Wait for the run to end; False when the time is over."""
        return self._job.wait(timeout)

    def _failed(self, words: str) -> None:
        self._look_back()
        self.problem = words
        self.state = "failed"

    def _progress(self, step: str, share: float) -> None:
        self.step, self.share = step, share

    @observe("case", "target", "settings", "subgroups", "compare", "training")
    def _inputs_changed(self, _: object) -> None:
        with self.lock:
            if self.state == "running":
                self._stop()
            if self.state != "idle":
                self._look_back()
                fresh = self.report is not None and not self.stale
                self.problem, self.state = "", "done" if fresh else "changed"
            self._estimate()

    @observe("live_wanted")
    def _live_wanted_changed(self, _: object) -> None:
        with self.lock:
            self._estimate()

    def _estimate(self) -> None:
        inputs = self.inputs
        if self.state == "running":
            return  # one job at a time: a run comes first
        if inputs is None or inputs.target is None or not self.live_wanted:
            self._live.forget()
        else:
            self._live.start(
                inputs.case, inputs.target, inputs.interventions(), inputs.settings.seed
            )
