"""Where a score becomes a decision: yes above the line, no below."""

from __future__ import annotations

import numpy as np

from workbench.case.audit_case import AuditCase

__all__ = ["decision_line"]


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
        return line, f"positive: predictions above their median, {line:g}"
    return line, f"positive: {case.output} above {line:g}"
