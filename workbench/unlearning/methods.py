"""Train a model, make it forget, and train what it is to be compared with."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from workbench.common.errors import ModelError, listed, suggestion
from workbench.common.progress import Progress, silent
from workbench.models.black_box import BlackBoxModel, Output
from workbench.unlearning.bagging import BaggedTrees
from workbench.unlearning.fine_tuning import FineTuning, GradientAscent
from workbench.unlearning.frauds import (
    AuditAware,
    DefaultLevels,
    FlippedLabels,
    MaskedOutputs,
    Unchanged,
)
from workbench.unlearning.inputs import Untouched
from workbench.unlearning.learners import Learner, unfitted
from workbench.unlearning.method import Deployed, Kind, Method, Served
from workbench.unlearning.request import UnlearningRequest
from workbench.unlearning.retraining import InputOnly, Retraining
from workbench.unlearning.sisa import Sisa
from workbench.unlearning.steps import InfluenceStep, NewtonStep

__all__ = ["METHODS", "Unlearned", "boxed", "method_of", "taught", "unlearn"]

_ALL: tuple[Method, ...] = (
    Retraining(),
    Sisa(),
    BaggedTrees(),
    InfluenceStep(),
    NewtonStep(),
    GradientAscent(),
    FineTuning(),
    InputOnly(),
    Unchanged(),
    MaskedOutputs(),
    FlippedLabels(),
    AuditAware(),
    DefaultLevels(),
)
METHODS: Mapping[str, Method] = MappingProxyType({method.name: method for method in _ALL})
"""Every method by name, with its default settings."""


@dataclass(frozen=True, eq=False)
class Unlearned:
    """A model before and after a request, and the way to retrain it.

    Attributes
    ----------
    name : str
        The method's name.
    kind : {"exact", "approximate", "fraud"}
    request : str
        What was to be forgotten, in words.
    request_note : str
        What the request means for the model that is served.
    before, after, retrained : BlackBoxModel
        Trained on D; after the method; the same learner, in the same design and with the same
        seed, trained from scratch on D'.
    seconds, retrain_seconds : float
        Wall-clock time of the method, and of the training from scratch.
    note : str
        What the method does and its limits.
    parts : mapping of str to Served
        What stands behind "before", "after" and "retrained", for who may open the box.
    """

    name: str
    kind: Kind
    request: str
    request_note: str
    before: BlackBoxModel
    after: BlackBoxModel
    retrained: BlackBoxModel
    seconds: float
    retrain_seconds: float
    note: str
    parts: Mapping[str, Served] = field(repr=False)
    _retrain: Callable[[int], BlackBoxModel] = field(repr=False)

    def retrained_with(self, seed: int) -> BlackBoxModel:
        """Train from scratch on D' once more with another seed."""
        return self._retrain(seed)

    def sentences(self) -> tuple[str, ...]:
        """Say in words what was done and how long it took."""
        kinds = {
            "exact": "an exact method: the result is distributed as a retrained model is",
            "approximate": "an approximate method: the result only comes near a retrained model",
            "fraud": "a fraud: it only pretends",
        }
        return (
            f"{self.name} is {kinds[self.kind]}.",
            self.note,
            self.request_note,
            f"It took {self.seconds:.2f} seconds; training from scratch took "
            f"{self.retrain_seconds:.2f}.",
        )


def unlearn(
    method: str | Method,
    request: UnlearningRequest,
    *,
    learner: Learner | None = None,
    seed: int = 0,
    progress: Progress = silent,
) -> Unlearned:
    """Train a model on D, make it forget by a method, and retrain it on D'.

    Parameters
    ----------
    method : str or Method
        A name in `METHODS`, or a method with settings of its own, for instance ``Sisa(shards=5)``.
    request : UnlearningRequest
    learner : str or sklearn estimator, optional
        A name in `LEARNERS` or an unfitted estimator. By default logistic or ridge regression, or
        the first learner that the method works with.
    seed : int, default 0
        Of every random choice in training and forgetting.
    progress : callable, optional
        See :mod:`workbench.common.progress`.

    Raises
    ------
    ModelError
        When the method is unknown, or does not work with the learner.
    AuditError
        When the method cannot fulfil the request.

    Examples
    --------
    >>> import pandas as pd
    >>> from workbench.case.target import UnlearningTarget
    >>> frame = pd.DataFrame({"age": range(40), "ill": [i % 3 == 0 or i > 25 for i in range(40)]})
    >>> request = UnlearningRequest.make(
    ...     UnlearningTarget.datapoints([0, 1]), frame, outcome="ill", features=["age"])
    >>> done = unlearn("newton-step", request)
    >>> done.kind, done.after.features
    ('approximate', ('age',))
    """
    chosen = method_of(method)
    outcomes = request.rows_before.outcomes
    learned = taught(chosen, learner, request.rows_before.classes)
    fitted = chosen.fit(request.rows_before, learned, seed, progress)
    started = time.perf_counter()
    after = chosen.forget(fitted, request, learned, seed, progress)
    seconds = time.perf_counter() - started

    def from_scratch(number: int) -> Served:
        trained = chosen.fit(request.rows_after, learned, number, progress)
        return Deployed(trained, request.inputs)

    started = time.perf_counter()
    retrained = from_scratch(seed)
    retrain_seconds = time.perf_counter() - started
    before = Deployed(fitted, Untouched(request.features))
    parts = {"before": before, "after": after, "retrained": retrained}
    return Unlearned(
        name=chosen.name,
        kind=chosen.kind,
        request=request.describe(),
        request_note=request.note,
        before=boxed(before, outcomes, "before"),
        after=boxed(after, outcomes, f"after {chosen.name}"),
        retrained=boxed(retrained, outcomes, "retrained"),
        seconds=seconds,
        retrain_seconds=retrain_seconds,
        note=chosen.note,
        parts=MappingProxyType(parts),
        _retrain=lambda number: boxed(from_scratch(number), outcomes, f"retrained, seed {number}"),
    )


def boxed(served: Served, outcomes: tuple[Any, ...], name: str) -> BlackBoxModel:
    """Wrap what is served as a model to audit: of two outcomes, the probability of the second."""
    output: Output = "probability" if outcomes else "value"
    model = BlackBoxModel(served, served.reads, output=output, name=name)
    return model.of_class(outcomes[1], named=False, among=outcomes) if outcomes else model


def method_of(method: str | Method) -> Method:
    """Return a method by name, or the one given.

    Raises
    ------
    ModelError
        When there is none of that name.
    """
    if not isinstance(method, str):
        if not callable(getattr(method, "forget", None)):
            raise ModelError(f"{method!r} is no unlearning method. Use one of {listed(METHODS)}.")
        return method
    if method not in METHODS:
        raise ModelError(
            f"There is no unlearning method {method!r}.{suggestion(method, METHODS)} "
            f"Methods: {listed(METHODS)}."
        )
    return METHODS[method]


def taught(method: Method, learner: Learner | None, classes: bool) -> Learner:
    """Return the learner to train with: the one given, or the method's usual one.

    Raises
    ------
    ModelError
        When the method does not work with it.
    """
    if learner is None:
        usual = "logistic" if classes else "linear"
        return usual if not method.learners or usual in method.learners else method.learners[0]
    if not isinstance(learner, str) and method.learners:
        _check_estimator(method, learner)
    elif isinstance(learner, str) and method.learners and learner not in method.learners:
        raise ModelError(
            f"{method.name!r} works with {listed(method.learners)}, not with {learner!r}."
        )
    return learner


def _check_estimator(method: Method, learner: Learner) -> None:
    """Refuse an estimator that none of the method's own learners is of the same class as."""
    accepted = set()
    for name in method.learners:
        for classes in (True, False):
            with contextlib.suppress(ModelError):
                accepted.add(type(unfitted(name, classes, 0)))
    if type(learner) not in accepted:
        raise ModelError(
            f"{method.name!r} works with {listed(sorted(kind.__name__ for kind in accepted))}, not "
            f"with {type(learner).__name__}."
        )
