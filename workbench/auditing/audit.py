"""One audit from end to end: what is asked is checked, then estimated, judged and reported."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np

from workbench.auditing.clock import Steps
from workbench.auditing.estimates import estimate_and_judge
from workbench.auditing.growing_report import completed, first_report
from workbench.auditing.questions import plan_questions
from workbench.auditing.ranges import AuditRange, tested_range
from workbench.auditing.whole_table import told_of_memory
from workbench.case.asking.budget import Budget
from workbench.case.asking.variations import variations_of
from workbench.case.audit_case import AuditCase
from workbench.case.audit_request import AuditRequest
from workbench.case.compared_cases import read_compared
from workbench.case.decision_line import checked_favourable
from workbench.case.intervention import Interventions
from workbench.case.target import UnlearningTarget
from workbench.checks.registry import CHECK_NAMES
from workbench.checks.subgroups.named import read_subgroups
from workbench.checks.verdict import default_threshold
from workbench.common.against_threshold import check_limits
from workbench.common.errors import TargetError, listed
from workbench.common.map_reduce import On, check_on
from workbench.common.progress import Progress, progress_bar
from workbench.methods.registry import METHOD_NAMES, with_needed
from workbench.models.training import Training
from workbench.report.audit_report import AuditReport
from workbench.report.case_details import CaseDetails
from workbench.report.repeating_code import audit_call

__all__ = ["audit", "default_threshold"]


def audit(
    case: AuditCase,
    target: UnlearningTarget,
    methods: Iterable[str] = METHOD_NAMES,
    *,
    range: AuditRange = None,
    intervention: Interventions = None,
    threshold: float | None = None,
    alpha: float = 0.05,
    seed: int = 0,
    subgroups: Mapping[str, str] | None = None,
    checks: Iterable[str] = (),
    compare: Mapping[str, Any] | None = None,
    training: Training | None = None,
    max_queries: int | None = None,
    details: CaseDetails | None = None,
    on: On = None,
    favourable: str | None = None,
    progress: Progress | None = None,
    early: Callable[[AuditReport], None] | None = None,
) -> AuditReport:
    """Audit what of the target still influences the model's predictions.

    Parameters
    ----------
    case : AuditCase
        Data, model and causal graph.
    target : UnlearningTarget
        What the model is said to have forgotten.
    methods : iterable of str
        Any of "debiased", "cafe", "fuzzing", "shap", "permutation", "fairtest", "aif360". One that
        cannot work on this case (no queries possible, a package not installed) is left out and
        named in ``report.skipped``.
    range : "levels", Contrast, sequence of Contrast, or None
        What the verdict covers. "levels" tests all levels that enough rows hold, over people
        and groups (:func:`workbench.effect_profile`); a list of contrasts tests the levels that
        they name; one contrast tests only that change, and the verdict says so. None is "levels",
        or the one change where `intervention` names it.
    intervention : Contrast, Resample, Shift, mapping of feature to these, or None
        The change that effects and paths explain. None takes the one that decides the verdict, or
        the defaults of :func:`workbench.case.intervention.vary`.
    threshold : float, optional
        τ of the verdict, in the unit of the prediction. By default 0.02 of a probability, else
        2 % of the distance between the 5th and the 95th percentile of the predictions.
    alpha : float, default 0.05
        Error rate of the verdict.
    seed : int, default 0
        Same input and seed, same output.
    subgroups : mapping of str to str, optional
        Conditions by name (see :class:`workbench.case.condition.Condition`). The effects are
        estimated again on the target's rows where each holds, under the same interventions; see
        ``report.subgroups`` and :meth:`AuditReport.subgroup_frame`. A subgroup of fewer than two
        of the target's rows is left out and named in ``report.skipped``.
    checks : iterable of str, default none
        "subgroups" searches where the influence hides
        (:func:`subgroup_effects`), "graph" asks how the finding
        depends on the graph (:func:`graph_sensitivity`); on tens of thousands
        of rows they take up to about 20 and 6 seconds. Under the same intervention, threshold,
        alpha and seed; see ``report.hidden_subgroups`` and ``report.graph_sensitivity``. One that
        cannot work on this target is named in ``report.skipped``.
        "actions" ranks what to do about the residue, or about the whole influence where there is no
        residue or nothing to hold the model against (:func:`next_actions`),
        "leaks" plants known leaks to see how small a one this audit would have caught
        (:func:`planted_leaks`), "membership" asks whether the model still
        treats the target's rows as rows it has seen; it needs `training`.
    compare : mapping of str to model, optional
        Models to hold beside the audited one, which is the model *after* unlearning: "before", and
        "retrained", a model trained without the target or several that differ in their seed. See
        ``report.change`` and :mod:`change.finding`. A feature that only one of them reads
        joins the graph.
    training : Training, optional
        How the model was trained, for the check "membership"; its mask of rows also says on which
        rows the models' utility can be measured fairly.
    max_queries : int, optional
        The most rows that the model may be asked about, for one that costs money. Profile and
        debiased estimate ask about samples of the rows then, the estimate is carried over to all
        of them by CAFÉ, and the intervals count that; what asks about many more rows is left out
        and named in ``report.skipped``. See :func:`workbench.question_plan`, which says beforehand
        what would be asked. The rows as they are were asked about when the case was made.
    details : CaseDetails, optional
        Who asks, for whom, under which law, who signs (:func:`workbench.read_case_details`): they
        stand on the report's first page and change no number.
    on : int, Workers, Dask client, Engine, or None
        Where the partitions of a case's :class:`workbench.Table` are worked on: worker processes
        on this machine, a Dask client's workers, an engine of your own, or this process. CAFÉ's
        effects are added up over all rows. A model that can be asked is asked about all rows at
        every tested level, so that the verdict on direct effects, single people and named groups
        rests on everyone; under `max_queries` only where that takes at most half of it. The rest
        of the audit looks at the case's sample of them, and the report says so.
    favourable : {"higher", "lower"}, optional
        Which scores are to the advantage of people. Stated, group metrics say who gets more of
        what is favourable; without it they only say who has the higher score.
    progress : callable, optional
        Gets (step, share done); may raise :class:`AuditCancelled`. By default a bar is drawn when
        a person is watching.
    early : callable, optional
        Gets the report as it grows: first as soon as the verdict stands, then after every method
        and check that follows. What such a report still waits for is its ``pending``.

    Returns
    -------
    AuditReport

    Raises
    ------
    AuditError
        When target, intervention, methods, checks or a subgroup's condition do not fit the case;
        nothing is half done.

    Examples
    --------
    >>> import workbench as wb
    >>> world = wb.datasets.loan(n=2000, seed=0)
    >>> from sklearn.linear_model import LinearRegression
    >>> model = LinearRegression().fit(world.data[["neighborhood_income"]], world.data["approved"])
    >>> case = wb.AuditCase(data=world.data, model=model, graph=world.graph, outcome="approved")
    >>> report = wb.audit(case, wb.UnlearningTarget.feature("zip_code"), methods=["cafe"])
    >>> report.effects["zip_code"].direct.value
    0.0
    >>> report.verdict.decision
    'above'
    """
    chosen, further = _checked_methods(methods), _checked(checks, CHECK_NAMES, "checks")
    favoured = checked_favourable(favourable)
    check_on(on)
    if details is not None:
        details.check_arrows(case.graph.edges)
    if case.graph.notes:
        details = (details or CaseDetails()).with_arrows(case.graph.notes)
    budget = Budget(limit=max_queries, within=case.budget)
    case = case.counted_in(budget)
    compared = None if compare is None else read_compared(case, target, compare)
    asked_target, written = target, intervention
    if compared is not None:
        case, target = compared.after, compared.target
        intervention = compared.interventions(intervention, seed)
    if training is not None:
        training.check(case.data)
    names, mask = case.resolve(target)
    groups = read_subgroups(case, subgroups, names)
    chosen = with_needed(chosen, len(groups))
    positions = np.flatnonzero(mask)
    tau = default_threshold(case) if threshold is None else threshold
    check_limits(tau, alpha)
    tested = tested_range(case, names, positions, range, written, seed=seed)
    if written is None and tested.intervention is not None:
        intervention = tested.intervention
    varied = variations_of(case, names, positions, intervention, seed)
    plan = None
    if max_queries is not None and case.model.can_query:
        plan = plan_questions(
            case,
            target,
            varied,
            max_queries,
            methods=chosen,
            checks=further,
            groups=len(groups),
            levels=tested.levels,
            seed=seed,
        )
    call = audit_call(
        methods=None if chosen == METHOD_NAMES else list(chosen),
        range_=range,
        intervention=written,
        threshold=tau,
        alpha=alpha,
        seed=seed,
        subgroups={name: condition.text for name, condition in groups.items()},
        checks=further,
        max_queries=max_queries,
        favourable=favoured,
        given=[
            name
            for name, value in (("compare", compare), ("training", training))
            if value is not None
        ],
    )
    with progress_bar(progress) as report_progress, told_of_memory(case):
        steps = Steps(budget, report_progress)
        asked = AuditRequest(
            case=case,
            target=target,
            asked_target=asked_target,
            names=names,
            varied=varied,
            methods=chosen,
            checks=further,
            intervention=intervention,
            threshold=tau,
            alpha=alpha,
            seed=seed,
            progress=report_progress,
            groups=groups,
            compared=compared,
            training=training,
            plan=plan,
            favourable=favoured,
        )
        found = estimate_and_judge(asked, steps, tested, on)
        report = first_report(found, n_target_rows=len(positions), call=call, details=details)
        return completed(report, found, steps, early)


def _checked_methods(methods: Iterable[str]) -> tuple[str, ...]:
    chosen = _checked(methods, METHOD_NAMES, "methods")
    if not chosen:
        raise TargetError(f"No method is named. Choose among {listed(METHOD_NAMES)}.")
    return chosen


def _checked(names: Iterable[str], known: tuple[str, ...], what: str) -> tuple[str, ...]:
    asked = (names,) if isinstance(names, str) else tuple(names)
    unknown = [name for name in asked if name not in known]
    if unknown:
        raise TargetError(f"Unknown {what}: {listed(unknown)}. Choose among {listed(known)}.")
    return tuple(name for name in known if name in asked)
