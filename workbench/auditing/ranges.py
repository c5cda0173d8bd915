"""Which levels an audit covers, and which change its report explains."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from workbench.case.asking.variations import fixed_interventions
from workbench.case.audit_case import AuditCase
from workbench.case.condition import Condition
from workbench.case.intervention import Contrast, Intervention, Interventions
from workbench.case.target import UnlearningTarget
from workbench.checks.verdict import deciding_contrasts
from workbench.common.errors import TargetError
from workbench.common.progress import Progress
from workbench.methods.debiased.simulator import Simulator
from workbench.methods.fuzzing.propagation import Equations
from workbench.methods.profile.measure import effect_profile
from workbench.methods.profile.profile import EffectProfile
from workbench.methods.profile.ranges import Range, profile_levels

__all__ = ["AuditRange", "explained", "kept_levels", "profile_of", "tested_range"]

AuditRange = Literal["levels"] | Intervention | Sequence[Intervention] | None
"""As an auditor gives it: all levels, one change, or several contrasts whose levels are tested."""


@dataclass(frozen=True)
class TestedRange:
    """What an audit tests.

    Attributes
    ----------
    levels : Range or None
        What a profile is made over; None for changes that are no contrasts.
    intervention : intervention, mapping or None
        The change that the report explains, where the auditor named one.
    """

    levels: Range | None
    intervention: Interventions


def tested_range(
    case: AuditCase,
    names: Sequence[str],
    positions: npt.NDArray[np.intp],
    given: AuditRange,
    intervention: Interventions,
    *,
    seed: int,
) -> TestedRange:
    """Read what an audit is to test from its two arguments.

    Without either all levels are tested. One change alone, given as either, is all that is
    tested then, and the verdict says so.

    Raises
    ------
    TargetError
        When the range is none.
    """
    if given is None and intervention is None:
        given = "levels"
    if isinstance(given, str):
        if given != "levels":
            raise TargetError(
                f"range={given!r} is unknown. Use 'levels', a contrast, or a list of contrasts."
            )
        return TestedRange("levels", intervention)
    if isinstance(given, list | tuple):
        if not given:
            raise TargetError("The range is empty. Use 'levels' or a list of contrasts.")
        first: Intervention = given[0]
        return TestedRange(tuple(given), first if intervention is None else intervention)
    chosen: Any = intervention if given is None else given
    fixed = fixed_interventions(case, names, positions, chosen, seed)
    if not all(isinstance(change, Contrast) for change in fixed.values()):
        return TestedRange(None, chosen)
    return TestedRange({name: (change,) for name, change in fixed.items()}, chosen)


def kept_levels(
    case: AuditCase, target: UnlearningTarget, levels: Range | None, *, seed: int
) -> dict[str, npt.NDArray[np.intp]]:
    """Return the categories that a profile sets features to: equations never pool these."""
    if levels is None:
        return {}
    found = profile_levels(case, target, range=levels, seed=seed)
    return {name: tested.values for name, tested in found.items() if not tested.column.is_numeric}


def profile_of(
    case: AuditCase,
    target: UnlearningTarget,
    levels: Range,
    equations: Equations | None,
    groups: Mapping[str, Condition],
    *,
    simulator: Simulator | None = None,
    paths: bool,
    threshold: float,
    alpha: float,
    max_queries: int | None,
    seed: int,
    progress: Progress,
) -> EffectProfile:
    """Measure the target's profile: totals by fuzzing where equations were fitted, else CAFÉ."""
    return effect_profile(
        case,
        target,
        range=levels,
        estimator="cafe" if equations is None else "fuzzing",
        threshold=threshold,
        alpha=alpha,
        groups={name: condition.text for name, condition in groups.items()},
        equations=equations,
        simulator=simulator,
        paths=paths,
        max_queries=max_queries,
        seed=seed,
        progress=progress,
    )


def explained(
    profile: EffectProfile | None, intervention: Interventions, *, chosen: bool
) -> Interventions:
    """Return the change that the report explains: the one that decides, unless one was chosen."""
    if profile is None or chosen:
        return intervention
    deciding = deciding_contrasts(profile)
    if not deciding:
        return intervention
    return {**intervention, **deciding} if isinstance(intervention, Mapping) else {**deciding}
