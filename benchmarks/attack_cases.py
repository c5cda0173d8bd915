"""More kinds of models for ``benchmarks/attacks.py``: of faults that auditors met.

A category whose mean prediction lies between two others', a rule at an age, a mediator that
oscillates; and innocent models whose confounders act by a step, or by a product that a named group
shows.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from attack_worlds import BASE, KINDS, MANY, NUMBERS, SIZE, TAU, Attack, Column, Equation, Score

__all__ = ["ALL", "INNOCENT", "attack"]


def _of(rows: Mapping[str, Column], name: str) -> np.ndarray:
    return np.asarray(rows[name], dtype=np.float64)


def _between(r: np.random.Generator) -> Attack:
    """One level is pushed back to where its better applicants hide it."""
    levels, push = int(r.integers(3, 6)), r.uniform(0.6, 1.4)
    names = np.array(list("ABCDEF")[:levels])

    def choose(d: Mapping[str, Column], r: np.random.Generator, n: int) -> Column:
        weights = np.ones((n, levels))
        weights[:, 1] = np.exp(push * _of(d, "w") - push**2 / 2)
        shares = np.cumsum(weights / weights.sum(axis=1, keepdims=True), axis=1)
        return np.asarray(names[(r.random(n)[:, None] > shares).sum(axis=1)])

    equations: dict[str, Equation] = {**BASE, "f": choose}
    rows = Attack("", equations, lambda d: _of(d, "w"), ("w",)).rows(MANY, 9)
    better = float(_of(rows, "w")[rows["f"] == "B"].mean())
    return Attack(
        f"one of {levels} levels, whose people are better by {better:.2f}",
        equations,
        lambda d: 0.5 + SIZE * (_of(d, "w") - better * (d["f"] == "B")),
        ("f", "w"),
        (("w", "f"),),
    )


def _rule(r: np.random.Generator) -> Attack:
    at = int(r.integers(18, 30))
    return Attack(
        f"a rule at the age of {at}, carried",
        {
            **BASE,
            "f": lambda _, r, n: r.integers(16, 80, n),
            "m": lambda d, r, n: 0.5 * (_of(d, "f") >= at) + 0.5 * r.normal(size=n),
        },
        lambda d: 0.5 + 2 * SIZE * np.tanh(_of(d, "m")),
        ("m", "z"),
        (("f", "m"),),
    )


def _oscillation(r: np.random.Generator) -> Attack:
    times = r.uniform(4, 7)
    return Attack(
        f"a mediator that follows sin({times:.1f} f)",
        {
            **BASE,
            "f": NUMBERS["normal"],
            "m": lambda d, r, n: 0.8 * np.sin(times * _of(d, "f")) + 0.4 * r.normal(size=n),
        },
        lambda d: 0.5 + 2 * SIZE * np.tanh(_of(d, "m")),
        ("m", "z"),
        (("f", "m"),),
    )


def _step(r: np.random.Generator) -> Attack:
    at, logged = r.uniform(45, 65), bool(r.random() < 0.5)
    tiny = 0.0 if logged else 0.15 * TAU
    score: Score = lambda d: (  # noqa: E731
        0.3
        + 0.4 * (_of(d, "age") > at)
        + 0.05 * np.tanh(_of(d, "z"))
        + (tiny * np.tanh((_of(d, "m") - 30) / 10) if tiny else 0.0)
    )
    return Attack(
        f"innocent: retired after {at:.0f}, and the model steps there, too",
        {
            **BASE,
            "age": lambda _, r, n: r.uniform(20, 80, n).round(1),
            "f": lambda d, r, n: (r.random(n) < np.where(_of(d, "age") > at, 0.9, 0.03)).astype(
                np.int64
            ),
            "m": lambda d, r, n: 40 - 25 * _of(d, "f") + 4 * r.normal(size=n),
        },
        score,
        ("age", "z", *(("m",) if tiny else ())),
        (("age", "f"), ("f", "m")),
        logged=logged,
    )


def _product(r: np.random.Generator) -> Attack:
    by, more = r.uniform(0.5, 1.0), r.uniform(0.5, 0.9)
    return Attack(
        f"innocent: {by:.2f} times a product of two confounders",
        {
            **BASE,
            "f": lambda d, r, n: _of(d, "z") * _of(d, "w") + more * r.normal(size=n),
            "m": lambda d, r, n: by * _of(d, "z") * _of(d, "w") + 0.7 * r.normal(size=n),
        },
        lambda d: 0.5 + 2 * SIZE * np.tanh(_of(d, "m")),
        ("m",),
        (("z", "f"), ("w", "f"), ("z", "m"), ("w", "m"), ("f", "m")),
        groups=("the upper third=z > 0.5",),
    )


CASES: dict[str, Callable[[np.random.Generator], Attack]] = {
    "level in between": _between,
    "rule at an age": _rule,
    "oscillating mediator": _oscillation,
    "step of a confounder": _step,
    "product of confounders": _product,
}
INNOCENT = ("innocent", "step of a confounder", "product of confounders")
"""Kinds whose influence lies below the threshold."""
ALL = {**KINDS, **CASES}
"""All recipes by kind."""


def attack(kind: str, seed: int) -> Attack:
    """Draw one attack of a kind."""
    return ALL[kind](np.random.default_rng([seed, list(ALL).index(kind)]))
