"""What node names and the ends of an edge mean in files that other programs write."""

from __future__ import annotations

import re
from collections.abc import Mapping

from workbench.common.errors import GraphFileError, listed

__all__ = ["directed", "is_hidden", "named_nodes"]

GENERATED = re.compile(r"(n|node|v|_)?_?\d+(::n\d+)*", re.IGNORECASE)
"""How programs number nodes that they name by a label."""
HIDDEN = ("latent", "unobserved", "l", "u")
NO_ARROW = ("none", "")
UNSURE = ("odot", "dot", "o", "inv", "crow", "oinv", "invdot", "invodot")
"""Ends that other than an arrow's head stand for: a circle says that the end is not known."""


def named_nodes(labels: Mapping[str, str | None], what: str) -> dict[str, str]:
    """Return the name of each node: its label where nodes are only numbered, else itself.

    Parameters
    ----------
    labels : mapping of str to str
        By the file's own identifier; None where a node has no label.

    Raises
    ------
    GraphFileError
        Several nodes have one name, or a label is the identifier of another node.

    Examples
    --------
    >>> named_nodes({"0": "age", "1": "income"}, "DOT")
    {'0': 'age', '1': 'income'}
    >>> named_nodes({"age": "Age in years", "income": None}, "DOT")
    {'age': 'age', 'income': 'income'}
    """
    told = {node: label for node, label in labels.items() if label}
    crossed = [label for node, label in told.items() if label != node and label in labels]
    numbered = all(GENERATED.fullmatch(node) for node in labels)
    labels_are_names = numbered and not all(GENERATED.fullmatch(x) for x in told.values())
    if crossed and not labels_are_names:
        raise GraphFileError(
            f"In this {what}, {listed(crossed)} is one node's name and another node's label, so "
            f"that nobody can say which is meant. Let labels and names agree."
        )
    if not told or not labels_are_names:
        return {node: node for node in labels}
    found = {node: told.get(node, node) for node in labels}
    names = list(found.values())
    if twice := [name for name in dict.fromkeys(names) if names.count(name) > 1]:
        raise GraphFileError(f"Several nodes of this {what} have the label {listed(twice)}.")
    return found


def is_hidden(attributes: Mapping[str, object]) -> bool:
    """Return whether a node's attributes say that it is latent; DoWhy writes ``observed="no"``.

    Examples
    --------
    >>> is_hidden({"latent": "true"}), is_hidden({"observed": "no"}), is_hidden({"color": "red"})
    (True, True, False)
    """

    def says(mark: str, words: tuple[str, ...]) -> bool:
        return str(attributes.get(mark, "")).lower() in words

    told = any(says(mark, ("true", "1", "yes")) for mark in HIDDEN)
    return told or says("observed", ("false", "0", "no"))


def directed(tail: str, head: str, attributes: Mapping[str, str], where: str) -> tuple[str, str]:
    """Return cause and effect of an edge as Graphviz would draw it.

    Parameters
    ----------
    attributes : mapping of str to str
        Of the edge, with the defaults that hold for it: dir, arrowhead, arrowtail, style.
    where : str
        For messages.

    Raises
    ------
    GraphFileError
        The edge is drawn without an arrow, with two, with a circle, or not at all.
    """
    edge = f"{where}: the edge between {tail!r} and {head!r}"
    drawn = attributes.get("dir", "forward").lower()
    if drawn not in ("forward", "back", "both", "none"):
        raise GraphFileError(
            f"{edge} has dir={drawn!r}; Graphviz knows forward, back, both and none."
        )
    if "invis" in attributes.get("style", "").lower():
        raise GraphFileError(
            f"{edge} is invisible (style=invis). Remove it if it only places the nodes, or draw it."
        )
    head_end = attributes.get("arrowhead", "normal").lower() if drawn in ("forward", "both") else ""
    tail_end = attributes.get("arrowtail", "normal").lower() if drawn in ("back", "both") else ""
    if head_end in UNSURE or tail_end in UNSURE:
        raise GraphFileError(
            f"{edge} ends in a circle or an unknown mark: the program that wrote it could not say "
            f"which is the cause. Decide it: {tail} -> {head}, {head} -> {tail}, or no edge."
        )
    forth, back = head_end not in NO_ARROW, tail_end not in NO_ARROW
    if forth and back:
        raise GraphFileError(
            f"{edge} has arrows at both ends. Some programs mean a latent common cause by it "
            f"(write a node with latent=true and an arrow to each), others that the order is not "
            f"known (decide it: {tail} -> {head} or {head} -> {tail})."
        )
    if not forth and not back:
        raise GraphFileError(
            f"{edge} has no causal direction: it is drawn without an arrow. Decide it: {tail} -> "
            f"{head}, {head} -> {tail}, or no edge."
        )
    return (tail, head) if forth else (head, tail)
