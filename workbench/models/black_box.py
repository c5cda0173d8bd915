"""The black box: a function from rows to one score each."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from workbench.common.arrays import FloatArray
from workbench.common.errors import AuditCancelled, AuditError, ModelError, listed, suggestion
from workbench.common.printable import printable
from workbench.models.answers import (
    ClassNotNamedError,
    by_labels,
    checked_scores,
    labels_of,
    of_class,
)
from workbench.models.asked_model import Output
from workbench.models.estimators import asked_estimator, estimator_name
from workbench.models.networks import asked_network

__all__ = ["BlackBoxModel", "Output"]


@dataclass(frozen=True, eq=False, init=False, repr=False)
class BlackBoxModel:
    """A model that can only be asked, never opened: a value that nothing changes.

    Parameters
    ----------
    predict : callable
        DataFrame of shape (n, len(features)) to (n,) scores.
    features : iterable of str, optional
        The columns the model reads, in the order it expects them. When left out, the case must
        say (``AuditCase(features=…)``).
    output : {"probability", "log-odds", "value"}, optional
        What a score is. By default floats within [0, 1] are taken for probabilities.
    name : str, optional
        How reports call the model.

    Notes
    -----
    The estimator behind :meth:`from_estimator` is kept for the one baseline that needs it
    (exact SHAP); the causal engine never looks at it. What a model is asked is counted by who
    asks: :class:`workbench.case.asking.budget.Budget`.

    Examples
    --------
    >>> import pandas as pd
    >>> model = BlackBoxModel(lambda rows: rows["age"] / 100, features=["age"])
    >>> model.predict(pd.DataFrame({"age": [30, 60]})).tolist()
    [0.3, 0.6]
    """

    _predict: Callable[[pd.DataFrame], Any] | None
    features: tuple[str, ...] | None
    output: Output | None
    name: str
    estimator: Any = field(default=None)
    positive_column: int | None = field(default=None)
    audited_class: Any = field(default=None)
    class_was_named: bool = field(default=False)
    classes: tuple[Any, ...] = field(default=())
    logged: FloatArray | None = field(default=None)
    logged_labels: pd.Index | None = field(default=None)
    logged_column: str | None = field(default=None)

    def __init__(
        self,
        predict: Callable[[pd.DataFrame], Any] | None,
        features: Iterable[str] | None = None,
        *,
        output: Output | None = None,
        name: str | None = None,
    ) -> None:
        if predict is not None and not callable(predict):
            raise ModelError(
                f"A model is a function from a DataFrame to one score per row, not a "
                f"{type(predict).__name__}."
            )
        if output not in (None, "probability", "log-odds", "value"):
            raise ModelError(
                f"The output {output!r} is unknown. Use 'probability', 'log-odds' or 'value'."
            )
        self._put(
            _predict=predict,
            features=None if features is None else _feature_tuple(features),
            output=output,
            name=name or _function_name(predict),
        )

    def _put(self, **fields: Any) -> None:
        for name, value in fields.items():
            object.__setattr__(self, name, value)

    def _with(self, **fields: Any) -> BlackBoxModel:
        """Return the same model with some fields of its own."""
        other = object.__new__(BlackBoxModel)
        other._put(**(vars(self) | fields))
        return other

    @classmethod
    def from_predictions(
        cls,
        predictions: Any,
        features: Iterable[str],
        *,
        output: Output | None = None,
        name: str = "logged predictions",
    ) -> BlackBoxModel:
        """Stand in for a model of which only one logged prediction per row is known.

        Nothing can be asked of it, so only regression-based estimates are possible.

        Parameters
        ----------
        predictions : array_like, shape (n,), or str
            In the order of the case's rows; a Series is put into it by its labels. Or the name of
            the column of the case's table that holds them.
        features : iterable of str
            The columns the model reads.
        """
        if isinstance(predictions, str):
            return cls(None, features, output=output, name=name)._with(logged_column=predictions)
        if np.ndim(predictions) == 0:
            raise ModelError(
                f"Logged predictions are one number per row, not {predictions!r}. Pass an array "
                f"or a column of the data."
            )
        model = cls(None, features, output=output, name=name)
        scores = checked_scores(predictions, len(predictions), name=name, output=output)
        return model._with(logged=_read_only(scores), logged_labels=labels_of(predictions))

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        features: Iterable[str] | None = None,
        *,
        positive: Any = None,
        name: str | None = None,
    ) -> BlackBoxModel:
        """Wrap a fitted estimator: of scikit-learn, XGBoost, LightGBM, CatBoost or statsmodels.

        Parameters
        ----------
        positive : object, optional
            The class whose probability is audited. By default the second of two classes.

        Raises
        ------
        ModelError
            When it is not fitted, or a classifier has several classes and none is named.
        """
        asked = asked_estimator(estimator)
        if asked.classes is None and positive is not None:
            raise ModelError(
                f"{estimator_name(estimator)} predicts values, so it has no class {positive!r}. "
                f"Leave positive= out."
            )
        column = None if asked.classes is None else _positive_column(asked.classes, positive)

        def predict(rows: pd.DataFrame) -> Any:
            answer = asked.answers(rows)
            if column is None or asked.classes is None:
                return answer
            return of_class(answer, asked.classes, column, estimator_name(estimator))

        chosen = features if features is not None else asked.features
        model = cls(predict, chosen, output=asked.output, name=name or estimator_name(estimator))
        model = model._with(estimator=estimator, positive_column=column)
        if column is None or asked.classes is None:
            return model
        named = positive is not None
        return model.of_class(list(asked.classes)[column], named=named, among=asked.classes)

    def of_class(self, label: Any, *, named: bool, among: Iterable[Any] = ()) -> BlackBoxModel:
        """Return the same model, saying of which class its score is the probability.

        Parameters
        ----------
        label : object
            The class as the model names it.
        named : bool
            Whether somebody asked for it, or it is the second of two.
        among : iterable, optional
            All its classes, where they are known.
        """
        plain = label.item() if isinstance(label, np.generic) else label
        return self._with(audited_class=plain, class_was_named=named, classes=tuple(among))

    def asked_through(self, ask: Callable[[pd.DataFrame], Any]) -> BlackBoxModel:
        """Return the same model, with another function that puts the questions to it."""
        return self._with(_predict=ask)

    @classmethod
    def wrap(cls, model: Any) -> BlackBoxModel:
        """Accept what users bring: a BlackBoxModel, a fitted estimator, or any callable.

        Raises
        ------
        ModelError
            When it is none of these.
        """
        if isinstance(model, BlackBoxModel):
            return model
        if isinstance(model, type):
            raise ModelError(
                f"{model.__name__} is a class, not a model. Make one and fit it: "
                f"{model.__name__}().fit(X, y)."
            )
        if hasattr(model, "predict") or asked_network(model) is not None:
            return cls.from_estimator(model)
        if hasattr(model, "get_params") or hasattr(model, "steps"):
            asked_estimator(model)  # which says why an estimator predicts nothing
        if callable(model):
            return cls(model)
        raise ModelError(
            f"A {type(model).__name__} is not a model. Bring a fitted scikit-learn estimator, a "
            f"function from a DataFrame to one score per row, or a wb.BlackBoxModel."
        )

    @property
    def can_query(self) -> bool:
        """Whether new rows can be asked about."""
        return self._predict is not None

    def reading(self, features: Iterable[str]) -> BlackBoxModel:
        """Return the same model, told which features it reads."""
        return self._with(features=_feature_tuple(features))

    def renamed(self, columns: Mapping[str, str]) -> BlackBoxModel:
        """Return the same model for a table that calls some of its columns otherwise.

        Parameters
        ----------
        columns : mapping of str to str
            From a name that the model uses to the table's column.

        Raises
        ------
        ModelError
            It reads no column of such a name, or two would become one.

        Examples
        --------
        >>> model = BlackBoxModel(lambda rows: rows["a_b"], ["a_b"]).renamed({"a_b": "a b"})
        >>> model, model.predict(pd.DataFrame({"a b": [0.5]})).tolist()
        (BlackBoxModel('model', reads: a b), [0.5])
        """
        own = self.features or ()
        if odd := [name for name in columns if name not in own]:
            raise ModelError(f"The model reads no {listed(odd)}.{suggestion(odd[0], own)}")
        if self._predict is None:
            raise ModelError("Logged predictions read no columns by their names.")
        inner, names = self, {column: name for name, column in columns.items()}
        features = _feature_tuple(columns.get(name, name) for name in own)
        return self._with(
            _predict=lambda rows: inner.predict(rows.rename(columns=names)),
            features=features,
            estimator=None,  # it knows the other names alone
        )

    def at_rows(self, positions: npt.NDArray[np.intp]) -> BlackBoxModel:
        """Return the same model for a case with only these of its rows."""
        return self if self.logged is None else self._with(logged=self.logged[positions])

    def logged_in(self, rows: pd.DataFrame) -> BlackBoxModel:
        """Return the same model with the predictions that a column of this table holds.

        Raises
        ------
        ModelError
            The table has no such column, or it holds no numbers.
        """
        column = self.logged_column
        if column is None:
            return self
        if column not in rows.columns:
            raise ModelError(
                f"The table has no column {column!r} of logged predictions."
                f"{suggestion(column, rows.columns)}"
            )
        scores = checked_scores(
            rows[column].to_numpy(), len(rows), name=self.name, output=self.output
        )
        return self._with(logged=_read_only(scores.copy()), logged_labels=None)

    def predict(self, rows: pd.DataFrame) -> FloatArray:
        """Ask for one score per row, shape (n,), dtype float64.

        Raises
        ------
        ModelError
            When the model only has logged predictions, fails, or answers with anything but one
            finite score per row.
        """
        if self._predict is None:
            raise ModelError(
                "This model is a column of logged predictions and cannot be asked about new rows. "
                "Use cafe_effects with direct='regression', or bring the model itself."
            )
        asked = rows if self.features is None else rows[list(self.features)]
        try:
            answer = self._predict(asked)
        except (AuditError, AuditCancelled, KeyboardInterrupt):
            raise  # it says what is wrong, or somebody stopped the work
        except (Exception, SystemExit) as error:
            raise ModelError(
                f"The model {self.name!r} failed when asked about {len(rows):,} rows: "
                f"{type(error).__name__}: {error}"
            ) from error
        answer = by_labels(answer, asked.index, self.name, asked=True)
        return checked_scores(answer, len(rows), name=self.name, output=self.output)

    def aligned_to(self, rows: pd.Index) -> BlackBoxModel:
        """Return the same model with its logged predictions in the order of these row labels.

        Raises
        ------
        ModelError
            The predictions name their rows by other labels.
        """
        if self.logged is None or self.logged_labels is None:
            return self
        if len(self.logged_labels) != len(rows):
            return self  # which the case refuses, by the numbers
        answers = pd.Series(self.logged, index=self.logged_labels)
        ordered = by_labels(answers, rows, self.name, asked=False)
        return self._with(logged=_read_only(ordered.to_numpy().copy()), logged_labels=None)

    def __repr__(self) -> str:
        reads = "?" if self.features is None else ", ".join(self.features)
        return printable(f"BlackBoxModel({self.name!r}, reads: {reads})")


def _read_only(scores: FloatArray) -> FloatArray:
    own = scores.copy()
    own.setflags(write=False)
    return own


def _feature_tuple(features: Any) -> tuple[str, ...]:
    one = isinstance(features, str) or not isinstance(features, Iterable)
    chosen = (features,) if one else tuple(features)
    odd = [name for name in chosen if not isinstance(name, str)]
    if odd:
        raise ModelError(f"The model's features are named by text, not by {listed(odd)}.")
    if len(set(chosen)) < len(chosen):
        raise ModelError(f"The model's features name a column twice: {listed(chosen)}.")
    return chosen


def _positive_column(classes: Sequence[Any], positive: Any) -> int:
    labels = list(classes)
    if positive is None:
        if len(labels) == 2:
            return 1
        if len(labels) == 1:
            raise ModelError(
                f"The model has one class alone, {labels[0]!r}: its probability never changes. "
                f"Fit it on rows of both classes."
            )
        raise ClassNotNamedError(
            f"The model has {len(labels)} classes ({listed(labels)}). Say whose probability to "
            f"audit: wb.BlackBoxModel.from_estimator(model, positive={labels[-1]!r}).",
            labels,
        )
    if positive not in labels:
        raise ModelError(
            f"The model has no class {positive!r}.{suggestion(positive, labels)} "
            f"Classes: {listed(labels)}."
        )
    return labels.index(positive)


def _function_name(predict: Any) -> str:
    name = getattr(predict, "__name__", "")
    return name if name.isidentifier() else "model"
