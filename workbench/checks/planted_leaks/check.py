"""The check "leaks": how small a leak this audit would have caught."""

from __future__ import annotations

from collections.abc import Iterator

from workbench.case.audit_request import AuditRequest
from workbench.checks.finding import Check, CsvRow, Earlier
from workbench.checks.planted_leaks.findings import PlantedLeaks
from workbench.checks.planted_leaks.outline import outline
from workbench.checks.planted_leaks.saved import SAVED
from workbench.checks.planted_leaks.trials import planted_leaks

__all__ = ["CHECK"]


def _run(asked: AuditRequest, earlier: Earlier) -> PlantedLeaks:
    return planted_leaks(
        asked.case,
        asked.target,
        threshold=asked.threshold,
        alpha=asked.alpha,
        groups={name: condition.text for name, condition in asked.groups.items()},
        claims=1 if earlier.verdict is None else len(earlier.verdict.claims),
        **asked.options,
    )


def _csv_rows(found: PlantedLeaks) -> Iterator[CsvRow]:
    for rate in found.rates:
        planted = (rate.role, rate.feature, rate.comparison, f"leak of {rate.size:.6g}")
        yield "planted leak found", *planted, rate.trials, rate.rate, rate.low, rate.high
    for leak in found.shapes:
        shaped = (leak.shape, leak.feature, leak.where, f"leak of {leak.size:.6g}")
        yield "planted leak found, by shape", *shaped, leak.trials, leak.rate, leak.low, leak.high


CHECK = Check(
    name="leaks",
    key="planted_leaks",
    title="How small a leak would this audit catch?",
    question="How small a leak would be caught? (plants some)",
    does="says how small a leak would have been caught",
    cost="some hundred audits of a few features: a minute or two for a feature",
    run=_run,
    saved=SAVED,
    csv_rows=_csv_rows,
    outline=outline,
    place="last",
)
