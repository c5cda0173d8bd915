"""The arrows of a Bayesian network in BIF, as bnlearn and pgmpy write it."""

from __future__ import annotations

import re

from workbench.common.errors import GraphFileError
from workbench.graph.files.parts_and_limits import (
    GraphParts,
    bounded,
    gathered,
    looks_like,
    refuse_too_large,
)

__all__ = ["from_bif"]

_NAME = r'"[^"]*"|[^\s{}()|,;]+'
_VARIABLE = re.compile(rf"\bvariable\s+({_NAME})\s*\{{")
_PARENTS = r'(?:"[^"]*"|[^()"|])*'
_PROBABILITY = re.compile(rf"\bprobability\s*\(\s*({_NAME})\s*(?:\|({_PARENTS}))?\)")
_COMMENT = re.compile(r"//[^\n]*|/\*.*?\*/", re.DOTALL)


def from_bif(text: str) -> GraphParts:
    """Read ``probability ( child | parent, … )``; the numbers are left aside.

    Examples
    --------
    >>> bif = 'variable a {} variable b {} probability ( a ) {} probability ( b | a ) {}'
    >>> from_bif(bif).edges
    (('a', 'b'),)
    """
    plain = _COMMENT.sub(" ", bounded(text))
    nodes = [_bare(name) for name in _VARIABLE.findall(plain)]
    edges = []
    for child, parents in _PROBABILITY.findall(plain):
        edges += [(_bare(name), _bare(child)) for name in re.findall(_NAME, parents)]
        refuse_too_large(len(nodes), len(edges))
    if not nodes:
        raise GraphFileError(
            f"A Bayesian network in BIF declares its variables, 'variable age {{ … }}'; this text "
            f"does not.{looks_like(text, 'BIF')}"
        )
    if unknown := [name for edge in edges for name in edge if name not in set(nodes)]:
        raise GraphFileError(f"The BIF text names {unknown[0]!r}, which it does not declare.")
    return gathered(nodes, edges, ())


def _bare(name: str) -> str:
    return name.strip().strip('"')
