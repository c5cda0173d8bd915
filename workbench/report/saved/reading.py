"""Reports read back from files that strangers may have written.

What a report shows is made again from the estimates in the file: tables, intervals, verdict,
comparison, sentences. Nothing in the file is evaluated or taken for markup, and what the file says
twice must agree: a verdict or a table that was edited by hand does not follow from the estimates
any more, and is refused. Who edits everything consistently is not found out this way.
"""

from __future__ import annotations

import math
import re
from typing import Any

import pandas as pd

from workbench.case.condition import Condition
from workbench.case.target import UnlearningTarget
from workbench.checks.diagnostics import Diagnostics, estimator_disagreement
from workbench.checks.finding import Finding
from workbench.checks.verdict import judge
from workbench.common.errors import DataError, listed
from workbench.common.strict_json import LARGEST_NUMBER, Part, parse_strictly
from workbench.graph.causal_graph import PREDICTION, CausalGraph
from workbench.methods.attribution import Attribution
from workbench.methods.baselines.fairness import FairnessMetrics
from workbench.methods.effects import EffectTable
from workbench.methods.method import BaselineFinding
from workbench.report.findings import AuditFindings
from workbench.report.provenance import Provenance
from workbench.report.repeating_code import check_code, read_label
from workbench.report.saved.change import read_change
from workbench.report.saved.checks import (
    read_associations,
    read_graph_sensitivity,
    read_hidden_subgroups,
)
from workbench.report.saved.document import FORMAT, FORMAT_VERSION, plain, report_document
from workbench.report.saved.estimates import Columns, altered, read_entry, read_frame, read_path
from workbench.report.saved.further import read_actions, read_leaks, read_membership
from workbench.report.saved.joint_uncertainty import read_block
from workbench.report.saved.profile import read_profile

__all__ = ["parse_findings"]

WHAT = "saved report"
EQUATIONS: Columns = {
    "node": "text",
    "causes": "text",
    "kind": "text",
    "held_out_fit": "number",
    "rows": "count",
}
OVERLAP: Columns = {"feature": "text", "level": "text", "given": "text", "unsupported": "number"}
ADJUSTMENT: Columns = {
    "feature": "text",
    "adjustment_set": "text",
    "mediators": "text",
    "read_by_model": "flag",
}
FAIRNESS: Columns = {
    "feature": "text",
    "privileged": "text",
    "unprivileged": "text",
    "split": "text",
    "metric": "text",
    "value": "number",
    "low": "number",
    "high": "number",
    "ideal": "number",
    "n_privileged": "count",
    "n_unprivileged": "count",
    "recorded_value": "number",
}
VALUES: Columns = {"feature": "text", "value": "number", "low": "number", "high": "number"}
MOST_ENTRIES = 5_000
"""Entries of an effect table that are read."""
FINGERPRINT = re.compile("[0-9a-f]{64}")
DERIVED = (
    "verdict",
    "change",
    "effects",
    "context",
    "subgroups",
    "paths",
    "comparison",
    "agreement",
    "diagnostics",
    "associations",
    "hidden_subgroups",
    "graph_sensitivity",
    "next_actions",
    "planted_leaks",
    "membership",
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
    report = _report(root)
    _check_agreement(root, report)
    return report


def _check_format(root: Part) -> None:
    if not isinstance(root.value, dict) or root.value.get("format") != FORMAT:
        raise DataError(
            "This is JSON, but not a saved report of the workbench. One is written by "
            "report.to_json('report.json')."
        )
    version = root["format_version"].count()
    if version < FORMAT_VERSION:
        raise DataError(
            f"This report has format {version}, which keeps too little to be read back. Repeat "
            f"the audit with the code in it, and save it again."
        )
    if version > FORMAT_VERSION:
        raise DataError(
            f"This report has format {version}, made by a newer version of the workbench; this "
            f"one reads format {FORMAT_VERSION}. Update the package cafe-workbench."
        )


def _report(root: Part) -> AuditFindings:
    estimates = root["estimates"]
    blocks = [
        read_block(part, turn) for turn, part in enumerate(estimates["blocks"].items(MOST_ENTRIES))
    ]
    seed, unit = estimates["seed"].count(), root["unit"].text()
    tau = None if root["verdict"].value is None else root["verdict"]["threshold"].finite()
    n_rows = root["n_target_rows"].count()

    def table(part: Part, rows: int) -> EffectTable:
        entries = tuple(read_entry(entry, blocks, tau) for entry in part.items(MOST_ENTRIES))
        return EffectTable(entries, pd.RangeIndex(rows), unit, seed)

    effects = table(estimates["effects"], n_rows)
    paths = tuple(read_path(part, blocks) for part in estimates["paths"].items(MOST_ENTRIES))
    verdict = profile = None
    told = root.optional("doubted")  # older files have none
    doubted = () if told.value is None else told.texts()
    if tau is not None:
        alpha = root["verdict"]["alpha"].finite()
        profile = read_profile(root.optional("profile"))
        verdict = judge(
            effects, paths, threshold=tau, alpha=alpha, doubted=doubted, profile=profile
        )
    if (verdict is None) != (len(effects) == 0):
        raise altered("a verdict and effects belong together, and one of them is missing")
    subgroups = {}
    for name, part in estimates["subgroups"].pairs(MOST_ENTRIES):
        found = table(part, 0)
        size = max((entry.n_rows for entry in found), default=0)
        subgroups[name] = EffectTable(found.entries, pd.RangeIndex(size), unit, seed)
    graph = _graph(root["graph"])
    reads, outcome = root["reads"].texts(), root["outcome"].optional_text()
    features = root["features"].texts()
    audit_graph = graph.with_prediction(reads, outcome=outcome)
    for node in root["audit_nodes"].texts():
        if node not in audit_graph:
            audit_graph = audit_graph.add_node(node)
    context = table(estimates["context"], n_rows)
    singles = [e for t in (effects, context, *subgroups.values()) for e in t if not e.combination]
    named = [*features, *(e.feature for e in singles), *(path.feature for path in paths)]
    if lost := [name for name in named if name not in audit_graph or name == PREDICTION]:
        raise DataError(f"The {WHAT} has effects of {listed(lost[:1])}, which is not in its graph.")
    if not features:
        raise root["features"].error("is empty; a report is about some feature.")
    provenance = _provenance(root["provenance"])
    target = _target(root["target_parts"])
    change = read_change(
        root.optional("change"),
        estimates.optional("change"),
        blocks,
        unit=unit,
        n_rows=(n_rows, provenance.n_rows),
        fingerprint=provenance.model_fingerprint,
        verdict=verdict,
        forgotten=target.names if target.kind in ("feature", "features") else (),
    )
    attributions = tuple(_attribution(part) for part in root["attributions"].items(100))
    baselines: dict[str, BaselineFinding] = {found.method: found for found in attributions}
    if len(baselines) < len(attributions):
        raise root["attributions"].error("holds a method twice.")
    associations = read_associations(root.optional("associations"), attributions, n_rows)
    if associations is not None:
        baselines["fairtest"] = associations
    if root["fairness"].value is not None:
        baselines["aif360"] = FairnessMetrics(read_frame(root["fairness"], FAIRNESS))
    checks: dict[str, Finding | None] = {
        "subgroups": read_hidden_subgroups(
            root.optional("hidden_subgroups"), features, n_rows, verdict
        ),
        "graph": read_graph_sensitivity(
            root.optional("graph_sensitivity"), graph, features, verdict
        ),
        "change": change,
        "actions": read_actions(
            root.optional("next_actions"),
            features=features,
            nodes=audit_graph.nodes,
            verdict=verdict,
            retrained=change is not None and change.n_retrained > 0,
        ),
        "leaks": read_leaks(
            root.optional("planted_leaks"),
            features=features,
            verdict=verdict,
            n_rows=provenance.n_rows,
            unit=unit,
        ),
        "membership": read_membership(root.optional("membership"), target, n_rows),
    }
    return AuditFindings(
        target=target,
        features=features,
        n_target_rows=n_rows,
        effects=effects,
        context=context,
        path_effects=paths,
        verdict=verdict,
        profile=profile,
        diagnostics=_diagnostics(root["diagnostics"], effects, doubted),
        graph=graph,
        audit_graph=audit_graph,
        reads=reads,
        outcome=outcome,
        unit=unit,
        methods=root["methods"].texts(),
        call=check_code(root["call"].text(), call=True),
        provenance=provenance,
        skipped={name: part.text() for name, part in root["skipped"].pairs()},
        subgroups=subgroups,
        subgroup_conditions={n: p.text() for n, p in root["subgroup_conditions"].pairs()},
        baselines=baselines,
        checks={name: found for name, found in checks.items() if found is not None},
        from_file=True,
    )


def _graph(part: Part) -> CausalGraph:
    edges = [edge.texts() for edge in part["edges"].items()]
    if any(len(edge) != 2 for edge in edges):
        raise part.error("holds an edge that is not a pair of names.")
    pairs = [(edge[0], edge[1]) for edge in edges]
    return CausalGraph(pairs, nodes=part["nodes"].texts(), latents=part["latents"].texts())


def _target(part: Part) -> UnlearningTarget:
    rows, condition = part["rows"], part["condition"].optional_text()
    return UnlearningTarget(
        part["names"].texts(),
        None if rows.value is None else tuple(read_label(label) for label in rows.items()),
        None if condition is None else Condition(condition),
    )


def _attribution(part: Part) -> Attribution:
    frame = read_frame(part["values"], VALUES)
    by_feature = frame.set_index("feature")
    by_feature.index.name = None
    interval = part["has_interval"].flag()
    return Attribution(
        part["method"].text(),
        by_feature["value"].rename(None),
        by_feature["low"].rename(None) if interval else None,
        by_feature["high"].rename(None) if interval else None,
        part["unit"].text(),
        part["explanation"].text(),
        part["n_rows"].count(),
        part["queries"].count(),
        part["exact"].flag(),
    )


def _diagnostics(part: Part, effects: EffectTable, doubted: tuple[str, ...]) -> Diagnostics:
    return Diagnostics(
        estimator_disagreement(effects),
        read_frame(part["equations"], EQUATIONS),
        read_frame(part["overlap"], OVERLAP),
        read_frame(part["adjustment"], ADJUSTMENT),
        part["warnings"].texts(),
        doubted,
    )


def _provenance(part: Part) -> Provenance:
    prints = [part[key].text() for key in ("data_fingerprint", "model_fingerprint")]
    if not all(map(FINGERPRINT.fullmatch, prints)):
        raise part.error("holds a fingerprint that is not SHA-256 in hexadecimal.")
    return Provenance(
        prints[0],
        prints[1],
        part["n_rows"].count(),
        part["model"].text(),
        part["seed"].count(),
        {name: value.text() for name, value in part["interventions"].pairs()},
        {name: value.text() for name, value in part["versions"].pairs()},
        part["created"].text(),
        {name: value.count() for name, value in part["queries"].pairs()},
        {name: value.finite() for name, value in part["seconds"].pairs()},
    )


def _check_agreement(root: Part, report: AuditFindings) -> None:
    """Compare what the file says in numbers with what follows from its estimates."""
    again = plain(report_document(report))
    stated, found = root["verdict"].value, again["verdict"]
    if stated is not None and root["verdict"]["decision"].value != found["decision"]:
        raise altered(
            f"its verdict is {root['verdict']['decision'].value!r:.40}, but its effects give "
            f"{found['decision']!r}"
        )
    for key in DERIVED:
        if not _agree(root.optional(key).value, again[key]):
            raise altered(f"what stands under {key!r} does not follow from its estimates")


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
