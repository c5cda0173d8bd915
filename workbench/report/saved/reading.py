"""Reports read back from files that strangers may have written.

What a report shows is made again from the estimates in the file: tables, intervals, verdict,
comparison, sentences. Nothing in the file is evaluated or taken for markup, and what the file says
twice must agree: a verdict or a table that was edited by hand does not follow from the estimates
any more, and is refused. Who edits everything consistently is not found out this way.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import msgspec
import pandas as pd

from workbench.case.asking.steadiness import Unsteady
from workbench.case.condition import Condition
from workbench.case.target import UnlearningTarget
from workbench.checks.diagnostics import Diagnostics, estimator_disagreement
from workbench.checks.finding import Finding, Rest
from workbench.checks.registry import CHECKS
from workbench.checks.verdict import Verdict, judge
from workbench.common.checked_code import check_code
from workbench.common.errors import DataError, listed
from workbench.common.row_labels import read_label
from workbench.common.saved_values import (
    altered,
    check_fingerprint,
    frame_of,
    plain,
    read_values,
)
from workbench.common.strict_json import LARGEST_NUMBER, JsonPart, parse_strictly
from workbench.graph.causal_graph import PREDICTION, CausalGraph
from workbench.methods.attribution import Attribution
from workbench.methods.effects import EffectTable
from workbench.methods.fuzzing.paths import PathEffect
from workbench.methods.joint_uncertainty import read_block
from workbench.methods.method import BaselineFinding
from workbench.methods.profile.profile import EffectProfile
from workbench.methods.registry import BASELINES
from workbench.methods.saved_effects import SavedEstimates
from workbench.report.findings import AuditFindings
from workbench.report.provenance import Provenance
from workbench.report.saved.core import (
    FORMAT,
    FORMAT_VERSION,
    SavedAdjustment,
    SavedAttribution,
    SavedAttributionRow,
    SavedDiagnostics,
    SavedEquation,
    SavedOverlap,
    SavedReport,
    SavedTarget,
    SavedVerdict,
)
from workbench.report.saved.document import report_document
from workbench.report.saved.estimates import read_path, read_table
from workbench.report.saved.profile import read_profile
from workbench.report.saved.provenance import SavedProvenance
from workbench.report.saved.steadiness import read_unsteady
from workbench.report.saved.turned import read_turned

__all__ = ["parse_findings"]

WHAT = "saved report"
OLDEST_VERSION = 2
DERIVED = (
    "verdict",
    "effects",
    "context",
    "whole_table",
    "subgroups",
    "paths",
    "comparison",
    "agreement",
    "diagnostics",
    *(method.saved.key for method in BASELINES if method.saved is not None),
    *(check.key for check in CHECKS),
)
"""Keys of a report whose numbers follow from others, wholly or in part."""
TOLERANCE = 1e-6


def parse_findings(text: str | bytes) -> AuditFindings:
    """Read a report from JSON text; see :meth:`AuditReport.from_json`.

    Raises
    ------
    DataError, GraphError, TargetError
        When the text is too large, not a report, or does not agree with itself.
    """
    root = parse_strictly(text, WHAT)
    _check_format(root)
    saved = read_values(root, SavedReport)
    report = _report(saved)
    _check_agreement(saved, report)
    return report


def _check_format(root: JsonPart) -> None:
    if not isinstance(root.value, dict) or root.value.get("format") != FORMAT:
        raise DataError(
            "This is JSON, but not a saved report of the workbench. One is written by "
            "report.to_json('report.json')."
        )
    version = root["format_version"].count()
    if version < OLDEST_VERSION:
        raise DataError(
            f"This report has format {version}, which keeps too little to be read back. Repeat "
            f"the audit with the code in it, and save it again."
        )
    if version > FORMAT_VERSION:
        raise DataError(
            f"This report has format {version}, made by a newer version of the workbench; this "
            f"one reads format {OLDEST_VERSION} to {FORMAT_VERSION}. Update the package "
            f"cafe-workbench."
        )
    # Format 2 wrote a table without rows as a list, wherever it stood.
    if version == OLDEST_VERSION and root.value.get("agreement") == []:
        root.value["agreement"] = {}


@dataclass(frozen=True)
class _Effects:
    """Every effect that a report holds, by where it stands."""

    of_target: EffectTable
    context: EffectTable
    whole_table: EffectTable
    subgroups: dict[str, EffectTable]
    paths: tuple[PathEffect, ...]

    @classmethod
    def read(cls, saved: Any, kept: SavedEstimates) -> _Effects:
        told, held = saved.verdict, saved.estimates
        tau, unit, seed = None if told is None else told.threshold, saved.unit, held.seed
        return cls(
            read_table(held.effects, kept, tau, unit, seed, saved.n_target_rows),
            read_table(held.context, kept, tau, unit, seed, saved.n_target_rows),
            read_table(held.whole_table, kept, None, unit, seed),
            {
                name: read_table(entries, kept, tau, unit, seed)
                for name, entries in held.subgroups.items()
            },
            tuple(read_path(path, kept) for path in held.paths),
        )

    def features(self) -> Iterator[str]:
        """Name the feature of every effect of one feature, and of every path."""
        for table in (self.of_target, self.context, self.whole_table, *self.subgroups.values()):
            yield from (effect.feature for effect in table if not effect.combination)
        yield from (path.feature for path in self.paths)


def _report(saved: Any) -> AuditFindings:
    kept = SavedEstimates(
        blocks=[read_block(columns, turn) for turn, columns in enumerate(saved.estimates.blocks)]
    )
    effects = _Effects.read(saved, kept)
    unsteady = read_unsteady(saved.unsteady)
    profile, verdict = _judged_again(saved, effects, unsteady)
    graph, audit_graph = _graphs(saved, effects)
    provenance = _provenance(saved.provenance)
    target = _target(saved.target_parts)
    rest = Rest(
        target=target,
        features=saved.features,
        graph=graph,
        nodes=audit_graph.nodes,
        unit=saved.unit,
        n_target_rows=saved.n_target_rows,
        n_rows=provenance.n_rows,
        model_fingerprint=provenance.model_fingerprint,
        verdict=verdict,
    )
    return AuditFindings(
        target=target,
        features=saved.features,
        n_target_rows=saved.n_target_rows,
        effects=effects.of_target,
        context=effects.context,
        whole_table=effects.whole_table if len(effects.whole_table) else None,
        path_effects=effects.paths,
        verdict=verdict,
        profile=profile,
        diagnostics=Diagnostics(
            estimator_disagreement(effects.of_target),
            *_tables(saved.diagnostics),
            saved.diagnostics.warnings,
            saved.doubted,
            unsteady,
            read_turned(saved.turned),
        ),
        graph=graph,
        audit_graph=audit_graph,
        reads=saved.reads,
        outcome=saved.outcome,
        audited_outcome=saved.audited_outcome,
        audited_class=saved.audited_class,
        favourable=saved.favourable,
        details=saved.case_details,
        unit=saved.unit,
        methods=saved.methods,
        call=check_code(saved.call, call=True),
        provenance=provenance,
        skipped=saved.skipped,
        subgroups=effects.subgroups,
        subgroup_conditions=saved.subgroup_conditions,
        baselines=_baselines(saved, saved.n_target_rows),
        checks=_checks(saved, rest, kept),
        from_file=True,
    )


def _judged_again(
    saved: Any, effects: _Effects, unsteady: Unsteady | None
) -> tuple[EffectProfile | None, Verdict | None]:
    """Return the profile, and the verdict that follows from the file's estimates."""
    told = saved.verdict
    if (told is None) != (len(effects.of_target) == 0):
        raise altered("a verdict and effects belong together, and one of them is missing")
    if told is None:
        return None, None
    profile = None if saved.profile is None else read_profile(saved.profile)
    verdict = judge(
        effects.of_target,
        effects.paths,
        threshold=told.threshold,
        alpha=told.alpha,
        doubted=saved.doubted,
        profile=profile,
        unsteady=unsteady,
        turned=read_turned(saved.turned),
    )
    return profile, verdict


def _graphs(saved: Any, effects: _Effects) -> tuple[CausalGraph, CausalGraph]:
    """Return the drawn graph and the audit's, in which every feature with an effect stands."""
    graph = CausalGraph(saved.graph.edges, nodes=saved.graph.nodes, latents=saved.graph.latents)
    audit_graph = graph.with_prediction(saved.reads, outcome=saved.outcome)
    for node in saved.audit_nodes:
        if node not in audit_graph:
            audit_graph = audit_graph.add_node(node)
    named = [*saved.features, *effects.features()]
    if lost := [name for name in named if name not in audit_graph or name == PREDICTION]:
        raise DataError(f"The {WHAT} has effects of {listed(lost[:1])}, which is not in its graph.")
    return graph, audit_graph


def _baselines(saved: Any, n_target_rows: int) -> dict[str, BaselineFinding]:
    """Read what the baselines found: attributions, and what is more than that."""
    attributions = tuple(map(_attribution, saved.attributions))
    found: dict[str, BaselineFinding] = {one.method: one for one in attributions}
    if len(found) < len(attributions):
        raise altered("it holds the attributions of one method twice")
    ranks = {one.method: one for one in attributions}
    for method in BASELINES:
        if method.saved is None:
            continue
        document, own = getattr(saved, method.saved.key), ranks.get(method.name)
        if document is not None:
            found[method.name] = method.saved.read(document, own, n_target_rows)
        elif own is not None:
            raise altered(
                f"{method.saved.key} and their ranks belong together, and one of them is missing"
            )
    return found


def _checks(saved: Any, rest: Rest, kept: SavedEstimates) -> dict[str, Finding]:
    """Read the findings of the checks, each with those before it."""
    found: dict[str, Finding] = {}
    for check in CHECKS:
        document, form = getattr(saved, check.key), check.saved
        estimates = () if form.effects is None else getattr(saved.estimates, check.key)
        if document is None:
            if estimates:
                raise altered(f"it has estimates of {check.key!r}, but not what came of them")
            continue
        before = Rest(**{**vars(rest), "checks": dict(found)})
        found[check.name] = form.read(document, before, SavedEstimates(estimates, kept.blocks))
    return found


def _target(saved: SavedTarget) -> UnlearningTarget:
    return UnlearningTarget(
        saved.names,
        None if saved.rows is None else tuple(map(read_label, saved.rows)),
        None if saved.condition is None else Condition(saved.condition),
    )


def _attribution(saved: SavedAttribution) -> Attribution:
    by_feature = frame_of(saved.values, SavedAttributionRow).set_index("feature")
    by_feature.index.name = None
    return Attribution(
        method=saved.method,
        values=by_feature["value"].rename(None),
        low=by_feature["low"].rename(None) if saved.has_interval else None,
        high=by_feature["high"].rename(None) if saved.has_interval else None,
        unit=saved.unit,
        explanation=saved.explanation,
        n_rows=saved.n_rows,
        queries=saved.queries,
        exact=saved.exact,
    )


def _tables(saved: SavedDiagnostics) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    return (
        frame_of(saved.equations, SavedEquation),
        frame_of(saved.overlap, SavedOverlap),
        frame_of(saved.adjustment, SavedAdjustment),
    )


def _provenance(saved: SavedProvenance) -> Provenance:
    check_fingerprint("provenance", saved.data_fingerprint)
    check_fingerprint("provenance", saved.model_fingerprint)
    return Provenance(**{name: getattr(saved, name) for name in saved.__struct_fields__})


def _check_agreement(saved: Any, report: AuditFindings) -> None:
    """Compare what the file says in numbers with what follows from its estimates."""
    again = report_document(report)
    told, found = saved.verdict, again.verdict
    if told is not None and told.decision != found.decision:
        raise altered(f"its verdict is {told.decision!r}, but its effects give {found.decision!r}")
    for key in DERIVED:
        stated, derived = plain(getattr(saved, key)), plain(getattr(again, key))
        if saved.format_version == 2 and isinstance(stated, dict) and isinstance(derived, dict):
            if key == "verdict":
                derived = plain(_verdict_of_format_2(again.verdict))
            # What was said then may be said in more or fewer sentences by now.
            stated["sentences"] = derived["sentences"] = []
        if not _agree(stated, derived):
            raise altered(f"what stands under {key!r} does not follow from its estimates")


def _verdict_of_format_2(verdict: SavedVerdict) -> SavedVerdict:
    """Return a verdict as format 2 had it: its smallest τ covers whole intervals of all claims."""
    ends = [max(abs(claim.low or 0.0), abs(claim.high or 0.0)) for claim in verdict.claims]
    return msgspec.structs.replace(verdict, smallest_threshold=max(ends, default=0.0))


def _agree(stated: Any, found: Any) -> bool:
    """Whether two JSON values have the same shape and the same numbers; words may differ."""
    if isinstance(found, dict):
        return (
            isinstance(stated, dict)
            and stated.keys() == found.keys()
            and all(_agree(stated[key], found[key]) for key in found)
        )
    if isinstance(found, list):
        return (
            isinstance(stated, list)
            and len(stated) == len(found)
            and all(map(_agree, stated, found))
        )
    if isinstance(found, bool) or found is None or isinstance(stated, bool):
        return stated is found
    if isinstance(found, int | float):
        return (
            isinstance(stated, int | float)
            and abs(stated) <= LARGEST_NUMBER
            and math.isclose(stated, found, rel_tol=TOLERANCE, abs_tol=1e-9)
        )
    return isinstance(stated, str)
