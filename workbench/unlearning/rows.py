"""A training table as learners take it, and its numeric form."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from workbench.common.arrays import FloatArray, Positions
from workbench.common.errors import DataError

__all__ = ["Preparation", "Rows"]


@dataclass(frozen=True, eq=False)
class Rows:
    """Rows to train on.

    Attributes
    ----------
    frame : DataFrame, shape (m, features)
    labels : ndarray, shape (m,)
        0.0 or 1.0 for an outcome of two values (1.0 is the second in sorted order), else numbers.
    places : ndarray of int, shape (m,)
        Where each row stands in the first table: what shards and bootstraps know a row by.
    classes : bool
        Whether the outcome has two values.
    levels : mapping of str to tuple
        Levels of the text columns in the first table. They count as public, like the columns'
        names: erasing the only row with a level does not change the width of the input.
    outcomes : tuple
        What 0.0 and 1.0 stand for, where the outcome has two values.
    """

    frame: pd.DataFrame
    labels: FloatArray
    places: Positions
    classes: bool
    levels: Mapping[str, tuple[Any, ...]]
    first_size: int
    outcomes: tuple[Any, ...] = ()

    @classmethod
    def of(
        cls,
        table: pd.DataFrame,
        outcome: str,
        schema: pd.DataFrame,
        places: Positions | None = None,
    ) -> Rows:
        """Take a table apart.

        Parameters
        ----------
        schema : DataFrame
            The first table, which knows all levels.

        Raises
        ------
        DataError
            When the outcome has one value only, several text values, values of several kinds, or
            is missing somewhere.
        """
        found = np.asarray(schema[outcome].unique(), dtype=object)
        if pd.isna(found).any():
            raise DataError(f"The outcome {outcome!r} is missing in some rows. Leave them out.")
        try:
            values = np.sort(found)
        except TypeError:
            raise DataError(
                f"The outcome {outcome!r} mixes text and numbers. Recode it as one of them."
            ) from None
        if len(values) < 2:
            raise DataError(f"The outcome {outcome!r} has one value only. Choose another.")
        classes = len(values) == 2
        if not classes and not pd.api.types.is_numeric_dtype(schema[outcome]):
            raise DataError(
                f"The outcome {outcome!r} has {len(values)} text values. These learners predict a "
                f"number or one of two values. Choose another outcome, or recode it."
            )
        column = table[outcome]
        labels = (column == values[1]) if classes else column
        frame = table.drop(columns=outcome)
        levels = {
            name: tuple(sorted(schema[name].dropna().unique(), key=str))
            for name in frame.columns
            if not pd.api.types.is_numeric_dtype(schema[name])
        }
        where = np.arange(len(table), dtype=np.intp) if places is None else places
        numbers = labels.to_numpy(dtype=np.float64)
        outcomes = tuple(values.tolist()) if classes else ()
        return cls(frame, numbers, where, classes, levels, len(schema), outcomes)

    def take(self, chosen: npt.NDArray[Any]) -> Rows:
        """Return some of the rows, by mask or positions."""
        return replace(
            self,
            frame=self.frame.iloc[chosen],
            labels=self.labels[chosen],
            places=self.places[chosen],
        )

    def with_labels(self, labels: FloatArray) -> Rows:
        """Return the same rows with other outcomes."""
        return replace(self, labels=labels)

    def __len__(self) -> int:
        return len(self.frame)


@dataclass(frozen=True, eq=False)
class Preparation:
    """Numbers as z-scores, text as one column per level; what is missing is the mean.

    Attributes
    ----------
    features : tuple of str
    levels : mapping of str to tuple
        Of the text columns.
    centre, scale : ndarray, shape (width,)
        Of the encoded columns; 0 and 1 for those of text.
    fill : ndarray, shape (width,)
        What stands for a missing number (0), or for a column that the input lacks: 0 for a
        number, the share of each level for text.
    """

    features: tuple[str, ...]
    levels: Mapping[str, tuple[Any, ...]]
    centre: FloatArray
    scale: FloatArray
    fill: FloatArray

    @classmethod
    def fit(cls, rows: Rows) -> Preparation:
        """Take means and standard deviations from the rows, levels from the schema."""
        features = tuple(rows.frame.columns)
        levels = {name: rows.levels[name] for name in features if name in rows.levels}
        blank = np.zeros(0)
        encoded = cls(features, levels, blank, blank, blank).encode(rows.frame)
        text = np.concatenate(
            [np.full(len(levels.get(name, [0])), name in levels) for name in features]
        )
        centre, scale = np.zeros(len(text)), np.ones(len(text))
        for column in np.flatnonzero(~text):
            present = encoded[~np.isnan(encoded[:, column]), column]
            if len(present):
                centre[column] = present.mean()
                # The spread of a constant column is zero or a rounding error of its size.
                spread = present.std()
                if spread > 1e-12 * max(1.0, abs(centre[column])):
                    scale[column] = spread
        fill = np.where(text, encoded.mean(axis=0), 0.0)
        return cls(features, levels, centre, scale, fill)

    def __call__(self, frame: pd.DataFrame) -> FloatArray:
        """Return the rows as numbers of about unit size, shape (m, width)."""
        return self.scaled(self.encode(frame))

    def encode(self, frame: pd.DataFrame) -> FloatArray:
        """Return the rows as numbers without any statistic of the training, shape (m, width).

        A missing number is NaN, and so is every column of a feature that the frame lacks.
        """
        widths = [len(self.levels.get(name, (None,))) for name in self.features]
        out = np.zeros((len(frame), sum(widths)))
        start = 0
        for name, width in zip(self.features, widths, strict=True):
            if name not in frame.columns:
                out[:, start : start + width] = np.nan
            elif name in self.levels:
                codes = _codes(frame[name], self.levels[name])
                known = np.flatnonzero(codes >= 0)
                out[known, start + codes[known]] = 1.0
            else:
                out[:, start] = frame[name].to_numpy(dtype=np.float64, na_value=np.nan)
            start += width
        return out

    def scaled(self, encoded: FloatArray) -> FloatArray:
        """Return z-scores of encoded rows, with nothing missing, shape (m, width)."""
        out = (encoded - self.centre) / self.scale
        missing = np.isnan(out)
        if missing.any():
            out = np.where(missing, self.fill, out)
        return out


def _codes(series: pd.Series, levels: tuple[Any, ...]) -> npt.NDArray[np.intp]:
    """Return the place of each value among the levels, −1 where missing or unknown."""
    known = pd.Index(list(levels), dtype=object, tupleize_cols=False)
    values = pd.Index(series.astype(object), dtype=object, tupleize_cols=False)
    return known.get_indexer(values).astype(np.intp)
