"""Columns whose names differ between model and table: underlines for signs, blanks at the ends."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

__all__ = ["columns_for"]


def columns_for(names: Iterable[str], columns: Iterable[str]) -> Mapping[str, str] | None:
    """Match a model's names with the columns that exporters make them of.

    skl2onnx and LightGBM put an underline where a name has a blank or another sign. pandas keeps
    the blanks around the names in a CSV file's header, which are left out here.

    Parameters
    ----------
    names : iterable of str
        What the model reads.
    columns : iterable of str
        The table's.

    Returns
    -------
    mapping of str to str, or None
        The names that differ, with the one column that each can mean; None when one of them can
        mean none, or several.

    Examples
    --------
    >>> columns_for(["age", "Years_in_job"], ["Years in job", "age"])
    {'Years_in_job': 'Years in job'}
    >>> columns_for([" age"], ["age"])
    {' age': 'age'}
    >>> columns_for(["a_b"], ["a b", "a-b"]) is None
    True
    """
    wanted, known = list(names), list(columns)
    taken = set(wanted) & set(known)
    candidates: dict[str, list[str]] = {}
    for column in known:
        if column not in taken:
            candidates.setdefault(_plain(column), []).append(column)
    found: dict[str, str] = {}
    for name in wanted:
        if name in taken:
            continue
        meant = candidates.get(_plain(name), [])
        if len(meant) != 1 or meant[0] in found.values():
            return None
        found[name] = meant[0]
    return found


def _plain(name: str) -> str:
    return re.sub(r"\W", "_", name.strip())
