"""What one audit found, as a value: effects, verdict, checks and origin, without any rendering."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

import numpy as np
import pandas as pd
import scipy

from workbench.case.target import UnlearningTarget
from workbench.checks.change.finding import ModelChange
from workbench.checks.diagnostics import Diagnostics
from workbench.checks.finding import Finding
from workbench.checks.graph_sensitivity.finding import GraphSensitivity
from workbench.checks.membership import MembershipEvidence
from workbench.checks.next_actions import NextActions
from workbench.checks.planted_leaks.findings import PlantedLeaks
from workbench.checks.subgroups.finding import HiddenSubgroups
from workbench.checks.verdict import Verdict
from workbench.common.blocks import PLAIN_LEVEL, About
from workbench.common.errors import TargetError, listed
from workbench.common.printable import printable
from workbench.graph.causal_graph import CausalGraph
from workbench.methods.attribution import Attribution
from workbench.methods.baselines.associations import Associations
from workbench.methods.baselines.fairness_finding import FairnessMetrics
from workbench.methods.comparison import Comparison, compare
from workbench.methods.effects import EffectTable
from workbench.methods.estimator import Estimator
from workbench.methods.fuzzing.paths import PathEffect, path_frame
from workbench.methods.method import BaselineFinding
from workbench.methods.profile.profile import EffectProfile
from workbench.methods.row_summary import RowSummary
from workbench.report.case_details import CaseDetails
from workbench.report.decided_effects import decided_effects
from workbench.report.provenance import Provenance
from workbench.report.repeated import compared, told_by, told_lines
from workbench.report.repeating_code import given_lines, one_line
from workbench.report.subgroup_table import subgroup_frame

__all__ = ["AuditFindings"]

F = TypeVar("F", bound=Finding)


@dataclass(frozen=True, eq=False)
class AuditFindings:
    """Everything one audit found.

    Attributes
    ----------
    target : UnlearningTarget
    features : tuple of str
        The target's features.
    n_target_rows : int
    effects : EffectTable
        The target's features, by every causal estimator that was asked for.
    context : EffectTable
        CAFÉ's effects of all features on the same rows, for the comparison.
    whole_table : EffectTable or None
        CAFÉ's effects over every row of a table of which the audit holds a sample; None where it
        holds all rows, or nothing was added up.
    path_effects : tuple of PathEffect
    profile : EffectProfile or None
        The target's features over their levels, people and groups; None for an audit of a change
        that is no contrast.
    verdict : Verdict or None
        None when no causal estimator was asked for.
    baselines : mapping of str to BaselineFinding
        What every baseline found, by the method's name; see :attr:`attributions`,
        :attr:`associations` and :attr:`fairness`.
    checks : mapping of str to Finding
        What every further check found, by the check's name, and "change" where models were
        compared; see :attr:`hidden_subgroups` and the properties below it.
    diagnostics : Diagnostics
    graph : CausalGraph
        The graph as the auditor drew it.
    audit_graph : CausalGraph
        The graph over the features with the prediction as a node.
    reads : tuple of str
        Features that the model reads.
    outcome : str or None
    unit : str
        What a score is: "probability", "log-odds" or "value".
    methods : tuple of str
    call : str
        The Python call that repeats the audit.
    provenance : Provenance
    skipped : mapping of str to str
        Methods that could not run, with the reason in words; subgroups as "subgroup NAME", checks
        as their step is called ("hidden subgroups").
    subgroups : mapping of str to EffectTable
        CAFÉ's effects of the target's features on the target's rows where each named condition
        holds, under the same interventions.
    subgroup_conditions : mapping of str to str
        The text of every condition that was asked for, by name.
    pending : tuple of str
        Methods and checks whose findings are still to come, while the audit runs; see the argument
        ``early`` of :func:`workbench.auditing.audit.audit`.
    audited_outcome : str or None
        The outcome, where the class below is one of its values; a model may name its classes
        otherwise.
    audited_class : str or None
        The class whose probability the predictions are, where the model names it.
    favourable : {"higher", "lower"} or None
        Which scores are to people's advantage, where the auditor stated it.
    details : CaseDetails or None
        Who asks, for whom and so on, where it was stated; no number depends on it.
    from_file : bool
        Whether the report was read back from a file: it then has no effects at single
        rows, only their summary, and is as trustworthy as whoever handed the file on.
    """

    target: UnlearningTarget
    features: tuple[str, ...]
    n_target_rows: int
    effects: EffectTable
    context: EffectTable
    path_effects: tuple[PathEffect, ...]
    verdict: Verdict | None
    diagnostics: Diagnostics
    graph: CausalGraph
    audit_graph: CausalGraph
    reads: tuple[str, ...]
    outcome: str | None
    unit: str
    methods: tuple[str, ...]
    call: str
    provenance: Provenance
    skipped: Mapping[str, str]
    subgroups: Mapping[str, EffectTable] = field(default_factory=dict)
    subgroup_conditions: Mapping[str, str] = field(default_factory=dict)
    baselines: Mapping[str, BaselineFinding] = field(default_factory=dict)
    checks: Mapping[str, Finding] = field(default_factory=dict)
    profile: EffectProfile | None = None
    whole_table: EffectTable | None = None
    pending: tuple[str, ...] = ()
    audited_outcome: str | None = None
    audited_class: str | None = None
    favourable: str | None = None
    details: CaseDetails | None = None
    from_file: bool = False

    @property
    def attributions(self) -> tuple[Attribution, ...]:
        """What ranks the features, of every baseline that does."""
        found = (baseline.ranks for baseline in self.baselines.values())
        return tuple(ranks for ranks in found if ranks is not None)

    @property
    def associations(self) -> Associations | None:
        """How the features go together with the prediction, by the method "fairtest"."""
        found = self.baselines.get("fairtest")
        return found if isinstance(found, Associations) else None

    @property
    def fairness(self) -> pd.DataFrame | None:
        """Group fairness by the method "aif360"; see :func:`fairness_metrics`."""
        found = self.baselines.get("aif360")
        return found.table if isinstance(found, FairnessMetrics) else None

    @property
    def hidden_subgroups(self) -> HiddenSubgroups | None:
        """Where the effect differs from the whole, by the check "subgroups"."""
        return self._finding("subgroups", HiddenSubgroups)

    @property
    def graph_sensitivity(self) -> GraphSensitivity | None:
        """How the finding depends on the graph, by the check "graph"."""
        return self._finding("graph", GraphSensitivity)

    @property
    def change(self) -> ModelChange | None:
        """The audited model beside the model before unlearning and retrained ones."""
        return self._finding("change", ModelChange)

    @property
    def next_actions(self) -> NextActions | None:
        """What to do about what is left, by the check "actions"."""
        return self._finding("actions", NextActions)

    @property
    def planted_leaks(self) -> PlantedLeaks | None:
        """How small a leak this audit would have caught, by the check "leaks"."""
        return self._finding("leaks", PlantedLeaks)

    @property
    def membership(self) -> MembershipEvidence | None:
        """Whether the model treats the target's rows as seen, by the check "membership"."""
        return self._finding("membership", MembershipEvidence)

    def _finding(self, check: str, kind: type[F]) -> F | None:
        found = self.checks.get(check)
        return found if isinstance(found, kind) else None

    @property
    def paths(self) -> pd.DataFrame:
        """Path effects; see :func:`workbench.methods.fuzzing.paths.path_effects`."""
        return path_frame(self.path_effects)

    def comparison(self) -> Comparison:
        """Put the causal effects and the attributions of all features side by side."""
        effects = decided_effects(self.effects, self.verdict, self.profile, self.interval_level)
        own = {entry.feature for entry in effects.believed if not entry.combination}
        rest = tuple(e for e in self.context if not e.combination and e.feature not in own)
        entries = tuple(e for e in effects if not e.combination) + rest
        order = {name: place for place, name in enumerate(self.reads)}
        entries = tuple(sorted(entries, key=lambda e: order.get(e.feature, -1)))
        table = EffectTable(entries, self.effects.index, self.unit, self.provenance.seed)
        return compare(
            table,
            self.attributions,
            target=self.features,
            reads=self.reads,
            routes={entry.feature: self.route(entry.feature) for entry in entries},
        )

    def about(self) -> About:
        """Return what the outline of a finding needs to know of the audit."""
        verdict = self.verdict
        return About(
            features=self.features,
            reads=self.reads,
            unit=self.unit,
            n_rows=self.n_target_rows,
            threshold=None if verdict is None else verdict.threshold,
            decision=None if verdict is None else verdict.decision,
            outcome=self.audited_outcome,
            audited_class=self.audited_class,
            level=self.interval_level,
        )

    @property
    def level(self) -> float:
        """Level of intervals of single numbers: 1 − alpha of the verdict, 0.95 without one."""
        return PLAIN_LEVEL if self.verdict is None else 1 - self.verdict.alpha

    @property
    def interval_level(self) -> float:
        """Level of the intervals by which the verdict decided; that of single numbers elsewhere.

        Where a profile was made, an interval holds for all levels, people and groups at once.
        """
        critical = float("nan") if self.profile is None else self.profile.critical
        if not np.isfinite(critical) or critical <= 0:
            return self.level
        return float(2 * scipy.special.ndtr(critical) - 1)

    def route(self, feature: str) -> tuple[str, ...]:
        """Return the mediators of a feature, those with the largest path effects first."""
        weight: dict[str, float] = {}
        for path in self.path_effects:
            if path.feature == feature:
                for node in path.path[1:-1]:
                    weight[node] = weight.get(node, 0.0) + abs(path.effect.value)
        if not weight:
            return self.audit_graph.mediators(feature, "prediction")
        return tuple(sorted(weight, key=lambda node: -weight[node]))

    def to_frame(self) -> pd.DataFrame:
        """Return the effects of the target's features; see :meth:`EffectTable.to_frame`."""
        return self.effects.to_frame()

    def row_summary(self, feature: str, estimator: str | Estimator | None = None) -> RowSummary:
        """Return how a feature's effect is spread over the target's rows.

        Parameters
        ----------
        feature : str
            A feature of the target, or the joint intervention on several as it is named in
            `effects`.
        estimator : {"debiased", "cafe", "fuzzing"} or Estimator, optional
            By default the debiased estimate, which the verdict judges, else fuzzing, else CAFÉ.
            The debiased estimate corrects averages, not rows: the mean of its rows can differ
            from its effect.

        Returns
        -------
        RowSummary
            Quantiles, shares beyond ±τ and a histogram for total, direct and indirect effect;
            the same in a report that was read back from a file.

        Raises
        ------
        TargetError
            When there are no row effects by that name.
        """
        wanted = ("debiased", "fuzzing", "cafe") if estimator is None else (estimator,)
        known = [entry for entry in self.effects if entry.combination != "sum"]
        tau = self.verdict.threshold if self.verdict else 1.0
        for name in wanted:
            for entry in known:
                if entry.feature != feature or not entry.estimator.goes_by(name):
                    continue
                summary = entry.row_summary(tau)
                if summary is not None:
                    return summary
        said = "" if estimator is None else f" by {str(estimator)!r}"
        names = dict.fromkeys(entry.feature for entry in known)
        raise TargetError(
            f"There are no effects of {feature!r}{said} at single rows. Known: {listed(names)}."
        )

    def subgroup_frame(self) -> pd.DataFrame:
        """Return the effects in subgroups, each beside its difference to the whole target.

        Returns
        -------
        DataFrame
            Columns subgroup, condition, feature, combination, n_rows, then total, direct and
            indirect, each with ``_low`` and ``_high`` of its interval, then the same with
            ``_difference``: subgroup − whole, where shared noise cancels; NaN when CAFÉ gave no
            effect of the whole.
        """
        conditions = self.subgroup_conditions
        return subgroup_frame(self.effects, self.subgroups, conditions, self.level)

    def to_code(self, load: str | None = None) -> str:
        """Return the Python code that repeats the audit.

        Parameters
        ----------
        load : str, optional
            Lines that define ``data`` and ``model``, and ``compare`` and ``training`` where these
            were given. What they leave out is named, with its fingerprint.
        """
        origin = self.provenance
        name = one_line(origin.model)
        if load is None:
            read = 'pd.read_csv("data.csv")'
            if origin.table_rows is not None:
                read = 'wb.Table.parquet("data/*.parquet")'
            load = (
                f"data = {read}  # {origin.table_rows or origin.n_rows:,} rows, "
                f"SHA-256 {origin.data_fingerprint[:16]}…\n"
                f"model = ...  # {name}, SHA-256 {origin.model_fingerprint[:16]}…"
            )
        compared = self.change.models if self.change is not None else ()
        others = [(m.role, m.name, m.fingerprint) for m in compared if m.role != "after"]
        given = given_lines(self.call, others, load)
        graph = "wb.CausalGraph(\n    [\n"
        graph += "".join(f"        {edge!r},\n" for edge in self.graph.edges)
        graph += f"    ],\n    nodes={list(self.graph.nodes)!r},\n"
        if self.graph.latents:
            graph += f"    latents={list(self.graph.latents)!r},\n"
        return (
            "import pandas as pd\n\nimport workbench as wb\n\n"
            f"{load}\n{self._audited_in_code()}{self._sample_in_code()}{given}"
            f"graph = {graph})\n"
            f"case = wb.AuditCase(data=data, model=model, graph=graph, outcome={self.outcome!r},\n"
            f"                    features={list(self.reads)!r})\n"
            f"target = {self.target.to_code()}\n"
            f"report = {self.call}\n"
            f"{told_lines(self._told, origin.created)}"
        )

    def _audited_in_code(self) -> str:
        """Return a comment that says whose probability the model is to answer with."""
        if self.audited_class is None:
            return ""
        return (
            f"# The model answers with the {one_line(self.about().score)}.\n"
            "# A classifier itself is told so: "
            "model = wb.BlackBoxModel.from_estimator(model, positive=...)\n"
        )

    def _sample_in_code(self) -> str:
        """Return a comment that says which rows of a larger table the audit rests on."""
        origin = self.provenance
        if origin.table_rows is None:
            return ""
        return (
            f"# Of the table's {origin.table_rows:,} rows the audit draws {origin.n_rows:,} at "
            f"random; the SHA-256 is of these.\n"
            f"# CAFÉ's effects alone are added up over all rows, too.\n"
        )

    @property
    def _told(self) -> dict[str, Any]:
        decision = None if self.verdict is None else self.verdict.decision
        return told_by(self.provenance, decision, self.effects)

    def held_against(self, told: Mapping[str, Any]) -> tuple[str, ...]:
        """Say what of this report is as an earlier one told it; its code (`to_code`) asks this."""
        return compared(told, self._told)

    def __repr__(self) -> str:
        found = self.verdict.headline if self.verdict else "no verdict"
        return printable(f"{type(self).__name__}({self.target.describe()}: {found})")
