"""What a fitted model says of the values it was trained on, and which values it never met.

An encoder that ignores what it does not know answers without a word, and as if the value did not
matter. So what the encoders of a scikit-learn pipeline say is compared with the table.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from workbench.common.errors import listed
from workbench.common.wording import share
from workbench.models.black_box import BlackBoxModel
from workbench.models.estimators import selected
from workbench.tables.files.column_types import NO, YES

__all__ = ["Trained", "Unknown", "trained_on", "unknown_rows", "unknown_values"]

INSIDE = ("best_estimator_", "estimator_", "regressor_", "classifier_")
"""Attributes under which an estimator keeps the one that it fitted."""
MANY_INSIDE = ("calibrated_classifiers_", "estimators_")
MISSING_WORDS = frozenset(
    ("NA", "N/A", "n/a", "NaN", "nan", "null", "NULL", "None", "none", "#N/A")
)
"""Words that table readers take for a missing value."""


@dataclass(frozen=True)
class Trained:
    """What a model was trained on in one column.

    Attributes
    ----------
    kind : {"values", "number"}
        Values that are listed, or numbers of any size.
    values : frozenset
        The listed values; a missing one is not among them.
    missing : bool
        Whether it knows what to do where the value is missing.
    """

    kind: Literal["values", "number"]
    values: frozenset[Any] = frozenset()
    missing: bool = False


@dataclass(frozen=True)
class Unknown:
    """Values of a column that the model never met in training.

    Attributes
    ----------
    column : str
    share : float
        Of the rows.
    examples, known : tuple
        At most three values that it does not know, and three that it does.
    reason : str
        What probably happened, in words; empty when nothing points to anything.
    """

    column: str
    share: float
    examples: tuple[Any, ...]
    known: tuple[Any, ...]
    reason: str

    @property
    def found(self) -> str:
        """What it does not know, and what it does, in words."""
        return (
            f"The model was never trained on what {self.column} holds in {share(self.share)} of "
            f"the rows, such as {listed(map(_shown, self.examples), limit=3)}; it knows "
            f"{listed(map(_shown, self.known), limit=3)}."
        )

    def __str__(self) -> str:
        answers = f"There it answers as if it knew nothing of {self.column}."
        return f"{self.found} {answers} {self.reason}".rstrip()


def trained_on(estimator: Any) -> Mapping[str, Trained]:
    """Return what a fitted scikit-learn estimator says of each column that it reads.

    Columns of which nothing is said are left out.

    Examples
    --------
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import OneHotEncoder
    >>> frame = pd.DataFrame({"zip": ["02121", "02467"]})
    >>> sorted(trained_on(make_pipeline(OneHotEncoder().fit(frame)))["zip"].values)
    ['02121', '02467']
    """
    found: dict[str, Trained] = {}
    names = _names(estimator)
    for column, said in _walk(estimator, names, filled=False, depth=0):
        before = found.get(column)
        if before is None or (before.kind, said.kind) == ("number", "values"):
            found[column] = said
        elif said.kind == before.kind:
            found[column] = Trained(
                said.kind, before.values | said.values, before.missing or said.missing
            )
    return found


def unknown_values(model: BlackBoxModel, data: pd.DataFrame) -> tuple[Unknown, ...]:
    """Name the columns whose values the model does not know, with how many and why."""
    found = []
    for column, said in trained_on(model.estimator).items():
        if column not in data.columns or column not in (model.features or ()):
            continue
        strange = _strange(data[column], said)
        if strange.any():
            values = data[column][strange]
            examples = tuple(values.drop_duplicates().head(3).tolist())
            known = tuple(sorted(said.values, key=lambda v: (str(type(v)), v))[:3])
            reason = _reason(examples, said, bool(pd.isna(values).any()))
            found.append(Unknown(column, float(strange.mean()), examples, known, reason))
    return tuple(found)


def unknown_rows(model: BlackBoxModel, data: pd.DataFrame) -> npt.NDArray[np.bool_]:
    """Return where the model does not know some value of the row, shape (n,)."""
    unknown = np.zeros(len(data), dtype=bool)
    for column, said in trained_on(model.estimator).items():
        if column in data.columns and column in (model.features or ()):
            unknown |= _strange(data[column], said)
    return unknown


def _walk(
    estimator: Any, names: Sequence[str] | None, *, filled: bool, depth: int
) -> Iterator[tuple[str, Trained]]:
    """Follow columns through a pipeline until something says which values it knows."""
    names = _names(estimator) or names
    if names is None or depth > 12:
        return
    inner = [getattr(estimator, name) for name in INSIDE if hasattr(estimator, name)]
    for several in (getattr(estimator, name, None) for name in MANY_INSIDE):
        inner += [getattr(e, "estimator", e) for e in _flat(several)]
    named = getattr(estimator, "steps", ())
    steps = [step for _, step in named if step is not None and not isinstance(step, str)]
    if steps:
        yield from _walk_steps(steps, names, filled=filled, depth=depth + 1)
    elif hasattr(estimator, "transformers_"):
        for _, part, columns in estimator.transformers_:
            if not isinstance(part, str):
                own = selected(columns, list(names))
                yield from _walk(part, own, filled=filled, depth=depth + 1)
    elif hasattr(estimator, "transformer_list"):
        for _, part in estimator.transformer_list:
            if not isinstance(part, str):
                yield from _walk(part, names, filled=filled, depth=depth + 1)
    elif hasattr(estimator, "categories_"):
        for name, values in zip(names, estimator.categories_, strict=False):
            yield name, _listed_values(values, filled)
    elif getattr(estimator, "is_categorical_", None) is not None:
        yield from _of_hist_gradient_boosting(estimator, names)
    elif inner and _home(estimator) == "sklearn":
        for part in inner[:1]:
            yield from _walk(part, names, filled=filled, depth=depth + 1)
    elif _takes_numbers(estimator):
        for name in names:
            yield name, Trained("number", missing=filled)


def _walk_steps(
    steps: Sequence[Any], names: Sequence[str], *, filled: bool, depth: int
) -> Iterator[tuple[str, Trained]]:
    """Follow a pipeline past the steps that leave each column in its place."""
    for step in steps:
        if type(step).__name__ == "SimpleImputer" and len(step.statistics_) == len(names):
            filled = True
            continue
        yield from _walk(step, names, filled=filled, depth=depth)
        return


def _of_hist_gradient_boosting(
    estimator: Any, names: Sequence[str]
) -> Iterator[tuple[str, Trained]]:
    encoder = getattr(estimator, "_preprocessor", None)
    encoder = None if encoder is None else encoder.named_transformers_["encoder"]
    marked = zip(names, estimator.is_categorical_, strict=False)
    chosen = [name for name, is_categorical in marked if is_categorical]
    for name, values in zip(chosen, getattr(encoder, "categories_", ()), strict=False):
        yield name, _listed_values(values, filled=True)
    for name in names:
        if name not in chosen:
            yield name, Trained("number", missing=True)


def _listed_values(values: Any, filled: bool) -> Trained:
    plain = [v.item() if isinstance(v, np.generic) else v for v in np.asarray(values).tolist()]
    present = frozenset(v for v in plain if not _is_missing(v))
    return Trained("values", present, filled or any(_is_missing(v) for v in plain))


def _home(fitted: Any) -> str:
    """Return the package that a fitted object's class is of."""
    return type(fitted).__module__.partition(".")[0]


def _takes_numbers(estimator: Any) -> bool:
    """Whether a scikit-learn estimator can have been fitted on numbers only."""
    if _home(estimator) != "sklearn":
        return False
    from sklearn.utils import get_tags

    try:
        tags = get_tags(estimator).input_tags
    except Exception:
        return False  # something that is no estimator
    name = type(estimator).__name__
    free = {"FunctionTransformer", "SimpleImputer", "MissingIndicator", "DummyClassifier"}
    return not (tags.categorical or tags.string) and name not in free | {"DummyRegressor"}


def _names(estimator: Any) -> tuple[str, ...] | None:
    seen = getattr(estimator, "feature_names_in_", None)
    return None if seen is None else tuple(str(name) for name in seen)


def _flat(several: Any) -> list[Any]:
    if isinstance(several, np.ndarray):
        return several.ravel().tolist()
    return list(several) if isinstance(several, list | tuple) else []


def _strange(series: pd.Series, said: Trained) -> npt.NDArray[np.bool_]:
    """Return where a column holds what the model does not know, shape (n,)."""
    missing = series.isna().to_numpy()
    if said.kind == "number":
        return np.zeros(len(series), dtype=bool)  # what is not a number, it refuses itself
    texts = isinstance(series.dtype, pd.StringDtype)
    codes, distinct = pd.factorize(series if texts else series.astype(object))
    known = np.array([_hashable(value) in said.values for value in distinct], dtype=bool)
    unknown = ~np.append(known, True)[codes]
    return np.where(missing, not said.missing, unknown)


def _hashable(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else value


def _is_missing(value: Any) -> bool:
    return value is None or (isinstance(value, float) and np.isnan(value)) or value is pd.NA


def _shown(value: Any) -> Any:
    return "missing" if _is_missing(value) else _hashable(value)


def _reason(examples: Iterable[Any], said: Trained, missing: bool) -> str:
    """Say what probably happened to the values."""
    texts = {value for value in said.values if isinstance(value, str)}
    numbers = {float(v) for v in said.values if isinstance(v, int | float)}
    folded = {value.strip().casefold() for value in texts}
    truths = any(isinstance(value, bool) for value in said.values)
    for value in examples:
        if _is_missing(value):
            continue
        if isinstance(value, str):
            if _number(value) in numbers:
                return (
                    "It was trained on numbers, and the table holds text (leading zeros?): state "
                    "the column's type as number."
                )
            if value in MISSING_WORDS and said.missing:
                return (
                    f"Where it was trained, {value!r} was read as missing: state it as a mark for "
                    f"missing values."
                )
            if truths and value.strip().casefold() in YES | NO:
                return (
                    "It was trained on true and false, and the table holds words for them: state "
                    "the column's type as yes/no."
                )
            if value not in texts and value.strip() in {text.strip() for text in texts}:
                return "The values differ in blanks before or after them."
            if value.strip().casefold() in folded:
                return "The values differ in capital and small letters."
        elif not isinstance(value, bool) and value in {_number(text) for text in texts}:
            return (
                "It was trained on text (codes with leading zeros?), and the table holds numbers: "
                "state the column's type as text."
            )
        elif isinstance(value, bool) and folded & {"true", "yes", "false", "no"}:
            return "It was trained on words for yes and no, and the table holds true and false."
    if missing and texts & MISSING_WORDS:
        return (
            f"It was trained on {listed(sorted(texts & MISSING_WORDS))} as a value of its own, "
            f"which the table holds as missing: state which marks mean missing."
        )
    return "It had no missing values in training." if missing else ""


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None
