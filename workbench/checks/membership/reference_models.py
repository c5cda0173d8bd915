"""Models that the auditor trains again, side by side in processes of their own."""

from __future__ import annotations

import pickle
import warnings
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from workbench.checks.membership.signals import FloatArray
from workbench.common.arrays import BoolArray
from workbench.common.errors import AuditCancelled, AuditError, ModelError
from workbench.common.progress import Progress
from workbench.common.threads import one_thread
from workbench.models.black_box import BlackBoxModel, Output

__all__ = ["Failure", "Trained", "balanced_parts", "train_models"]

LOOK = 0.1
"""Seconds between two looks at whether somebody stopped the work."""
ONE_THREAD = {
    f"{library}_NUM_THREADS": "1" for library in ("OMP", "OPENBLAS", "MKL", "BLIS", "NUMEXPR")
}
"""Of a worker: as many models at once as there are workers, each on one thread."""

Make = Callable[[pd.DataFrame, BoolArray, int], Any]
"""(data, rows, seed) to a model."""


@dataclass(frozen=True)
class Failure:
    """A model that could not be trained.

    Attributes
    ----------
    number : int
        Which of the models, from 0.
    reason : str
    """

    number: int
    reason: str


@dataclass(frozen=True, eq=False)
class Trained:
    """What the models say of the asked rows.

    Attributes
    ----------
    scores : ndarray, shape (models that succeeded, rows)
    numbers : ndarray of int, shape (models that succeeded,)
        Which of the models they are, from 0.
    failures : tuple of Failure
    """

    scores: FloatArray
    numbers: npt.NDArray[np.intp]
    failures: tuple[Failure, ...]


@dataclass(frozen=True, eq=False)
class _Job:
    """Everything a worker needs, sent once."""

    make: Make
    data: pd.DataFrame
    asked: npt.NDArray[np.intp]
    features: tuple[str, ...]
    output: Output

    def run(self, rows: npt.NDArray[np.intp], seed: int) -> FloatArray:
        chosen = np.zeros(len(self.data), dtype=bool)
        chosen[rows] = True
        with warnings.catch_warnings(), one_thread():
            warnings.simplefilter("ignore")  # one of many models; a warning would be printed often
            model = BlackBoxModel.wrap(self.make(self.data, chosen, seed))
            known = model if model.features is not None else model.reading(self.features)
            if known.output not in (None, self.output):
                raise ModelError(
                    f"The training makes a model that answers with {known.output!r}, but the "
                    f"audited model answers with {self.output!r}. Make both alike."
                )
            return known.predict(self.data.iloc[self.asked])


def balanced_parts(models: int, n: int, share: float, rng: np.random.Generator) -> BoolArray:
    """Draw which model is trained on which row, so that each row is in the same share of models.

    Returns
    -------
    ndarray of bool, shape (models, n)

    Examples
    --------
    >>> parts = balanced_parts(4, 6, 0.5, np.random.default_rng(0))
    >>> parts.sum(axis=0).tolist()
    [2, 2, 2, 2, 2, 2]
    """
    parts: BoolArray = rng.random((models, n)).argsort(axis=0) < round(models * share)
    return parts


def train_models(
    make: Make,
    data: pd.DataFrame,
    plans: Sequence[tuple[BoolArray, int]],
    asked: npt.NDArray[np.intp],
    *,
    features: Sequence[str],
    output: Output,
    workers: int | None,
    progress: Progress,
    step: str,
) -> Trained:
    """Train several models and ask each about the same rows.

    Parameters
    ----------
    make : callable
        ``make(data, rows, seed)`` to a model. It may be a lambda or come from a notebook.
    data : DataFrame, shape (n, columns)
    plans : sequence of (ndarray of bool, shape (n,), int)
        Rows and seed of each model.
    asked : ndarray of int
        Places of the rows to score.
    features : sequence of str
        What a model reads that cannot say so.
    output : {"probability", "log-odds", "value"}
        What the models have to answer with.
    workers : int or None
        Processes; by default one per core. 1 trains in this process, and stopping then waits for
        the model that is being trained. The result is the same.
    progress, step
        Called at least every 0.1 seconds, or after each model with one worker.

    Raises
    ------
    ModelError
        When no model at all could be trained, or the function cannot be sent to a process.
    AuditCancelled
        When `progress` raises it; the processes are ended first.
    """
    job = _Job(make, data, asked, tuple(features), output)
    tasks = [(np.flatnonzero(rows), seed) for rows, seed in plans]
    count = _workers(workers, len(tasks))
    run = _run_here if workers == 1 else _run_in_processes
    results = run(job, tasks, count, lambda done: progress(step, done / len(tasks)))
    good = [number for number, result in enumerate(results) if not isinstance(result, str)]
    failures = [Failure(i, result) for i, result in enumerate(results) if isinstance(result, str)]
    if not good:
        raise ModelError(
            f"None of the {len(tasks)} models could be trained. The first failed with: "
            f"{failures[0].reason}"
        )
    scores = np.stack([np.asarray(results[number], dtype=float) for number in good])
    return Trained(scores, np.asarray(good, dtype=np.intp), tuple(failures))


def _workers(asked: int | None, tasks: int) -> int:
    if asked is not None and (isinstance(asked, bool) or asked < 1):
        raise ModelError(f"workers is the number of processes, at least 1, not {asked!r}.")
    if asked is None:
        from joblib import cpu_count

        asked = int(cpu_count())
    return max(1, min(asked, tasks))


Tasks = Sequence[tuple[npt.NDArray[np.intp], int]]


def _run_here(
    job: _Job, tasks: Tasks, workers: int, report: Callable[[int], None]
) -> list[FloatArray | str]:
    results: list[FloatArray | str] = []
    for rows, seed in tasks:
        report(len(results))
        try:
            results.append(job.run(rows, seed))
        except AuditCancelled:
            raise
        except Exception as error:
            results.append(_reason(error))
    report(len(results))
    return results


def _run_in_processes(
    job: _Job, tasks: Tasks, workers: int, report: Callable[[int], None]
) -> list[FloatArray | str]:
    from joblib.externals.loky.backend.reduction import dumps

    try:
        parcel = bytes(dumps(job))
    except Exception as error:
        raise ModelError(
            f"The training function cannot be sent to other processes ({_reason(error)}). Use "
            f"workers=1, or keep locks and connections out of it."
        ) from error
    results: dict[int, FloatArray | str] = {}
    waiting = list(range(len(tasks)))[::-1]
    running: dict[Future[FloatArray], int] = {}
    pool = _pool(workers, parcel)
    try:
        while waiting or running:
            while waiting and len(running) < workers:
                number = waiting.pop()
                running[pool.submit(_work, *tasks[number])] = number
            finished, _ = wait(running, timeout=LOOK, return_when=FIRST_COMPLETED)
            problems = {future: future.exception() for future in finished}
            for future, problem in problems.items():
                if not _is_broken(problem):
                    number = running.pop(future)
                    results[number] = future.result() if problem is None else _reason(problem)
            if any(map(_is_broken, problems.values())):
                # A worker died, and with it every model in training. Train those one at a time:
                # the one that ends its worker again is the one to give up.
                pool.shutdown(wait=True, kill_workers=True)
                if len(running) == 1:
                    results[running.popitem()[1]] = "its process ended, perhaps out of memory"
                waiting += sorted(running.values(), reverse=True)
                running, workers = {}, 1
                pool = _pool(workers, parcel)
            report(len(results))
    finally:
        pool.shutdown(wait=True, kill_workers=True)
    return [results[number] for number in range(len(tasks))]


def _pool(workers: int, parcel: bytes) -> Any:
    from joblib.externals.loky import ProcessPoolExecutor

    return ProcessPoolExecutor(
        max_workers=workers, initializer=_receive, initargs=(parcel,), env=ONE_THREAD
    )


def _is_broken(error: BaseException | None) -> bool:
    from joblib.externals.loky import BrokenProcessPool

    return isinstance(error, BrokenProcessPool)


def _reason(error: BaseException) -> str:
    text = str(error)
    return text if isinstance(error, AuditError) else f"{type(error).__name__}: {text}"


_parcel: list[bytes] = []
"""In a worker: the job as it came. It is opened by the first task, whose error is then told."""


def _receive(parcel: bytes) -> None:
    _parcel[:] = [parcel]
    _opened.cache_clear()


@cache
def _opened() -> _Job:
    job: _Job = pickle.loads(_parcel[0])
    return job


def _work(rows: npt.NDArray[np.intp], seed: int) -> FloatArray:
    return _opened().run(rows, seed)
