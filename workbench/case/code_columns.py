"""Columns of whole numbers that are taken as categories, because what they cause says so."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
import numpy.typing as npt
import pandas as pd

from workbench.graph.causal_graph import CausalGraph
from workbench.tables.columns import Column, encode_column
from workbench.tables.files.column_types import STATED_TYPES
from workbench.tables.whole_number_codes import MOST_SEEN, named_like_code, without_order

__all__ = ["code_warnings", "taken_as_quantities", "with_codes"]


def with_codes(
    columns: Mapping[str, Column], data: pd.DataFrame, graph: CausalGraph
) -> dict[str, Column]:
    """Return the columns, whole numbers whose effects have no order as categories.

    A stated type is kept, and so are whole numbers that are stored as fractions.
    """
    found = dict(columns)
    for name in _whole_numbers(columns, data):
        if name in graph.nodes and without_order(columns[name], _caused(name, data, graph)):
            found[name] = encode_column(name, data[name], category=True)
    return found


def taken_as_quantities(
    columns: Mapping[str, Column], data: pd.DataFrame, graph: CausalGraph
) -> tuple[str, ...]:
    """Name whole numbers that are taken as quantities though what they cause shows no order.

    They are stored as fractions, which says in Python that they are quantities, or too many to be
    levels. No small effect of such a column can be believed.
    """
    stated = data.attrs.get(STATED_TYPES, {})
    return tuple(
        name
        for name, column in columns.items()
        if column.is_numeric and name in graph.nodes and name not in stated
        if without_order(column, _caused(name, data, graph), MOST_SEEN)
    )


def code_warnings(
    columns: Mapping[str, Column], data: pd.DataFrame, graph: CausalGraph
) -> Iterator[str]:
    """Say which columns were taken as codes, and which may be some."""
    for name in taken_as_quantities(columns, data, graph):
        yield (
            f"{name} is taken as a quantity, though what depends on it jumps between its whole "
            f"numbers as if they had no order, so that its effects are smoothed away. If they are "
            f"codes, say so: --type {name}=category, types={{{name!r}: 'category'}}, or "
            f"data[{name!r}].astype('category'); where these are very many, group them first."
        )
    for name, column in columns.items():
        levels = sum(level is not None for level in column.levels)
        if levels > 2 and _is_number(data[name]):
            yield (
                f"{name} is taken as a category, because what depends on it jumps between its "
                f"{levels} whole numbers as if they had no order. If it is a quantity, "
                f"say so: --type {name}=number, types={{{name!r}: 'number'}}, or "
                f"data[{name!r}].astype(float)."
            )
    for name in _whole_numbers(columns, data):
        if named_like_code(name) and columns[name].high - columns[name].low >= 2:
            yield (
                f"{name} holds whole numbers and is taken as a quantity, though its name says that "
                f"they may be codes. If they are, say so: --type {name}=category, "
                f"types={{{name!r}: 'category'}}, or data[{name!r}].astype('category')."
            )


def _whole_numbers(columns: Mapping[str, Column], data: pd.DataFrame) -> Iterator[str]:
    """Name columns of whole numbers about which nobody said anything."""
    stated = data.attrs.get(STATED_TYPES, {})
    for name, column in columns.items():
        if column.is_numeric and column.integer and name not in stated:
            fractions = pd.api.types.is_float_dtype(data[name].dtype)
            if not fractions or bool(np.isnan(column.values).any()):
                yield name


def _caused(name: str, data: pd.DataFrame, graph: CausalGraph) -> Iterator[npt.NDArray[np.float64]]:
    """Values of the columns that the graph says depend on this one, numbers and yes or no."""
    for child in graph.children(name):
        if child not in data.columns:
            continue
        series = data[child]
        if _is_number(series) or pd.api.types.is_bool_dtype(series.dtype):
            yield series.to_numpy(dtype=np.float64, na_value=np.nan)
        elif series.nunique() == 2:
            codes = pd.factorize(series)[0].astype(np.float64)
            yield np.where(codes < 0, np.nan, codes)


def _is_number(series: pd.Series) -> bool:
    dtype = series.dtype
    return pd.api.types.is_numeric_dtype(dtype) and not pd.api.types.is_bool_dtype(dtype)
