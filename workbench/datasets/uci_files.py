"""Where the original UCI files come from, and how they are read and verified."""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from workbench.common.errors import DataError, listed

__all__ = ["DATA_FOLDER", "UciFile", "read_lines", "table"]

DATA_FOLDER = "CAFE_WORKBENCH_DATA"
"""The environment variable that names a folder with the original files."""

_ARCHIVE = "https://archive.ics.uci.edu/ml/machine-learning-databases/"


@dataclass(frozen=True)
class UciFile:
    """One original file of the UCI Machine Learning Repository.

    Parameters
    ----------
    name : str
    address : str
        Below UCI's archive.
    rows : int
    digest : str
        SHA-256 of the lines without blanks and comments, each ended by one newline: the
        same however the file's line endings were changed on its way.
    """

    name: str
    address: str
    rows: int
    digest: str


def read_lines(file: UciFile, folder: str | os.PathLike[str] | None) -> list[tuple[int, str]]:
    """Return a file's lines with their numbers, without blank lines and comments.

    Looks in `folder`, else in the folder that `CAFE_WORKBENCH_DATA` names, else downloads the
    file from UCI into the user's cache (and verifies that it is the file known).

    Raises
    ------
    DataError
        When the file is not there, cannot be downloaded, cannot be decoded, or has the wrong
        number of rows.
    """
    chosen = folder if folder is not None else os.environ.get(DATA_FOLDER) or None
    if chosen is None:
        path = _download(file)
    else:
        path = Path(chosen) / file.name
        if not path.is_file():
            given = "folder=" if folder is not None else DATA_FOLDER
            raise DataError(
                f"There is no file {file.name!r} in {str(chosen)!r}, the folder given by {given}. "
                f"It must hold the original UCI files; without {given} they are downloaded."
            )
    lines = _content(path, file)
    if len(lines) != file.rows:
        raise DataError(
            f"{path}: {len(lines):,} rows, but the original file has {file.rows:,}. "
            "Is it complete and unchanged?"
        )
    return lines


def table(
    file: UciFile,
    lines: list[tuple[int, str]],
    columns: Mapping[str, Callable[[str], object]],
    separator: str | None,
) -> pd.DataFrame:
    """Parse lines into a frame, one converter per column; a ValueError names file and line.

    Parameters
    ----------
    columns : mapping of str to callable
        Column names in order, with what turns a field's text into its value.
    separator : str or None
        None splits on blanks.
    """
    parsed: dict[str, list[object]] = {name: [] for name in columns}
    for number, line in lines:
        fields = line.split(separator)
        if len(fields) != len(columns):
            raise DataError(
                f"{file.name}, line {number}: {len(fields)} fields, but {len(columns)} are "
                f"expected ({listed(columns, 3)})."
            )
        for (name, convert), text in zip(columns.items(), fields, strict=True):
            try:
                # Interned: equal levels share one object, which pandas tells apart far faster.
                parsed[name].append(convert(sys.intern(text.strip())))
            except ValueError as error:
                raise DataError(
                    f"{file.name}, line {number}: {text.strip()!r} is no {name!r} ({error})."
                ) from None
    return pd.DataFrame(parsed)


def level(levels: Mapping[str, str] | Collection[str]) -> Callable[[str], str]:
    """Return a converter that accepts known codes only, and translates them when it can."""

    def convert(text: str) -> str:
        if text not in levels:
            raise ValueError(f"known: {listed(levels, 8)}")
        return levels[text] if isinstance(levels, Mapping) else text

    return convert


def _content(path: Path, file: UciFile) -> list[tuple[int, str]]:
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{path} cannot be read as text: {error}.") from error
    # The original adult.test opens with the comment "|1x3 Cross validator".
    return [
        (number, line.rstrip())
        for number, line in enumerate(text.splitlines(), start=1)
        if line.strip() and not line.startswith("|")
    ]


def _digest(lines: list[tuple[int, str]]) -> str:
    return hashlib.sha256("".join(f"{line}\n" for _, line in lines).encode()).hexdigest()


def _download(file: UciFile) -> Path:
    import pooch

    cache = Path(pooch.os_cache("cafe-workbench"))
    path = cache / file.name
    if not path.is_file():
        try:
            pooch.retrieve(
                _ARCHIVE + file.address,
                known_hash=None,  # verified below, whatever the line endings
                fname=file.name,
                path=cache,
            )
        except Exception as error:
            raise DataError(
                f"{file.name} could not be downloaded from UCI ({type(error).__name__}). Go online "
                f"and try again (it is then kept in {str(cache)!r}), or get the original files "
                f"another way and name their folder: folder=… or the environment variable "
                f"{DATA_FOLDER}."
            ) from error
    if _digest(_content(path, file)) != file.digest:
        path.unlink()
        raise DataError(
            f"What came from UCI as {file.name} is not the file known by that name, so it was "
            f"removed. Try again, or name a folder with the original: folder=… or {DATA_FOLDER}."
        )
    return path
