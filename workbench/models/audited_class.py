"""Whose probability is audited: whether two classes' names leave it open, and models of one class.

Two models can only be held side by side where both answer with the probability of one class.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pandas as pd

from workbench.common.errors import ModelError
from workbench.models.answers import class_named
from workbench.models.black_box import BlackBoxModel
from workbench.models.estimators import asked_estimator
from workbench.models.networks import asked_network

__all__ = ["left_open", "of_the_class_of"]

PLAIN = ({"no", "yes"}, {"n", "y"}, {"false", "true"}, {"f", "t"}, {"0", "1"}, {"-1", "1"})
"""Names of two classes of which the second is meant, by their meaning."""


def left_open(classes: Iterable[Any]) -> bool:
    """Whether two classes are named by text that does not say which of them is meant.

    Examples
    --------
    >>> left_open(["approved", "rejected"]), left_open(["No", "Yes"]), left_open([1, 2])
    (True, False, False)
    """
    labels = list(classes)
    if len(labels) != 2 or not all(isinstance(label, str) for label in labels):
        return False
    return {label.strip().lower() for label in labels} not in PLAIN


def of_the_class_of(model: Any, other: BlackBoxModel) -> BlackBoxModel:
    """Return a model that answers with the probability of the class that another answers with.

    Parameters
    ----------
    model : BlackBoxModel, estimator or callable
        See :meth:`BlackBoxModel.wrap`. Where it names its classes differently from `other`, or does
        not name them, it is left as it is.
    other : BlackBoxModel

    Raises
    ------
    ModelError
        Somebody named another class for it, or it cannot be asked about this one.

    Examples
    --------
    >>> from sklearn.linear_model import LogisticRegression
    >>> frame = pd.DataFrame({"x": [0.0, 1.0, 2.0, 3.0]})
    >>> fitted = LogisticRegression().fit(frame, ["bad", "bad", "good", "good"])
    >>> first = BlackBoxModel.from_estimator(fitted, positive="bad")
    >>> of_the_class_of(fitted, first).audited_class
    'bad'
    """
    label = other.audited_class
    if label is None or (isinstance(model, BlackBoxModel) and model.audited_class is None):
        return BlackBoxModel.wrap(model)
    box = model if isinstance(model, BlackBoxModel) else _wrapped(model, label)
    same = class_named(box.classes, label)
    if same is None or str(box.audited_class) == str(label):
        return box
    turned = None if box.class_was_named else _turned(box, same)
    if turned is None:
        raise ModelError(
            f"It answers with the probability of {box.audited_class!r}, and the audited model "
            f"with that of {label!r}: the two cannot be compared. Name one class for both with "
            f"positive=."
        )
    return turned


def _wrapped(model: Any, label: Any) -> BlackBoxModel:
    """Return a model, asked about the class of that name where it has one."""
    estimator = not isinstance(model, type) and (
        hasattr(model, "predict") or asked_network(model) is not None
    )
    classes = asked_estimator(model).classes if estimator else None
    same = class_named(classes or (), label)
    if same is None:
        return BlackBoxModel.wrap(model)
    return BlackBoxModel.from_estimator(model, positive=same)


def _turned(model: BlackBoxModel, label: Any) -> BlackBoxModel | None:
    """Return the same model, asked about another of its classes; None where it cannot be."""
    if model.estimator is not None:
        return BlackBoxModel.from_estimator(
            model.estimator, model.features, positive=label, name=model.name
        )
    if not model.can_query or model.output != "probability" or len(model.classes) != 2:
        return None

    def other(rows: pd.DataFrame) -> Any:
        return 1 - model.predict(rows)

    return model.asked_through(other).of_class(label, named=True, among=model.classes)
