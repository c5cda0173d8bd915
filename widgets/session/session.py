"""The single truth of the interface: what is audited, how, and what was found.

Components set the inputs and observe the rest; they never know each other. Any change of an input
clears the report, so that no result is ever shown for inputs that have since changed.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from traitlets import Bool, Dict, Enum, Float, HasTraits, Instance, Unicode, observe

import workbench as wb
from widgets.session.jobs import BackgroundJob, Listener
from workbench.case.intervention import Intervention
from workbench.checks.finding import Need
from workbench.common.progress import Progress
from workbench.methods.registry import METHOD_NAMES
from workbench.models.training import Training

__all__ = ["AuditSession", "AuditSettings", "ReportSession"]


@dataclass(frozen=True)
class AuditSettings:
    """How to audit.

    Attributes
    ----------
    methods : tuple of str
    threshold : float or None
        τ in the unit of the prediction; None takes :func:`default_threshold`.
    seed : int
    interventions : mapping of str to Contrast, Resample or Shift
        By feature; a feature that is not named takes the default of
        :func:`workbench.case.intervention.vary`. Names outside the target are left out of a run.
    checks : tuple of str
        Further checks, which take longer; see :func:`workbench.auditing.audit.audit`.
    """

    methods: tuple[str, ...] = METHOD_NAMES
    threshold: float | None = None
    seed: int = 0
    interventions: Mapping[str, Intervention] = field(default_factory=dict)
    checks: tuple[str, ...] = ()


class ReportSession(HasTraits):
    """What the views of a result need, and nothing that could run a model.

    Attributes
    ----------
    report : AuditReport or None
        Of a run: first as soon as its verdict stands, then as it grows (``report.pending``); None
        again as soon as an input changes.
    live : EffectTable or None
        CAFÉ's effects of the present target, estimated in the background as soon as the inputs
        have changed; None while there are none for the present inputs.
    live_state : {"off", "running", "ready", "failed"}
        "off": nothing to estimate, or not wanted.
    live_problem : str
        Why there is no live estimate, in words.
    """

    report = Instance(wb.AuditReport, allow_none=True)
    live = Instance(wb.EffectTable, allow_none=True)
    live_state = Enum(("off", "running", "ready", "failed"), "off")
    live_problem = Unicode()


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
    live_wanted : bool
        Whether to estimate while the auditor chooses. Off where a question to the model costs.
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
    code = Unicode(None, allow_none=True)
    subgroups = Dict(key_trait=Unicode(), value_trait=Unicode())
    settings = Instance(AuditSettings, ())
    compare = Dict(key_trait=Unicode(), value_trait=Instance(tuple))
    compare_code = Unicode()
    training = Instance(Training, allow_none=True)
    learner = Unicode(None, allow_none=True)
    made_for = Instance(wb.UnlearningTarget, allow_none=True)
    live_wanted = Bool(True)
    state = Enum(("idle", "running", "done", "failed", "cancelled", "changed"), "idle")
    step = Unicode()
    share = Float()
    problem = Unicode()

    def __init__(self) -> None:
        super().__init__()
        self.lock = threading.RLock()
        self._job = BackgroundJob(self.lock)
        self._estimated_inputs: object = None
        self._as_loaded: tuple[wb.BlackBoxModel, str | None] | None = None

    def open(
        self,
        case: wb.AuditCase,
        suggested: tuple[str, ...] = (),
        *,
        code: str | None = None,
        live: bool = True,
        learner: str | None = None,
    ) -> None:
        """Start over with another case; the target and the subgroups of the one before are gone."""
        with self.lock:
            self.close()
            self.suggested = tuple(name for name in suggested if name in case.features)
            self.code, self.subgroups, self.live_wanted = code, {}, live
            self.learner = learner
            self.settings = replace(self.settings, interventions={})
            self.case = case

    def close(self) -> None:
        """Have no case, for instance while another one is being loaded."""
        with self.lock:
            self._as_loaded = self.learner = None
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
        if not self.settings.methods:
            found.append("Step 5: tick at least one method.")
        return tuple(found)

    def why_not(self, needs: Sequence[Need]) -> str:
        """Say why a check with such needs cannot be asked now; "" where it can."""
        if not needs:
            return ""
        if self.case is None or self.target is None:
            return "choose data, a model and a target first."
        if "whole rows" in needs and (
            self.target.names or self.target.kind not in ("datapoints", "subgroup")
        ):
            return (
                "it is asked of whole rows. In step 3 choose single rows or a subgroup, and tick "
                "no feature."
            )
        if "training" in needs and self.training is None:
            return (
                "it needs rows that the model was never trained on. Step 4, “Demonstrate”, keeps "
                "some aside."
                if self.learner
                else "this page did not train the model and cannot train one like it. In Python, "
                "give audit(…, training=wb.Training(…))."
            )
        return ""

    def run(self) -> None:
        """Audit the present inputs in the background."""
        with self.lock:
            case, target, settings = self.case, self.target, self.settings
            if case is None or target is None or self.missing:
                return
            interventions, subgroups = self._interventions(case, target), dict(self.subgroups)
            compare = {role: list(models) for role, models in self.compare.items()} or None
            training = self.training
            if self.live_state == "running":
                self._forget_estimate()

            def work(progress: Progress) -> wb.AuditReport:
                return wb.audit(
                    case,
                    target,
                    settings.methods,
                    intervention=interventions,
                    threshold=settings.threshold,
                    seed=settings.seed,
                    subgroups=subgroups,
                    checks=settings.checks,
                    compare=compare,
                    training=training,
                    progress=progress,
                    early=lambda report: self._job.tell(lambda: self._grown(report)),
                )

            self.report = None
            self.problem, self.step, self.share, self.state = "", "starting", 0.0, "running"
            self._job.start(work, Listener(self._done, self._failed, self._progress))

    def cancel(self) -> None:
        """Stop the run that is under way, if any; a verdict that stands already is kept."""
        with self.lock:
            if self.state == "running":
                self._job.cancel()
                if self.report is not None:
                    self.report = self.report.stopped()
                self.state = "cancelled"
                self._estimate()

    def wait(self, timeout: float | None = None) -> bool:
        """Wait for the run to end; False when the time is over."""
        return self._job.wait(timeout)

    def _grown(self, report: wb.AuditReport) -> None:
        self.report = report

    def _done(self, report: wb.AuditReport) -> None:
        self.report = report
        self.state = "done"

    def _failed(self, words: str) -> None:
        self.problem = words
        self.state = "failed"

    def _progress(self, step: str, share: float) -> None:
        self.step, self.share = step, share

    @observe("case", "target", "settings", "subgroups", "compare", "training")
    def _inputs_changed(self, _: object) -> None:
        with self.lock:
            if self.state != "idle":
                self._job.cancel()
                had = self.state in ("done", "running", "changed")
                self.report, self.problem = None, ""
                self.state = "changed" if had else "idle"
            self._estimate()

    @observe("live_wanted")
    def _live_wanted_changed(self, _: object) -> None:
        with self.lock:
            self._estimate()

    def _interventions(
        self, case: wb.AuditCase, target: wb.UnlearningTarget
    ) -> dict[str, Intervention] | None:
        names, _ = case.resolve(target)
        return {n: v for n, v in self.settings.interventions.items() if n in names} or None

    def _estimate(self) -> None:
        """Estimate CAFÉ's effects of the present inputs, unless that is done or under way."""
        case, target, settings = self.case, self.target, self.settings
        if self.state == "running":
            return  # one job at a time: a run comes first
        if case is None or target is None or not self.live_wanted:
            self._forget_estimate()
            return
        inputs = (case, target, settings.interventions, settings.seed)
        if inputs == self._estimated_inputs:
            return
        self._forget_estimate("running", inputs)

        def work(progress: Progress) -> wb.EffectTable:
            return wb.cafe_effects(
                case,
                target,
                intervention=self._interventions(case, target),
                seed=settings.seed,
                progress=progress,
            )

        self._job.start(work, Listener(self._estimated, self._not_estimated, lambda *_: None))

    def _forget_estimate(self, state: str = "off", inputs: object = None) -> None:
        if self.live_state == "running":
            self._job.cancel()
        self._estimated_inputs = inputs
        self.live, self.live_problem, self.live_state = None, "", state

    def _estimated(self, found: wb.EffectTable) -> None:
        self.live = found
        self.live_state = "ready"

    def _not_estimated(self, words: str) -> None:
        self.live_problem = words
        self.live_state = "failed"
