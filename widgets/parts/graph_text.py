"""What an auditor types about a graph: the graph itself, and what comes before what."""

from __future__ import annotations

import re

import workbench as wb
from workbench.common.limits import EDIT_CHARACTERS

__all__ = ["read_graph", "read_tiers"]

TIER_NAME = re.compile(r'(\s*"(?:[^"]|"")*"\s*|[^<,"]+)(<|,|\Z)')


def read_graph(text: str) -> wb.CausalGraph:
    """Read JSON, GML, Graphviz DOT, or DAGitty model code.

    Raises
    ------
    GraphError
        The text is in none of them; the message says where and what.

    Examples
    --------
    >>> read_graph("dag { age -> income }").edges
    (('age', 'income'),)
    """
    start = text.lstrip()
    if start.startswith("{"):
        return wb.CausalGraph.from_json(text)
    if start.startswith(("digraph", "strict")):
        return wb.CausalGraph.from_dot(text)
    if start.startswith(("graph [", "graph\n[", "Creator")):
        return wb.CausalGraph.from_gml(text)
    if start and not start.startswith(("dag", "pdag", "mag", "pag")):
        text = f"dag {{\n{text}\n}}"  # bare edges are a common way to paste
    return wb.CausalGraph.from_dagitty(text)


def read_tiers(text: str) -> tuple[tuple[str, ...], ...]:
    """Read which columns come before which: ``race, sex < education < income``.

    A name that holds a comma, ``<`` or a quote stands in double quotes; a double quote inside it
    is written twice.

    Raises
    ------
    GraphError
        A name is missing between two signs, or a quote is not closed.

    Examples
    --------
    >>> read_tiers('race, sex < education < "income, yearly"')
    (('race', 'sex'), ('education',), ('income, yearly',))
    >>> read_tiers("")
    ()
    """
    if not text.strip():
        return ()
    if len(text) > EDIT_CHARACTERS:
        raise wb.GraphError(f"The order holds more than {EDIT_CHARACTERS:,} characters.")
    tiers: list[tuple[str, ...]] = []
    names: list[str] = []
    place = 0
    while True:
        found = TIER_NAME.match(text, place)
        name = found[1].strip() if found else ""
        if name.startswith('"'):
            name = name[1:-1].replace('""', '"')
        if found is None or not name:
            raise wb.GraphError(
                f"The order of the columns cannot be read at {text[place : place + 30]!r}. Write "
                f"names with commas, and < between what comes earlier and what comes later, as in "
                f"race, sex < education < income."
            )
        names.append(name)
        if found[2] != ",":
            tiers.append(tuple(names))
            names = []
        if not found[2]:
            return tuple(tiers)
        place = found.end()
