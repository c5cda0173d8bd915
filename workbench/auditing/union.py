"""A union of targets, audited in blocks of rows with the same features, and one verdict on all."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from workbench.auditing.joint_verdict import (
    JointVerdict,
    audited_together,
    decision_of,
    headline_of,
)
from workbench.case.audit_case import AuditCase
from workbench.case.target import TargetUnion
from workbench.common.errors import TargetError
from workbench.common.wording import listing, share
from workbench.methods.registry import METHOD_NAMES

__all__ = ["UnionAudit", "audit_union"]


@dataclass(frozen=True, eq=False)
class UnionAudit(JointVerdict):
    """The audits of a union's blocks of rows, by what each is in words, and what they say together.

    Each report repeats itself with the code in it.
    """

    @property
    def headline(self) -> str:
        """The verdict in one sentence, which names the blocks that it rests on."""
        decision = self.decision
        chosen = [name for name, report in self.reports.items() if decision_of(report) == decision]
        count = len(self.reports)
        if decision == "inconclusive":
            return f"Open for {listing(chosen, most=15)}, of {count} blocks of rows."
        # Each says what it covers: the share of the people differs with the rows of a block.
        found = "; ".join(f"{name}: {headline_of(self.reports[name])}" for name in chosen)
        if decision == "below":
            return f"In none of {count} blocks of rows is influence found. {found}"
        return f"Found in {len(chosen)} of {count} blocks of rows. {found}"

    @property
    def explanation(self) -> str:
        """Return how the error rate was shared, and what each block's report says."""
        count = len(self.reports)
        each = [
            f"{name} ({report.n_target_rows:,} rows): {decision_of(report)}"
            for name, report in self.reports.items()
        ]
        return (
            f"Each of {count} blocks of rows, for which the same features were to be forgotten, "
            f"was audited at 1/{count} of the error rate of {share(self.alpha)}, which all "
            f"together keep. {'; '.join(each)}."
        )


def audit_union(
    case: AuditCase,
    target: TargetUnion,
    methods: Iterable[str] = METHOD_NAMES,
    *,
    alpha: float = 0.05,
    **options: Any,
) -> UnionAudit:
    """Audit different features for different rows, and judge them together.

    Parameters
    ----------
    case : AuditCase
    target : TargetUnion
        Targets joined by ``|``.
    methods, options
        As for :func:`workbench.audit`.
    alpha : float, default 0.05
        Error rate of the verdict over all blocks; each is audited at its share of it.

    Returns
    -------
    UnionAudit

    Examples
    --------
    >>> import numpy as np
    >>> import pandas as pd
    >>> import workbench as wb
    >>> rng = np.random.default_rng(0)
    >>> frame = pd.DataFrame({"a": rng.integers(0, 2, 900), "b": rng.normal(size=900)})
    >>> case = wb.AuditCase(data=frame, model=lambda rows: 0.3 * rows["a"] * (rows["b"] > 1),
    ...                     features=["a", "b"], graph=wb.CausalGraph([], nodes=["a", "b"]))
    >>> whom = wb.UnlearningTarget.subgroup("b > 1", ["a"]) | wb.UnlearningTarget.subgroup(
    ...     "b <= 0", ["b"])
    >>> audit_union(case, whom, ["cafe"], threshold=0.02).decision
    'above'
    """
    if not isinstance(target, TargetUnion):
        raise TargetError("A union is made of targets by |, for instance target_a | target_b.")
    blocks = {block.describe(): (case, block) for block in target.blocks(case.data)}
    return UnionAudit(audited_together(blocks, methods, alpha=alpha, **options), alpha)
