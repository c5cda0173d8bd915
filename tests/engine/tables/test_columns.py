"""Encoding a column loses nothing, and refuses what cannot be computed with."""

from __future__ import annotations

import datetime

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.common.errors import DataError, InterventionError
from workbench.tables.column_bases import column_basis
from workbench.tables.columns import encode_column

FURTHEST = 2.0**99
"""Numbers beyond 1e30 are refused; a power of two is a float of every width."""
NUMERIC = {
    **{
        dtype: st.integers(np.iinfo(dtype).min, np.iinfo(dtype).max)
        for dtype in ("int8", "int16", "int32", "uint8", "uint16", "uint32")
    },
    "int64": st.integers(1 - 2**53, 2**53 - 1),
    "uint64": st.integers(0, 2**53 - 1),
    "float64": st.one_of(st.just(np.nan), st.floats(-FURTHEST, FURTHEST)),
    "float32": st.one_of(st.just(np.nan), st.floats(-FURTHEST, FURTHEST, width=32)),
    "float16": st.floats(allow_infinity=False, width=16),
    "Int64": st.one_of(st.none(), st.integers(1 - 2**53, 2**53 - 1)),
    "UInt8": st.one_of(st.none(), st.integers(0, 255)),
    "Float64": st.one_of(st.none(), st.floats(-FURTHEST, FURTHEST)),
    "Float32": st.one_of(st.none(), st.floats(-FURTHEST, FURTHEST, width=32)),
}
WORDS = st.one_of(st.none(), st.text(max_size=3), st.sampled_from(["a", "b", "Ä", "ﬁ"]))
LEVELS = ["b", "a", "", "z z"]
OTHERS = {
    "bool": st.booleans(),
    "boolean": st.one_of(st.none(), st.booleans()),
    "truth as object": st.one_of(st.none(), st.booleans()),
    "str": WORDS,
    "string": WORDS,
    "text as object": WORDS,
    "category": st.one_of(st.none(), st.sampled_from(LEVELS)),
    "ordered": st.one_of(st.none(), st.sampled_from(LEVELS)),
    "numbered category": st.one_of(st.none(), st.integers(0, 3)),
}


@st.composite
def series(draw: st.DrawFn) -> pd.Series:
    kind = draw(st.sampled_from([*NUMERIC, *OTHERS]))
    values = draw(st.lists((NUMERIC | OTHERS)[kind], min_size=1, max_size=12))
    dtype: object = kind
    if kind == "numbered category":
        dtype = pd.CategoricalDtype([3, 1, 0, 2])
    elif kind in ("category", "ordered"):
        dtype = pd.CategoricalDtype(LEVELS, ordered=kind == "ordered")
    elif kind.endswith("object"):
        dtype = object
    return pd.Series(values, dtype=dtype, index=draw(st.permutations(range(len(values)))))


def _same_bits(one: pd.Series, two: pd.Series) -> None:
    assert one.dtype == two.dtype
    pd.testing.assert_series_equal(one, two, check_exact=True)
    if isinstance(one.dtype, np.dtype) and one.dtype.kind == "f" and one.nunique() > 2:
        present = one.notna()
        assert one[present].to_numpy().tobytes() == two[present].to_numpy().tobytes()


@given(series())
def test_decoding_gives_back_the_same_values_in_the_same_dtype(given_: pd.Series) -> None:
    before = given_.copy()
    if given_.isna().all():
        with pytest.raises(DataError, match="Column 'x' holds no value at all"):
            encode_column("x", given_)
        return
    column = encode_column("x", given_)
    _same_bits(pd.Series(column.decode(column.values), index=given_.index), given_)
    pd.testing.assert_series_equal(given_, before)
    # any subset, in any order, keeps the dtype too
    back = pd.DataFrame({"x": column.decode(column.values[::-1])})["x"]
    _same_bits(back, given_[::-1].reset_index(drop=True).rename("x"))
    assert not column.values.flags.writeable
    if column.is_numeric:
        assert column.values.dtype == np.float64 and column.levels == ()
        assert column.low == np.nanmin(column.values) and column.high == np.nanmax(column.values)
        assert column.encode(column.low) == column.low
    else:
        assert column.values.dtype == np.intp
        assert column.counts().min() > 0 and column.counts().sum() == len(given_)
        assert None not in column.levels[:-1]
        assert (column.levels[-1] is None) == given_.isna().any()
        for code, level in enumerate(column.levels):
            assert column.encode(level) == code


@pytest.mark.parametrize(
    ("values", "kind", "levels"),
    [
        ([True, False, True], "categorical", (False, True)),
        (pd.array([True, None, False], dtype="boolean"), "categorical", (False, True, None)),
        (np.array([True, None, False], dtype=object), "categorical", (False, True, None)),
        ([3, 1, 3], "categorical", (1, 3)),
        ([3.5, np.nan, 1.5], "categorical", (1.5, 3.5, None)),
        (pd.array([7, None, 3], dtype="Int64"), "categorical", (3, 7, None)),
        (["b", None, "a"], "categorical", ("a", "b", None)),
        (pd.Categorical(["b", "a"], ["b", "unused", "a"]), "categorical", ("b", "a")),
        (pd.cut([1, 5, 9], [0, 4, 10]), "categorical", None),
        ([1, 2, 3], "numeric", ()),
        ([5, 5, 5], "numeric", ()),
        ([5.0, np.nan, 5.0], "numeric", ()),
    ],
)
def test_kinds_and_levels(values, kind: str, levels: tuple | None) -> None:
    column = encode_column("x", pd.Series(values))
    assert column.kind == kind
    if levels is not None:
        assert column.levels == levels
        assert [type(a) for a in column.levels] == [type(b) for b in levels]


def test_declared_order_and_unused_categories_are_kept_in_the_dtype() -> None:
    given_ = pd.Series(pd.Categorical(["b", "a"], ["b", "unused", "a"], ordered=True))
    column = encode_column("x", given_)
    assert pd.Series(column.decode(column.values)).dtype == given_.dtype


@pytest.mark.parametrize(
    ("values", "constant"),
    [
        ([1, 1], True),
        ([1.0, np.nan], True),
        (["a", "a"], True),
        ([True, True], True),
        (["a", None], False),
        ([1, 2], False),
    ],
)
def test_constant(values: list, constant: bool) -> None:
    assert encode_column("x", pd.Series(values)).is_constant is constant


def test_numeric_facts() -> None:
    column = encode_column("x", pd.Series([1.0, 2.0, np.nan, 6.0]))
    assert (column.low, column.high, column.integer) == (1.0, 6.0, True)
    assert column.scale == pytest.approx(np.std([1, 2, 6]))
    assert encode_column("x", pd.Series([0.5, 1, 2])).integer is False
    assert encode_column("x", pd.Series([4, 4])).scale == 1.0
    assert column.label(2.5) == "2.5"
    assert encode_column("x", pd.Series(["a", None])).label(1) == "missing"


@pytest.mark.parametrize(
    ("dtype", "fractional"),
    [("int64", "float64"), ("uint8", "float64"), ("Int64", "Float64"), ("float32", "float32")],
)
def test_fractions_in_a_column_of_whole_numbers(dtype: str, fractional: str) -> None:
    column = encode_column("x", pd.Series([1, 2, 3], dtype=dtype))
    assert pd.Series(column.decode(np.array([1.0, 3.0]))).dtype == dtype
    decoded = pd.Series(column.decode(np.array([1.25, 3.0])))
    assert decoded.dtype == fractional and decoded.tolist() == [1.25, 3.0]


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (pd.date_range("2020", periods=2), r"'x' holds dates \(datetime64.* days since a fixed"),
        (pd.date_range("2020", periods=2, tz="UTC"), "holds dates"),
        (pd.period_range("2020", periods=2, freq="D"), "holds dates"),
        (np.array([datetime.date(2020, 1, 1), None], dtype=object), "holds dates"),
        (pd.to_timedelta([1, 2], unit="D"), "holds timedelta"),
        ([1.0, np.inf, 2.0], "'x' holds an infinite value at row 1. Replace it"),
        ([1.0, -np.inf], "infinite value at row 1"),
        (np.array([1 + 2j, 3]), "complex"),
        ([None, None], "'x' holds no value at all. Drop it or fill it"),
        ([np.nan, np.nan], "no value at all"),
        (pd.array([None, None], dtype="Int64"), "no value at all"),
        (pd.Categorical([None, None], ["a"]), "no value at all"),
        (pd.array([None], dtype="boolean"), "no value at all"),
        (np.array([1, "a"], dtype=object), "holds mixed-integer values .* Make it one kind"),
        (np.array([1, 2], dtype=object), "holds integer values .* pd.to_numeric"),
        (np.array([[1], [2]], dtype=object).tolist(), "holds mixed values"),
        (np.array([True, "yes"], dtype=object), "Make it one kind"),
        (np.array([b"a", b"b"], dtype=object), "holds bytes values"),
        ([2**53 + 1, 3, 4], r"beyond 2\^53, .* make them text: data\['x'\].astype"),
        ([-(2**62), 3, 4], r"beyond 2\^53"),
    ],
)
def test_refused(values, message: str) -> None:
    with pytest.raises(DataError, match=message):
        encode_column("x", pd.Series(values))


@pytest.mark.parametrize(
    ("values", "level", "message"),
    [
        (["red", "blue"], "rad", r"'x' never takes the level 'rad' .* Did you mean 'red'\? Levels"),
        (["red", "blue"], None, "never takes the level None"),
        (["red", "blue"], 0, "never takes the level 0"),
        (pd.Categorical(["a"], ["a", "b"]), "b", "never takes the level 'b'"),
        ([0, 1], 2, "never takes the level 2"),
        ([0, 1], "1", "never takes the level '1'"),
        ([1, 2, 3], 4, "4 lies outside the observed range of 'x', 1 to 3"),
        ([1, 2, 3], np.nan, "nan lies outside"),
        (
            [1, 2, 3],
            "2",
            "'x' holds numbers, but the intervention names '2'. Give a number between",
        ),
        ([1, 2, 3], True, "names True"),
        ([1, 2, 3], None, "names None"),
    ],
)
def test_levels_never_seen(values, level: object, message: str) -> None:
    with pytest.raises(InterventionError, match=message):
        encode_column("x", pd.Series(values)).encode(level)


def test_levels_are_found_by_value() -> None:
    assert encode_column("x", pd.Series([0, 1])).encode(np.int64(1)) == 1
    assert encode_column("x", pd.Series([0, 1])).encode(1.0) == 1
    assert encode_column("x", pd.Series(["a", None])).encode(np.nan) == 1
    assert encode_column("x", pd.Series(["a", None])).encode(pd.NA) == 1
    assert encode_column("x", pd.Series([1, 2, 3])).encode(np.float32(2)) == 2.0


def test_a_columns_basis_is_made_once_for_what_is_asked_of_it() -> None:
    few = pd.Series(["a"] * 500 + ["b"] * 490 + ["c"] * 6 + ["d"] * 4)
    column = encode_column("x", few)
    pooled, kept = (
        column_basis(column, "coarse"),
        column_basis(column, "coarse", keep=np.array([2])),
    )
    assert column_basis(column, "coarse") is pooled
    assert column_basis(column, "coarse", keep=np.array([2])) is kept
    assert (pooled.width, kept.width, column_basis(column, "fine").width) == (1, 2, 3)
    number = encode_column("x", pd.Series(np.arange(1000) / 7))
    assert column_basis(number, "fine") is column_basis(number, "fine", keep=np.array([2]))
    assert column_basis(number, "fine").width > column_basis(number, "coarse").width
    other = encode_column("x", pd.Series(["a"] * 990 + ["b"] * 10))
    assert column_basis(other, "coarse").width == 0
