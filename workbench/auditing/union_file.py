"""A union's audits as one text, and read back from files that strangers may have written.

Every block's report stands in it whole and is read by the rules of a saved report; what the file
says of all blocks together is made again from them (:class:`workbench.auditing.union.UnionAudit`).
"""

from __future__ import annotations

import json
from collections.abc import Mapping

from workbench.common.errors import DataError
from workbench.common.saved_values import altered
from workbench.common.strict_json import JsonPart, parse_strictly
from workbench.report.audit_report import AuditReport

__all__ = ["UNION_FORMAT", "parse_union", "union_text"]

UNION_FORMAT, VERSION = "cafe-workbench-union", 1
WHAT = "saved union"
MOST_BLOCKS = 4_096
TOLERANCE = 1e-9


def union_text(reports: Mapping[str, AuditReport], alpha: float, said: Mapping[str, str]) -> str:
    """Write all reports of a union, and what they say together."""
    blocks = [
        {"block": name, "report": json.loads(report.to_json())} for name, report in reports.items()
    ]
    document = {"format": UNION_FORMAT, "format_version": VERSION, "alpha": alpha, **said}
    return json.dumps({**document, "blocks": blocks}, ensure_ascii=False, indent=1)


def parse_union(
    text: str | bytes, keys: tuple[str, ...]
) -> tuple[dict[str, AuditReport], float, dict[str, str]]:
    """Read a union's text.

    Returns
    -------
    reports : dict of str to AuditReport
    alpha : float
    said : dict of str to str
        What the file says of all blocks together under these keys, unchecked.

    Raises
    ------
    DataError
        When it is no saved union, or its reports do not belong together.
    """
    root = parse_strictly(text, WHAT)
    if not isinstance(root.value, dict) or root.value.get("format") != UNION_FORMAT:
        raise DataError(
            "This is JSON, but not a saved union of audits. One is written by "
            "found.to_json('union.json'), where found is what wb.audit_union gives."
        )
    if root["format_version"].count() != VERSION:
        raise DataError(
            f"This union has another format than {VERSION}, the one that is read here. Update the "
            f"package cafe-workbench."
        )
    reports: dict[str, AuditReport] = {}
    for block in root["blocks"].items(MOST_BLOCKS):
        report = _report(block["report"])
        if report.target.describe() in reports:
            raise altered("a union holds the same block of rows twice")
        if block["block"].text() != report.target.describe():
            raise altered("a block of rows is not the one that its report is about")
        reports[report.target.describe()] = report
    alpha = root["alpha"].finite()
    _check_together(list(reports.values()), alpha)
    return reports, alpha, {key: root[key].text() for key in keys}


def _report(part: JsonPart) -> AuditReport:
    return AuditReport.from_json(json.dumps(part.value))


def _check_together(reports: list[AuditReport], alpha: float) -> None:
    if not reports:
        raise altered("a union holds no block of rows")
    origins = {(r.provenance.data_fingerprint, r.provenance.model_fingerprint) for r in reports}
    if len(origins) > 1:
        raise altered("the blocks of a union are about different data or models")
    verdicts = [report.verdict for report in reports if report.verdict is not None]
    if len({verdict.threshold for verdict in verdicts}) > 1:
        raise altered("the blocks of a union were judged by different thresholds")
    if any(abs(verdict.alpha * len(reports) - alpha) > TOLERANCE for verdict in verdicts):
        raise altered("the blocks of a union do not share its error rate alike")
