"""The subgroup language: a condition on columns, typed by a person and never evaluated as code.

``age > 50 and sex == "Female"``, ``` `hours-per-week` >= 40```, ``country in ["Mexico", "Peru"]``,
``not (18 <= age < 65)``, ``occupation is None`` (missing). Nothing else is understood: no calls, no
attributes, no arithmetic. See ``interface.md``, "A subgroup typed by a user".
"""

from __future__ import annotations

import ast
import operator
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, NoReturn

import numpy as np
import numpy.typing as npt
import pandas as pd

from workbench.case.condition_syntax import MEMBER, MISSING, ConditionTree, as_named, read_condition
from workbench.common.arrays import BoolArray
from workbench.common.errors import ConditionError, listed, suggestion

__all__ = ["Condition"]


_ORDER: Mapping[type[ast.cmpop], Callable[[Any, Any], Any]] = {
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}
_MIRRORED: Mapping[type[ast.cmpop], ast.cmpop] = {
    ast.Lt: ast.Gt(),
    ast.LtE: ast.GtE(),
    ast.Gt: ast.Lt(),
    ast.GtE: ast.LtE(),
}
ConditionKind = Literal["truth", "number", "text", "ordered"]


@dataclass(frozen=True)
class Condition:
    """A condition on the columns of a table.

    A comparison with a missing value is false; ask for missing values with ``is None``.

    Parameters
    ----------
    text : str
        At most 2,000 characters. Column names that are not plain words stand in backticks.
        Ordered categories compare by their order, other text only by ``==``, ``!=`` and ``in``.

    Raises
    ------
    ConditionError
        When the text is not in the language.

    Examples
    --------
    >>> import pandas as pd
    >>> frame = pd.DataFrame({"age": [40, 60], "hours-per-week": [50, 20]})
    >>> Condition("age > 50 or `hours-per-week` >= 40").mask(frame).tolist()
    [True, True]
    """

    text: str
    _tree: ConditionTree = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        tree = read_condition(self.text)
        object.__setattr__(self, "_tree", tree)
        object.__setattr__(self, "text", tree.text)

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns that the condition names, in the order of the text."""
        return self._tree.columns

    def mask(self, data: pd.DataFrame) -> BoolArray:
        """Return which rows of `data` satisfy the condition, shape (n,), dtype bool.

        Raises
        ------
        ConditionError
            When a column or level is unknown, or text is compared with a number.
        """
        unknown = [name for name in self.columns if name not in data.columns]
        if unknown:
            raise ConditionError(
                f"The condition {self.text!r} names {listed(unknown)}, which the data does not "
                f"have.{suggestion(unknown[0], data.columns)} Columns: {listed(data.columns)}. "
                f"Text stands in quotes."
            )
        return self._evaluate(self._tree.root, data)

    def _evaluate(self, node: ast.expr, data: pd.DataFrame) -> BoolArray:
        match node:
            case ast.BoolOp(op=op, values=values):
                parts = [self._evaluate(value, data) for value in values]
                joined = np.logical_and if isinstance(op, ast.And) else np.logical_or
                return np.asarray(joined.reduce(parts), dtype=bool)
            case ast.UnaryOp(operand=operand):
                return ~self._evaluate(operand, data)
            case ast.Name():
                return self._truth_column(data[self._tree.column(node)])
            case ast.Compare(left=left, ops=ops, comparators=comparators):
                sides = [left, *comparators]
                parts = [
                    self._compare(op, before, after, data)
                    for op, before, after in zip(ops, sides, comparators, strict=False)
                ]
                return np.asarray(np.logical_and.reduce(parts), dtype=bool)
        raise AssertionError(f"unchecked node {type(node).__name__}")

    def _truth_column(self, column: pd.Series) -> BoolArray:
        if self._kind(column) != "truth":
            raise ConditionError(
                f"Column {column.name!r} stands alone in {self.text!r} but holds no true/false "
                f"values. Compare it with something, for instance {_example(column)}."
            )
        return _filled(column, "truth").astype(bool)

    def _compare(
        self, op: ast.cmpop, left: ast.expr, right: ast.expr, data: pd.DataFrame
    ) -> BoolArray:
        if not isinstance(left, ast.Name):
            assert isinstance(right, ast.Name)
            return self._compare(_MIRRORED.get(type(op), op), right, left, data)
        column = data[self._tree.column(left)]
        present = column.notna().to_numpy(dtype=bool)
        if isinstance(op, MISSING):
            return present if isinstance(op, ast.IsNot) else ~present
        kind = self._kind(column)
        if isinstance(right, ast.Name):
            other = data[self._tree.column(right)]
            present = present & other.notna().to_numpy(dtype=bool)
            return present & self._compare_columns(op, column, other)
        if isinstance(op, MEMBER):
            assert isinstance(right, ast.List | ast.Tuple | ast.Set)
            levels = [self._level(column, kind, _constant(element)) for element in right.elts]
            values = _filled(column, kind)
            inside = np.zeros(len(column), dtype=bool)
            for level in levels:
                inside |= _related(ast.Eq(), values, level)
            return present & (inside if isinstance(op, ast.In) else ~inside)
        if kind == "text" and type(op) in _ORDER:
            self._refuse_order(column)
        level = self._level(column, kind, _constant(right))
        return present & _related(op, _filled(column, kind), level)

    def _compare_columns(self, op: ast.cmpop, left: pd.Series, right: pd.Series) -> BoolArray:
        words = {"text", "ordered"}
        kinds = self._kind(left), self._kind(right)
        if (kinds[0] in words) != (kinds[1] in words):
            raise ConditionError(
                f"Columns {left.name!r} and {right.name!r} in {self.text!r} cannot be compared: "
                f"one holds text, the other numbers."
            )
        if kinds[0] in words:
            if type(op) in _ORDER:
                self._refuse_order(left)
            return _related(op, _filled(left, "text"), _filled(right, "text"))
        return _related(op, _filled(left, kinds[0]), _filled(right, kinds[1]))

    def _kind(self, column: pd.Series) -> ConditionKind:
        dtype = column.dtype
        if isinstance(dtype, pd.CategoricalDtype):
            return "ordered" if dtype.ordered else "text"
        if isinstance(dtype, pd.StringDtype):
            return "text"
        if pd.api.types.is_bool_dtype(dtype):
            return "truth"
        if pd.api.types.is_numeric_dtype(dtype) and not pd.api.types.is_complex_dtype(dtype):
            return "number"
        inferred = pd.api.types.infer_dtype(column, skipna=True)
        if inferred in ("string", "empty"):
            return "text"
        if inferred == "boolean":
            return "truth"
        raise ConditionError(
            f"Column {column.name!r} in {self.text!r} holds {inferred} values ({dtype}); a "
            f"condition can ask about numbers, text and true/false, or whether it is None."
        )

    def _level(self, column: pd.Series, kind: ConditionKind, value: Any) -> Any:
        """Return what the constant is compared as, refusing one the column could never equal."""
        if kind in ("text", "ordered"):
            categorical = isinstance(column.dtype, pd.CategoricalDtype)
            levels = list(column.cat.categories if categorical else column.dropna().unique())
            if value not in levels:
                raise ConditionError(
                    f"Column {column.name!r} has no level {value!r} (in {self.text!r})."
                    f"{suggestion(value, levels)} Levels: {listed(levels)}."
                )
            return levels.index(value) if kind == "ordered" else value
        if isinstance(value, str):
            holds = "numbers" if kind == "number" else "true/false values"
            raise ConditionError(
                f"Column {column.name!r} holds {holds}, but {self.text!r} compares it with the "
                f"text {value!r}. Write for instance {_example(column)}."
            )
        return value

    def _refuse_order(self, column: pd.Series) -> NoReturn:
        raise ConditionError(
            f"Column {column.name!r} holds text, which has no order for the comparison in "
            f"{self.text!r}. Use == or in, for instance {_example(column)}."
        )

    def __str__(self) -> str:
        return self.text


def _constant(node: ast.expr) -> Any:
    """Return the value of a checked constant; a number beyond every column's becomes infinite."""
    negative = isinstance(node, ast.UnaryOp)
    literal = node.operand if isinstance(node, ast.UnaryOp) else node
    assert isinstance(literal, ast.Constant)
    value: Any = literal.value
    if isinstance(value, int) and value > sys.float_info.max:
        value = np.inf
    return -value if negative else value


def _filled(column: pd.Series, kind: ConditionKind) -> npt.NDArray[Any]:
    """Return the values as a plain array that compares quietly; what fills the gaps is masked."""
    if kind == "ordered":
        return column.cat.codes.to_numpy()
    if kind == "text":
        return column.astype(object).where(column.notna(), None).to_numpy()
    if kind == "truth":
        return column.eq(True).fillna(False).to_numpy(dtype=np.int8)
    if isinstance(column.dtype, np.dtype):
        return column.to_numpy()
    return column.fillna(0).to_numpy()


def _related(op: ast.cmpop, left: npt.NDArray[Any], right: Any) -> BoolArray:
    # A constant beyond the range of half or single precision counts as infinite there.
    with np.errstate(over="ignore"):
        if isinstance(op, ast.Eq | ast.NotEq):
            equal = np.asarray(left == right, dtype=bool)
            return equal if isinstance(op, ast.Eq) else ~equal
        return np.asarray(_ORDER[type(op)](left, right), dtype=bool)


def _example(column: pd.Series) -> str:
    shown = as_named(str(column.name))
    present = column.dropna()
    if present.empty:
        return f"{shown} is None"
    if pd.api.types.is_bool_dtype(column.dtype):
        return f"{shown} == True"
    if pd.api.types.is_numeric_dtype(column.dtype):
        return f"{shown} > {present.median():g}"
    return f"{shown} == {present.iloc[0]!r}"
