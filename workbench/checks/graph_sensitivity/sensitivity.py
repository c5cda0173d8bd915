"""What a finding owes to the graph.

A causal graph is an assumption. Part of it can be held against the data: the independences that it
implies. The rest cannot, so the verdict is asked again under other graphs: each single edge added,
removed or reversed, graphs that no data could tell from the drawn one (Markov equivalent), and
graphs with a quarter or half of the edges changed at random.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from workbench.case.audit_case import AuditCase
from workbench.case.intervention import Interventions
from workbench.case.target import UnlearningTarget
from workbench.checks.graph_sensitivity.hidden_confounder import Confounding, hidden_confounding
from workbench.checks.verdict import Decision, default_threshold, judge
from workbench.common.errors import NotIdentifiableError, TargetError
from workbench.common.multiple_testing import holm
from workbench.common.progress import Progress, silent
from workbench.common.wording import listing, share
from workbench.graph.causal_graph import PREDICTION, CausalGraph
from workbench.graph.nearby_graphs import equivalent_graphs, perturbed_graph, single_edits
from workbench.methods.cafe.estimator import cafe_effects
from workbench.tables.independence_tests import implied_independences

__all__ = ["GraphSensitivity", "graph_sensitivity", "share_of_flips"]

Edge = tuple[str, str]

EQUIVALENT = "that no data could tell from the drawn one"
MOST_EQUIVALENT = 100
"""Markov-equivalent graphs that are looked at."""
CLEAR = 0.1
"""With thousands of rows, much smaller correlations are told from zero, and matter little."""
QUERY_ROWS = 2_000
"""Rows on which the model is asked for direct effects, which no graph changes."""


@dataclass(frozen=True, eq=False)
class GraphSensitivity:
    """What the finding owes to the graph.

    Attributes
    ----------
    decision : {"below", "above", "inconclusive"}
        CAFÉ's verdict with the graph as drawn.
    threshold : float
        τ, in the unit of the prediction.
    alpha : float
        Error rate of the verdicts, and of rejecting any true independence.
    implications : DataFrame
        x, y, given, p_value (after Holm's correction), correlation (the largest canonical one
        that is left), rejected: independences that the graph claims.
    edits : DataFrame
        edit (in words), kind ("add", "remove", "reverse"), decision, total (of the feature that
        moved most), change (from the drawn graph's), flips; what flips with the least change of
        the effect stands first.
    shares : DataFrame
        graphs (which kind), n, flipped, share, low, high (95 %, Wilson; of the listed equivalent
        graphs it says nothing), unidentified.
    confounding : tuple of Confounding
    """

    decision: Decision
    threshold: float
    alpha: float
    implications: pd.DataFrame
    edits: pd.DataFrame
    shares: pd.DataFrame
    confounding: tuple[Confounding, ...]

    @property
    def headline(self) -> str:
        """How many graphs with one other arrow change the finding."""
        return self._edited()

    def to_frame(self) -> pd.DataFrame:
        """Return the shares of other graphs that change the finding; see `shares`."""
        return self.shares

    def sentences(self) -> tuple[str, ...]:
        """Say the findings in words."""
        return (
            self._implied(),
            self._edited(),
            *self._perturbed(),
            *(found.sentence() for found in self.confounding),
        )

    def _implied(self) -> str:
        if self.implications.empty:
            return "The graph claims no independence that the data could contradict."
        wrong = self.implications[self.implications["rejected"]]
        n = len(self.implications)
        if wrong.empty:
            return f"The data contradict none of the {n} independences that the graph claims."
        worst = wrong.iloc[0]
        given = f" given {listing(worst['given'])}" if worst["given"] else ""
        clearly = int((wrong["correlation"] > CLEAR).sum())
        return (
            f"The data contradict {len(wrong)} of the {n} independences that the graph claims, "
            f"{clearly or 'none'} of them clearly (a correlation above {CLEAR:g} is left); the "
            f"furthest off: {worst['x']} and {worst['y']}{given} ({worst['correlation']:.2f})."
        )

    def _edited(self) -> str:
        if self.edits.empty:
            return "No graph differs from the drawn one by a single arrow and answers the question."
        flips = self.edits[self.edits["flips"]]
        if flips.empty:
            return (
                f"Not one of the {len(self.edits)} graphs that differ from the drawn one by a "
                f"single arrow changes the finding."
            )
        return (
            f"{len(flips)} of the {len(self.edits)} graphs that differ from the drawn one by a "
            f"single arrow change the finding; the smallest such change: {flips.iloc[0]['edit']}."
        )

    def _perturbed(self) -> Iterator[str]:
        for row in self.shares.to_dict("records"):
            if row["n"]:
                part, low, high = (share(float(row[key])) for key in ("share", "low", "high"))
                # Equivalent graphs are listed, not drawn by chance.
                drawn = row["graphs"] != EQUIVALENT or row["n"] >= MOST_EQUIVALENT
                yield (
                    f"Of {row['n']} graph{'' if row['n'] == 1 else 's'} {row['graphs']}, {part} "
                    f"change the finding"
                    f"{f' (95 % interval {low} to {high})' if drawn else ''}."
                )


def graph_sensitivity(
    case: AuditCase,
    target: UnlearningTarget,
    *,
    intervention: Interventions = None,
    threshold: float | None = None,
    alpha: float = 0.05,
    repeats: int = 50,
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
    Decisions are CAFÉ's with linear terms: what an effect becomes under another graph depends on
    that graph only through its adjustment set, so that few regressions answer for many graphs.
    """
    if repeats < 1:
        raise TargetError(f"repeats must be at least 1, not {repeats}.")
    if target.rows is not None:
        raise TargetError(
            "Other graphs are tried on an effect over many rows; the target names single "
            "datapoints."
        )
    tau = default_threshold(case) if threshold is None else threshold
    names, _ = case.resolve(target)
    ask = _Decider(case, target, names, intervention, tau, alpha, seed)
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
        shares.append(_share(words, answers, drawn))
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
    ) -> None:
        self.case, self.target, self.names = case, target, names
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
            verdict = judge(effects, (), threshold=self.threshold, alpha=self.alpha)
            totals = tuple(e.total.value for e in effects if not e.combination)
            self.known[key] = _Answer(verdict.decision, totals)
        return self.known[key]

    def _given(self, case: AuditCase, name: str) -> object:
        if case.model.can_query and not case.carriers(name):
            return None  # the model is asked, and no graph changes what it answers
        condition = self.target.condition
        inside = () if condition is None else condition.columns
        # Whether a subgroup may be told apart depends on where its columns stand.
        below = frozenset(c for c in inside if c in case.audit_graph.descendants(name))
        return frozenset(case.covariates(name)), below


def _share(
    words: str, answers: Sequence[_Answer | None], drawn: _Answer
) -> tuple[str, int, int, float, float, float, int]:
    known = [answer for answer in answers if answer is not None]
    flipped = sum(answer.decision != drawn.decision for answer in known)
    part, low, high = share_of_flips(flipped, len(known))
    return words, len(known), flipped, part, low, high, len(answers) - len(known)


def share_of_flips(hits: int, n: int) -> tuple[float, float, float]:
    """Return the share of n graphs that change the finding, with Wilson's 95 % interval.

    Examples
    --------
    >>> [round(value, 2) for value in share_of_flips(5, 20)]
    [0.25, 0.11, 0.47]
    """
    if not n:
        return np.nan, np.nan, np.nan
    z = 1.959964
    centre = (hits + z * z / 2) / (n + z * z)
    half = z / (n + z * z) * np.sqrt(hits * (n - hits) / n + z * z / 4)
    return hits / n, float(max(centre - half, 0.0)), float(min(centre + half, 1.0))


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
