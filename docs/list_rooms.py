"""Write the list of files in ARCHITECTURE.md from the first lines of their docstrings.

``python docs/list_rooms.py``, from the root. A test says when the list is out of date.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PLACE = ROOT / "ARCHITECTURE.md"
BEGIN, END = "<!-- files: begin -->\n", "<!-- files: end -->\n"
PACKAGES = ("workbench", "widgets")


def first_line(file: Path) -> str:
    """Return the first line of a module's docstring."""
    said = ast.get_docstring(ast.parse(file.read_text("utf-8"))) or ""
    return said.partition("\n")[0]


def lines_below(folder: Path, depth: int = 0) -> Iterator[str]:
    """Yield a folder, then what lies in it: files first, folders after them."""
    start = folder / "__init__.py"
    yield f"{'  ' * depth}{folder.name + '/':<{34 - 2 * depth}} {first_line(start)}"
    for file in sorted(folder.glob("*.py")):
        if file != start:
            yield f"{'  ' * (depth + 1)}{file.name:<{32 - 2 * depth}} {first_line(file)}"
    for inner in sorted(place.parent for place in folder.glob("*/__init__.py")):
        yield from lines_below(inner, depth + 1)


def listed() -> str:
    """Return the list as it stands in ARCHITECTURE.md."""
    lines = [line for name in PACKAGES for line in lines_below(ROOT / name)]
    return "```\n" + "\n".join(lines) + "\n```\n"


def with_list(text: str) -> str:
    """Return ARCHITECTURE.md's text with the list as it is now."""
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    return before + BEGIN + listed() + END + after


if __name__ == "__main__":
    PLACE.write_text(with_list(PLACE.read_text("utf-8")), encoding="utf-8")
