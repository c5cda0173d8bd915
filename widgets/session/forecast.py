"""How long the run would take that could be started now, and what it would ask the model."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass
from weakref import WeakKeyDictionary

import workbench as wb
from widgets.session.inputs import AuditInputs
from widgets.session.jobs import BackgroundJob, Listener
from workbench.auditing.outlook import (
    ExpectedStep,
    Outlook,
    TimeLeft,
    expected_steps,
    expected_time,
)
from workbench.common.progress import Progress
from workbench.common.wording import about_seconds
from workbench.methods.registry import CAUSAL_METHODS

__all__ = ["Forecast", "Forecasts", "decided_by", "steps_of", "time_words"]

PAUSE = 0.15
"""Seconds without another change before anything is worked out."""
FIRST_ROWS, MOST_ROWS, GROWTH = 50, 5_000, 4
"""Rows that a model is timed on: at first, at the most, and how many times more each time."""
BATCHES, TIMED = 3, 0.6
"""Largest questions that are timed, and about the seconds that all of them may take. The quickest
rate counts: the first question loads what is loaded once, and the page does other things, too."""


@dataclass(frozen=True)
class Forecast:
    """What a run would take.

    Attributes
    ----------
    rows : int
        About how many rows the model would be asked about.
    left : TimeLeft or None
        None while nobody knows how fast the model is.
    asked : bool, default True
        Whether the model can be asked at all.
    decides : bool, default True
        Whether there will be a verdict.
    allowed : int, optional
        Rows that the model may still be asked about, where they are limited.
    """

    rows: int
    left: TimeLeft | None
    asked: bool = True
    decides: bool = True
    allowed: int | None = None

    def words(self) -> str:
        """Say it in one sentence.

        Examples
        --------
        >>> print(Forecast(571_234, TimeLeft(4.0, 12.0)).words())
        The verdict in a few seconds, everything in about 10 s; asks the model about 570,000 rows.
        """
        rows = f"asks the model about {_rounded(self.rows):,} rows"
        if not self.asked:
            rows = "asks the model nothing, since only its logged predictions are known"
        elif self.allowed is not None and self.rows > self.allowed:
            return (
                f"This {rows}, and {self.allowed:,} are still allowed: a run may end without a "
                f"result. Choose fewer methods, checks or rows."
            )
        if self.left is None:
            return (
                f"{rows[:1].upper()}{rows[1:]}; how long that takes is known when it has answered "
                f"the first of them."
            )
        said = time_words(self.left, waits=self.decides)
        return f"{said[:1].upper()}{said[1:]}; {rows}."


def time_words(left: TimeLeft, *, waits: bool) -> str:
    """Say when the verdict will stand, if it is waited for, and when everything is measured.

    Examples
    --------
    >>> time_words(TimeLeft(3.0, 5.0), waits=True), time_words(TimeLeft(0.0, 90.0), waits=False)
    ('everything in a few seconds', 'everything in about 2 min')
    """
    verdict, everything = about_seconds(left.verdict), about_seconds(left.everything)
    rest = f"everything in {everything}"
    return f"the verdict in {verdict}, {rest}" if waits and verdict != everything else rest


def decided_by(methods: Collection[str]) -> bool:
    """Whether an audit by these methods comes to a verdict; one by baselines alone does not.

    Examples
    --------
    >>> decided_by(["cafe", "shap"]), decided_by(["shap"])
    (True, False)
    """
    return any(method.name in methods for method in CAUSAL_METHODS)


def steps_of(inputs: AuditInputs) -> tuple[ExpectedStep, ...]:
    """Return the steps of the audit that these inputs ask for.

    Raises
    ------
    TargetError
        There is no target, or it does not fit the case.
    """
    if inputs.target is None:
        raise wb.TargetError("Choose what should be forgotten.")
    return expected_steps(
        inputs.case,
        inputs.target,
        inputs.settings.methods,
        inputs.settings.checks,
        subgroups=len(inputs.subgroups),
        compared=sum(len(models) for models in inputs.compare.values()),
    )


class Forecasts:
    """Keeps a session's forecast up to date, in the background.

    Each model is timed once, on a few rows of the table; a run teaches more. A model whose answers
    may cost is never asked for this.

    Parameters
    ----------
    job : BackgroundJob
        In which the session asks the model; the two never ask at once. Its lock is held while
        `told` is called, and by who calls :meth:`look`.
    told : callable (Forecast or None) -> None
        Gets each forecast; None while no run can be started.
    """

    def __init__(self, job: BackgroundJob, told: Callable[[Forecast | None], None]) -> None:
        self._told = told
        self._job = BackgroundJob(beside=job)
        self._rates: WeakKeyDictionary[wb.BlackBoxModel, float] = WeakKeyDictionary()
        self._slow = 1.0
        self._watched: tuple[wb.BlackBoxModel, Outlook] | None = None

    def know(self, model: wb.BlackBoxModel, rate: float | None) -> None:
        """Take seconds per row that were measured elsewhere for the model's."""
        if rate is not None:
            self._rates[model] = rate

    def watch(self, model: wb.BlackBoxModel, run: Outlook) -> None:
        """Learn from a run, once it has ended, how fast model and machine are."""
        self._watched = model, run

    def look(
        self, inputs: AuditInputs | None, *, running: bool = False, may_ask: bool = False
    ) -> None:
        """Work out what a run of these inputs would take.

        Parameters
        ----------
        inputs : AuditInputs or None
            None where no run can be started now.
        running : bool, default False
            Whether a run is under way.
        may_ask : bool, default False
            Whether the model may be asked without being told to, so that it is timed. Where its
            questions are limited it is not.
        """
        self._job.cancel()
        if self._watched is not None and not running:
            (model, run), self._watched = self._watched, None
            self._slow = run.slow
            self.know(model, run.rate)
        if inputs is None:
            self._told(None)
            return
        allowed = None if inputs.case.budget is None else inputs.case.budget.left
        timing = may_ask and allowed is None

        def work(progress: Progress) -> Forecast:
            steps = steps_of(inputs)
            rate = self._rate(inputs.case, timing, progress)
            left = None if rate is None else expected_time(steps, rate, self._slow)
            return Forecast(
                sum(step.rows for step in steps),
                left,
                inputs.case.model.can_query,
                decided_by(inputs.settings.methods),
                allowed,
            )

        def failed(_: str) -> None:
            self._told(None)  # the run itself will say what is wrong

        self._job.start(work, Listener(self._told, failed, lambda *_: None), pause=PAUSE)

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until the forecast is worked out; False when the time is over."""
        return self._job.wait(timeout)

    def _rate(self, case: wb.AuditCase, timing: bool, progress: Progress) -> float | None:
        model = case.model
        if not model.can_query:
            return 0.0
        if model not in self._rates and timing:
            self._rates[model] = _timed(case, progress)
        return self._rates.get(model)


def _timed(case: wb.AuditCase, progress: Progress) -> float:
    """Return the seconds that a model takes per row, from a few of the table's rows."""
    most = min(MOST_ROWS, case.n_rows)
    rows = case.data.iloc[:most][list(case.reads)]
    size, spent, large, rate = min(FIRST_ROWS, most), 0.0, 0, math.inf
    while spent < TIMED and large < BATCHES:
        progress("", 0.0)
        asked = rows.iloc[:size].copy()
        began = time.perf_counter()
        case.model.predict(asked)
        took = time.perf_counter() - began
        rate, spent, large = min(rate, took / size), spent + took, large + (size == most)
        if GROWTH * took < TIMED - spent:
            size = min(GROWTH * size, most)
    return rate


def _rounded(rows: int) -> int:
    """Round to two digits: no more is known."""
    return round(rows, -max(len(str(rows)) - 2, 0))
