"""A graph from structural equations in lavaan's syntax: ``y ~ x + z``."""

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

__all__ = ["from_lavaan"]

_NAME = re.compile(r"[^\W\d][\w.]*|\.[\w.]+")
_LINE = re.compile(r"\s*([\w.]+)\s*(=~|~~|~)\s*(.+)")


def from_lavaan(text: str) -> GraphParts:
    """Read regressions (~), latent variables (=~) and shared unexplained parts (~~).

    ``a ~~ b`` of two variables becomes a latent common cause of both.

    Examples
    --------
    >>> from_lavaan("y ~ 0.5*x + z").edges
    (('x', 'y'), ('z', 'y'))
    """
    nodes: dict[str, None] = {}
    edges: list[tuple[str, str]] = []
    latents: dict[str, None] = {}
    shared: list[tuple[str, str]] = []
    plain = re.sub(r"\+[ \t]*\n", "+ ", re.sub(r"[#!][^\n]*", "", bounded(text)))
    for number, line in enumerate(re.split(r"[\n;]", plain), 1):
        if not line.strip():
            continue
        match = _LINE.fullmatch(line.rstrip())
        if match is None:
            raise GraphFileError(
                f"Statement {number} of the lavaan text, {line.strip()[:40]!r}, is not of the form "
                f"'y ~ x + z'.{looks_like(text, 'lavaan')}"
            )
        left, sign, right = match.groups()
        for term in right.split("+"):
            name = term.rpartition("*")[2].strip()
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
