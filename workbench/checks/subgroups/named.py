"""CAFÉ's effects again in named subgroups of a target's rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from workbench.case.audit_case import AuditCase
from workbench.case.condition import Condition
from workbench.case.intervention import Interventions
from workbench.case.target import UnlearningTarget
from workbench.common.errors import AuditError, ConditionError, TargetError
from workbench.common.limits import SUBGROUP_NAME_CHARACTERS
from workbench.common.progress import Progress
from workbench.methods.debiased.estimator import debiased_effects
from workbench.methods.effects import EffectTable

__all__ = ["effects_by_subgroup", "effects_where", "read_subgroups"]

SMALLEST_SUBGROUP = 2
"""Rows that a subgroup needs for an interval."""
MOST_EFFECTS = 500
"""Subgroups times features; more would make neither a readable report nor a small file."""


def read_subgroups(
    case: AuditCase, subgroups: Mapping[str, str] | None, features: tuple[str, ...]
) -> dict[str, Condition]:
    """Read conditions by name and try each on the data, so that a slip in one costs no run.

    Raises
    ------
    ConditionError
        When a condition is not in the language or does not fit the data; it names the subgroup.
    TargetError
        When the subgroups are not conditions by name, or too many.
    """
    given: Any = {} if subgroups is None else subgroups
    if not isinstance(given, Mapping):
        raise TargetError(
            f"Subgroups are conditions by name, such as {{'elderly': 'age > 65'}}, not a "
            f"{type(given).__name__}."
        )
    if len(given) * len(features) > MOST_EFFECTS:
        raise TargetError(
            f"{len(given)} subgroups times {len(features)} feature"
            f"{'' if len(features) == 1 else 's'} are too many: at most {MOST_EFFECTS} effects in "
            f"subgroups are estimated at once."
        )
    read = {}
    for name, text in given.items():
        if not isinstance(name, str) or not name.strip() or len(name) > SUBGROUP_NAME_CHARACTERS:
            raise TargetError(
                f"A subgroup is named by a text of 1 to {SUBGROUP_NAME_CHARACTERS} characters, "
                f"not by {name!r:.80}."
            )
        try:
            read[name] = Condition(text)
            read[name].mask(case.data)
        except ConditionError as error:
            raise ConditionError(f"Subgroup {name!r}: {error}") from None
    return read


def effects_by_subgroup(
    case: AuditCase,
    target: UnlearningTarget,
    groups: Mapping[str, Condition],
    estimate: Callable[..., EffectTable] = debiased_effects,
    *,
    intervention: Interventions = None,
    seed: int = 0,
    progress: Progress,
) -> tuple[dict[str, EffectTable], dict[str, str]]:
    """Estimate effects in every subgroup; see :func:`effects_where`.

    Returns
    -------
    found : dict of str to EffectTable
    left_out : dict of str to str
        Why there are no effects in the others, in words.
    """
    found, left_out = {}, {}
    for place, (name, condition) in enumerate(groups.items()):
        try:
            found[name] = effects_where(
                case,
                target,
                condition,
                estimate,
                intervention=intervention,
                seed=seed,
                progress=partial(_part_done, progress, place, len(groups)),
            )
        except AuditError as error:
            left_out[name] = str(error)
    return found, left_out


def _part_done(progress: Progress, done: int, parts: int, _: str, share: float) -> None:
    """Say how far all subgroups are when one is done in part."""
    progress("subgroups", (done + share) / parts)


def effects_where(
    case: AuditCase,
    target: UnlearningTarget,
    condition: Condition,
    estimate: Callable[..., EffectTable] = debiased_effects,
    *,
    intervention: Interventions = None,
    seed: int = 0,
    progress: Progress,
) -> EffectTable:
    """Estimate effects on the target's rows where a condition holds.

    Default levels come from the whole column, never from the rows, so that the interventions are
    those of the target itself; and every influence column is as long as the data, so that
    ``subgroup − whole`` has an honest interval.

    Parameters
    ----------
    estimate : callable
        The estimator: the debiased one, with its simulator where there is one, or CAFÉ.

    Raises
    ------
    TargetError
        When fewer than two of the target's rows satisfy the condition.
    AuditError
        As the estimator.
    """
    names, mask = case.resolve(target)
    inside = mask & condition.mask(case.data)
    count = int(inside.sum())
    if count < SMALLEST_SUBGROUP:
        raise TargetError(
            f"{condition.text!r} holds for {count or 'none'} of the target's rows; an interval "
            f"takes at least {SMALLEST_SUBGROUP}. Widen the condition."
        )
    if target.rows is not None:
        labels = set(case.data.index[inside])
        kept = tuple(label for label in target.rows if label in labels)
        part = UnlearningTarget(names, rows=kept)
    elif target.condition is not None:
        both = Condition(f"({target.condition.text}) and ({condition.text})")
        part = UnlearningTarget(names, condition=both)
    else:
        part = UnlearningTarget(names, condition=condition)
    return estimate(case, part, intervention=intervention, seed=seed, progress=progress)
