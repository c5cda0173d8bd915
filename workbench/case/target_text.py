"""A target as a person writes it: a feature, or "FEATURE where CONDITION"; several make a union."""

from __future__ import annotations

from collections.abc import Sequence

from workbench.case.audit_case import AuditCase
from workbench.case.target import TargetUnion, UnlearningTarget

__all__ = ["joined_targets", "target_part"]


def target_part(case: AuditCase, text: str) -> UnlearningTarget | str:
    """Read "FEATURE where CONDITION"; a feature that is called so is meant itself.

    Returns
    -------
    UnlearningTarget or str
        The text itself where it has no condition.

    Raises
    ------
    TargetError, ConditionError
        When the case has no such feature, or the condition cannot be read.
    """
    name, where, condition = text.partition(" where ")
    if text in case.features or not where:
        return text
    names = [part.strip() for part in name.split(",")] if name not in case.features else [name]
    part = UnlearningTarget.subgroup(condition, names)
    case.resolve(part)
    return part


def joined_targets(parts: Sequence[UnlearningTarget | str]) -> UnlearningTarget | TargetUnion:
    """Join what :func:`target_part` read; a text is a feature, for every row."""
    read = [UnlearningTarget.feature(part) if isinstance(part, str) else part for part in parts]
    joined: UnlearningTarget | TargetUnion = read[0]
    for part in read[1:]:
        joined = joined | part
    return joined
