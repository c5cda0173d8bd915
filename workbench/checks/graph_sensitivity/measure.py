"""How a finding depends on the graph.

A causal graph is an assumption. Part of it can be compared with the data: the independences that it
implies. The rest cannot, so the verdict is asked again under other graphs: each single edge added,
removed or reversed, graphs that no data could tell from the drawn one (Markov equivalent), and
graphs with a quarter or half of the edges changed at random.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from workbench.case.asking.steadiness import Unsteady
from workbench.case.asking.variations import variations_of
from workbench.case.audit_case import AuditCase
from workbench.case.intervention import Interventions, Variation
from workbench.case.target import UnlearningTarget
from workbench.checks.graph_sensitivity.finding import (
    EQUIVALENT,
    MOST_EQUIVALENT,
    GraphSensitivity,
    share_of_flips,
)
from workbench.checks.graph_sensitivity.hidden_confounder import hidden_confounding
from workbench.checks.graph_sensitivity.other_graph import (
    Regressed,
    moved_effects,
    moved_profile,
    regressed,
)
from workbench.checks.verdict import Decision, default_threshold, judge
from workbench.common.errors import NotIdentifiableError, TargetError
from workbench.common.multiple_testing import holm
from workbench.common.progress import Progress, silent
from workbench.common.wording import share
from workbench.graph.causal_graph import PREDICTION, CausalGraph
from workbench.graph.nearby_graphs import equivalent_graphs, perturbed_graph, single_edits
from workbench.methods.cafe.estimator import cafe_effects
from workbench.methods.effects import EffectTable
from workbench.methods.fuzzing.paths import PathEffect
from workbench.methods.profile.profile import EffectProfile
from workbench.tables.independence_tests import implied_independences

__all__ = ["AuditedFinding", "graph_sensitivity"]

Edge = tuple[str, str]

QUERY_ROWS = 2_000
"""Rows on which the model is asked for direct effects, which no graph changes."""


@dataclass(frozen=True, eq=False)
class AuditedFinding:
    """What an audit judged, and other graphs are tried on.

    Attributes
    ----------
    effects : EffectTable
        Those that the verdict judged, of the change that the report explains.
    profile : EffectProfile or None
        All levels, people and groups that were tested; None where one change was.
    paths : tuple of PathEffect
    doubted : tuple of str
    unsteady : Unsteady or None
        As in :func:`workbench.checks.verdict.judge`.
    """

    effects: EffectTable
    profile: EffectProfile | None = None
    paths: tuple[PathEffect, ...] = ()
    doubted: tuple[str, ...] = ()
    unsteady: Unsteady | None = None


def graph_sensitivity(
    case: AuditCase,
    target: UnlearningTarget,
    *,
    intervention: Interventions = None,
    threshold: float | None = None,
    alpha: float = 0.05,
    repeats: int = 50,
    audited: AuditedFinding | None = None,
    seed: int = 0,
    progress: Progress = silent,
) -> GraphSensitivity:
    """Check the graph against the data, and the finding against other graphs.

    Parameters
    ----------
    case : AuditCase
    target : UnlearningTarget
        Features, on all rows or in a subgroup.
    intervention : Contrast, Resample, Shift, mapping of feature to these, or None
    threshold : float, optional
        τ; by default :func:`workbench.checks.verdict.default_threshold`.
    alpha : float, default 0.05
        Error rate of the verdicts, and of rejecting any true independence.
    repeats : int, default 50
        Random graphs of each kind.
    audited : AuditedFinding, optional
        What an audit judged under the drawn graph (``wb.audit(…, checks=["graph"])`` hands it on):
        its whole finding is judged again then, over all levels, people and groups. Else CAFÉ's
        effect of one change is.
    seed : int, default 0
    progress : callable, optional

    Returns
    -------
    GraphSensitivity

    Raises
    ------
    NotIdentifiableError
        When the drawn graph itself does not identify the effect.
    TargetError
        When the target names single datapoints, or `repeats` is below 1.

    Notes
    -----
    What an effect becomes under another graph is asked of CAFÉ with linear terms: it depends on
    that graph only through its adjustment set, so that few regressions answer for many graphs. The
    difference to the drawn graph's regression moves what the audit found at every pair of levels
    and in every group; where the other graph leaves a feature no mediators, the total is what the
    model answered. What is not moved: sizes of effects at single rows, features set together, and
    paths, which count as long as the other graph has them. The model is not asked again.

    Examples
    --------
    >>> import pandas as pd
    >>> import workbench as wb
    >>> rng = np.random.default_rng(0)
    >>> frame = pd.DataFrame({"sex": rng.integers(0, 2, 500)})
    >>> frame["job"] = frame["sex"] + rng.normal(size=500)
    >>> case = wb.AuditCase(data=frame, model=lambda rows: 0.1 * rows["job"], features=["job"],
    ...                     graph=wb.CausalGraph([("sex", "job")]))
    >>> found = graph_sensitivity(case, wb.UnlearningTarget.feature("sex"), repeats=5)
    >>> found.headline.partition(" change the finding")[0]
    '2 of the 2 graphs that differ from the drawn one by a single arrow'
    """
    if repeats < 1:
        raise TargetError(f"repeats must be at least 1, not {repeats}.")
    if target.rows is not None:
        raise TargetError(
            "Other graphs are tried on an effect over many rows; the target names single "
            "datapoints."
        )
    tau = default_threshold(case) if threshold is None else threshold
    names, mask = case.resolve(target)
    varied = variations_of(case, names, np.flatnonzero(mask), intervention, seed)
    if audited is None:
        audited = AuditedFinding(_by_regression(case, target, intervention, seed))
    ask = _Decider(case, target, varied, tau, alpha, audited)
    drawn = ask(case.graph)
    if drawn is None:
        for name in names:  # says what stands in the way
            case.audit_graph.adjustment_set(name, PREDICTION)
        raise NotIdentifiableError("The drawn graph does not identify the effect.")
    edits = _single_arrows(ask, drawn, progress)
    families = _families(ask, drawn, repeats, alpha, seed, progress)
    progress("hidden common causes", 0.9)
    confounding = hidden_confounding(
        case, target, threshold=tau, intervention=intervention, seed=seed
    )
    return GraphSensitivity(
        decision=drawn.decision,
        threshold=tau,
        alpha=alpha,
        implications=_implications(case, alpha, seed),
        edits=edits,
        shares=families,
        confounding=confounding,
        about="; ".join(f"{v.feature}: {v.text}" for v in varied),
        corrected=all(entry.estimator.kind == "debiased" for entry in audited.effects.judged),
        scope="" if audited.profile is None else audited.profile.scope,
    )


def _by_regression(
    case: AuditCase, target: UnlearningTarget, intervention: Interventions, seed: int
) -> EffectTable:
    """Return CAFÉ's effects with linear terms; nothing where the drawn graph identifies none."""
    found = cafe_effects(
        case,
        target,
        intervention=intervention,
        basis="linear",
        query_rows=QUERY_ROWS,
        skip_unidentified=True,
        seed=seed,
    )
    entries = tuple(entry for entry in found if not entry.combination)
    return replace(found, entries=entries)


@dataclass(frozen=True)
class _Answer:
    """A decision and the totals that it rests on."""

    decision: Decision
    totals: tuple[float, ...]

    def against(self, drawn: _Answer) -> tuple[Decision, float, float, bool]:
        changes = np.subtract(self.totals, drawn.totals)
        place = int(np.argmax(np.abs(changes)))
        total, change = self.totals[place], float(changes[place])
        return self.decision, total, change, self.decision != drawn.decision


class _Decider:
    """Asks for the decision under a graph; graphs with the same adjustment sets share it."""

    def __init__(
        self,
        case: AuditCase,
        target: UnlearningTarget,
        varied: Sequence[Variation],
        threshold: float,
        alpha: float,
        found: AuditedFinding,
    ) -> None:
        self.case, self.target, self.found = case, target, found
        self.varied = {variation.feature: variation for variation in varied}
        self.threshold, self.alpha = threshold, alpha
        self.regressions: dict[object, Regressed | None] = {}
        self.answers: dict[object, _Answer] = {}

    def __call__(self, graph: CausalGraph) -> _Answer | None:
        """Return the answer, or None where the graph does not identify the effect."""
        case = self.case.with_graph(graph)
        try:
            keys = {name: self._given(case, name) for name in self.varied}
        except NotIdentifiableError:
            return None
        edges = {*graph.edges, *case.audit_graph.edges}
        paths = [
            path
            for path in self.found.paths
            if edges.issuperset(zip(path.path[:-1], path.path[1:], strict=True))
        ]
        key = tuple(keys.items()), tuple(path.path for path in paths)
        if key not in self.answers:
            self.answers[key] = self._answer(case, keys, paths)
        return self.answers[key]

    def _answer(
        self, case: AuditCase, keys: Mapping[str, object], paths: Sequence[PathEffect]
    ) -> _Answer:
        effects, profile, decide = self.found.effects, self.found.profile, self.found
        drawn = {name: self._given(self.case, name) for name in self.varied}
        for name in self.varied:
            if keys[name] == drawn[name]:
                continue
            before = self._regressed(self.case, name, drawn[name])
            after = self._regressed(case, name, keys[name])
            entries = tuple(
                moved_effects(entry, before, after) if entry.feature == name else entry
                for entry in effects
            )
            effects = replace(effects, entries=entries)
            if profile is not None:
                profile = moved_profile(profile, name, before, after)
        verdict = judge(
            effects,
            paths,
            threshold=self.threshold,
            alpha=self.alpha,
            doubted=decide.doubted,
            profile=profile,
            unsteady=decide.unsteady,
        )
        totals = tuple(e.total.value for e in effects if not e.combination)
        return _Answer(verdict.decision, totals)

    def _regressed(self, case: AuditCase, name: str, key: object) -> Regressed | None:
        if (name, key) not in self.regressions:
            profile = None if self.found.profile is None else self.found.profile[name]
            self.regressions[name, key] = regressed(case, self.target, self.varied[name], profile)
        return self.regressions[name, key]

    def _given(self, case: AuditCase, name: str) -> object:
        if case.model.can_query and not case.carriers(name):
            return None  # the model is asked, and no graph changes what it answers
        condition = self.target.condition
        inside = () if condition is None else condition.columns
        # Whether a subgroup may be told apart depends on where its columns stand.
        below = frozenset(c for c in inside if c in case.audit_graph.descendants(name))
        return frozenset(case.covariates(name)), below


def _single_arrows(ask: _Decider, drawn: _Answer, progress: Progress) -> pd.DataFrame:
    """Return what every graph with one arrow changed says; what changes the finding comes first."""
    edits = list(single_edits(ask.case.graph, ask.case.features))
    records = []
    for i, (kind, words, graph) in enumerate(edits):
        progress("graphs with one arrow changed", 0.6 * i / len(edits))
        answer = ask(graph)
        if answer is not None:
            records.append((words, kind, *answer.against(drawn)))
    table = pd.DataFrame(records, columns=["edit", "kind", "decision", "total", "change", "flips"])
    order = table.assign(size=table["change"].abs()).sort_values(
        ["flips", "size"], ascending=[False, True], kind="stable"
    )
    return order.drop(columns="size").reset_index(drop=True)


def _families(
    ask: _Decider, drawn: _Answer, repeats: int, alpha: float, seed: int, progress: Progress
) -> pd.DataFrame:
    """Return how many equivalent and random graphs change the finding, a row for each family."""
    graph, features = ask.case.graph, ask.case.features
    families = {EQUIVALENT: equivalent_graphs(graph, MOST_EQUIVALENT)}
    rng = np.random.default_rng(seed)
    for part in (0.25, 0.5):
        families[f"with {share(part)} of the arrows changed at random"] = [
            perturbed_graph(graph, features, part, rng) for _ in range(repeats)
        ]
    records = []
    for i, (words, graphs) in enumerate(families.items()):
        answers = []
        for j, other in enumerate(graphs):
            progress("graphs changed at random", 0.6 + 0.3 * (i + j / len(graphs)) / len(families))
            answers.append(ask(other))
        known = [answer for answer in answers if answer is not None]
        flipped = sum(answer.decision != drawn.decision for answer in known)
        part_flipped = share_of_flips(flipped, len(known), 1 - alpha)
        records.append((words, len(known), flipped, *part_flipped, len(answers) - len(known)))
    columns = ["graphs", "n", "flipped", "share", "low", "high", "unidentified"]
    return pd.DataFrame(records, columns=columns)


def _implications(case: AuditCase, alpha: float, seed: int) -> pd.DataFrame:
    observed = [n for n in case.graph.observed if n in case.columns]
    claims = [
        (x, y, given)
        for x, y, given in case.graph.testable_implications()
        if {x, y, *given} <= set(observed)
    ]
    columns = ["x", "y", "given", "p_value", "correlation", "rejected"]
    if not claims:
        return pd.DataFrame(columns=columns)
    tested = implied_independences(case.data[observed], claims, seed=seed)
    corrected = holm([p for p, _ in tested])
    table = pd.DataFrame(
        [
            (*claim, p, correlation, p <= alpha)
            for claim, p, (_, correlation) in zip(claims, corrected, tested, strict=True)
        ],
        columns=columns,
    )
    return table.sort_values(
        ["rejected", "correlation"], ascending=False, kind="stable", ignore_index=True
    )
