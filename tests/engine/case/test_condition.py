"""The subgroup language: what it means, and that nothing else gets through."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.case.condition import Condition
from workbench.common.errors import AuditError, ConditionError

FRAME = pd.DataFrame(
    {
        "age": [20, 35, 50, 65, 80],
        "bmi": [18.5, np.nan, 31.0, 24.0, 27.5],
        "sex": ["Female", "Male", None, "Male", "Female"],
        "size": pd.Categorical(
            ["small", "large", "medium", None, "small"], ["small", "medium", "large"], ordered=True
        ),
        "smoker": [True, False, True, False, True],
        "visits": pd.array([1, None, 3, 0, 2], dtype="Int64"),
        "insured": pd.array([True, None, False, True, True], dtype="boolean"),
        "maybe": pd.Series([True, None, False, None, True], dtype=object),
        "flag": [0, 1, 0, 1, 1],
        "hours-per-week": [50, 20, 40, 0, 10],
        "city": pd.Categorical(["A", "B", "A", None, "C"]),
        "class": ["x", "y", "x", "y", "x"],
        "ﬁ": [1, 2, 3, 4, 5],
        "größe": [1, 2, 3, 4, 5],
        "当": [5, 4, 3, 2, 1],
        "single": np.array([1.1, 2.2, 3.3, 4.4, 5.5], dtype=np.float32),
        "when": pd.date_range("2020-01-01", periods=5),
        "mixed": pd.Series([1, "a", None, 2.5, True], dtype=object),
    }
)


def rows(text: str, frame: pd.DataFrame = FRAME) -> list[int]:
    mask = Condition(text).mask(frame)
    assert mask.dtype == bool and mask.shape == (len(frame),)
    return np.flatnonzero(mask).tolist()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("age > 50", [3, 4]),
        ("  age > 50\n", [3, 4]),
        ("50 < age", [3, 4]),
        ("50 >= age", [0, 1, 2]),
        ("not (35 <= age < 65)", [0, 3, 4]),
        ("20 < age <= 65 != 50", "no column"),
        ("age == 20 or age == 80", [0, 4]),
        ("age in [20, 80]", [0, 4]),
        ("age not in (20, 80)", [1, 2, 3]),
        ("age in {20}", [0]),
        ("age in []", []),
        ("age > -1", [0, 1, 2, 3, 4]),
        ("age >\n50\tand smoker", [4]),
        ("age\u00a0>\u00a050", [3, 4]),
        # a comparison with a missing value is false, whichever way it is asked
        ("bmi > 20", [2, 3, 4]),
        ("bmi <= 20", [0]),
        ("bmi != 31", [0, 3, 4]),
        ("bmi is None", [1]),
        ("bmi is not None", [0, 2, 3, 4]),
        ("bmi not in [31]", [0, 3, 4]),
        ("not bmi > 20", [0, 1]),
        ('sex == "Female"', [0, 4]),
        ("sex == 'Female'", [0, 4]),
        ('"Female" == sex', [0, 4]),
        ('sex != "Female"', [1, 3]),
        ('sex in ["Male", "Female"]', [0, 1, 3, 4]),
        ('sex not in ["Male"]', [0, 4]),
        ("sex is None", [2]),
        ('sex == "Fem\\x61le"', [0, 4]),
        # nullable, boolean and object columns
        ("visits > 1", [2, 4]),
        ("visits != 1", [2, 3, 4]),
        ("visits is None", [1]),
        ("visits in [0, 3]", [2, 3]),
        ("visits < age", [0, 2, 3, 4]),
        ("smoker", [0, 2, 4]),
        ("not smoker", [1, 3]),
        ("smoker == True", [0, 2, 4]),
        ("smoker == 0", [1, 3]),
        ("smoker in [True]", [0, 2, 4]),
        ("insured", [0, 3, 4]),
        ("insured == False", [2]),
        ("insured != True", [2]),
        ("not insured", [1, 2]),
        ("maybe", [0, 4]),
        ("maybe == False", [2]),
        ("maybe is None", [1, 3]),
        ("flag == 1", [1, 3, 4]),
        ("flag == 1.0", [1, 3, 4]),
        # ordered and unordered categories
        ('size == "small"', [0, 4]),
        ('size > "small"', [1, 2]),
        ('size <= "medium"', [0, 2, 4]),
        ('"small" < size <= "medium"', [2]),
        ('size in ["large", "small"]', [0, 1, 4]),
        ('size != "small"', [1, 2]),
        ('city == "A"', [0, 2]),
        ("city is None", [3]),
        # names
        ("`hours-per-week` >= 40", [0, 2]),
        ("`age` > 50", [3, 4]),
        ('class == "x" and `class` == "x"', [0, 2, 4]),
        ("ﬁ > 3", [3, 4]),
        ("größe > 3", [3, 4]),
        ("当 > 3", [0, 1]),
        ("age > `hours-per-week`", [1, 2, 3, 4]),
        # precedence
        ("smoker and age > 70 or age < 30", [0, 4]),
        ("smoker and (age > 70 or age < 30)", [0, 4]),
        ("not smoker and age > 50", [3]),
        # numbers no 64 bits hold
        (f"age < {10**400}", [0, 1, 2, 3, 4]),
        (f"age > -{10**400}", [0, 1, 2, 3, 4]),
        (f"visits < {10**30}", [0, 2, 3, 4]),
        ("age < 1e999", [0, 1, 2, 3, 4]),
        (f"smoker < {10**30} and smoker != {2**63} and insured > -{10**30}", [0, 2, 3, 4]),
        (f"single < 1e300 and single < {10**300} and single in [1.1, 1e300]", [0]),
        ("single == 1.1", [0]),
    ],
)
def test_meaning(text: str, expected: list[int] | str) -> None:
    if isinstance(expected, str):
        with pytest.raises(ConditionError, match=expected):
            Condition(text)
    else:
        assert rows(text) == expected


def test_a_name_is_the_column_that_was_typed() -> None:
    """Python reads 'ﬁ' as 'fi'; the condition must not ask about another column."""
    frame = pd.DataFrame({"fi": [1, 0], "ﬁ": [0, 1]})
    assert rows("ﬁ == 1", frame) == [1]
    assert rows("fi == 1", frame) == [0]
    with pytest.raises(ConditionError, match="names 'ﬁ', which the data does not have"):
        rows("ﬁ == 1", frame[["fi"]])


def test_quotes_and_backticks_inside_text_stay_text() -> None:
    frame = pd.DataFrame({"t": ["a`b`c", 'say "hi"', "it's", "back\\slash", "当"]})
    assert rows('t == "a`b`c"', frame) == [0]
    assert rows(r't == "say \"hi\""', frame) == [1]
    assert rows("t == 'say \"hi\"'", frame) == [1]
    assert rows(r"t == 'it\'s'", frame) == [2]
    assert rows(r't == "back\\slash"', frame) == [3]
    assert rows('t == "当"', frame) == [4]
    assert Condition('`a b` > 1 and t == "`"').columns == ("a b", "t")


@pytest.mark.parametrize(
    "text",
    [
        "age.real > 1",
        "sex.str.len() > 1",
        "age.__class__ == 1",
        "__import__('os').system('true')",
        "print(age)",
        "age[0] > 1",
        "age[:] > 1",
        "lambda: age",
        "[a for a in age]",
        "age in [a for a in age]",
        "{a: 1 for a in age}",
        "(a for a in age)",
        "f'{age}' == 'x'",
        "sex == f'{age}'",
        "sex == b'Female'",
        "(age := 3) > 1",
        "age > (x := 3)",
        "@age > 3",
        "age > @limit",
        "age + 1 > 3",
        "age ** 9 ** 9 > 3",
        "~smoker",
        "-age > 3",
        "age > +3",
        "age > --3",
        "age > -True or age > 1j",
        "age if smoker else bmi",
        "age in age",
        "age in 'abc'",
        "sex in sex",
        "age in [[1]]",
        "age in [*age]",
        "age in [None]",
        "age is 3",
        "age is not True",
        "age == None",
        "age == ...",
        "None is None",
        "3 in [3]",
        "3 is None",
        "1 == 1",
        "True",
        "3",
        '"age"',
        "age > 1 == 1",
        "yield age",
        "await age",
        "age; sex",
        "age = 3",
        "age, sex",
        "import os",
        "age > 50 # and smoker",
        "age > 50 \\\n and smoker",
        "`age > 3",
        '"Female == sex',
        "``",
        "age > 3)",
        "(age > 3",
        "age > 3) or (age < 2",
        "age >",
        "and",
        "age > 3 and",
        "age ≥ 3",
        "age > 0777",
        "age > 3\x00",
        "sex == '\x00'",
        "sex == '\ud800'",
        "\ud800 > 3",
        "0x",
        "1or age",
        "",
        "   \n ",
    ],
)
def test_everything_else_is_refused_before_data_is_seen(text: str) -> None:
    with pytest.raises(ConditionError):
        Condition(text)


@pytest.mark.parametrize(
    "text",
    [
        "(" * 100_000 + "age > 3" + ")" * 100_000,
        "(" * 900 + "age > 3" + ")" * 900,
        "not " * 480 + "smoker",
        "[" * 900,
        "age > 3 and " * 10_000 + "smoker",
        "-" * 1_900 + "1 < age",
        "a." * 900 + "b",
    ],
)
def test_size_is_bounded(text: str) -> None:
    with pytest.raises(ConditionError):
        Condition(text)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "The condition is empty. Write comparisons such as"),
        (" ", "The condition is empty"),
        ("x" * 2001, "has 2,001 characters; at most 2,000 are read"),
        ("not " * 60 + "smoker", "nested more than 50 deep"),
        ("bim > 3", r"names 'bim', which the data does not have. Did you mean 'bmi'\? Columns"),
        ("sex == Female", "names 'Female', which the data does not have.* Text stands in quotes"),
        ("age = 3", "something is wrong near character 5. Equality is written =="),
        ("age > 3 # x", "near character 9"),
        ("smoker and age.real > 1", r"'age.real' in the condition .* is not in the condition lang"),
        ("`hours-per-week`.real", "'`hours-per-week`.real' in the condition"),
        ("当 > age.x", "'age.x' in the condition"),
        ("age", "Column 'age' stands alone .* instance age > 50"),
        ("`hours-per-week`", "instance `hours-per-week` > 20"),
        ("sex", "instance sex == 'Female'"),
        ("sex == 'female'", r"no level 'female' .* Did you mean 'Female'\? Levels: 'Female', 'Ma"),
        ("sex == 3", "Column 'sex' has no level 3"),
        ("sex == True", "Column 'sex' has no level True"),
        ("sex in ['Male', 'x']", "no level 'x'"),
        ("size > 'huge'", "no level 'huge' .* Levels: 'small', 'medium', 'large'"),
        ("sex > 'Female'", "holds text, which has no order"),
        ("city < 'B'", "holds text, which has no order"),
        ("sex > class", "holds text, which has no order"),
        ("age == 'old'", "holds numbers, but .* the text 'old'. Write for instance age > 50"),
        ("smoker == 'yes'", "holds true/false values, but .* instance smoker == True"),
        ("age > sex", "cannot be compared: one holds text, the other numbers"),
        ("age in sex", '"in" needs a list such as'),
        ("'a' in ['a']", 'left side of "in" must be a column'),
        ("age is 3", '"is" can only ask for missing values'),
        ("age == None", "Ask for missing values with column is None"),
        ("1 < 2 < age", "a comparison names no column. Text stands in quotes"),
        ("when > 3", "Column 'when' .* holds datetime64 values"),
        ("mixed == 'a'", "Column 'mixed' .* holds mixed"),
    ],
)
def test_messages(text: str, message: str) -> None:
    with pytest.raises(ConditionError, match=message):
        Condition(text).mask(FRAME)


def test_not_text() -> None:
    with pytest.raises(ConditionError, match="A condition is a text, not a int"):
        Condition(3)  # type: ignore[arg-type]


def test_missing_can_be_asked_of_any_column() -> None:
    assert rows("mixed is None") == [2]
    assert rows("when is None") == []


def test_value_semantics() -> None:
    assert Condition("age > 3") == Condition(" age > 3 ")
    assert hash(Condition("age > 3")) == hash(Condition("age > 3"))
    assert str(Condition(" age > 3")) == "age > 3"
    assert Condition("b > 1 and (c or a == 1) and b").columns == ("b", "c", "a")


def test_the_frame_is_left_alone() -> None:
    before = FRAME.copy()
    rows("sex != 'Male' and visits > 1 and size > 'small' or insured")
    pd.testing.assert_frame_equal(before, FRAME)


# ---- any text: a mask or a ConditionError -------------------------------------------------

PIECES = st.sampled_from(
    [
        *("age", "bmi", "sex", "size", "smoker", "visits", "insured", "maybe", "`hours-per-week`"),
        *("ﬁ", "当", "class", "when", "mixed", "city", "nowhere", "`", '"', "'", "\\", "#", "\n"),
        *("and", "or", "not", "in", "is", "None", "True", "(", ")", "[", "]", "{", "}", ",", ":"),
        *("<", "<=", ">", ">=", "==", "!=", "=", ":=", "@", "~", "-", "+", "*", ".", "lambda"),
        *("1", "0", "50", "2.5", "1e400", "0x1F", "1_0", "9" * 400, '"Female"', "'small'", "'x'"),
        *("f''", "b''", "__class__", "if", "else", "for", "\x00", "\u00a0", "…", "é"),
    ]
)


OPERATORS = st.sampled_from(["<", "<=", "==", "!=", ">", ">=", "in", "is", "not in", "is not"])
CONSTANTS = st.sampled_from(
    [
        *("1", "-1", "-0", "True", "0.5", "1e999", "-1e300", "9" * 400, "9" * 30, "None"),
        '"Female"',
        "'small'",
        "''",
        '"x"',
    ]
)
SIDES = st.one_of(
    st.sampled_from([f"`{name}`" for name in FRAME]),
    CONSTANTS,
    st.lists(CONSTANTS, max_size=3).map(lambda parts: f"[{', '.join(parts)}]"),
)
COMPARISONS = st.one_of(
    st.tuples(SIDES, OPERATORS, SIDES), st.tuples(SIDES, OPERATORS, SIDES, OPERATORS, SIDES)
).map(" ".join)
WORD_SALAD = st.lists(PIECES, max_size=14).map(" ".join)


@given(st.one_of(st.text(max_size=60), WORD_SALAD, COMPARISONS))
def test_any_text_gives_a_mask_or_a_condition_error(text: str) -> None:
    try:
        mask = Condition(text).mask(FRAME)
    except ConditionError as error:
        assert isinstance(error, AuditError) and str(error)
    else:
        assert mask.dtype == bool and mask.shape == (5,)


# ---- the same rows as pandas finds --------------------------------------------------------

NUMBERS = ["age", "bmi", "visits", "flag", "hours-per-week"]
TEXTS = ["sex", "size", "city", "class"]
SYMBOLS = {"<": "lt", "<=": "le", ">": "gt", ">=": "ge", "==": "eq", "!=": "ne"}


def _shown(name: str) -> str:
    return f"`{name}`" if "-" in name else name


def _plain(mask: pd.Series) -> pd.Series:
    return mask.fillna(False).astype(bool)


@st.composite
def leaf(draw: st.DrawFn) -> tuple[str, pd.Series]:
    kind = draw(st.sampled_from(["number", "mirrored", "columns", "text", "in", "missing", "bool"]))
    if kind == "bool":
        name = draw(st.sampled_from(["smoker", "insured"]))
        return name, _plain(FRAME[name])
    if kind == "missing":
        name = draw(st.sampled_from(NUMBERS + TEXTS))
        return f"{_shown(name)} is None", FRAME[name].isna()
    name = draw(st.sampled_from(TEXTS if kind in ("text", "in") else NUMBERS))
    column = FRAME[name]
    if kind in ("text", "in"):
        levels = column.dropna().unique().tolist()
        chosen = draw(st.lists(st.sampled_from(levels), min_size=1, max_size=3))
        if kind == "in":
            return f"{name} in {chosen!r}", column.isin(chosen)
        sign = draw(st.sampled_from(["==", "!="]))
        found = _plain(getattr(column, SYMBOLS[sign])(chosen[0])) & column.notna()
        return f"{name} {sign} {chosen[0]!r}", found
    sign = draw(st.sampled_from(sorted(SYMBOLS)))
    if kind == "columns":
        other = draw(st.sampled_from(NUMBERS))
        found = _plain(getattr(column, SYMBOLS[sign])(FRAME[other]))
        present = column.notna() & FRAME[other].notna()
        return f"{_shown(name)} {sign} {_shown(other)}", found & present
    number = draw(st.one_of(st.integers(-5, 90), st.floats(-5, 90)))
    if kind == "mirrored":
        turned = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}.get(sign, sign)
        found = _plain(getattr(column, SYMBOLS[turned])(number)) & column.notna()
        return f"{number!r} {sign} {_shown(name)}", found
    found = _plain(getattr(column, SYMBOLS[sign])(number)) & column.notna()
    return f"{_shown(name)} {sign} {number!r}", found


def _joined(parts: st.SearchStrategy[tuple[str, pd.Series]]) -> st.SearchStrategy:
    return st.one_of(
        parts.map(lambda p: (f"not ({p[0]})", ~p[1])),
        st.tuples(parts, parts).map(lambda p: (f"({p[0][0]}) and {p[1][0]}", p[0][1] & p[1][1])),
        st.tuples(parts, parts).map(lambda p: (f"({p[0][0]}) or ({p[1][0]})", p[0][1] | p[1][1])),
    ).map(lambda p: (f"({p[0]})", p[1]))


@given(st.recursive(leaf(), _joined, max_leaves=6))
def test_same_rows_as_pandas(case: tuple[str, pd.Series]) -> None:
    text, expected = case
    assert rows(text) == np.flatnonzero(expected.to_numpy()).tolist()
