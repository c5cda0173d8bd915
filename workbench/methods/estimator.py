"""What made an estimate, as a value: which method, and with which of its variants.

Code asks the value (``effects.of("cafe")``, ``entry.estimator.asks_direct``). Its label is for
people, columns of tables and files; a saved report is the only place that finds the value of a
label again, and it does so among all labels there are.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from functools import cache
from typing import Literal, get_args

from workbench.common.errors import DataError, TargetError, listed

__all__ = ["ASKED", "ESTIMATOR_NAMES", "Estimator", "estimator_of"]

EstimatorKind = Literal["cafe", "fuzzing", "debiased", "asked"]
Basis = Literal["flexible", "linear"]
Direct = Literal["query", "regression", "paper"]
Adjustment = Literal["minimum-variance", "parents"]
Residuals = Literal["abduct", "drop"]

ESTIMATOR_NAMES: dict[str, str] = {
    "cafe": "CAFÉ",
    "fuzzing": "causal fuzzing",
    "debiased": "debiased estimate",
    "asked": "the model’s answers",
}
"""What people call each kind."""
_VARIANTS: dict[str, tuple[str, ...]] = {
    "basis": get_args(Basis),
    "direct": get_args(Direct),
    "adjustment": get_args(Adjustment),
    "residuals": get_args(Residuals),
}
"""Values of each option; the first is the default."""
_OPTIONS: dict[str, tuple[str, ...]] = {
    "cafe": ("basis", "direct", "adjustment"),
    "fuzzing": ("residuals",),
    "debiased": ("direct",),
    "asked": (),
}
"""Which options a kind has; the others stay at their defaults."""
_NOTES = {
    ("basis", "linear"): "linear basis",
    ("direct", "regression"): "direct by regression",
    ("direct", "paper"): "direct as in the paper",
    ("adjustment", "parents"): "adjusted for parents",
    ("residuals", "drop"): "residuals dropped",
}
"""What a label says of every option that is not at its default."""


@dataclass(frozen=True)
class Estimator:
    """How an effect was estimated.

    Attributes
    ----------
    kind : {"cafe", "fuzzing", "debiased", "asked"}
        "asked" is what the model itself answers, which no estimator changes.
    basis : {"flexible", "linear"}
        Of CAFÉ's regressions.
    direct : {"query", "regression", "paper"}
        Where the direct effect comes from: questions to the model, a regression on what the model
        reads, or the paper's regression.
    adjustment : {"minimum-variance", "parents"}
        Which back-door set was adjusted for.
    residuals : {"abduct", "drop"}
        Of fuzzing's equations: each row keeps its own, or loses it as in the paper.

    Raises
    ------
    TargetError
        When the kind or an option is unknown, or the kind has no such option.

    Examples
    --------
    >>> linear = Estimator("cafe", basis="linear")
    >>> linear.label, linear.name, linear.asks_direct
    ('cafe (linear basis)', 'CAFÉ (linear basis)', True)
    """

    kind: EstimatorKind
    basis: Basis = "flexible"
    direct: Direct = "query"
    adjustment: Adjustment = "minimum-variance"
    residuals: Residuals = "abduct"

    def __post_init__(self) -> None:
        if self.kind not in _OPTIONS:
            raise TargetError(f"No estimator is called {self.kind!r}. Known: {listed(_OPTIONS)}.")
        for option, known in _VARIANTS.items():
            value = getattr(self, option)
            if value not in known:
                raise TargetError(f"{option}={value!r} is unknown. Use one of {listed(known)}.")
            if value != known[0] and option not in _OPTIONS[self.kind]:
                raise TargetError(f"The estimator {self.kind!r} has no option {option!r}.")

    @property
    def asks_direct(self) -> bool:
        """Whether direct effects are what the model answered, the same for every estimator."""
        return self.direct == "query"

    @property
    def label(self) -> str:
        """The kind, and what is not the default: for columns of tables and files."""
        return self._with_notes(self.kind)

    @property
    def name(self) -> str:
        """What people call it, and what is not the default."""
        return self._with_notes(ESTIMATOR_NAMES[self.kind])

    def goes_by(self, name: str | Estimator) -> bool:
        """Whether `name` is this estimator, its kind or its label."""
        return name in (self, self.kind, self.label)

    def __str__(self) -> str:
        return self.label

    def _with_notes(self, name: str) -> str:
        chosen = ((option, getattr(self, option)) for option in _VARIANTS)
        notes = [_NOTES[one] for one in chosen if one in _NOTES]
        return f"{name} ({', '.join(notes)})" if notes else name


ASKED = Estimator("asked")
"""What the model itself answers."""


def estimator_of(label: str) -> Estimator:
    """Return the estimator with this label, for files that hold no more than labels.

    Raises
    ------
    DataError
        When no estimator has it.

    Examples
    --------
    >>> estimator_of("fuzzing (residuals dropped)").residuals
    'drop'
    """
    try:
        return _by_label()[label]
    except KeyError:
        raise DataError(f"No estimator is labelled {label!r}.") from None


@cache
def _by_label() -> dict[str, Estimator]:
    """Return every estimator there can be by its label."""
    every = [
        Estimator(kind, **dict(zip(options, values, strict=True)))  # type: ignore[arg-type]
        for kind, options in _OPTIONS.items()
        for values in itertools.product(*(_VARIANTS[option] for option in options))
    ]
    return {estimator.label: estimator for estimator in every}
