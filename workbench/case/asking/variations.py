"""The interventions of a target's features, resolved on its rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from workbench.case.audit_case import AuditCase
from workbench.case.intervention import (
    Contrast,
    Intervention,
    Interventions,
    Variation,
    is_number,
    vary,
)
from workbench.common.arrays import Positions
from workbench.common.errors import TargetError

__all__ = ["fixed_interventions", "variations_of"]


def variations_of(
    case: AuditCase,
    names: Sequence[str],
    positions: Positions,
    intervention: Interventions,
    seed: int,
) -> list[Variation]:
    """Resolve the intervention of every feature on the target's rows.

    Raises
    ------
    InterventionError
        When a level lies outside a feature's observed domain.
    TargetError
        When an intervention is given for a feature that is not in the target, or the seed is no
        whole number from 0.
    """
    if not is_number(seed, whole=True) or seed < 0:
        raise TargetError(f"The seed must be a whole number from 0, not {seed!r}.")
    if isinstance(intervention, Mapping):
        foreign = [name for name in intervention if name not in names]
        if foreign:
            raise TargetError(
                f"An intervention is given for {foreign[0]!r}, which is not in the target. "
                f"Features of the target: {', '.join(names)}."
            )
    return [
        vary(
            case.columns[name],
            intervention,
            positions,
            predictions=case.predictions,
            parents=[case.columns[p] for p in case.audit_graph.parents(name) if p in case.columns],
            seed=seed,
        )
        for name in names
    ]


def fixed_interventions(
    case: AuditCase,
    names: Sequence[str],
    positions: Positions,
    intervention: Interventions,
    seed: int,
) -> dict[str, Intervention]:
    """Return the interventions with their default levels written out.

    What is estimated on other rows or for other models then varies the features in the same way.

    Raises
    ------
    InterventionError, TargetError
        As :func:`variations_of`.
    """
    fixed: dict[str, Intervention] = {}
    for variation in variations_of(case, names, positions, intervention, seed):
        chosen = (
            intervention.get(variation.feature)
            if isinstance(intervention, Mapping)
            else intervention
        )
        if chosen is None:
            column = case.columns[variation.feature]
            low, high = variation.before[0], variation.after[0][0]
            levels = (low, high) if column.is_numeric else (column.levels[low], column.levels[high])
            chosen = Contrast(*(v.item() if isinstance(v, np.generic) else v for v in levels))
        fixed[variation.feature] = chosen
    return fixed
