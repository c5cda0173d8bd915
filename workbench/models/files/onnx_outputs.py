"""Which outputs of an ONNX model are its scores, what they are, and whose column is audited."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from workbench.common.errors import ModelError, listed, suggestion
from workbench.models.answers import ClassNotNamedError, class_named
from workbench.models.asked_model import Output
from workbench.models.files.onnx_checks import class_labels

__all__ = ["FLOATS", "OnnxScores", "check_probabilities", "column_of", "one_number", "scores_of"]

FLOATS = ("tensor(float)", "tensor(double)", "tensor(float16)")
MAPS = "seq(map"
"""What skl2onnx and CatBoost give by default: for each row a map from class to probability."""
ROUNDING = 0.01
"""How far probabilities of all classes may be from adding up to 1, stored in 16 bits."""


@dataclass(frozen=True)
class OnnxScores:
    """Where the scores of a model stand.

    Attributes
    ----------
    outputs : tuple of str
        One output; or one for each class, in the order of `labels`.
    kind : {"classes", "score", "value", "unknown"}
        "score" is one number beside a label, as of an outlier detector; "unknown" is one number a
        row of which nothing says what it is.
    width : int or None
        How many numbers a row has, where the file says it.
    labels : tuple
        The classes, where the file names them.
    """

    outputs: tuple[str, ...]
    kind: Literal["classes", "score", "value", "unknown"]
    width: int | None
    labels: tuple[Any, ...]

    @property
    def output(self) -> Output | None:
        """What a score is, where it is plain."""
        if self.kind == "classes":
            return "probability"
        return "value" if self.kind == "score" else None

    @property
    def is_number(self) -> bool:
        """Whether it is one number of no class."""
        return self.kind in ("score", "value")

    @property
    def classes(self) -> tuple[Any, ...]:
        """The classes by name, else by place; none of a value."""
        places = tuple(range(self.width or 0))
        return () if self.kind != "classes" else self.labels or places


def scores_of(outputs: Sequence[Any], proto: Any, name: str) -> OnnxScores:
    """Choose the scores among the outputs of a session.

    Parameters
    ----------
    outputs : sequence
        Each with its name, type and shape.
    proto : onnx.ModelProto

    Raises
    ------
    ModelError
        There are none, or several of which nobody can say which is meant.
    """
    scores = [entry for entry in outputs if entry.type in FLOATS or entry.type.startswith(MAPS)]
    beside = len(scores) < len(outputs)  # a classifier's labels, as a rule
    if len(scores) > 1:
        labels = class_labels(proto, len(scores))
        if by_class := _one_for_each_class(scores, labels):
            return OnnxScores(by_class, "classes", len(labels), labels)
        likely = [entry for entry in scores if "prob" in entry.name.lower()]
        scores = likely if len(likely) == 1 else scores
    if len(scores) != 1:
        what = "several outputs of numbers" if scores else "class labels and no probabilities"
        raise ModelError(
            f"{name!r} gives {what} ({listed(entry.name for entry in outputs)}). Export it with "
            f"one output of numbers: the probabilities, or the predicted value."
        )
    shape = list(scores[0].shape or ())
    width = shape[1] if len(shape) == 2 and isinstance(shape[1], int) else None
    found = (scores[0].name,)
    if beside and width == 1:
        if "prob" in scores[0].name.lower():
            raise one_number(name)
        return OnnxScores(found, "score", 1, ())  # an outlier detector's score
    if beside or scores[0].type.startswith(MAPS) or (width or 1) > 1:
        return OnnxScores(found, "classes", width, class_labels(proto, width))
    return OnnxScores(found, "value" if width else "unknown", width, ())


def one_number(name: str) -> ModelError:
    """Return what is wrong where a classifier gives one number a row beside its labels."""
    return ModelError(
        f"{name!r} gives one number a row beside its class labels: a score, of which nobody can "
        f"say which class it is about. Export a model with probabilities, a column for each class "
        f"(for instance CalibratedClassifierCV around it)."
    )


def _one_for_each_class(scores: Sequence[Any], labels: Sequence[Any]) -> tuple[str, ...] | None:
    """Return the outputs in the order of the classes where each is the column of one.

    So skl2onnx writes with ``zipmap="columns"``: ``syes`` for the class "yes", ``i2`` for 2.
    """
    own = {entry.name for entry in scores if list(entry.shape or ())[1:] in ([], [1])}
    wanted = tuple(re.sub(r"\W", "_", f"{'si'[type(label) is int]}{label}") for label in labels)
    return wanted if wanted and own == set(wanted) and len(own) == len(wanted) else None


def column_of(width: int, labels: Sequence[Any], positive: Any, name: str) -> int:
    """Return the column of the class whose probability is audited.

    Raises
    ------
    ClassNotNamedError
        No class is named, and there are not two.
    ModelError
        There is no such class.
    """
    known = list(labels) if len(labels) == width else list(range(width))
    if positive is None:
        if width == 2:
            return 1
        raise ClassNotNamedError(
            f"{name!r} has {width} classes ({listed(known)}). Say whose probability to audit, for "
            f"instance positive={known[-1]!r}.",
            known,
        )
    same = class_named(known, positive)
    if same is None:
        raise ModelError(
            f"{name!r} has no class {positive!r}.{suggestion(positive, known)} Classes: "
            f"{listed(known)}."
        )
    return known.index(same)


def check_probabilities(scores: npt.NDArray[np.float64], name: str) -> None:
    """Refuse several numbers a row that are no probabilities of classes.

    Distances to the centres of clusters, the scores of a support vector machine and the outcomes
    of a regression with several come in the same form.

    Raises
    ------
    ModelError
    """
    with np.errstate(invalid="ignore", over="ignore"):
        odd = np.abs(scores.sum(axis=1) - 1) > ROUNDING
        odd |= ((scores < -ROUNDING) | (scores > 1 + ROUNDING)).any(axis=1)
    if odd.any():
        first = scores[int(odd.argmax())]
        raise ModelError(
            f"{name!r} answers with {scores.shape[1]} numbers a row that are no probabilities of "
            f"classes: a row has {listed([f'{number:g}' for number in first[:3]])}, which add up "
            f"to {first.sum():g}. Export a model with probabilities (for instance "
            f"CalibratedClassifierCV around it); of several outcomes export one."
        )
