"""The check "membership": whether the model still treats the target's rows as rows it has seen."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from workbench.case.audit_request import AuditRequest
from workbench.checks.finding import Check, CsvRow, Earlier
from workbench.checks.membership.evidence import MembershipEvidence
from workbench.checks.membership.measure import membership_evidence
from workbench.checks.membership.outline import outline
from workbench.checks.membership.saved import SAVED
from workbench.common.errors import TargetError

__all__ = ["CHECK"]


def _run(asked: AuditRequest, _: Earlier) -> MembershipEvidence:
    if asked.training is None:
        raise TargetError(
            "Nothing says how the model was trained. Give audit(…, training=wb.Training(train, "
            "rows)), so that attacks can be tried on rows that are known to be in the model."
        )
    return membership_evidence(
        asked.case,
        asked.asked_target,
        asked.training,
        alpha=asked.alpha,
        seed=asked.seed,
        progress=asked.progress,
    )


def _csv_rows(found: MembershipEvidence) -> Iterator[CsvRow]:
    for row in found.to_frame().to_dict("records"):
        for metric in ("auc", "tpr_1", "tpr_01", "balanced_accuracy"):
            about = (row["records"], "", row["attack"], metric, row["n"])
            values = [row[f"{metric}{end}"] for end in ("", "_low", "_high")]
            if not np.isnan(values[0]):
                yield "membership", *about, *values


CHECK = Check(
    name="membership",
    key="membership",
    title="Is it still remembered?",
    question="Does the model still remember the rows? (membership attacks)",
    does="attacks the model for what it remembers of the rows",
    cost="trains some dozens of models like the audited one",
    needs=("whole rows", "training"),
    run=_run,
    saved=SAVED,
    csv_rows=_csv_rows,
    outline=outline,
    place="first",
)
