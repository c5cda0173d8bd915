"""What is said of a finding, without markup: blocks that page, widgets and terminal render.

An outline is a tuple of blocks. Each block says for whom it is: "headline" (one line of what was
found), "body" (every reader), "annex" (who wants the numbers; folded away or left out where room
is short). Numbers stay numbers; :mod:`workbench.common.wording` writes them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from workbench.common.charts import Chart
from workbench.common.wording import chance, level_text, plain, share, signed, span

__all__ = [
    "PLAIN_LEVEL",
    "About",
    "Audience",
    "Block",
    "Bullets",
    "Cell",
    "Code",
    "Column",
    "Figure",
    "Form",
    "Note",
    "NoteKind",
    "Number",
    "Section",
    "Sentence",
    "Table",
    "Term",
    "Tile",
    "Tiles",
    "lines_of",
    "public",
]

Audience = Literal["headline", "body", "annex"]
Form = Literal["signed", "size", "share", "plain", "p", "short"]
"""How a number is written: +0.448, 0.448 (as signed, without +), 45 %, 0.448, p (0.012 or
< 0.001), short (four digits)."""
NoteKind = Literal["above", "below", "inconclusive", "none", "alarm", "warning", "info"]
"""A decision in a box of its own, or something that the reader must not miss."""


PLAIN_LEVEL = 0.95
"""Level of an interval about one number by itself."""


def score_words(unit: str, outcome: str | None, audited_class: str | None) -> str:
    """Say what the model answers with, and of which class where it is known.

    Examples
    --------
    >>> score_words("probability", "decision", "approved")
    'predicted probability of decision = approved'
    >>> score_words("probability", None, None)
    'predicted probability'
    """
    known = {"probability": "predicted probability", "log-odds": "predicted log-odds"}
    if audited_class is None or unit not in known:
        return known.get(unit, "prediction")
    of = f"{outcome} = {audited_class}" if outcome else f"the class {audited_class}"
    return f"{known[unit]} of {of}"


@dataclass(frozen=True)
class About:
    """What every outline of one audit needs to know of it.

    Attributes
    ----------
    features : tuple of str
        The target's features.
    reads : tuple of str
        The features that the model reads.
    unit : str
        What a score is: "probability", "log-odds" or "value".
    n_rows : int
        Rows of the target.
    threshold : float or None
        τ, where there is a verdict.
    decision : str or None
        The verdict's.
    outcome : str or None
        Where the class below is one of its values.
    audited_class : str or None
        The class whose probability a score is, where the model names it.
    level : float
        Level of every interval that stands in the body: that by which the verdict decided.
    """

    features: tuple[str, ...]
    reads: tuple[str, ...]
    unit: str
    n_rows: int
    threshold: float | None = None
    decision: str | None = None
    outcome: str | None = None
    audited_class: str | None = None
    level: float = PLAIN_LEVEL

    @property
    def intervals(self) -> str:
        """What the intervals of the body are, in words."""
        if self.level == PLAIN_LEVEL:
            return "95 % intervals"
        return "intervals as wide as the verdict’s"

    @property
    def interval(self) -> str:
        """What one interval of the body is, in words."""
        return self.intervals.replace("intervals", "interval", 1)

    @property
    def score(self) -> str:
        """What the model answers with, in words: "predicted probability of decision = approved"."""
        return score_words(self.unit, self.outcome, self.audited_class)

    @property
    def axis(self) -> str:
        """What an axis of effects measures."""
        return f"change of the {self.score}"


@dataclass(frozen=True)
class Number:
    """A number of a table or a tile.

    Attributes
    ----------
    value : float
        NaN is written "–".
    bounds : (float, float) or None
        Its interval.
    form : {"signed", "size", "share", "plain", "p", "short"}
    note : str
        What stands behind it in small letters.
    points : bool
        Whether percentage points stand behind it too.
    """

    value: float
    bounds: tuple[float, float] | None = None
    form: Form = "signed"
    note: str = ""
    points: bool = False


@dataclass(frozen=True)
class Term:
    """A text with a small line below it; `code` for what is compared letter by letter."""

    text: str
    note: str = ""
    code: bool = False


Cell = str | int | Number | Term | None
"""An int is a count; None is a value that is not known, written "–"."""


@dataclass(frozen=True)
class Sentence:
    """One sentence or paragraph.

    Attributes
    ----------
    text : str
    lead : str
        Words in front of it that stand out.
    see : str
        Key of the section that tells more.
    quiet : bool
        Whether it may stand in small letters.
    audience : {"headline", "body", "annex"}
    """

    text: str
    lead: str = ""
    see: str = ""
    quiet: bool = False
    audience: Audience = "body"


@dataclass(frozen=True)
class Bullets:
    """Sentences below each other; `numbered` where their order says something."""

    items: tuple[str | Sentence, ...]
    numbered: bool = False
    audience: Audience = "body"


@dataclass(frozen=True)
class Column:
    """The head of a table's column; `number` sets it flush right."""

    head: str
    note: str = ""
    number: bool = True


@dataclass(frozen=True)
class Table:
    """A table; the first cell of a row heads it.

    Attributes
    ----------
    caption : str
        What the numbers are.
    columns : tuple of Column
    rows : tuple of tuple of Cell
    name : str
        The table in two or three words.
    lit : tuple of str
        Heads of rows that stand out.
    audience : {"headline", "body", "annex"}
    """

    caption: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    name: str = ""
    lit: tuple[str, ...] = ()
    audience: Audience = "body"

    def __post_init__(self) -> None:
        for row in self.rows:
            if len(row) != len(self.columns):
                raise ValueError(
                    f"A row of the table {self.name or self.caption!r} has {len(row)} cells "
                    f"for {len(self.columns)} columns."
                )


@dataclass(frozen=True)
class Figure:
    """A chart, with a title above and a caption below."""

    chart: Chart
    title: str = ""
    caption: str = ""
    audience: Audience = "body"


@dataclass(frozen=True)
class Note:
    """A box: a decision with its headline, or what the reader must not miss.

    More than :attr:`shown` sentences are folded away.
    """

    kind: NoteKind
    title: str
    sentences: tuple[str | Sentence, ...] = ()
    shown: int = 4
    audience: Audience = "body"


@dataclass(frozen=True)
class Tile:
    """One large number: what it is, the number or a word, and a note."""

    name: str
    value: Number | str
    note: str = ""


@dataclass(frozen=True)
class Tiles:
    """A few large numbers beside each other."""

    name: str
    tiles: tuple[Tile, ...]
    audience: Audience = "body"


@dataclass(frozen=True)
class Code:
    """Lines of Python."""

    text: str
    audience: Audience = "annex"


@dataclass(frozen=True)
class Section:
    """A titled part with blocks of its own.

    Attributes
    ----------
    key : str
        Stable name: the anchor of links, and how a section is found.
    title : str
    blocks : tuple of Block
    folded : bool
        Whether a reader opens it when wanted; printed open.
    left_out : str
        Why a check that was asked for did not run; the section then says only this.
    personal : bool
        Whether it shows people's rows: nobody sees it who did not ask for it, and no saved
        report or terminal holds it.
    audience : {"headline", "body", "annex"}
    """

    key: str
    title: str
    blocks: tuple[Block, ...] = ()
    folded: bool = False
    left_out: str = ""
    personal: bool = False
    audience: Audience = "body"


Block = Section | Sentence | Bullets | Table | Figure | Note | Tiles | Code


def public(blocks: tuple[Block, ...]) -> tuple[Block, ...]:
    """Return the blocks without the sections that show people's rows."""
    return tuple(
        replace(block, blocks=public(block.blocks)) if isinstance(block, Section) else block
        for block in blocks
        if not (isinstance(block, Section) and block.personal)
    )


def lines_of(cell: Cell) -> tuple[str, ...]:
    """Write a table's cell as lines of text: the number, its interval, its note.

    Examples
    --------
    >>> lines_of(Number(0.448, (0.44, 0.4551), points=True)), lines_of(1234), lines_of(None)
    (('+0.448', '+0.440 to +0.455'), ('1,234',), ('–',))
    >>> lines_of(Number(0.186, (0.183, 0.1893), form="size"))
    ('0.186', '0.183 to 0.189')
    """
    if cell is None:
        return ("–",)
    if isinstance(cell, int):
        return (f"{cell:,}",)
    if isinstance(cell, str):
        return (cell,)
    if isinstance(cell, Term):
        return (cell.text, cell.note) if cell.note else (cell.text,)
    first = _written(cell.value, cell.form)
    below = "" if cell.bounds is None or cell.value != cell.value else _between(cell)
    return tuple(filter(None, (first, below, cell.note)))


def _written(value: float, form: Form) -> str:
    if form == "short":
        return level_text(value)
    if form == "size":
        return signed(value).removeprefix("+")
    write = {"signed": signed, "share": share, "p": chance, "plain": plain}[form]
    return write(value)


def _between(cell: Number) -> str:
    assert cell.bounds is not None
    low, high = cell.bounds
    if cell.form in ("signed", "size"):
        between = span(cell.bounds)
        if cell.form == "size":
            between = between.replace("+", "")
        return "" if between == "≈ 0 to ≈ 0" else between
    if low != low or high != high or low == high:
        return ""
    ends = _written(low, cell.form), _written(high, cell.form)
    # Ends that are written alike say nothing more than the number itself.
    return "" if ends[0] == ends[1] else f"{ends[0]} to {ends[1]}"
