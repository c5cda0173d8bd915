"""What a model answered: one finite score per row, in the order of the rows that were asked."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from workbench.common.arrays import FloatArray
from workbench.common.errors import ModelError, listed
from workbench.tables.columns import LARGEST

__all__ = [
    "ClassNotNamedError",
    "by_labels",
    "checked_scores",
    "class_named",
    "labels_of",
    "of_class",
    "refuse_labels",
]


ROUNDING = 1e-6
"""How far a probability in single precision may stray from [0, 1]."""
MOST_LABELS = 20
"""Distinct texts with digits in them that may be class labels; more are numbers, badly written."""


def labels_of(answer: Any) -> pd.Index | None:
    """Return the labels by which an answer names its rows; None when it has none of its own."""
    return answer.index if isinstance(answer, pd.Series | pd.DataFrame) else None


class ClassNotNamedError(ModelError):
    """A model has several classes, and nobody said whose probability is meant.

    Attributes
    ----------
    classes : tuple
    """

    def __init__(self, words: str, classes: Iterable[Any] = ()) -> None:
        super().__init__(words)
        self.classes = tuple(classes)


def class_named(classes: Iterable[Any], name: object) -> Any:
    """Return the class of that name as a model has it; None where it has none.

    A person, a file or another model may name a class by its text.

    Examples
    --------
    >>> class_named([0, 1], "1"), class_named(["no", "yes"], "maybe")
    (1, None)
    """
    return next((label for label in classes if str(label) == str(name)), None)


def by_labels(answer: Any, rows: pd.Index, name: str, *, asked: bool) -> Any:
    """Put an answer with row labels into the order of the rows.

    Parameters
    ----------
    asked : bool
        Whether a model gave the answer to these very rows: one that counts from 0 again then has
        no labels but places.

    Raises
    ------
    ModelError
        The labels are not those of the rows.
    """
    labels = labels_of(answer)
    if labels is None or len(labels) != len(rows) or labels.equals(rows):
        return answer
    fresh = isinstance(labels, pd.RangeIndex) and (labels.start, labels.step) == (0, 1)
    if asked and fresh:
        return answer
    if not (labels.is_unique and rows.is_unique and rows.isin(labels).all()):
        odd = labels[~labels.isin(rows)]
        what = f"for instance {listed(odd[:3])}" if len(odd) else "some of them several times"
        raise ModelError(
            f"The answers of {name!r} name their rows by other labels than the data, {what}, so "
            f"that nobody can say which belongs to which. Give them the data's index; or, if they "
            f"stand in the order of the rows, pass them without labels: .to_numpy()."
        )
    return answer.loc[rows]


def of_class(answer: Any, labels: Sequence[Any], place: int, name: str) -> Any:
    """Return the scores of one class from an answer with a column for each.

    A table that names its columns by the classes is read by these names, in whatever order.

    Raises
    ------
    ModelError
        It has another number of columns than there are classes.
    """
    shape = np.shape(answer)
    if len(shape) != 2 or shape[1] != len(labels):
        what = f"{shape[1]:,} columns" if len(shape) == 2 else "no column for each class"
        raise ModelError(
            f"The predict_proba of {name} answers with {what}, but it has {len(labels)} classes "
            f"({listed(labels)}), so that nobody can say which class a number is about. Pass the "
            f"score itself: wb.BlackBoxModel(lambda rows: …, features=[…], output='probability')."
        )
    if not isinstance(answer, pd.DataFrame):
        return np.asarray(answer)[:, place]
    names = [str(column) for column in answer.columns]
    wanted = [str(label) for label in labels]
    return answer.iloc[:, names.index(wanted[place]) if set(names) == set(wanted) else place]


def refuse_labels(answer: Any, name: str) -> None:
    """Refuse whole numbers and yes or no from a model that does not say what it is.

    Raises
    ------
    ModelError
    """
    found = np.asarray(answer)
    if found.dtype.kind in "biu" and found.size:
        raise ModelError(
            f"{name} answers with {found.ravel()[:1].tolist()[0]!r} and the like, as with a class "
            f"or a label, and does not say whether it is a classifier. Pass a probability or a "
            f"score; if these are numbers that it predicts, say so: "
            f"wb.BlackBoxModel(model.predict, features=[…], output='value')."
        )


def checked_scores(answer: Any, n: int, *, name: str, output: str | None) -> FloatArray:
    """Return one finite float per row.

    Raises
    ------
    ModelError
        The answer has another shape, holds labels, text, NaN, infinity or numbers too large to
        compute with, or no probabilities where it is said to.
    """
    try:
        scores = np.asarray(answer)
    except (ValueError, TypeError):  # rows of different lengths
        scores = np.asarray(None)
    except RuntimeError as error:  # a tensor that still carries its gradients
        raise ModelError(
            f"The answers of {name!r} cannot be read as numbers: {error}. A tensor of PyTorch is "
            f"handed over by .detach().numpy()."
        ) from None
    if scores.shape == (n, 1):
        scores = scores[:, 0]
    if scores.shape != (n,):
        hint = " For a classifier pass one column of predict_proba." if scores.ndim > 1 else ""
        what = f"an array of shape {scores.shape}" if scores.shape else type(answer).__name__
        raise ModelError(
            f"The model {name!r} answered {n:,} rows with {what}; one score per row, "
            f"shape ({n},), is expected.{hint}"
        )
    if scores.dtype == object and not any(isinstance(s, str | bool) for s in scores):
        with contextlib.suppress(TypeError, ValueError):
            scores = scores.astype(np.float64)
    if comma := _decimal_comma(scores):
        raise ModelError(
            f"The answers of {name!r} are text such as {comma!r}: numbers with a decimal comma. "
            f"Read them as numbers, for instance by wb.read_table(path, decimal=',')."
        )
    if text := _numbers_in_words(scores):
        raise ModelError(
            f"The answers of {name!r} are text, such as {listed(text)}, where numbers are "
            f"expected. Write them as plain numbers, such as -1234.5, or have the column "
            f"read as numbers."
        )
    whole = scores.dtype.kind in "biu" and output not in ("value", "log-odds")
    if whole or scores.dtype.kind not in "biuf":
        raise ModelError(
            f"The model {name!r} answers with class labels such as {scores[:1].tolist()}, "
            f"where a probability is expected. Pass its predict_proba, or say output='value' if "
            f"these are numbers that it predicts."
        )
    scores = scores.astype(np.float64)
    if not np.isfinite(scores).all():
        bad = int((~np.isfinite(scores)).sum())
        raise ModelError(
            f"The model {name!r} answered {bad:,} of {n:,} rows with NaN or infinity. "
            f"It must score every row; check how it treats missing values."
        )
    if len(scores) and (most := float(np.abs(scores).max())) > LARGEST:
        raise ModelError(
            f"The model {name!r} answered with numbers beyond ±{LARGEST:g} (up to ±{most:g}), "
            f"which cannot be computed with. Let it answer in a larger unit."
        )
    if output == "probability" and len(scores):
        low, high = float(scores.min()), float(scores.max())
        if low < -ROUNDING or high > 1 + ROUNDING:
            raise ModelError(
                f"The model {name!r} is said to give probabilities but answered between "
                f"{low:g} and {high:g}. Say output='log-odds' or output='value'."
            )
    return scores


def _decimal_comma(scores: npt.NDArray[Any]) -> str | None:
    """Return the first answer when all the first ones are numbers with a decimal comma."""
    first = scores[:20].tolist()
    if not first or not all(isinstance(score, str) and score.count(",") == 1 for score in first):
        return None
    plain = (score.strip().lstrip("+-").replace(",", "") for score in first)
    return first[0] if all(text.isdecimal() for text in plain) else None


def _numbers_in_words(scores: npt.NDArray[Any]) -> list[str]:
    """Return up to three answers when these are numbers that were written as text.

    Class labels such as "2" and "3+" are few; of numbers hardly one is like another.
    """
    if scores.dtype.kind not in "OUST":
        return []
    distinct = {score for score in scores.tolist() if isinstance(score, str)}
    if sum(any(sign.isdecimal() for sign in score) for score in distinct) <= MOST_LABELS:
        return []
    odd = sorted(score for score in distinct if not _is_number(score))
    return (odd or sorted(distinct))[:3]


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
