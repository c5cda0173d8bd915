"""RQ3: other models, and other graphs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

import workbench as wb
from benchmarks.paper.measuring import Measured
from benchmarks.paper.rankings import kendall, ranks
from benchmarks.paper.settings import SEED, Size
from workbench.case.audit_case import AuditCase
from workbench.graph.causal_graph import CausalGraph

__all__ = ["CHANGES", "across_models", "changed_graphs", "graph_summary"]

Change = Callable[[CausalGraph, tuple[str, ...], np.random.Generator], CausalGraph]


def across_models(rankings: pd.DataFrame) -> pd.DataFrame:
    """Return Kendall's τ between the rankings of every two model families, by method."""
    records = []
    for (dataset, method), part in rankings.groupby(["dataset", "method"], sort=False):
        wide = part.pivot(index="feature", columns="model", values="value")
        for one, other in combinations(wide.columns, 2):
            records.append(
                {
                    "dataset": dataset,
                    "method": method,
                    "models": f"{one} and {other}",
                    "kendall_tau": kendall(wide[one], wide[other]),
                    "same_first": bool(wide[one].abs().idxmax() == wide[other].abs().idxmax()),
                }
            )
    return pd.DataFrame(records)


def _inside(graph: CausalGraph, features: tuple[str, ...]) -> list[tuple[str, str]]:
    """Edges among the features; those into the outcome say nothing about the prediction."""
    return [e for e in graph.edges if e[0] in features and e[1] in features]


def _removed(share: float) -> Change:
    def change(
        graph: CausalGraph, features: tuple[str, ...], rng: np.random.Generator
    ) -> CausalGraph:
        edges = _inside(graph, features)
        gone = rng.permutation(len(edges))[: round(share * len(edges))]
        kept = [e for e in graph.edges if e not in {edges[i] for i in gone}]
        return CausalGraph(kept, nodes=graph.nodes)

    return change


def _added(share: float | None) -> Change:
    """Add this share of the number of edges, or all that a random causal order allows."""

    def change(
        graph: CausalGraph, features: tuple[str, ...], rng: np.random.Generator
    ) -> CausalGraph:
        edges = _inside(graph, features)
        order = _random_order(edges, features, rng)
        known = set(edges)
        free = [pair for pair in combinations(order, 2) if pair not in known]
        count = len(free) if share is None else min(len(free), round(share * len(edges)))
        new = [free[i] for i in rng.permutation(len(free))[:count]]
        return CausalGraph([*graph.edges, *new], nodes=graph.nodes)

    return change


def _random_order(
    edges: list[tuple[str, str]], features: tuple[str, ...], rng: np.random.Generator
) -> list[str]:
    """Draw an order of the features in which causes come before effects."""
    waiting = {f: {a for a, b in edges if b == f} for f in features}
    order: list[str] = []
    while waiting:
        ready = sorted(f for f, causes in waiting.items() if causes.isdisjoint(waiting))
        chosen = ready[int(rng.integers(len(ready)))]
        order.append(chosen)
        del waiting[chosen]
    return order


CHANGES: dict[str, Change | None] = {
    "same graph, other rows": None,
    "25 % of the edges removed": _removed(0.25),
    "50 % of the edges removed": _removed(0.5),
    "25 % of the edges added": _added(0.25),
    "50 % of the edges added": _added(0.5),
    "fully connected": _added(None),
}
"""The first changes nothing but the rows: how much rankings move by chance alone."""


def changed_graphs(measured: Iterable[Measured], size: Size) -> pd.DataFrame:
    """Return one row per dataset, model, kind of change and repeat."""
    return pd.DataFrame([record for m in measured for record in _repeats(m, size)])


def _repeats(m: Measured, size: Size) -> Iterator[dict[str, Any]]:
    case, features = m.subject.case, m.features
    rng = np.random.default_rng(SEED)
    places = rng.permutation(case.n_rows)
    part = min(size.graph_rows, case.n_rows // 2)
    small = case.with_rows(np.sort(places[:part]))
    # Contrasts that follow the rows or the graph would move ranks by themselves.
    held = _held(small, features)
    drawn, direct = _effects(small, features, held)
    for name, change in CHANGES.items():
        for repeat in range(size.graph_repeats):
            if change is None:
                rows = np.sort(rng.permutation(places[part:])[:part])
                totals, _ = _effects(case.with_rows(rows), features, held)
            else:
                graph = change(case.graph, features, rng)
                totals = _totals_under(small.with_graph(graph), held, direct)
            moved = (ranks(drawn) != ranks(totals)).mean()
            yield {
                **m.subject.key,
                "change": name,
                "repeat": repeat,
                "ranks_changed": float(moved),
                "kendall_tau": kendall(drawn, totals),
                "same_first": bool(drawn.abs().idxmax() == totals.abs().idxmax()),
            }


def _held(case: AuditCase, features: tuple[str, ...]) -> dict[str, wb.Contrast]:
    from benchmarks.paper.measuring import levels

    return {f: wb.Contrast(*levels(case, f)) for f in features if not case.columns[f].is_constant}


def _effects(
    case: AuditCase, features: tuple[str, ...], held: dict[str, wb.Contrast]
) -> tuple[pd.Series, pd.Series]:
    """Total and direct effects; a feature that does not vary has none."""
    target = wb.UnlearningTarget.features(held)
    table = wb.cafe_effects(case, target, intervention=held, seed=SEED)
    totals, directs = (
        pd.Series({f: getattr(table[f], part).value if f in held else 0.0 for f in features})
        for part in ("total", "direct")
    )
    return totals, directs


def _totals_under(case: AuditCase, held: dict[str, wb.Contrast], direct: pd.Series) -> pd.Series:
    """Total effects under another graph; the model's own answers on these rows are known already.

    They stand for the features without mediators, and only the others are estimated again.
    """
    totals = direct.copy()
    mediated = {f: contrast for f, contrast in held.items() if case.carriers(f)}
    if mediated:
        target = wb.UnlearningTarget.features(mediated)
        # Of the direct effects, asked of one row, nothing is used.
        table = wb.cafe_effects(case, target, intervention=mediated, query_rows=1, seed=SEED)
        totals.update(pd.Series({f: table[f].total.value for f in mediated}))
    return totals


def graph_summary(repeats: pd.DataFrame) -> pd.DataFrame:
    """Return means over the repeats with 95 % intervals, per dataset and over all."""
    parts = [
        repeats.groupby(["dataset", "model", "change"], sort=False).apply(_mean).reset_index(),
        repeats.groupby("change", sort=False)
        .apply(_mean)
        .reset_index()
        .assign(dataset="all", model="all"),
    ]
    return pd.concat(parts, ignore_index=True)


def _mean(part: pd.DataFrame) -> pd.Series:
    """Means, with the t-interval of the repeats, of which those of one model hang together."""
    keys = [k for k in ("dataset", "model") if k in part]
    several = bool(keys) and part[keys].drop_duplicates().shape[0] > 1
    values = part.groupby(keys)["ranks_changed"].mean() if several else part["ranks_changed"]
    mean, n = float(values.mean()), len(values)
    spread = float(values.std(ddof=1)) if n > 1 else np.nan
    half = float(stats.t.ppf(0.975, n - 1)) * spread / np.sqrt(n) if n > 1 else np.nan
    return pd.Series(
        {
            "graphs": len(part),
            "ranks_changed": mean,
            "low": max(0.0, mean - half),
            "high": min(1.0, mean + half),
            "kendall_tau": float(part["kendall_tau"].mean()),
            "same_first": float(part["same_first"].mean()),
        }
    )
