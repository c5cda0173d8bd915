"""A small model trained on the spot, so that a sample or a bare table can be audited at once.

One-hot and scaled columns into one scikit-learn estimator; missing values are a level of their own
in text columns, the median and an indicator in numeric ones.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal, get_args
from weakref import WeakKeyDictionary

import pandas as pd

from workbench.common.errors import DataError, listed, suggestion
from workbench.common.wording import listing
from workbench.models.learners import new_learner

__all__ = [
    "MODEL_KINDS",
    "ModelKind",
    "TrainedHere",
    "default_kind",
    "how_trained",
    "train_model",
]

ModelKind = Literal["logistic", "linear", "forest", "mlp"]
MODEL_KINDS: tuple[str, ...] = get_args(ModelKind)


def default_kind(outcome: pd.Series) -> ModelKind:
    """Return "logistic" for an outcome with two values, else "linear".

    Examples
    --------
    >>> default_kind(pd.Series([0, 1, 1])), default_kind(pd.Series([3.5, 1.0, 2.0]))
    ('logistic', 'linear')
    """
    return "logistic" if outcome.nunique() == 2 else "linear"


@dataclass(frozen=True)
class TrainedHere:
    """How the workbench trained a model.

    Attributes
    ----------
    kind : str
    features : tuple of str
    outcome : str
    n_rows, seed : int
    """

    kind: str
    features: tuple[str, ...]
    outcome: str
    n_rows: int
    seed: int

    def sentence(self) -> str:
        """Say it in words."""
        return (
            f"trained here: {self.kind} on {self.n_rows:,} rows, reading "
            f"{listing(self.features)}, seed {self.seed}"
        )


_HERE: WeakKeyDictionary[Any, TrainedHere] = WeakKeyDictionary()


def train_model(
    data: pd.DataFrame,
    features: Iterable[str],
    outcome: str,
    kind: str | None = None,
    *,
    seed: int = 0,
) -> Any:
    """Train a small model on a table.

    Parameters
    ----------
    data : DataFrame, shape (n, columns)
        Rows without an outcome are left out of the training.
    features : iterable of str
        The columns that the model reads.
    outcome : str
        Two values of any kind (the model gives the probability of the second in sorted order), or
        numbers.
    kind : {"logistic", "linear", "forest", "mlp"}, optional
        As in :data:`workbench.models.learners.LEARNERS`. By default `default_kind`.
    seed : int, default 0
        Of the forest's and the network's randomness.

    Returns
    -------
    sklearn.pipeline.Pipeline
        Fitted; asks for a DataFrame with at least `features`.

    Raises
    ------
    DataError
        The outcome cannot be predicted by such a model, or a column is unknown.

    Examples
    --------
    >>> frame = pd.DataFrame({"age": [20, 30, 40, 50], "sex": ["f", "m", "m", "f"],
    ...                       "ill": [0, 0, 1, 1]})
    >>> train_model(frame, ["age", "sex"], "ill").predict(frame).tolist()
    [0, 0, 1, 1]
    """
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.pipeline import make_pipeline

    names = list(features)
    _check_columns(data, names, outcome)
    known = data[data[outcome].notna()]
    chosen = default_kind(known[outcome]) if kind is None else kind
    classes = _is_classification(known[outcome], outcome, chosen)
    model = make_pipeline(_preparation(known, names), _estimator(chosen, classes, seed))
    with warnings.catch_warnings():
        # A network that could have trained longer is still a model to audit.
        warnings.simplefilter("ignore", ConvergenceWarning)
        fitted = model.fit(known[names], known[outcome])
    _HERE[fitted] = TrainedHere(chosen, tuple(names), outcome, len(known), seed)
    return fitted


def how_trained(model: Any) -> TrainedHere | None:
    """Return how this process trained an estimator; None for any that came from elsewhere.

    It is known of the object itself, so that no file can say it of a model.
    """
    try:
        return _HERE.get(model)
    except TypeError:  # not everything can be a key
        return None


def _check_columns(data: pd.DataFrame, names: list[str], outcome: str) -> None:
    if not names:
        raise DataError("The model needs at least one column to read.")
    unknown = [name for name in [*names, outcome] if name not in data.columns]
    if unknown:
        raise DataError(
            f"The data has no column {listed(unknown)}.{suggestion(unknown[0], data.columns)} "
            f"Columns: {listed(data.columns)}."
        )
    if outcome in names:
        raise DataError(f"{outcome!r} is the outcome; the model cannot read it as well.")


def _is_classification(outcome: pd.Series, name: str, kind: str) -> bool:
    """Whether the kind of model learns classes, after checking that it can learn at all."""
    if kind not in MODEL_KINDS:
        raise DataError(f"There is no model kind {kind!r}. Choose among {listed(MODEL_KINDS)}.")
    values, number = outcome.nunique(), pd.api.types.is_numeric_dtype(outcome)
    if values < 2:
        raise DataError(
            f"The outcome {name!r} has {'one value' if values else 'no value'} only, so there is "
            f"nothing to predict. Choose another outcome."
        )
    if not number and values > 2:
        raise DataError(
            f"The outcome {name!r} has {values} text values ({listed(outcome.unique(), 4)}). These "
            f"models predict a number or one of two values. Choose another outcome, or recode it."
        )
    if kind == "logistic" and values > 2:
        raise DataError(
            f"The outcome {name!r} has {values} values; logistic regression needs two. "
            f"Use the kind 'linear', 'forest' or 'mlp'."
        )
    if kind == "linear" and not number:
        raise DataError(
            f"The outcome {name!r} is text; linear regression needs numbers. Use the kind "
            f"'logistic', 'forest' or 'mlp'."
        )
    return values == 2 and kind != "linear"


def _preparation(data: pd.DataFrame, names: list[str]) -> Any:
    from sklearn.compose import ColumnTransformer
    from sklearn.impute import SimpleImputer
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler

    numbers = [
        name
        for name in names
        if pd.api.types.is_numeric_dtype(data[name]) and not pd.api.types.is_bool_dtype(data[name])
    ]
    texts = [name for name in names if name not in numbers]
    scaled = make_pipeline(SimpleImputer(strategy="median", add_indicator=True), StandardScaler())
    one_hot = OneHotEncoder(handle_unknown="ignore", sparse_output=False)
    blocks = [("numbers", scaled, numbers), ("texts", one_hot, texts)]
    return ColumnTransformer([block for block in blocks if block[2]])


def _estimator(kind: str, classes: bool, seed: int) -> Any:
    from sklearn.compose import TransformedTargetRegressor
    from sklearn.preprocessing import StandardScaler

    made = new_learner(kind, classes, seed)
    if kind != "mlp" or classes:
        return made
    # A network learns an outcome of unit size; its answers are turned back.
    return TransformedTargetRegressor(made, transformer=StandardScaler())
