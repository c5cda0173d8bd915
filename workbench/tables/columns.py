"""A column in the form the estimators compute with, and its way back to the form the model reads.

A numeric column is floats with NaN where it is missing; a categorical one is integer codes into
its levels, where a missing value is a level of its own. Boolean columns and numbers with just two
values are categorical. Decoding what was encoded gives the same values in the same dtype, so the
model is always asked with rows as they were.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from workbench.common.arrays import FloatArray
from workbench.common.errors import DataError, InterventionError, listed, suggestion
from workbench.common.made_once import MadeOnce
from workbench.common.wording import level_text

__all__ = ["LARGEST", "Column", "encode_column"]

Values = npt.NDArray[Any]
"""Encoded values: float64 of a numeric column, intp codes of a categorical one."""

LARGEST = 1e30
"""Beyond, squares and the single precision of trees overflow."""
QUANTILES = (0.01, 0.25, 0.5, 0.75, 0.99)
EXACT_LIMIT = 2.0**53
"""Below, every whole number is a float64 of its own."""


@dataclass(frozen=True, eq=False)
class Column(MadeOnce):
    """One encoded column.

    Attributes
    ----------
    name : str
    kind : {"numeric", "categorical"}
    values : ndarray, shape (n,)
        float64 with NaN for missing, or intp codes into `levels`.
    levels : tuple
        The categories in order (sorted; declared order for a pandas categorical); empty when
        numeric. A missing level is None and stands last.
    integer : bool
        Whether a numeric column holds whole numbers only.
    low, high : float
        The observed range of a numeric column, in its own unit; NaN when categorical.
    """

    name: str
    kind: Literal["numeric", "categorical"]
    values: Values
    levels: tuple[Any, ...]
    integer: bool
    low: float
    high: float
    dtype: Any
    _decoded_levels: Any

    @property
    def is_numeric(self) -> bool:
        """Whether the values are floats rather than codes."""
        return self.kind == "numeric"

    @property
    def is_constant(self) -> bool:
        """Whether the column holds one value only."""
        return self.low == self.high if self.is_numeric else len(self.levels) < 2

    def without_rows(self) -> Column:
        """Return what is known of the column, without the value of any row."""
        return replace(self, values=self.values[:0])

    @property
    def scale(self) -> float:
        """Standard deviation of a numeric column; 1.0 when it does not vary."""
        spread = float(np.nanstd(self.values))
        return spread if spread > 0 else 1.0

    @cached_property
    def spread(self) -> float:
        """Distance from the 1st to the 99th percentile of a number, or its whole range if 0."""
        low, high = np.nanquantile(self.values, (0.01, 0.99))
        return float(high - low) or self.high - self.low

    @property
    def unit_for_trees(self) -> float:
        """What a number of a small range is divided by before trees cut it: its unit is no matter.

        Scikit-learn's trees take values that lie less than 1e-7 apart as the same. It is a power
        of two, which rounds nothing; 1 of a range of 1 or more, and of a category.
        """
        reach = self.high - self.low
        return float(2.0 ** np.floor(np.log2(reach))) if 0 < reach < 1 else 1.0

    def counts(self) -> npt.NDArray[np.intp]:
        """Rows at each level of a categorical column, shape (len(levels),)."""
        return np.bincount(self.values, minlength=len(self.levels)).astype(np.intp)

    def encode(self, level: Any) -> float | int:
        """Encode one level.

        Raises
        ------
        InterventionError
            When a category was never observed or a number is outside the observed range.
        """
        if self.is_numeric:
            return self._encode_number(level)
        if pd.api.types.is_scalar(level) and pd.isna(level):
            level = None
        for code, known in enumerate(self.levels):
            if known is level or (known is not None and level is not None and known == level):
                return code
        raise InterventionError(
            f"{self.name!r} never takes the level {level!r} in the data, so the model would be "
            f"asked where it was never trained.{suggestion(level, self.levels)} "
            f"Levels: {listed(self.levels)}."
        )

    def _encode_number(self, level: Any) -> float:
        if isinstance(level, bool) or not isinstance(level, int | float | np.number):
            raise InterventionError(
                f"{self.name!r} holds numbers, but the intervention names {level!r}. "
                f"Give a number between {self.low:g} and {self.high:g}."
            )
        if not self.low <= float(level) <= self.high:
            raise InterventionError(
                f"{level!r} lies outside the observed range of {self.name!r}, "
                f"{self.low:g} to {self.high:g}: the model would be asked where no data lives."
            )
        return float(level)

    def decode(self, values: Values) -> Any:
        """Return the values in the form the model reads: an array of the column's own dtype.

        Fractions in a column of whole numbers, which structural equations can give, stay
        fractions: rounding them would hide every effect smaller than one half.
        """
        if not self.is_numeric:
            return self._decoded_levels.take(values)
        if values.dtype == self.dtype:
            return values
        dtype = self.dtype
        if self.integer and pd.api.types.is_integer_dtype(dtype) and not _is_whole(values):
            dtype = np.dtype(np.float64) if isinstance(dtype, np.dtype) else pd.Float64Dtype()
        return values.astype(dtype) if isinstance(dtype, np.dtype) else pd.array(values, dtype)

    def label(self, value: float | int) -> str:
        """Return an encoded value as a person would write it.

        An arrow between blanks is ours: a change is written with it, and read back by it.
        """
        if self.is_numeric:
            return level_text(float(value), self._width, whole=self.integer)
        level = self.levels[int(value)]
        if isinstance(level, int | float) and not isinstance(level, bool):
            return self._code_text(level)
        return "missing" if level is None else str(level).replace(" → ", " -> ")

    @cached_property
    def _width(self) -> float:
        """Return the span a thousandth of which a label tells: neighbouring quantiles differ."""
        width = self.high - self.low
        marks = np.unique(np.nanquantile(self.values, QUANTILES, method="inverted_cdf"))
        least = float(np.diff(marks).min(initial=width))
        return max(min(width, 100 * least), 1e-6 * width)

    def _code_text(self, level: float) -> str:
        """Write a number that is one of few: whole ones may be codes, which have no commas."""
        if float(level).is_integer() and abs(level) < EXACT_LIMIT:
            return str(int(level)).replace("-", "−")
        numbers = sorted(float(one) for one in self.levels if isinstance(one, int | float))
        return level_text(float(level), min(np.diff(numbers), default=0.0))


def encode_column(name: str, series: pd.Series, *, category: bool = False) -> Column:
    """Encode one column of the data.

    Parameters
    ----------
    category : bool, default False
        Whether numbers are codes: levels without an order.

    Raises
    ------
    DataError
        When the column holds dates, infinities, mixed types, or nothing at all.
    """
    dtype = series.dtype
    kind = _value_kind(series)
    if kind in ("dates", "date", "datetime", "datetime64"):
        raise DataError(
            f"Column {name!r} holds dates ({dtype}), which no intervention here understands. "
            f"Turn it into a number first, for instance the days since a fixed date."
        )
    if kind == "number" and not category:
        return _encode_numeric(name, series)
    if kind in ("category", "number", "string", "boolean", "empty"):
        return _encode_categorical(name, series)
    raise DataError(
        f"Column {name!r} holds {kind} values ({dtype}). Make it one kind: numbers (for instance "
        f"with pd.to_numeric), true/false, or text."
    )


def _value_kind(series: pd.Series) -> str:
    """Name what a column holds, looking at the values only where the dtype does not say."""
    dtype = series.dtype
    if isinstance(dtype, pd.CategoricalDtype):
        return "category"
    if isinstance(dtype, pd.StringDtype):
        return "string"
    if pd.api.types.is_bool_dtype(dtype):
        return "boolean"
    if pd.api.types.is_datetime64_any_dtype(dtype) or isinstance(dtype, pd.PeriodDtype):
        return "dates"
    if pd.api.types.is_complex_dtype(dtype):
        return "complex"
    if pd.api.types.is_numeric_dtype(dtype):
        return "number"
    return pd.api.types.infer_dtype(series, skipna=True)


def _encode_numeric(name: str, series: pd.Series) -> Column:
    dtype = series.dtype
    # A copy: `values` is frozen below, and the data must not be.
    values = series.to_numpy(dtype=np.float64, na_value=np.nan, copy=True)
    if np.isinf(values).any():
        label = series.index[int(np.flatnonzero(np.isinf(values))[0])]
        label = label.item() if isinstance(label, np.generic) else label
        raise DataError(
            f"Column {name!r} holds an infinite value at row {label!r}. "
            f"Replace it by a number or leave it missing."
        )
    present = values[~np.isnan(values)]
    if not len(present):
        raise _nothing(name)
    low, high = float(present.min()), float(present.max())
    if max(-low, high) > LARGEST:
        raise DataError(
            f"Column {name!r} holds numbers beyond ±{LARGEST:g} (from {low:g} to {high:g}), which "
            f"cannot be computed with. Give it in a larger unit, or leave such values missing."
        )
    if pd.api.types.is_integer_dtype(dtype) and max(-low, high) >= EXACT_LIMIT:
        raise DataError(
            f"Column {name!r} holds whole numbers beyond 2^53, which cannot be computed with "
            f"exactly. If they are identifiers, make them text: data[{name!r}].astype(str)."
        )
    if low < high and bool(((present == low) | (present == high)).all()):
        return _encode_categorical(name, series)
    values.setflags(write=False)
    return Column(name, "numeric", values, (), _is_whole(present), low, high, dtype, None)


def _is_whole(values: FloatArray) -> bool:
    return bool((values == np.rint(values))[~np.isnan(values)].all())


def _encode_categorical(name: str, series: pd.Series) -> Column:
    dtype = series.dtype
    codes, levels = _declared(series) if hasattr(series, "cat") else _sorted(series)
    missing = codes < 0
    if missing.all():
        raise _nothing(name)
    if missing.any():
        codes[missing] = len(levels)
        levels.append(None)
    codes.setflags(write=False)
    # One example row per level, in the column's own dtype, turns codes back by a single take.
    first = np.zeros(len(levels), dtype=np.intp)
    first[codes[::-1]] = np.arange(len(codes))[::-1]
    decoded = series.array.take(first)
    plain = tuple(level.item() if isinstance(level, np.generic) else level for level in levels)
    return Column(name, "categorical", codes, plain, False, np.nan, np.nan, dtype, decoded)


def _declared(series: pd.Series) -> tuple[npt.NDArray[np.intp], list[Any]]:
    """Codes into the categories that occur, in their declared order; −1 where missing."""
    codes, categories = series.cat.codes.to_numpy(), series.cat.categories
    used = np.bincount(codes[codes >= 0], minlength=len(categories)) > 0
    renumbered = np.append(np.cumsum(used) - 1, -1).astype(np.intp)
    return renumbered[codes], list(categories[used])


def _sorted(series: pd.Series) -> tuple[npt.NDArray[np.intp], list[Any]]:
    """Codes into the sorted values; −1 where missing."""
    # Text is numbered as plain objects, at half the time that its own dtype takes.
    text = isinstance(series.dtype, pd.StringDtype)
    codes, found = pd.factorize(series.to_numpy(dtype=object) if text else series)
    levels = list(found)
    order = sorted(range(len(levels)), key=levels.__getitem__)
    rank = np.append(np.argsort(order), -1).astype(np.intp)
    return rank[codes], [levels[position] for position in order]


def _nothing(name: str) -> DataError:
    return DataError(f"Column {name!r} holds no value at all. Drop it or fill it.")
