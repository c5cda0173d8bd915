"""What can be asked of a session as it is, and why the rest cannot, in words."""

from __future__ import annotations

from collections.abc import Sequence

import workbench as wb
from workbench.checks.finding import Need
from workbench.models.training import Training

__all__ = ["why_not"]


def why_not(
    needs: Sequence[Need],
    case: wb.AuditCase | None,
    target: wb.UnlearningTarget | None,
    training: Training | None,
    learner: str | None,
) -> str:
    """Say why a check with such needs cannot be asked now; "" where it can."""
    if not needs:
        return ""
    if case is None or target is None:
        return "choose data, a model and a target first."
    if "whole rows" in needs and (target.names or target.kind not in ("datapoints", "subgroup")):
        return (
            "it is asked of whole rows. In step 3 choose single rows or a subgroup, and tick "
            "no feature."
        )
    if "training" in needs and training is None:
        return (
            "it needs rows that the model was never trained on. Step 4, “Demonstrate”, keeps "
            "some aside."
            if learner
            else "this page did not train the model and cannot train one like it. In Python, "
            "give audit(…, training=wb.Training(…))."
        )
    return ""
