"""How a finding depends on the graph.

A causal graph is an assumption. Part of it can be held against the data: the independences that it
implies. The rest cannot, so the verdict is asked again under other graphs: each single edge added,
removed or reversed, graphs that no data could tell from the drawn one (Markov equivalent), and
graphs with a quarter or half of the edges changed at random.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from workbench.case.asking.variations import variations_of
from workbench.case.audit_case import AuditCase
from workbench.case.intervention import Interventions
from workbench.case.target import UnlearningTarget
from workbench.checks.graph_sensitivity.finding import (
    EQUIVALENT,
    MOST_EQUIVALENT,
    GraphSensitivity,
    share_of_flips,
)
from workbench.checks.graph_sensitivity.hidden_confounder import hidden_confounding
from workbench.checks.verdict import Decision, default_threshold, judge
from workbench.common.errors import NotIdentifiableError, TargetError
from workbench.common.multiple_testing import holm
from workbench.common.progress import Progress, silent
from workbench.common.wording import share
from workbench.graph.causal_graph import PREDICTION, CausalGraph
from workbench.graph.nearby_graphs import equivalent_graphs, perturbed_graph, single_edits
from workbench.methods.cafe.estimator import cafe_effects
from workbench.methods.effects import EffectTable
from workbench.tables.independence_tests import implied_independences

__all__ = ["graph_sensitivity"]

Edge = tuple[str, str]

QUERY_ROWS = 2_000
"""Rows on which the model is asked for direct effects, which no graph changes."""


def graph_sensitivity(
    case: AuditCase,
    target: UnlearningTarget,
    *,
    intervention: Interventions = None,
    threshold: float | None = None,
    alpha: float = 0.05,
    repeats: int = 50,
    effects: EffectTable | None = None,
    seed: int = 0,
    progress: Progress = silent,
) -> GraphSensitivity:
    """Check the graph against the data, and the finding against other graphs.

    Parameters
    ----------
    intervention : Contrast, Resample, Shift, mapping of feature to these, or None
    threshold : float, optional
        τ; by default :func:`workbench.checks.verdict.default_threshold`.
    alpha : float, default 0.05
        Error rate of the verdicts, and of rejecting any true independence.
    repeats : int, default 50
        Random graphs of each kind.
    effects : EffectTable, optional
        Debiased effects of the same change under the drawn graph: decisions are theirs then.
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
    difference to the drawn graph moves the debiased effects, where they are given; else decisions
    are CAFÉ's own.
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
    ask = _Decider(case, target, names, intervention, tau, alpha, seed, effects)
    drawn = ask(case.graph)
    if drawn is None:
        for name in names:  # says what stands in the way
            case.audit_graph.adjustment_set(name, PREDICTION)
        raise NotIdentifiableError("The drawn graph does not identify the effect.")
    edits = list(single_edits(case.graph, case.features))
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
    families: dict[str, list[CausalGraph]] = {
        EQUIVALENT: equivalent_graphs(case.graph, MOST_EQUIVALENT),
    }
    rng = np.random.default_rng(seed)
    for part in (0.25, 0.5):
        families[f"with {share(part)} of the arrows changed at random"] = [
            perturbed_graph(case.graph, case.features, part, rng) for _ in range(repeats)
        ]
    shares = []
    for i, (words, graphs) in enumerate(families.items()):
        answers = []
        for j, graph in enumerate(graphs):
            progress("graphs changed at random", 0.6 + 0.3 * (i + j / len(graphs)) / len(families))
            answers.append(ask(graph))
        shares.append(_share(words, answers, drawn, 1 - alpha))
    progress("hidden common causes", 0.9)
    confounding = hidden_confounding(
        case, target, threshold=tau, intervention=intervention, seed=seed
    )
    columns = ["graphs", "n", "flipped", "share", "low", "high", "unidentified"]
    return GraphSensitivity(
        drawn.decision,
        tau,
        alpha,
        _implications(case, alpha, seed),
        order.drop(columns="size").reset_index(drop=True),
        pd.DataFrame(shares, columns=columns),
        confounding,
        "; ".join(
            f"{v.feature}: {v.text}"
            for v in variations_of(case, names, np.flatnonzero(mask), intervention, seed)
        ),
        effects is not None,
    )


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
        names: Sequence[str],
        intervention: Interventions,
        threshold: float,
        alpha: float,
        seed: int,
        debiased: EffectTable | None,
    ) -> None:
        self.case, self.target, self.names = case, target, names
        self.debiased, self.as_drawn = debiased, EffectTable((), case.data.index, case.output, seed)
        self.intervention, self.seed = intervention, seed
        self.threshold, self.alpha = threshold, alpha
        self.known: dict[object, _Answer] = {}

    def __call__(self, graph: CausalGraph) -> _Answer | None:
        """Return the answer, or None where the graph does not identify the effect."""
        case = self.case.with_graph(graph)
        try:
            key = tuple(self._given(case, name) for name in self.names)
        except NotIdentifiableError:
            return None
        if key not in self.known:
            effects = cafe_effects(
                case,
                self.target,
                intervention=self.intervention,
                basis="linear",
                query_rows=QUERY_ROWS,
                seed=self.seed,
            )
            if not self.known:
                self.as_drawn = effects
            effects = self._moved(effects, case)
            verdict = judge(effects, (), threshold=self.threshold, alpha=self.alpha)
            totals = tuple(e.total.value for e in effects if not e.combination)
            self.known[key] = _Answer(verdict.decision, totals)
        return self.known[key]

    def _moved(self, effects: EffectTable, case: AuditCase) -> EffectTable:
        """Move the debiased effects by what CAFÉ says that this graph changes.

        Where the graph leaves a feature no mediators, the model's own answer is the total.
        """
        if self.debiased is None:
            return effects
        entries = tuple(
            replace(
                self.debiased[entry.feature],
                total=entry.total
                if case.model.can_query and not case.carriers(entry.feature)
                else self.debiased[entry.feature].total
                + (entry.total - self.as_drawn[entry.feature].total),
            )
            for entry in effects
            if not entry.combination
        )
        return replace(effects, entries=entries)

    def _given(self, case: AuditCase, name: str) -> object:
        if case.model.can_query and not case.carriers(name):
            return None  # the model is asked, and no graph changes what it answers
        condition = self.target.condition
        inside = () if condition is None else condition.columns
        # Whether a subgroup may be told apart depends on where its columns stand.
        below = frozenset(c for c in inside if c in case.audit_graph.descendants(name))
        return frozenset(case.covariates(name)), below


def _share(
    words: str, answers: Sequence[_Answer | None], drawn: _Answer, level: float
) -> tuple[str, int, int, float, float, float, int]:
    known = [answer for answer in answers if answer is not None]
    flipped = sum(answer.decision != drawn.decision for answer in known)
    part, low, high = share_of_flips(flipped, len(known), level)
    return words, len(known), flipped, part, low, high, len(answers) - len(known)


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
