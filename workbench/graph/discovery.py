"""Arrows found in data, with background knowledge, as plain values.

A proposal is a starting point: both methods assume that no common cause is left out. PC needs
nothing else about the equations but leaves directions open; LiNGAM finds them all and needs
linear equations with non-Gaussian noise. The search itself is causal-learn's.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any, Literal

import numpy as np
import pandas as pd

from workbench.common.arrays import FloatArray
from workbench.common.errors import DataError, GraphError, listed, suggestion
from workbench.tables.columns import Column, encode_column
from workbench.tables.independence_tests import BlockTest, block_of, usable_rows

__all__ = ["DiscoveredArrows", "discover_arrows"]

Edge = tuple[str, str]

MAX_CONDITIONED = 4
"""PC conditions on at most so many columns at once: more takes long and has little power."""


@dataclass(frozen=True)
class DiscoveredArrows:
    """Arrows learned from data, and what the data left open.

    Attributes
    ----------
    nodes : tuple of str
        The columns.
    edges : tuple of (str, str)
        Acyclic and consistent with the tiers.
    undirected : tuple of (str, str)
        Those of the edges whose direction the data did not decide.
    method : {"pc", "lingam"}
    n_rows : int
        Rows that were used.
    notes : tuple of str
        What a reader should know: sampled rows, dropped rows, open directions.
    """

    nodes: tuple[str, ...]
    edges: tuple[Edge, ...]
    undirected: tuple[Edge, ...]
    method: str
    n_rows: int
    notes: tuple[str, ...]


def discover_arrows(
    data: pd.DataFrame,
    *,
    method: Literal["pc", "lingam"] = "pc",
    tiers: Sequence[Sequence[str]] | None = None,
    alpha: float = 0.01,
    max_rows: int = 10_000,
    seed: int = 0,
) -> DiscoveredArrows:
    """Search for causal arrows between the columns of a table.

    Parameters
    ----------
    data : DataFrame, shape (n, p)
        At least 50 rows and two columns, none constant. Rows with a missing number are left out;
        a missing category is a level of its own.
    method : {"pc", "lingam"}, default "pc"
        ``"pc"``: conditional independence tests between blocks of columns: normal scores of a
        number, indicators of a category's levels; Wilks' lambda with Bartlett's approximation,
        which for two numbers is the partial correlation test. At most 4 columns are conditioned
        on at once. ``"lingam"``: DirectLiNGAM on numbers; two levels become 0 and 1, ordered
        categories their rank.
    tiers : sequence of sequences of str, optional
        Columns by time. Earlier ones can cause later ones, never the reverse; columns of one
        tier, and columns in none, are free.
    alpha : float, default 0.01
        Level of each independence test, in (0, 1). Only PC uses it.
    max_rows : int, default 10_000
        A larger table is sampled without replacement.
    seed : int, default 0
        Of the sample.

    Raises
    ------
    DataError
        Too few rows, a constant column, dates, or for LiNGAM a category without an order.
    GraphError
        An unknown method, tier column or level.

    References
    ----------
    Spirtes, Glymour and Scheines 2000 (PC); Dor and Tarsi 1992 (directing what PC leaves open);
    Shimizu et al. 2011 (DirectLiNGAM).

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> cause, other = rng.normal(size=(2, 500))
    >>> effect = cause + other + rng.normal(size=500)
    >>> table = pd.DataFrame({"cause": cause, "other": other, "effect": effect})
    >>> discover_arrows(table).edges
    (('cause', 'effect'), ('other', 'effect'))
    """
    if method not in ("pc", "lingam"):
        raise GraphError(f"Unknown discovery method {method!r}: use 'pc' or 'lingam'.")
    if not 0 < alpha < 1:
        raise GraphError(f"alpha is {alpha!r}; it is a test level between 0 and 1, such as 0.01.")
    names = _checked_names(data)
    tier = _checked_tiers(names, tiers)
    table, notes = usable_rows(data, max_rows, seed)
    columns = [encode_column(name, table[name]) for name in names]
    if constant := [column.name for column in columns if column.is_constant]:
        raise DataError(
            f"Constant in the {len(table):,} rows used: {listed(constant)}. Nothing can be "
            "learned about a column that does not vary; leave it out."
        )
    undirected: tuple[Edge, ...] = ()
    if method == "lingam":
        edges = _lingam_edges(_numbers(columns, table), names, tier, seed)
    else:
        edges, undirected = _pc_edges(columns, tier, alpha)
        if undirected:
            notes.append(
                f"The data leave the direction of {len(undirected)} of {len(edges)} edges open: "
                f"{listed(f'{u} -> {v}' for u, v in undirected)}. Check them."
            )
    return DiscoveredArrows(
        tuple(names), tuple(edges), undirected, method, len(table), tuple(notes)
    )


def _checked_names(data: pd.DataFrame) -> list[str]:
    names: list[object] = list(data.columns)
    if bad := [name for name in names if not isinstance(name, str) or not name]:
        raise DataError(f"Column names must be texts; {listed(bad)} are not. Rename them.")
    if twice := [name for name in dict.fromkeys(names) if names.count(name) > 1]:
        raise DataError(f"Several columns are named {listed(twice)}. Rename or drop them.")
    if len(names) < 2:
        raise DataError("A graph is learned from at least two columns.")
    return [str(name) for name in names]


def _checked_tiers(names: Sequence[str], tiers: Sequence[Sequence[str]] | None) -> dict[str, int]:
    tier: dict[str, int] = {}
    for i, members in enumerate(tiers or ()):
        if isinstance(members, str):
            raise GraphError(f"A tier is a list of columns; tier {i} is the text {members!r}.")
        for name in members:
            if name not in names:
                raise GraphError(f"Tier {i} names {name!r}, no column.{suggestion(name, names)}")
            if tier.setdefault(name, i) != i:
                raise GraphError(f"{name!r} is in tier {tier[name]} and in tier {i}; choose one.")
    return tier


# ---- PC ------------------------------------------------------------------------------------


def _pc_edges(
    columns: Sequence[Column], tier: Mapping[str, int], alpha: float
) -> tuple[list[Edge], tuple[Edge, ...]]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from causallearn.graph.GraphNode import GraphNode
        from causallearn.search.ConstraintBased.PC import pc
        from causallearn.utils.cit import CIT_Base, register_ci_test
        from causallearn.utils.PCUtils.BackgroundKnowledge import BackgroundKnowledge

        names = [column.name for column in columns]
        blocks = [block_of(column) for column in columns]
        test = BlockTest(blocks)

        class RegisteredTest(CIT_Base):  # type: ignore[misc]
            """The test in the form that causal-learn calls."""

            def __init__(self, data: Any, **_: Any) -> None:
                super().__init__(data)
                self.method = "workbench-blocks"

            def __call__(self, x: int, y: int, given: Any = None, *_: Any) -> float:
                return test(x, y, given)

        register_ci_test("workbench-blocks", RegisteredTest)
        knowledge = BackgroundKnowledge()
        for i, name in enumerate(names):
            if name in tier:
                knowledge.add_node_to_tier(GraphNode(f"X{i + 1}"), tier[name])
        found = pc(
            np.column_stack([block[:, 0] for block in blocks]),
            alpha,
            "workbench-blocks",
            background_knowledge=knowledge if tier else None,
            max_k=MAX_CONDITIONED,
            verbose=False,
            show_progress=False,
        ).G.graph
    directed: set[Edge] = set()
    open_pairs: set[Edge] = set()
    for i, j in combinations(range(len(names)), 2):
        u, v = names[i], names[j]
        if not (found[i, j] or found[j, i]):
            continue
        if u in tier and v in tier and tier[u] != tier[v]:
            directed.add((u, v) if tier[u] < tier[v] else (v, u))
        elif found[j, i] == 1 and found[i, j] == -1:
            directed.add((u, v))
        elif found[i, j] == 1 and found[j, i] == -1:
            directed.add((v, u))
        else:
            open_pairs.add((u, v))
    return _direct_all(names, directed, open_pairs, tier)


def _direct_all(
    names: Sequence[str], directed: set[Edge], open_pairs: set[Edge], tier: Mapping[str, int]
) -> tuple[list[Edge], tuple[Edge, ...]]:
    """Direct the open pairs without a circle and, where possible, without a new collider.

    Effects are peeled off one by one, later tiers and then the last column first: a node that
    causes none of the rest and whose open neighbours are adjacent to all its others. When the
    directed edges themselves contradict each other, those turned around are returned as open.
    """
    near: dict[str, set[str]] = {name: set() for name in names}
    for u, v in directed | open_pairs:
        near[u].add(v)
        near[v].add(u)
    left = list(names)
    edges: list[Edge] = []

    def rank(node: str) -> tuple[bool, bool, bool]:
        around = near[node].intersection(left)
        loose = {u for u in around if (u, node) not in directed and (node, u) not in directed}
        return (
            node not in tier or not any(tier.get(u, -1) > tier[node] for u in left),
            not any((node, u) in directed for u in around),
            all(around - {u} <= near[u] for u in loose),
        )

    while left:
        sink = max(reversed(left), key=rank)
        left.remove(sink)
        edges += [(u, sink) for u in left if u in near[sink]]
    place = {name: i for i, name in enumerate(names)}
    edges.sort(key=lambda edge: (place[edge[0]], place[edge[1]]))
    return edges, tuple(edge for edge in edges if edge not in directed)


# ---- LiNGAM --------------------------------------------------------------------------------


def _numbers(columns: Sequence[Column], table: pd.DataFrame) -> FloatArray:
    """Columns as standardised numbers, shape (n, p)."""
    nominal = [
        column.name
        for column in columns
        if not column.is_numeric
        and len(column.levels) > 2
        and not getattr(table[column.name].dtype, "ordered", False)
    ]
    if nominal:
        raise DataError(
            f"LiNGAM needs numbers, and {listed(nominal)} hold more than two levels without an "
            "order. Leave them out, make them ordered categories, or use method='pc'."
        )
    matrix = np.column_stack([np.asarray(column.values, dtype=np.float64) for column in columns])
    centred = matrix - matrix.mean(axis=0)
    return np.asarray(centred / centred.std(axis=0), dtype=np.float64)


def _lingam_edges(
    matrix: FloatArray, names: Sequence[str], tier: Mapping[str, int], seed: int
) -> list[Edge]:
    size = len(names)
    knowledge = np.full((size, size), -1)  # row: effect, column: cause; 0 forbids, -1 is open
    for i, effect in enumerate(names):
        for j, cause in enumerate(names):
            if effect in tier and cause in tier and tier[cause] > tier[effect]:
                knowledge[i, j] = 0
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from causallearn.search.FCMBased.lingam import DirectLiNGAM

        model = DirectLiNGAM(random_state=seed, prior_knowledge=knowledge if tier else None)
        weights = model.fit(matrix).adjacency_matrix_
    return [(names[j], names[i]) for j in range(size) for i in range(size) if weights[i, j] != 0]
