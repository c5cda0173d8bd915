"""How long an audit will still take: what its steps will ask, at the rate that the model shows.

A step takes the rows that it will ask about × the seconds that the model has taken per row, and
work of its own. Own work was measured once (:data:`OWN`); by how much this machine is slower is
taken from the steps that have ended. An outlook promises nothing and changes no number.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from workbench.auditing.whole_table import EVERY_LEVEL
from workbench.auditing.whole_table import STEP as WHOLE_TABLE
from workbench.case.asking.budget import Budget
from workbench.case.audit_case import AuditCase
from workbench.case.target import UnlearningTarget
from workbench.checks.registry import CHECKS
from workbench.methods.profile.over_all_rows import MOST_ASKED, questions_at_levels
from workbench.methods.registry import BASELINES, CAUSAL_METHODS, with_needed
from workbench.tables.columns import Column

__all__ = ["ExpectedStep", "Outlook", "TimeLeft", "expected_steps", "expected_time"]

OWN: dict[str, tuple[float, float]] = {
    "same answers": (0.0, 0.0),
    "same answers at the end": (0.0, 0.0),
    "structural equations": (0.0, 0.1),
    "better equations": (0.0, 0.1),
    "profile": (0.6, 0.2),
    "debiased": (0.1, 0.1),
    "cafe": (0.0, 0.02),
    "fuzzing": (0.0, 0.05),
    "paths": (0.0, 0.05),
    WHOLE_TABLE: (0.1, 0.03),
    EVERY_LEVEL: (0.1, 0.02),
    "checks": (0.05, 0.1),
    "subgroups": (0.2, 0.6),
    "cafe, other features": (0.05, 0.05),
    "shap": (0.7, 0.1),
    "permutation": (0.05, 0.05),
    "fairtest": (0.05, 0.15),
    "aif360": (0.2, 0.05),
    "graph sensitivity": (0.3, 0.3),
    "hidden subgroups": (0.2, 1.0),
    "next actions": (0.1, 0.2),
    "planted leaks": (4.0, 1.0),
    "membership": (20.0, 15.0),
    "change": (0.5, 2.0),
}
"""Seconds of own work beside the asking: at least, and for every 10,000 rows that it works on.

Processor time of audits of the loan and Adult samples, rounded up; SHAP's with its library's start.
Subgroups, membership and change were measured longer ago."""
UNKNOWN = (0.5, 0.5)
"""The same of a step that nobody has measured."""
CONTEXT_ROWS, BASELINE_ROWS, ASKED_BY_SHAP, PROFILED = 5_000, 10_000, 200_000, 360_000
"""Rows at the most of which the other features and permutation ask, and that SHAP and the profile
of one feature ask about."""
ALWAYS_ASKED = {
    "same answers", "same answers at the end", EVERY_LEVEL, WHOLE_TABLE, "shap", "membership",
    "change",
}  # fmt: skip
"""Steps that ask about every row that they need, whether another step has asked about it or not."""
TREE_SECONDS = 13.0
"""What SHAP takes for a forest; it explains as many rows as its trees allow."""
OF_TREES = ("tree_", "estimators_", "_predictors", "get_booster", "booster_")
LOOKED_AT = 2_000
"""Rows of the table that tell how often another row's value differs."""
FIRST, LONG = 2_000, 2.0
"""Rows that a model must have answered, or seconds that it has taken, before its rate is believed:
the first questions of a quick model take longer than the rest."""
USUAL = 0.5
"""Seconds of own work with which it begins to be believed that the machine is like ours."""


@dataclass(frozen=True)
class ExpectedStep:
    """A step of an audit before it is run.

    Attributes
    ----------
    name : str
        As progress says it.
    rows : int
        About how many rows it will ask the model about; where many rows are alike, fewer.
    own : float
        Seconds of its own work on the machine where that was measured.
    decides : bool
        Whether the verdict waits for it.
    """

    name: str
    rows: int
    own: float
    decides: bool


@dataclass(frozen=True)
class TimeLeft:
    """Seconds until the verdict stands, 0 when it does, and until everything is measured."""

    verdict: float
    everything: float


def expected_steps(
    case: AuditCase,
    target: UnlearningTarget,
    methods: Sequence[str],
    checks: Sequence[str] = (),
    *,
    subgroups: int = 0,
    compared: int = 0,
) -> tuple[ExpectedStep, ...]:
    """Return the steps of an audit in their order, with about what each takes.

    Parameters
    ----------
    case, target, methods, checks
        As for :func:`workbench.audit`.
    subgroups, compared : int
        Named subgroups, and models beside the audited one.

    Raises
    ------
    TargetError
        The target does not fit the case.
    """
    methods = with_needed(methods, subgroups)
    names, mask = case.resolve(target)
    rows, asks = int(mask.sum()), case.model.can_query
    carried = any(case.carriers(name) for name in names)
    others = [name for name in case.features if name not in names]
    read = not set(names).isdisjoint(case.reads)
    contrast = 2 * rows * len(names) * (read + carried) * _distinct(case)
    differing = float(np.mean([_differing(case.columns[name]) for name in names]))
    moving = contrast * differing
    beside = sum(_differing(case.columns[name]) for name in others if name in case.reads)
    shuffled = sum(_differing(case.columns[name], draws=2) for name in case.reads)
    levels = max(min(0.7 * (_levels(case.columns[name]) - 1), 4.0) for name in names)
    possible = math.prod(_levels(case.columns[name]) for name in case.reads)
    found: list[ExpectedStep] = []

    def add(
        name: str,
        asked: float = 0.0,
        decides: bool = True,
        times: int = 1,
        among: int = case.n_rows,
        more: float = 0.0,
    ) -> None:
        asked = asked if name in ALWAYS_ASKED else min(asked, possible)
        least, per_rows = OWN.get(name, UNKNOWN)
        own = times * (least + per_rows * among / 10_000) + more
        found.append(ExpectedStep(name, int(asked * times) if asks else 0, own, decides))

    causal = [method for method in CAUSAL_METHODS if method.name in methods]
    takes = any(method.needs_equations or method.takes_equations for method in causal)
    solved = asks and carried and bool(causal)
    by_regression = not {"cafe", "debiased"}.isdisjoint(methods)
    add("same answers", min(rows, 400))
    if solved:
        add("structural equations")
        add("better equations")
    if solved or by_regression:
        add("profile", min(levels * contrast, PROFILED * len(names)))
        at_levels = questions_at_levels(case, target, 0)
        if 0 < at_levels <= MOST_ASKED:
            every = case.table.n_rows if case.table else 0
            add(EVERY_LEVEL, at_levels + every, among=every)
    for method in causal:
        add(method.name, 0.0 if method.name == "cafe" else moving)
    if solved and takes:
        add("paths", contrast / 2)
    add("same answers at the end", min(rows, 200))
    if case.table is not None and case.table.n_rows > case.n_rows:
        every = case.table.n_rows  # the rows as they are once, and what moves
        once = not any(step.name == EVERY_LEVEL for step in found)
        moved = 2 * rows / case.n_rows * len(names) * read * differing
        add(WHOLE_TABLE, every * (once + moved), among=every)
    add("checks")
    if subgroups:
        add("subgroups", contrast / 2, False, subgroups)
    if by_regression and others:
        add("cafe, other features", 2 * beside * min(CONTEXT_ROWS, rows), False)
    by_shap, explaining = _shap(case)
    of_baseline = {
        "shap": by_shap,
        "permutation": shuffled * min(BASELINE_ROWS, rows),
    }
    for baseline in BASELINES:
        if baseline.name in methods:
            more = explaining if baseline.name == "shap" else 0.0
            add(baseline.name, of_baseline.get(baseline.name, 0), False, more=more)
    for check in CHECKS:
        if check.asked_by == "compare":
            if compared:
                add(check.step, contrast, False, compared)
        elif check.name in checks:
            add(check.step, contrast, False)
    return tuple(found)


def _differing(column: Column, draws: int = 1) -> float:
    """About how many other values a row gets from other rows, each counted once.

    From some rows spread over the table; of one draw it is how often another row's value differs.
    """
    some = column.values[:: max(len(column.values) // LOOKED_AT, 1)]
    shares = np.unique(some, return_counts=True)[1] / len(some)
    drawn = 1.0 - (1.0 - shares) ** draws
    return float(drawn.sum() - (shares * drawn).sum())


def _distinct(case: AuditCase) -> float:
    """Share of the rows that differ in what the model reads: it is asked about each once."""
    read = pd.DataFrame({name: case.columns[name].values for name in case.reads})
    return float(1.0 - read.duplicated().mean()) if len(read.columns) else 1.0


def _shap(case: AuditCase) -> tuple[int, float]:
    """Rows that SHAP will ask about, and seconds beside its usual own work.

    It reads linear models and trees, and asks every other one.
    """
    final = case.model.estimator
    if isinstance(getattr(final, "steps", None), list):
        final = final.steps[-1][1]
    if final is None:
        return ASKED_BY_SHAP, 0.0
    if hasattr(final, "coef_"):
        return 0, 0.0
    if any(hasattr(final, name) for name in OF_TREES):
        return 0, TREE_SECONDS
    return ASKED_BY_SHAP, 0.0


def _levels(column: Column) -> float:
    """Levels of a category, of which a number has any number."""
    return math.inf if column.is_numeric else len(column.levels)


def expected_time(steps: Sequence[ExpectedStep], rate: float, slow: float = 1.0) -> TimeLeft:
    """Return about how long an audit will take that has not begun.

    Parameters
    ----------
    steps : sequence of ExpectedStep
    rate : float
        Seconds that the model takes per row.
    slow : float, default 1
        By how much this machine is slower than the one on which own work was measured.

    Examples
    --------
    >>> steps = [ExpectedStep("a", 1_000, 1.0, True), ExpectedStep("b", 0, 4.0, False)]
    >>> expected_time(steps, rate=0.002)
    TimeLeft(verdict=3.0, everything=7.0)
    """
    seconds = [(step.own * slow + step.rows * rate, step.decides) for step in steps]
    return TimeLeft(sum(took for took, decides in seconds if decides), sum(s for s, _ in seconds))


class Outlook:
    """What is left of an audit, from what is expected and what was measured so far.

    Parameters
    ----------
    steps : sequence of ExpectedStep
    account : Budget
        In which the audit's questions are counted, with the time that they took.
    now : callable () -> float
        Seconds on a clock that never goes back.

    Examples
    --------
    >>> clock = iter([0.0, 2.0, 3.0]).__next__
    >>> steps = [ExpectedStep("a", 0, 1.0, True), ExpectedStep("b", 0, 4.0, False)]
    >>> outlook = Outlook(steps, Budget(), clock)
    >>> outlook.heard("a"); outlook.heard("b")
    >>> outlook.left()
    TimeLeft(verdict=0.0, everything=5.666666666666667)
    """

    def __init__(
        self,
        steps: Sequence[ExpectedStep],
        account: Budget,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._steps, self._account, self._now = tuple(steps), account, now
        self._at = -1
        self._own_expected, self._own_taken = USUAL, USUAL
        self._began, self._asking = 0.0, 0.0

    def heard(self, name: str) -> None:
        """Take note that progress names a step; what is none of the steps changes nothing."""
        for place in range(self._at + 1, len(self._steps)):
            if self._steps[place].name == name:
                now = self._now()
                self._end(now)
                self._at, self._began = place, now
                self._asking = self._account.seconds
                return

    def left(self) -> TimeLeft:
        """Return the seconds that are left, as far as they are known."""
        now = self._now()
        slow, rate = self._slow(now), self.rate or 0.0
        verdict = everything = 0.0
        for place, step in enumerate(self._steps[max(self._at, 0) :], max(self._at, 0)):
            seconds = step.own * slow + step.rows * rate
            if place == self._at:
                seconds = max(seconds - (now - self._began), 0.0)
            everything += seconds
            verdict += seconds if step.decides else 0.0
        return TimeLeft(verdict, everything)

    @property
    def slow(self) -> float:
        """By how much the steps that have ended took longer than expected, without the asking."""
        return self._own_taken / self._own_expected

    @property
    def rate(self) -> float | None:
        """Seconds that the model took per row; None before it has answered enough."""
        account = self._account
        believed = account.spent >= FIRST or (account.spent and account.seconds >= LONG)
        return account.seconds / account.spent if believed else None

    def _end(self, now: float) -> None:
        """Learn from the step that has ended how fast this machine is."""
        if self._at >= 0:
            self._own_taken += self._own_so_far(now)
            self._own_expected += self._steps[self._at].own

    def _own_so_far(self, now: float) -> float:
        """Seconds of the present step, without those that the model took."""
        return max(now - self._began - (self._account.seconds - self._asking), 0.0)

    def _slow(self, now: float) -> float:
        """By how much this machine is slower than ours; a step that takes too long says so, too."""
        slow = self.slow
        if self._at >= 0 and self._own_so_far(now) > self._steps[self._at].own * slow:
            taken = self._own_taken + self._own_so_far(now)
            return taken / (self._own_expected + self._steps[self._at].own)
        return slow
