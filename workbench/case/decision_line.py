"""Where a score becomes a decision: yes above the line, no below."""

from __future__ import annotations

from typing import Literal, cast

import numpy as np

from workbench.case.audit_case import AuditCase
from workbench.case.recorded_outcome import audited_class
from workbench.common.errors import TargetError
from workbench.common.wording import level_text, stated

__all__ = ["Favourable", "checked_favourable", "decision_line"]

Favourable = Literal["higher", "lower"]
"""Which scores are to the advantage of people, as the auditor states it."""


def checked_favourable(given: str | None, name: str = "favourable=") -> Favourable | None:
    """Return which scores are to people's advantage, where that was stated.

    Raises
    ------
    TargetError
        When it is neither.
    """
    if given is not None and given not in ("higher", "lower"):
        raise TargetError(
            f"{name} is 'higher' or 'lower', the scores that are to people's advantage, not "
            f"{given!r}."
        )
    return cast(Favourable | None, given)


def decision_line(case: AuditCase, threshold: float | None = None) -> tuple[float, str]:
    """Return the line between no and yes, and a sentence that says where it was drawn.

    Parameters
    ----------
    threshold : float, optional
        By default 0.5 of a probability, 0 of log-odds, else the median of the predictions.
    """
    default = {"probability": 0.5, "log-odds": 0.0}.get(case.output)
    line = threshold if threshold is not None else default
    if line is None:
        line = float(np.median(case.predictions))
        return line, f"positive: predictions above their median, {level_text(line)}"
    return line, f"positive: {case.output}{_of_class(case)} above {stated(line)}"


def _of_class(case: AuditCase) -> str:
    outcome, label = audited_class(case)
    if label is None:
        return ""
    return f" of {outcome} = {label}" if outcome else f" of the class {label}"
