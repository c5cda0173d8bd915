"""The unlearning target: rows T × features A (``estimands.md``, "Setting")."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from workbench.case.condition import Condition
from workbench.common.errors import TargetError, listed, suggestion

__all__ = ["TargetUnion", "UnlearningTarget", "check_target"]

_PLAIN = np.number, np.bool_, np.str_
"""numpy scalars whose plain Python value is the same label."""
MOST_PARTS = 4
"""Targets that a union joins; each doubles the blocks of rows that there can be."""


@dataclass(frozen=True)
class UnlearningTarget:
    """What a model is said to have forgotten: some features on some rows.

    Use the constructors :meth:`feature`, :meth:`features`, :meth:`datapoints` and
    :meth:`subgroup`.

    Attributes
    ----------
    names : tuple of str
        The features A; empty means every feature that the model reads.
    rows : tuple of hashable or None
        Index labels of the datapoints T, or None for all rows or a condition.
    condition : Condition or None
        The subgroup's condition, or None.

    Examples
    --------
    >>> UnlearningTarget.subgroup("age > 50", ["bmi"]).describe()
    'bmi where age > 50'
    """

    names: tuple[str, ...] = ()
    rows: tuple[Hashable, ...] | None = None
    condition: Condition | None = None

    def __post_init__(self) -> None:
        _check_names(self.names)
        if self.rows is not None:
            _check_labels(self.rows)
            if self.condition is not None:
                raise TargetError(
                    "A target has either datapoints or a condition, not both. Name the rows that "
                    "satisfy the condition, or leave them out."
                )

    @classmethod
    def feature(cls, name: str) -> UnlearningTarget:
        """Target one feature on every row."""
        return cls(names=_feature_names([name]))

    @classmethod
    def features(cls, names: Iterable[str]) -> UnlearningTarget:
        """Target several features on every row.

        Raises
        ------
        TargetError
            When no feature is named or one is named twice.
        """
        return cls(names=_feature_names(names))

    @classmethod
    def datapoints(
        cls, rows: Iterable[Hashable] | Hashable, features: Iterable[str] | None = None
    ) -> UnlearningTarget:
        """Target single rows, by index label; all features that the model reads by default.

        The effect at a row says how the model treats the row's inputs, not whether the row was
        in the training set (``estimands.md``, "Contradictions").

        Raises
        ------
        TargetError
            When no row is named or one is named twice.
        """
        single = isinstance(rows, str) or not isinstance(rows, Iterable)
        given: list[Any] = [rows] if single else list(rows)  # type: ignore[arg-type]
        labels = tuple(row.item() if isinstance(row, _PLAIN) else row for row in given)
        return cls(names=() if features is None else _feature_names(features), rows=labels)

    @classmethod
    def subgroup(cls, condition: str, features: Iterable[str] | None = None) -> UnlearningTarget:
        """Target the rows where a condition holds (see :class:`Condition`).

        Raises
        ------
        ConditionError
            When the condition is not in the condition language.
        """
        names = () if features is None else _feature_names(features)
        return cls(names=names, condition=Condition(condition))

    def __or__(self, other: UnlearningTarget) -> UnlearningTarget | TargetUnion:
        """Join two targets: to one where one can say it, else to a union of the two.

        Targets of the same rows join their features; targets of the same features join their rows.
        Of different features for different rows a :class:`TargetUnion` comes.

        Raises
        ------
        TargetError
            When one names rows by label and the other does not.

        Examples
        --------
        >>> young = UnlearningTarget.subgroup("age < 25", ["zip"])
        >>> (young | UnlearningTarget.subgroup("age > 70", ["zip"])).describe()
        'zip where (age < 25) or (age > 70)'
        >>> (young | UnlearningTarget.feature("race")).describe()
        'zip where age < 25; race'
        """
        if not isinstance(other, UnlearningTarget):
            return NotImplemented
        if self == other:
            return self
        if (self.rows, self.condition) == (other.rows, other.condition):
            return UnlearningTarget(_joined([self, other]), self.rows, self.condition)
        if set(self.names) == set(other.names):
            if self._everyone or other._everyone:
                return UnlearningTarget(self.names)
            if self.rows is not None and other.rows is not None:
                rows = tuple(dict.fromkeys([*self.rows, *other.rows]))
                return UnlearningTarget(self.names, rows)
            if self.condition is not None and other.condition is not None:
                either = Condition(f"({self.condition.text}) or ({other.condition.text})")
                return UnlearningTarget(self.names, condition=either)
        return TargetUnion((self, other))

    @property
    def _everyone(self) -> bool:
        return self.rows is None and self.condition is None

    @property
    def kind(self) -> Literal["feature", "features", "datapoints", "subgroup"]:
        """Which constructor the target came from."""
        if self.rows is not None:
            return "datapoints"
        if self.condition is not None:
            return "subgroup"
        return "feature" if len(self.names) == 1 else "features"

    def mask(self, data: pd.DataFrame) -> npt.NDArray[np.bool_]:
        """Return which rows of `data` are in T, shape (n,), dtype bool.

        Raises
        ------
        TargetError
            When a datapoint is not in the index, the index is not unique, or no row satisfies
            the condition.
        """
        if self.rows is not None:
            return self._datapoint_mask(data)
        if self.condition is None:
            return np.ones(len(data), dtype=bool)
        mask = self.condition.mask(data)
        if not mask.any():
            raise TargetError(
                f"The subgroup is empty: none of the {len(data):,} rows satisfies "
                f"{self.condition.text!r}. Widen the condition."
            )
        return mask

    def _datapoint_mask(self, data: pd.DataFrame) -> npt.NDArray[np.bool_]:
        assert self.rows is not None
        if not data.index.is_unique:
            raise TargetError(
                "Datapoints are named by index label, but the data's index has duplicates. "
                "Reset it first: data.reset_index(drop=True)."
            )
        # As objects, so that the label "3" is never taken for the label 3.
        wanted = pd.Index(self.rows, dtype=object, tupleize_cols=False)
        found = data.index.astype(object) if data.index.nlevels == 1 else data.index.to_flat_index()
        positions = found.get_indexer(wanted)
        missing = [label for label, at in zip(self.rows, positions, strict=True) if at < 0]
        if missing:
            raise TargetError(
                f"The data has no row labelled {listed(missing)}. Its index runs from "
                f"{data.index[0]!r} to {data.index[-1]!r}."
            )
        mask = np.zeros(len(data), dtype=bool)
        mask[positions] = True
        return mask

    def resolve_names(self, known: Iterable[str], read: Iterable[str]) -> tuple[str, ...]:
        """Return the features A, checked against the `known` ones.

        Raises
        ------
        TargetError
            When a named feature is unknown.
        """
        known = tuple(known)
        unknown = [name for name in self.names if name not in known]
        if unknown:
            raise TargetError(
                f"The target names {listed(unknown)}, which is not a feature of this audit."
                f"{suggestion(unknown[0], known)} Features: {listed(known)}."
            )
        return self.names or tuple(name for name in read if name in known)

    def describe(self) -> str:
        """Say in words what is to be forgotten."""
        names = ", ".join(self.names) or "all features"
        if self.rows is not None:
            shown = ", ".join(str(label) for label in self.rows[:5])
            more = f" and {len(self.rows) - 5} more" if len(self.rows) > 5 else ""
            return f"{names} of row{'s' if len(self.rows) > 1 else ''} {shown}{more}"
        return f"{names} where {self.condition.text}" if self.condition else names

    def to_code(self) -> str:
        """Return the Python call that makes this target."""
        names = list(self.names)
        if self.rows is not None:
            features = f", features={names!r}" if names else ""
            return f"wb.UnlearningTarget.datapoints({list(self.rows)!r}{features})"
        if self.condition is not None:
            features = f", {names!r}" if names else ""
            return f"wb.UnlearningTarget.subgroup({self.condition.text!r}{features})"
        if not names:
            return "wb.UnlearningTarget()"
        if len(names) == 1:
            return f"wb.UnlearningTarget.feature({names[0]!r})"
        return f"wb.UnlearningTarget.features({names!r})"


@dataclass(frozen=True)
class TargetUnion:
    """Different features for different rows: several targets, joined by ``|``.

    Audited by :func:`workbench.audit_union`, in blocks of rows for which the same features were
    to be forgotten.

    Attributes
    ----------
    parts : tuple of UnlearningTarget
    """

    parts: tuple[UnlearningTarget, ...]

    def __post_init__(self) -> None:
        if not 2 <= len(self.parts) <= MOST_PARTS:
            raise TargetError(f"A union has 2 to {MOST_PARTS} targets, not {len(self.parts)}.")
        labelled = [part.rows is not None for part in self.parts]
        if any(labelled) and not all(labelled):
            shown = " and ".join(repr(part.describe()) for part in self.parts)
            raise TargetError(
                f"{shown} make no union: one names rows by label, another does not. Audit each by "
                f"itself; what they do together is not tested then."
            )

    def __or__(self, other: UnlearningTarget) -> TargetUnion:
        """Return the union with one target more."""
        if not isinstance(other, UnlearningTarget):
            return NotImplemented
        return TargetUnion((*self.parts, other))

    def blocks(self, data: pd.DataFrame) -> tuple[UnlearningTarget, ...]:
        """Return one target for each block of rows with the same features to be forgotten.

        The blocks share no row; those without any are left out. That its rows do not meet a
        condition is said of a block only where they could.

        Raises
        ------
        TargetError
            When a part has no rows.
        """
        masks = [part.mask(data) for part in self.parts]
        found = []
        for chosen in product((True, False), repeat=len(self.parts)):
            inside = _inside(masks, chosen)
            if any(chosen) and inside.any():
                found.append(self._block(chosen, masks, data.index[inside]))
        return tuple(found)

    def _block(
        self, chosen: tuple[bool, ...], masks: list[npt.NDArray[np.bool_]], labels: pd.Index
    ) -> UnlearningTarget:
        names = _joined([part for part, one in zip(self.parts, chosen, strict=True) if one])
        if self.parts[0].rows is not None:
            return UnlearningTarget(names, tuple(labels.tolist()))
        met, not_met = [], []
        for place, (part, one) in enumerate(zip(self.parts, chosen, strict=True)):
            if part.condition is not None and one:
                met.append(part.condition.text)
            elif part.condition is not None and not _implied(place, masks, chosen):
                not_met.append(part.condition.text)
        if len(met) == 1 and not not_met:
            return UnlearningTarget(names, condition=Condition(met[0]))
        told = " and ".join([*(f"({text})" for text in met), *(f"not ({t})" for t in not_met)])
        return UnlearningTarget(names, condition=Condition(told) if told else None)

    def describe(self) -> str:
        """Say in words what is to be forgotten."""
        return "; ".join(part.describe() for part in self.parts)

    def to_code(self) -> str:
        """Return the Python expression that makes this union."""
        return " | ".join(part.to_code() for part in self.parts)


def _inside(
    masks: Sequence[npt.NDArray[np.bool_]], chosen: Sequence[bool]
) -> npt.NDArray[np.bool_]:
    """Return the rows that are in all chosen parts and in none of the others."""
    sides = [mask if one else ~mask for mask, one in zip(masks, chosen, strict=True)]
    inside: npt.NDArray[np.bool_] = np.logical_and.reduce(sides)
    return inside


def _implied(place: int, masks: Sequence[npt.NDArray[np.bool_]], chosen: Sequence[bool]) -> bool:
    """Whether no row of the chosen parts is in one that is left out: it need not be named."""
    held = [mask for mask, one in zip(masks, chosen, strict=True) if one]
    return not bool((np.logical_and.reduce(held) & masks[place]).any())


def check_target(target: object, feature: str) -> None:
    """Refuse what is no target; the message takes a feature for its example.

    Raises
    ------
    TargetError
    """
    if not isinstance(target, UnlearningTarget):
        raise TargetError(
            f"A target is made by wb.UnlearningTarget, for instance .feature({feature!r}); "
            f"{target!r} is not one. Unions go to wb.audit_union."
        )


def _joined(parts: Iterable[UnlearningTarget]) -> tuple[str, ...]:
    """Return the features of several targets; none stands for all that the model reads."""
    each = [part.names for part in parts]
    return tuple(dict.fromkeys(n for names in each for n in names)) if all(each) else ()


def _feature_names(names: Iterable[str]) -> tuple[str, ...]:
    if not isinstance(names, Iterable):
        raise TargetError(f"A feature is named by text, not by {names!r}.")
    chosen = (names,) if isinstance(names, str) else tuple(names)
    if not chosen:
        raise TargetError("The target names no feature. Name at least one column.")
    return chosen


def _check_names(names: tuple[Any, ...]) -> None:
    odd = [name for name in names if not isinstance(name, str)]
    if odd:
        raise TargetError(
            f"A feature is named by text, not by {listed(odd)}. For several features use "
            f"wb.UnlearningTarget.features([…])."
        )
    if len(set(names)) < len(names):
        raise TargetError(f"The target names a feature twice: {listed(names)}.")


def _check_labels(labels: tuple[Any, ...]) -> None:
    if not labels:
        raise TargetError("The target names no datapoint. Give one or more index labels.")
    odd = [label for label in labels if not isinstance(label, Hashable)]
    if odd:
        raise TargetError(f"A datapoint is named by its index label, not by {listed(odd)}.")
    if len(labels) > 1 and all(isinstance(label, bool) for label in labels):
        raise TargetError(
            "The target's datapoints are true/false values; index labels are expected, for "
            "instance data.index[mask]."
        )
    if len(set(labels)) < len(labels):
        raise TargetError("A datapoint is named twice in the target. Name each row once.")
