"""Graphviz DOT and DAGitty model code: one grammar in two dialects."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape
from itertools import product
from typing import NamedTuple

from workbench.common.errors import GraphFileError, listed
from workbench.graph.files.names_and_ends import directed, is_hidden, named_nodes
from workbench.graph.files.parts_and_limits import (
    GraphParts,
    bounded,
    gathered,
    looks_like,
    refuse_too_large,
    refuse_too_long,
)

__all__ = ["from_dagitty", "from_dot", "to_dagitty", "to_dot"]

_TOKEN = re.compile(
    r"""(?P<skip>\s+|//[^\n]*|/\*.*?\*/|\#[^\n]*)
    |"(?P<quoted>(?:[^"\\]|\\.)*)"
    |(?P<arrow><->|->|<-|--)
    |(?P<markup><[^<>]*(?:<[^<>]*>[^<>]*)*>)
    |(?P<mark>[{}\[\];,=:+])
    |(?P<bare>-?(?:\.\d+|\d+(?:\.\d*)?)(?![\w.])|[\w.]+)""",
    re.VERBOSE | re.DOTALL,
)


class _Token(NamedTuple):
    kind: str
    text: str
    line: int


def _tokens(text: str, dialect: str) -> Iterator[_Token]:
    place, line, count = 0, 1, 0
    while place < len(text):
        count += 1
        refuse_too_long(count)
        match = _TOKEN.match(text, place)
        circle = match is None and text[place] == "@" and dialect == "DAGitty"
        if circle and not looks_like(text, dialect):
            raise GraphFileError(
                f"Line {line} of the DAGitty text: an edge ends in a circle (@), so that its "
                f"direction is not known. Decide it: a -> b, b -> a, or no edge."
            )
        if match is None:
            raise GraphFileError(
                f"Line {line} of the {dialect} text: cannot read {text[place : place + 20]!r}. "
                "A name with other signs than letters, digits, _ and . goes in double quotes."
                + looks_like(text, dialect)
            )
        kind = str(match.lastgroup)
        if kind == "quoted":
            # Only \" and \\ are escapes; \n and the like belong to Graphviz labels.
            whole = match["quoted"].replace("\\\n", "")
            yield _Token("name", re.sub(r'\\(["\\])', r"\1", whole), line)
        elif kind == "markup" and dialect == "DOT":
            plain = re.sub(r"<[^<>]*>", "", match["markup"][1:-1])
            yield _Token("name", unescape(plain).strip(), line)
        elif kind != "skip":
            yield _Token("word" if kind == "bare" else kind, match[kind], line)
        line += text.count("\n", place, match.end())
        place = match.end()
    yield _Token("end", "", line)


class _DotReader:
    """Recursive descent over the statements of a ``digraph {…}`` or ``dag {…}``."""

    def __init__(self, text: str, dialect: str) -> None:
        self.dialect, self.text = dialect, text
        self.tokens = _tokens(text, dialect)
        self.token = next(self.tokens)
        self.nodes: dict[str, None] = {}
        self.edges: list[tuple[str, str]] = []
        self.confounded: list[tuple[str, str]] = []
        self.latents: dict[str, None] = {}
        self.depth = 0
        self.defaults: list[dict[str, str]] = [{}]  # of edges, one for each open brace
        self.labels: dict[str, str] = {}
        self.drawn: list[tuple[str, str, dict[str, str], int]] = []  # what DOT's ends decide

    def fail(self, wanted: str) -> GraphFileError:
        seen = repr(self.token.text) if self.token.kind != "end" else "the end"
        return GraphFileError(
            f"Line {self.token.line} of the {self.dialect} text: expected {wanted}, found {seen}."
            + looks_like(self.text, self.dialect)
        )

    def take(self) -> _Token:
        token, self.token = self.token, next(self.tokens, self.token)
        return token

    def at(self, mark: str) -> bool:
        return self.token.kind in ("mark", "arrow") and self.token.text == mark

    def at_name(self) -> bool:
        return self.token.kind in ("name", "word")

    def keyword(self) -> str:
        """Return the word that stands here; Graphviz reads its keywords in any case of letters."""
        text = self.token.text if self.token.kind == "word" else ""
        return text.lower() if self.dialect == "DOT" else text

    def expect(self, mark: str) -> None:
        if not self.at(mark):
            raise self.fail(repr(mark))
        self.take()

    def name(self, wanted: str = "a node name") -> str:
        if not self.at_name() or not self.token.text:
            raise self.fail(wanted)
        found = self.take().text
        while self.at("+") and self.dialect == "DOT":  # "a" + "b" is one string
            self.take()
            found += self.take().text
        return found

    def read(self, opening: tuple[str, ...]) -> GraphParts:
        words = []
        while self.at_name():
            words.append(self.take().text)
        kind = [word for word in words if word.lower() != "strict"][:1]
        if not kind or kind[0].lower() not in opening:
            wanted = " or ".join(opening)
            raise GraphFileError(
                f"A causal graph in {self.dialect} begins with {wanted} {{, this text with "
                f"{' '.join(words) or self.token.text!r}.{looks_like(self.text, self.dialect)}"
            )
        self.block()
        if self.token.kind != "end":
            raise self.fail("the end of the text")
        self.name_by_labels()
        taken = set(self.nodes)
        for u, v in self.confounded:
            latent = f"latent of {u} and {v}"
            while latent in taken:
                latent += "'"
            taken.add(latent)
            self.latents[latent] = None
            self.edges += [(latent, u), (latent, v)]
        return gathered(self.nodes, self.edges, self.latents)

    def name_by_labels(self) -> None:
        """Name nodes by their labels where they are only numbered."""
        if self.dialect != "DOT":
            return
        names = named_nodes({node: self.labels.get(node) for node in self.nodes}, "DOT text")
        self.nodes = dict.fromkeys(names.values())
        self.edges = [
            directed(names[u], names[v], ends, f"Line {line} of the DOT text")
            for u, v, ends, line in self.drawn
        ]
        self.latents = dict.fromkeys(names[node] for node in self.latents)

    def block(self) -> list[str]:
        """Read ``{…}`` and return the nodes named in it."""
        self.depth += 1
        if self.depth > 50:
            raise self.fail("at most 50 nested braces")
        self.expect("{")
        self.defaults.append(dict(self.defaults[-1]))
        inside: list[str] = []
        while not self.at("}"):
            if self.token.kind == "end":
                raise self.fail("'}'")
            inside += self.statement()
            while self.at(";") or self.at(","):
                self.take()
        self.take()
        self.defaults.pop()
        self.depth -= 1
        return inside

    def statement(self) -> list[str]:
        if self.keyword() in ("graph", "node", "edge"):
            word = self.take().text.lower()
            if self.at("["):
                found = self.attributes()
                if is_hidden(found) and word == "node":
                    raise self.fail("latent beside each node, not as a default")
                if word == "edge":
                    self.defaults[-1] |= found
                return []
            raise self.fail(f"[ after {word} (a node of that name is written in quotes)")
        left = self.group()
        if left is None:
            return []
        inside = list(left)
        line = self.token.line
        drawn: list[tuple[str, str]] = []
        while self.token.kind == "arrow":
            arrow = self.take()
            right = self.group()
            if right is None:
                raise self.fail("a node after the arrow")
            refuse_too_large(0, len(self.edges) + len(left) * len(right))
            pairs = list(product(left, right))
            if arrow.text == "->" and self.dialect == "DOT":
                drawn += pairs
                refuse_too_large(0, len(self.drawn) + len(drawn))
            elif arrow.text == "->":
                self.edges += pairs
            elif arrow.text == "<-" and self.dialect == "DAGitty":
                self.edges += [(v, u) for u, v in pairs]
            elif arrow.text == "<->" and self.dialect == "DAGitty":
                self.confounded += pairs
            else:
                raise GraphFileError(
                    f"Line {arrow.line} of the {self.dialect} text: the edge {arrow.text} "
                    f"after {listed(left)} has no causal direction; write a -> b."
                )
            inside += right
            left = right
        attributes = self.attributes()
        if len(inside) == 1:
            self.mark_node(inside[0], attributes)
        ends = self.defaults[-1] | attributes
        self.drawn += [(u, v, ends, line) for u, v in drawn]
        return inside

    def mark_node(self, node: str, attributes: dict[str, str]) -> None:
        """Keep what a node's attributes say of it; refuse what an audit cannot honour."""
        if is_hidden(attributes):
            self.latents[node] = None
        label = attributes.get("label", attributes.get("name"))  # igraph writes a name
        if label not in (None, "", "\\N"):
            self.labels[node] = label
        if self.dialect == "DAGitty" and _marked(attributes, ("selected", "s")):
            raise GraphFileError(
                f"The DAGitty text marks {node!r} as [selected]: the rows were chosen by it. An "
                f"audit cannot account for that; effects in the chosen rows can differ from those "
                f"that the graph describes. Remove the mark only if the rows were not chosen so."
            )
        if self.dialect == "DAGitty" and _marked(attributes, ("adjusted", "a")):
            raise GraphFileError(
                f"The DAGitty text marks {node!r} as [adjusted]. An audit chooses itself what to "
                f"adjust for. Remove the mark if {node!r} is a column like the others."
            )

    def group(self) -> list[str] | None:
        """Read one node or one ``{…}``; None for a setting such as ``rankdir=LR``."""
        if self.keyword() == "subgraph":
            self.take()
            if self.at_name():
                self.take()
        if self.at("{"):
            return self.block()
        node = self.name()
        if self.at("="):
            self.take()
            self.name("a value")
            return None
        while self.at(":"):  # a port: where an arrow touches the drawn box
            self.take()
            self.name("a port")
        self.nodes[node] = None
        refuse_too_large(len(self.nodes), 0)
        return [node]

    def attributes(self) -> dict[str, str]:
        found = {}
        while self.at("["):
            self.take()
            while not self.at("]"):
                key = self.name("an attribute or ]")
                found[key] = "true"
                if self.at("="):
                    self.take()
                    found[key] = self.name("a value")
                while self.at(",") or self.at(";"):
                    self.take()
            self.take()
        return found


def _marked(attributes: dict[str, str], marks: tuple[str, ...]) -> bool:
    return any(attributes.get(mark, "false").lower() in ("true", "1", "yes") for mark in marks)


def _quoted(name: str) -> str:
    escaped = name.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def to_dot(parts: GraphParts) -> str:
    """Write a Graphviz ``digraph``; latent nodes carry ``latent=true`` and are dashed."""
    return _to_dot(parts, "digraph", " [latent=true, style=dashed]")


def to_dagitty(parts: GraphParts) -> str:
    """Write a DAGitty ``dag``; latent nodes carry ``[latent]``."""
    return _to_dot(parts, "dag", " [latent]")


def _to_dot(parts: GraphParts, opening: str, mark: str) -> str:
    hidden = set(parts.latents)
    nodes = (f"  {_quoted(node)}{mark if node in hidden else ''};" for node in parts.nodes)
    edges = (f"  {_quoted(u)} -> {_quoted(v)};" for u, v in parts.edges)
    return "\n".join([f"{opening} {{", *nodes, *edges, "}\n"])


def from_dot(text: str) -> GraphParts:
    """Read a Graphviz ``digraph``: chains, groups in braces, comments; drawing is ignored."""
    return _DotReader(bounded(text), "DOT").read(("digraph",))


def from_dagitty(text: str) -> GraphParts:
    """Read a DAGitty ``dag``; ``a <-> b`` becomes a latent common cause of both."""
    return _DotReader(bounded(text), "DAGitty").read(("dag", "mag"))
