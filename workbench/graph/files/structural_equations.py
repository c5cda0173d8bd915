"""A graph from structural equations in lavaan's syntax: ``y ~ x + z``."""

from __future__ import annotations

import re
from itertools import product

from workbench.common.errors import GraphFileError
from workbench.graph.files.parts_and_limits import (
    GraphParts,
    bounded,
    gathered,
    looks_like,
    refuse_too_large,
)

__all__ = ["from_lavaan"]

_NAME = re.compile(r"[^\W\d][\w.]*|\.[\w.]+")
_LINE = re.compile(r"\s*([\w.]+(?:\s*\+\s*[\w.]+)*)\s*(=~|~~|~)\s*([^~=<>|].*)")
_ABSENT = re.compile(r"[-+]?0+(\.0*)?\s*")


def from_lavaan(text: str) -> GraphParts:
    """Read regressions (~), latent variables (=~) and shared unexplained parts (~~).

    ``a ~~ b`` of two variables becomes a latent common cause of both. What is fixed at zero, as
    in ``y ~ 0*x``, is not an arrow.

    Examples
    --------
    >>> from_lavaan("y ~ 0.5*x + z").edges
    (('x', 'y'), ('z', 'y'))
    """
    nodes: dict[str, None] = {}
    edges: list[tuple[str, str]] = []
    latents: dict[str, None] = {}
    shared: list[tuple[str, str]] = []
    plain = re.sub(r"[#!][^\n]*", "", bounded(text))
    plain = re.sub(r"\+\s*\n|\n[ \t]*\+", " + ", plain)  # a statement goes on after a plus sign
    for number, line in enumerate(re.split(r"[\n;]", plain), 1):
        if not line.strip() or _is_of_numbers(line):
            continue
        match = _LINE.fullmatch(line.rstrip())
        if match is None:
            raise GraphFileError(
                f"Statement {number} of the lavaan text, {line.strip()[:40]!r}, is not of the form "
                f"'y ~ x + z'.{looks_like(text, 'lavaan')}"
            )
        lefts, sign, right = match.groups()
        all_left, terms = lefts.split("+"), right.split("+")
        refuse_too_large(0, len(all_left) * len(terms))
        for left, term in product(map(str.strip, all_left), terms):
            factor, _, name = (part.strip() for part in term.rpartition("*"))
            if name in ("1", "0"):
                continue  # an intercept
            if _NAME.fullmatch(name) is None or _NAME.fullmatch(left) is None:
                raise GraphFileError(
                    f"Statement {number} of the lavaan text: {term.strip()[:40]!r} is no variable. "
                    f"Products and functions of variables are no nodes of a causal graph."
                )
            nodes |= dict.fromkeys((left, name))
            if sign == "=~":
                latents[left] = None
            if _ABSENT.fullmatch(factor):
                continue
            if sign == "=~":
                edges.append((left, name))
            elif sign == "~":
                edges.append((name, left))
            elif name != left:
                shared.append((left, name))
        refuse_too_large(len(nodes), len(edges) + 2 * len(shared))
    for left, right in shared:
        latent = f"latent of {left} and {right}"
        latents[latent] = None
        edges += [(latent, left), (latent, right)]
    if not nodes:
        raise GraphFileError("The lavaan text holds no equation such as 'y ~ x + z'.")
    return gathered(nodes, edges, latents)


def _is_of_numbers(line: str) -> bool:
    """Return whether it defines a parameter, a scaling or a threshold, which are no arrows."""
    return ":=" in line or "~*~" in line or ("|" in line and "~" not in line)
