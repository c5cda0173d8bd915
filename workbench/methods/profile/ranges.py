"""Which levels an audit tests: all that rows support, or those that somebody named."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np

from workbench.case.asking.variations import variations_of
from workbench.case.audit_case import AuditCase
from workbench.case.intervention import Contrast, Intervention
from workbench.case.target import UnlearningTarget
from workbench.common.arrays import Positions
from workbench.common.errors import InterventionError
from workbench.methods.profile.levels import TestedLevels, named_levels, tested_levels

__all__ = ["FEWEST_NAMED", "Range", "contrasts_of", "profile_levels", "scope_of", "values_of"]

Range = Literal["levels"] | Sequence[Intervention] | Mapping[str, Sequence[Intervention]]
"""All levels, or those that contrasts name: for every feature, or by feature."""
FEWEST_NAMED = 50
"""A report about fewer named rows carries no value of theirs."""


def profile_levels(
    case: AuditCase,
    target: UnlearningTarget,
    *,
    range: Range = "levels",
    seed: int = 0,
) -> dict[str, TestedLevels]:
    """Return the levels that a profile tests, by feature.

    Raises
    ------
    InterventionError
        When a level is not one of the feature's, or a feature does not vary.
    """
    names, mask = case.resolve(target)
    positions = np.flatnonzero(mask)
    if range != "levels":
        return {name: _named(case, name, contrasts_of(range, name)) for name in names}
    defaults = variations_of(case, names, positions, None, seed)
    own = positions if target.rows is not None and len(positions) < FEWEST_NAMED else positions[:0]
    return {
        name: tested_levels(
            case.columns[name], default, seed=seed, avoid=values_of(case, name, own)
        )
        for name, default in zip(names, defaults, strict=True)
    }


def contrasts_of(
    range: Sequence[Intervention] | Mapping[str, Sequence[Intervention]],
    name: str,
) -> Sequence[Intervention]:
    """Return the contrasts that a range names for a feature."""
    return range.get(name, ()) if isinstance(range, Mapping) else range


def scope_of(
    range: Range,
    chosen: Mapping[str, TestedLevels],
) -> Literal["levels", "named", "change"]:
    """Say whether a range is all levels, several that were named, or one change."""
    if range == "levels":
        return "levels"
    return "change" if all(len(levels) == 2 for levels in chosen.values()) else "named"


def values_of(case: AuditCase, name: str, positions: Positions) -> list[float]:
    """Values of a number at some rows, which no tested level may take."""
    column = case.columns[name]
    return column.values[positions].tolist() if column.is_numeric else []


def _named(case: AuditCase, name: str, contrasts: Sequence[Intervention]) -> TestedLevels:
    column, values = case.columns[name], []
    for contrast in contrasts:
        if not isinstance(contrast, Contrast):
            raise InterventionError(
                f"A range of levels is a list of contrasts, wb.Contrast(a, b), not {contrast!r}."
            )
        values += [column.encode(contrast.a), column.encode(contrast.b)]
    if len(set(values)) < 2:
        raise InterventionError(f"The range names no two different levels of {name!r}.")
    return named_levels(column, values)
