"""Reading the subgroup language: text to a syntax tree that holds nothing outside the language.

Python's parser does the reading, and a whitelist refuses every construct but comparisons of
columns with constants, joined by and, or and not. Nothing is ever compiled or evaluated.
"""

from __future__ import annotations

import ast
import keyword
import re
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NoReturn

from workbench.common.errors import ConditionError
from workbench.common.limits import CONDITION_CHARACTERS, CONDITION_DEPTH

__all__ = ["MEMBER", "MISSING", "ConditionTree", "as_named", "read_condition"]


MEMBER = (ast.In, ast.NotIn)
MISSING = (ast.Is, ast.IsNot)
_WORDS = {"and", "or", "not", "in", "is", "None", "True", "False"}
_TOKEN = re.compile(
    r"""(?P<text>"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*')   # quoted text stays as it is
      | `(?P<quoted>[^`]+)`                                 # a column in backticks
      | (?P<number>\d[\w.]*)
      | (?P<name>[^\W\d]\w*)
      | (?P<space>\s)
      | (?P<stray>["'`\\\#])                                # never closed, or a comment""",
    re.VERBOSE,
)
_GRAMMAR = (
    'Write comparisons such as age > 50, sex == "Female", country in ["Mexico", "Peru"], '
    "`column with spaces` <= 3 or occupation is None, joined by and, or, not and parentheses."
)


def as_named(column: str) -> str:
    """Write a column's name as conditions have it: in backticks where it is not a plain word.

    Examples
    --------
    >>> as_named("age"), as_named("hours-per-week"), as_named("in")
    ('age', '`hours-per-week`', '`in`')
    """
    return column if column.isidentifier() and column not in _WORDS else f"`{column}`"


@dataclass(frozen=True)
class ConditionTree:
    """A condition that has been read and found to be in the language.

    Attributes
    ----------
    text : str
        Without leading and trailing space.
    root : ast.expr
        BoolOp, UnaryOp with Not, Compare and Name; constants and lists of them in comparisons.
    names : mapping of str to str
        The columns that stand under another identifier in `root`.
    """

    text: str
    root: ast.expr
    names: Mapping[str, str]

    def column(self, node: ast.Name) -> str:
        """Return the column that a name in the tree stands for."""
        return self.names.get(node.id, node.id)

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns named, in the order of the text."""
        found = [node for node in ast.walk(self.root) if isinstance(node, ast.Name)]
        found.sort(key=lambda node: node.col_offset)
        return tuple(dict.fromkeys(self.column(node) for node in found))


def read_condition(text: str) -> ConditionTree:
    """Read a condition.

    Raises
    ------
    ConditionError
        When the text is not in the language.

    Examples
    --------
    >>> read_condition("age > 50 and `hours-per-week` >= 40").columns
    ('age', 'hours-per-week')
    """
    if not isinstance(text, str):
        raise ConditionError(f"A condition is a text, not a {type(text).__name__}. {_GRAMMAR}")
    text = text.strip()
    if not text:
        raise ConditionError(f"The condition is empty. {_GRAMMAR}")
    if len(text) > CONDITION_CHARACTERS:
        raise ConditionError(
            f"The condition has {len(text):,} characters; at most {CONDITION_CHARACTERS:,} are "
            f"read."
        )
    source, names = _plain_source(text)
    root = _parsed(source, text)
    _Grammar(text, source).check(root)
    return ConditionTree(text, root, names)


@dataclass(frozen=True)
class _Grammar:
    """Refuses every construct outside the language before any data is seen."""

    text: str
    source: str

    def check(self, node: ast.expr, depth: int = 0) -> None:
        if depth > CONDITION_DEPTH:
            raise ConditionError(
                f"The condition {self.text[:40]!r}… is nested more than {CONDITION_DEPTH} deep."
            )
        match node:
            case ast.BoolOp(values=values):
                for value in values:
                    self.check(value, depth + 1)
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                self.check(operand, depth + 1)
            case ast.Compare(left=left, ops=ops, comparators=comparators):
                sides = [left, *comparators]
                for op, before, after in zip(ops, sides, comparators, strict=False):
                    self._check_comparison(op, before, after)
            case ast.Name():
                pass  # a column of true/false values standing alone
            case _:
                self._refuse(node)

    def _check_comparison(self, op: ast.cmpop, left: ast.expr, right: ast.expr) -> None:
        if isinstance(op, MEMBER):
            if not isinstance(right, ast.List | ast.Tuple | ast.Set):
                raise ConditionError(
                    f'In {self.text!r}, "in" needs a list such as ["a", "b"] on its right.'
                )
            for element in right.elts:
                self._check_constant(element)
        elif isinstance(op, MISSING):
            if not (isinstance(right, ast.Constant) and right.value is None):
                raise ConditionError(
                    f'In {self.text!r}, "is" can only ask for missing values: column is None.'
                )
        elif not isinstance(right, ast.Name):
            self._check_constant(right)
        if isinstance(left, ast.Name):
            return
        self._check_constant(left)
        if isinstance(op, MEMBER + MISSING):
            word = "in" if isinstance(op, MEMBER) else "is"
            raise ConditionError(f'In {self.text!r}, the left side of "{word}" must be a column.')
        if not isinstance(right, ast.Name):
            raise ConditionError(
                f"In {self.text!r}, a comparison names no column. Text stands in quotes, a column "
                f"does not."
            )

    def _check_constant(self, node: ast.expr) -> None:
        match node:
            case ast.Constant(value=bool() | int() | float() | str()):
                return
            case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int() | float())):
                return
            case ast.Constant(value=None):
                raise ConditionError(
                    f"In {self.text!r}, None is compared as a value. Ask for missing values with "
                    f"column is None."
                )
        self._refuse(node)

    def _refuse(self, node: ast.expr) -> NoReturn:
        # The parser counts bytes of UTF-8; every character of the source stands where the text's
        # does, so the part can be shown as it was typed.
        encoded = self.source.encode()
        start = len(encoded[: node.col_offset].decode())
        end = len(encoded[: node.end_col_offset].decode())
        part = self.text[start:end]
        raise ConditionError(
            f"{part!r} in the condition {self.text!r} is not in the condition language. {_GRAMMAR}"
        )


def _plain_source(text: str) -> tuple[str, Mapping[str, str]]:
    """Give every column that is no plain word a one-letter name, keeping all positions.

    Python's parser rewrites identifiers (NFKC), so any name beyond ASCII is set aside too: the
    column is the one that was typed. The letters are ideographs, which nobody can then type.
    """
    names: dict[str, str] = {}

    def plain(match: re.Match[str]) -> str:
        name = match["quoted"] or match["name"]
        if match["stray"]:
            raise ConditionError(
                f"Something is wrong near character {match.start() + 1} of the condition {text!r}: "
                f"{match[0]!r} opens something that is never closed or has no meaning. {_GRAMMAR}"
            )
        if match["space"]:
            return " "
        if name is None or match[0] in _WORDS:
            return match[0]
        if match["name"] and name.isascii() and not keyword.iskeyword(name):
            return name
        letter = chr(0x4E00 + len(names))
        names[letter] = name
        return letter.ljust(len(match[0]))

    return _TOKEN.sub(plain, text), names


def _parsed(source: str, text: str) -> ast.expr:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about odd escapes and numbers run into words
            return ast.parse(source, mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        where = ""
        if isinstance(error, SyntaxError) and error.offset:
            where = f" near character {min(error.offset, len(text))}"
        hint = ""
        if re.search(r"[^=!<>]=[^=]", text):
            hint = " Equality is written ==."
        raise ConditionError(
            f"The condition {text!r} cannot be read: something is wrong{where}.{hint} {_GRAMMAR}"
        ) from None
