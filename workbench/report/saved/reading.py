"""Reports read back from files that strangers may have written.

What a report shows is made again from the estimates in the file: tables, intervals, verdict,
comparison, sentences. Nothing in the file is evaluated or taken for markup, and what the file says
twice must agree: a verdict or a table that was edited by hand does not follow from the estimates
any more, and is refused. Who edits everything consistently is not found out this way.
"""

from __future__ import annotations

import math
from typing import Any

import msgspec
import pandas as pd

from workbench.case.condition import Condition
from workbench.case.target import UnlearningTarget
from workbench.checks.diagnostics import Diagnostics, estimator_disagreement
from workbench.checks.finding import Finding, Rest
from workbench.checks.registry import CHECKS
from workbench.checks.verdict import judge
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
from workbench.methods.joint_uncertainty import read_block
from workbench.methods.method import BaselineFinding
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


def _report(saved: Any) -> AuditFindings:
    estimates = saved.estimates
    kept = SavedEstimates(
        blocks=[read_block(columns, turn) for turn, columns in enumerate(estimates.blocks)]
    )
    told = saved.verdict
    tau = None if told is None else told.threshold
    unit, seed, n_rows = saved.unit, estimates.seed, saved.n_target_rows
    effects = read_table(estimates.effects, kept, tau, unit, seed, n_rows)
    context = read_table(estimates.context, kept, tau, unit, seed, n_rows)
    whole = read_table(estimates.whole_table, kept, None, unit, seed)
    subgroups = {
        name: read_table(entries, kept, tau, unit, seed)
        for name, entries in estimates.subgroups.items()
    }
    paths = tuple(read_path(path, kept) for path in estimates.paths)
    if (told is None) != (len(effects) == 0):
        raise altered("a verdict and effects belong together, and one of them is missing")
    verdict = profile = None
    unsteady = read_unsteady(saved.unsteady)
    if told is not None:
        profile = None if saved.profile is None else read_profile(saved.profile)
        verdict = judge(
            effects,
            paths,
            threshold=told.threshold,
            alpha=told.alpha,
            doubted=saved.doubted,
            profile=profile,
            unsteady=unsteady,
        )
    graph = CausalGraph(saved.graph.edges, nodes=saved.graph.nodes, latents=saved.graph.latents)
    audit_graph = graph.with_prediction(saved.reads, outcome=saved.outcome)
    for node in saved.audit_nodes:
        if node not in audit_graph:
            audit_graph = audit_graph.add_node(node)
    singles = [
        e for t in (effects, context, whole, *subgroups.values()) for e in t if not e.combination
    ]
    named = [*saved.features, *(e.feature for e in singles), *(path.feature for path in paths)]
    if lost := [name for name in named if name not in audit_graph or name == PREDICTION]:
        raise DataError(f"The {WHAT} has effects of {listed(lost[:1])}, which is not in its graph.")
    provenance = _provenance(saved.provenance)
    target = _target(saved.target_parts)
    rest = Rest(
        target=target,
        features=saved.features,
        graph=graph,
        nodes=audit_graph.nodes,
        unit=unit,
        n_target_rows=n_rows,
        n_rows=provenance.n_rows,
        model_fingerprint=provenance.model_fingerprint,
        verdict=verdict,
    )
    return AuditFindings(
        target=target,
        features=saved.features,
        n_target_rows=n_rows,
        effects=effects,
        context=context,
        whole_table=whole if len(whole) else None,
        path_effects=paths,
        verdict=verdict,
        profile=profile,
        diagnostics=Diagnostics(
            estimator_disagreement(effects),
            *_tables(saved.diagnostics),
            saved.diagnostics.warnings,
            saved.doubted,
            unsteady,
        ),
        graph=graph,
        audit_graph=audit_graph,
        reads=saved.reads,
        outcome=saved.outcome,
        audited_outcome=saved.audited_outcome,
        audited_class=saved.audited_class,
        favourable=saved.favourable,
        details=saved.case_details,
        unit=unit,
        methods=saved.methods,
        call=check_code(saved.call, call=True),
        provenance=provenance,
        skipped=saved.skipped,
        subgroups=subgroups,
        subgroup_conditions=saved.subgroup_conditions,
        baselines=_baselines(saved, n_rows),
        checks=_checks(saved, rest, kept),
        from_file=True,
    )


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
    """Read the findings of the checks, each with those before it at hand."""
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
        saved.method,
        by_feature["value"].rename(None),
        by_feature["low"].rename(None) if saved.has_interval else None,
        by_feature["high"].rename(None) if saved.has_interval else None,
        saved.unit,
        saved.explanation,
        saved.n_rows,
        saved.queries,
        saved.exact,
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
