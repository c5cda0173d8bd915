"""What may be asked of a model and what was: counted by who asks, not by the model."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np
import numpy.typing as npt
import pandas as pd

from workbench.common.errors import ModelError
from workbench.models.black_box import BlackBoxModel

__all__ = ["Budget"]


class Budget:
    """An account of the rows that a model was asked about, with a limit if there is one.

    Every audit has one of its own, so that audits of one case can run at the same time.

    Parameters
    ----------
    limit : int, optional
        Rows that may be asked about.
    within : Budget, optional
        A larger account, in which everything is counted as well.

    Attributes
    ----------
    spent : int
        Rows that were asked about; a question that failed is not counted.
    calls : int
        Questions with their answer.
    seconds : float
        Time spent waiting for answers.

    Examples
    --------
    >>> import pandas as pd
    >>> model = BlackBoxModel(lambda rows: rows["age"] / 100, features=["age"])
    >>> budget = Budget(limit=3)
    >>> with budget.step("first look"):
    ...     budget.ask(model, pd.DataFrame({"age": [30, 60]})).tolist()
    [0.3, 0.6]
    >>> budget.spent, budget.left, budget.by_step
    (2, 1, {'first look': 2})
    """

    def __init__(self, limit: int | None = None, *, within: Budget | None = None) -> None:
        if limit is not None and limit < 0:
            raise ModelError(f"A model can be asked about 0 or more rows, not {limit}.")
        self.limit, self.within = limit, within
        self.spent, self.calls, self.seconds = 0, 0, 0.0
        self._step = ""
        self._by_step: dict[str, int] = {}
        self._lock = threading.Lock()

    @property
    def left(self) -> int | None:
        """Rows that may still be asked about, here and in the larger account; None for any."""
        own = None if self.limit is None else self.limit - self.spent
        wider = None if self.within is None else self.within.left
        known = [left for left in (own, wider) if left is not None]
        return min(known, default=None)

    @property
    def by_step(self) -> dict[str, int]:
        """Rows by step; what was asked outside any step stands under ""."""
        with self._lock:
            return dict(self._by_step)

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Count what is asked meanwhile under a name."""
        before, self._step = self._step, name
        try:
            yield
        finally:
            self._step = before

    def ask(self, model: BlackBoxModel, rows: pd.DataFrame) -> npt.NDArray[np.float64]:
        """Ask for one score per row, shape (n,), and count the rows.

        Raises
        ------
        ModelError
            When it would exceed the limit, which asks nothing; or as
            :meth:`BlackBoxModel.predict`.
        """
        step, size = self._step, len(rows)
        self._take(size, step)
        started = time.perf_counter()
        try:
            scores = model.predict(rows)
        except BaseException:
            self._give_back(size, step)
            raise
        self._note(time.perf_counter() - started)
        return scores

    @contextmanager
    def held_for(self, most: int) -> Iterator[Callable[[int], None]]:
        """Hold rows that other processes are about to ask of; say afterwards how many they asked.

        Without a limit nothing is held. With one, all stay counted where the processes fail:
        nobody knows how many they asked.

        Raises
        ------
        ModelError
            They would exceed the limit; nothing was asked.

        Examples
        --------
        >>> budget = Budget(limit=100)
        >>> with budget.held_for(60) as asked:
        ...     asked(45)
        >>> budget.left
        55
        """
        step, held, asked = self._step, 0 if self.left is None else most, -1

        def said(rows: int) -> None:
            nonlocal asked
            asked = rows

        self._take(held, step)
        try:
            yield said
        finally:
            if asked >= 0:
                self._give_back(held - asked, step)

    def _take(self, rows: int, step: str) -> None:
        """Count rows before they are asked, so that threads cannot exceed the limit together."""
        if self.within is not None:
            self.within._take(rows, step)
        with self._lock:
            wanted = self.spent + rows
            if self.limit is None or wanted <= self.limit:
                self.spent = wanted
                self._by_step[step] = self._by_step.get(step, 0) + rows
                return
        if self.within is not None:
            self.within._give_back(rows, step)
        raise ModelError(
            f"The model may be asked about at most {self.limit:,} rows; {self.spent:,} were asked, "
            f"and {step or 'this question'} needs {rows:,} more. Allow more, or choose fewer "
            f"methods, checks or rows."
        )

    def _give_back(self, rows: int, step: str) -> None:
        if self.within is not None:
            self.within._give_back(rows, step)
        with self._lock:
            self.spent -= rows
            self._by_step[step] -= rows

    def _note(self, seconds: float) -> None:
        if self.within is not None:
            self.within._note(seconds)
        with self._lock:
            self.calls += 1
            self.seconds += seconds

    def __repr__(self) -> str:
        most = "" if self.limit is None else f" of {self.limit:,}"
        return f"Budget({self.spent:,}{most} rows asked)"
