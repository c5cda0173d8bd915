"""Plain words: turns of phrase that were taken out of the engine and the interface stay out."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

QUAINT = {
    # A request's term and its entries in the log have a due date; what is to be given is expected.
    r"(file|number|text|value|list|name|object|column|table|row|model|answer)s? (is|are) due": (
        "is expected"
    ),
    r"of another house": "of another package",
    r"doors? shut": "turned off",
    r"which way it travels": "its direction",
    r"\bowes\b": "depends on",
    r"over what .{1,30} speaks": "what it covers",
    r"speaks? for (it|them)sel(f|ves)": "says what is wrong",
    r"wants to know who asks": "requires authentication",
    r"\b(amiss|naught|forthwith|henceforth|whence|thence|thereof|wherein|betwixt|ought|shall)\b": (
        "a word of today"
    ),
    r"\b[Ll]est\b": "so that … not",
    r"\bnought\b": "0",
    r"\b(held|holds|holding) [^.]{0,20}\bagainst (its|a|the|another) ": "compared with",
    r"\b[Ff]oret(ell|ells|elling|old)\b": "predict",
    r"\banew\b": "again",
    r"\botherwise than\b": "differently from",
    r"\bfor want of\b": "because there are too few",
}
KINDS = {".py", ".pyi", ".js", ".j2", ".html", ".md"}


def quaint(text: str) -> list[str]:
    """The turns in a text that have a plainer form, each with it."""
    flat = re.sub(r"\s+", " ", text)
    return [
        f"{found.group(0)!r}: say {plain!r}"
        for turn, plain in QUAINT.items()
        for found in re.finditer(turn, flat)
    ]


@pytest.mark.parametrize("package", ["workbench", "widgets", "docs", "benchmarks"])
def test_what_is_read_is_in_plain_words(package: str) -> None:
    made = (ROOT / "docs" / "_build", ROOT / "benchmarks" / "results")
    files = [
        file
        for file in (ROOT / package).rglob("*")
        if file.suffix in KINDS and not any(folder in file.parents for folder in made)
    ]
    assert files
    found = {
        str(file.relative_to(ROOT)): said
        for file in files
        if (said := quaint(file.read_text("utf-8")))
    }
    assert not found


def test_a_quaint_turn_is_found_across_lines() -> None:
    assert quaint("a folder or a zip\n    file is due.") == ["'file is due': say 'is expected'"]
    assert quaint("A request is due on Monday.") == []
