"""The check "graph": how the finding depends on the graph."""

from __future__ import annotations

from collections.abc import Iterator

from workbench.case.audit_request import AuditRequest
from workbench.checks.finding import Check, CsvRow, Earlier
from workbench.checks.graph_sensitivity.finding import GraphSensitivity
from workbench.checks.graph_sensitivity.measure import AuditedFinding, graph_sensitivity
from workbench.checks.graph_sensitivity.outline import outline
from workbench.checks.graph_sensitivity.saved import SAVED

__all__ = ["CHECK"]


def _run(asked: AuditRequest, earlier: Earlier) -> GraphSensitivity:
    audited = None
    if earlier.verdict is not None and earlier.effects is not None:
        audited = AuditedFinding(
            earlier.effects.judged,
            earlier.profile,
            tuple(earlier.paths),
            earlier.verdict.doubted,
            earlier.unsteady,
        )
    return graph_sensitivity(
        asked.case,
        asked.target,
        threshold=asked.threshold,
        alpha=asked.alpha,
        audited=audited,
        **asked.options,
    )


def _csv_rows(found: GraphSensitivity) -> Iterator[CsvRow]:
    by = "debiased" if found.corrected else "cafe"
    for row in found.shares.to_dict("records"):
        named = ("other graphs that change the finding", row["graphs"], "", by, "share")
        yield *named, row["n"], row["share"], row["low"], row["high"]
    for cause in found.confounding:
        need = ("hidden common cause that would do", "", cause.feature, "cafe", "partial R²")
        yield *need, "", cause.robustness, "", ""


CHECK = Check(
    name="graph",
    key="graph_sensitivity",
    title="What if the graph is wrong?",
    question="Is the graph right? (tries other graphs)",
    does="tries other graphs",
    cost="up to about 6 seconds on tens of thousands of rows",
    run=_run,
    asks=True,
    saved=SAVED,
    csv_rows=_csv_rows,
    outline=outline,
    place="sure",
)
