"""Features that predictions go with, over their levels, by more than the drawn graph explains.

Only of features that nothing is drawn before: with nothing to adjust for, what predictions go with
is their total effect, if the graph is right, whatever the shape of either.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from workbench.case.audit_case import AuditCase
from workbench.case.intervention import Variation
from workbench.case.target import UnlearningTarget
from workbench.common.against_threshold import lies_beyond
from workbench.common.wording import signed
from workbench.methods.level_regression import levels_tested, regressed_levels, sampled
from workbench.methods.profile.profile import EffectProfile
from workbench.tables.column_bases import column_basis

__all__ = ["undrawn_arrows"]

CLEAR = 3.0
"""Standard errors by which the largest of several differences must lie beyond the threshold."""


def undrawn_arrows(
    case: AuditCase,
    target: UnlearningTarget,
    varied: Sequence[Variation],
    profile: EffectProfile | None,
    *,
    threshold: float,
    seed: int = 0,
) -> dict[str, str]:
    """Say, by feature, that some arrow out of it must be missing, or a common cause.

    Only for targets of all rows: among some rows, what they were chosen by can tie a feature to
    predictions without an arrow.
    """
    if profile is None or target.rows is not None or target.condition is not None:
        return {}
    rows = sampled(np.arange(case.n_rows), seed)
    found = {}
    for variation in varied:
        name, column = variation.feature, case.columns[variation.feature]
        tested = [level for level in profile[name].levels if level.raw]
        if case.audit_graph.parents(name) or len(tested) < 2 or "total" not in tested[0].effects:
            continue
        own = column_basis(column, "flexible")(column.values[rows])
        levels = levels_tested(column, variation, profile)
        seen = regressed_levels(column, levels, own, (), case.predictions[rows])
        drawn = np.array([level.effects["total"][0] for level in tested])
        left = seen.means - drawn
        low, high = sorted((int(left.argmin()), int(left.argmax())))
        gap, error = float(left[high] - left[low]), seen.between(low, high)[1]
        if lies_beyond(gap - CLEAR * error, gap + CLEAR * error, threshold):
            change = f"{tested[low].label} → {tested[high].label}"
            found[name] = (
                f"Over the levels of {name} predictions differ by {signed(gap)} ({change}) more "
                f"than the graph explains. It may miss an arrow out of {name}, or a common cause: "
                f"no small effect of {name} can be believed."
            )
    return found
