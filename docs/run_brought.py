"""Run the tests that stand in the rows of ``what_can_be_brought.md``, and say which rows hold.

Run: ``python docs/run_brought.py [--list]``
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "what_can_be_brought.md"
TEST = re.compile(r"`(?:[\w/]*/)?(test_\w+\.py)`")


def rows(text: str) -> Iterator[tuple[str, tuple[Path, ...]]]:
    """Return the first cell of each row that names tests, and the files of these."""
    for line in text.splitlines():
        named = TEST.findall(line)
        if line.startswith("|") and named:
            yield line.split("|")[1].strip(), tuple(map(file_of, named))


def file_of(name: str) -> Path:
    """Find a test's file by its name."""
    found = sorted((ROOT / "tests").rglob(name))
    if len(found) != 1:
        raise SystemExit(f"{PAGE.name} names {name}, of which there are {len(found)} under tests/.")
    return found[0]


def main() -> None:
    """Run each file once; print every row with how its tests ended."""
    table = list(rows(PAGE.read_text(encoding="utf-8")))
    files = sorted({file for _, named in table for file in named})
    ended: dict[Path, bool] = {}
    for file in files if "--list" not in sys.argv else ():
        command = [sys.executable, "-m", "pytest", "-q", "-x", str(file)]
        ended[file] = subprocess.run(command, cwd=ROOT, check=False).returncode == 0
    for row, named in table:
        states = {ended.get(file) for file in named}
        state = "listed" if None in states else "holds" if states == {True} else "FAILS"
        print(f"{state:8}{row}")
    if not all(ended.values()):
        raise SystemExit(1)


if __name__ == "__main__":
    main()
