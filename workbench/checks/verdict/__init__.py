"""The verdict: the only place that compares with the threshold τ."""

from workbench.checks.verdict.cancellations import Cancellation
from workbench.checks.verdict.claims import SHARES, Claim
from workbench.checks.verdict.judging import (
    Decision,
    Verdict,
    as_judged,
    deciding_contrasts,
    default_threshold,
    judge,
)
from workbench.checks.verdict.turned_arrows import TurnedArrow

__all__ = [
    "SHARES",
    "Cancellation",
    "Claim",
    "Decision",
    "TurnedArrow",
    "Verdict",
    "as_judged",
    "deciding_contrasts",
    "default_threshold",
    "judge",
]
