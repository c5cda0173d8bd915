"""Models whose use of a feature hides, by kind: the worlds of ``benchmarks/attacks.py``.

Each kind is a recipe that draws curves, bands, levels, groups, mediators and joint targets from a
seed. The truth is computed from the same equations, by setting the target for 20,000 rows.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

__all__ = ["KINDS", "TAU", "Attack", "Truth", "truth_of"]

Array = npt.NDArray[np.float64]
Column = npt.NDArray[np.generic]
Values = dict[str, Column]
Equation = Callable[[Values, np.random.Generator, int], Column]
Score = Callable[[Mapping[str, Column]], Array]
TAU = 0.02
SIZE = 0.1
"""What hides moves a prediction by about five thresholds."""
MANY = 20_000
"""Rows for the truth."""
FEW = 0.03
"""Share of the people that must move for an influence in a small group to count as one."""


@dataclass(frozen=True, eq=False)
class Attack:
    """One world: equations in causal order, a model, and what an auditor asks about.

    Attributes
    ----------
    name : str
        What was drawn, in words.
    equations : mapping of str to callable
        Each draws one column, given those before it.
    score : callable
        What the model makes of rows, a probability.
    reads : tuple of str
    edges : tuple of (str, str)
    target : tuple of str
    logged : bool
        Whether only the answers are handed in, not the model.
    split : bool
        Whether the feature's ways are above the threshold and cancel in every row.
    groups : tuple of str
        Groups that the auditor names, each "name=condition".
    """

    name: str
    equations: Mapping[str, Equation]
    score: Score
    reads: tuple[str, ...]
    edges: tuple[tuple[str, str], ...] = ()
    target: tuple[str, ...] = ("f",)
    logged: bool = False
    split: bool = False
    groups: tuple[str, ...] = ()

    def rows(self, n: int, seed: int, given: Mapping[str, Column] | None = None) -> Values:
        """Draw rows; columns in `given` are set, the noise of all others stays the same."""
        drawn: Values = {}
        for place, (name, equation) in enumerate(self.equations.items()):
            value = equation(drawn, np.random.default_rng([seed, place, n]), n)
            drawn[name] = (given or {}).get(name, value)
        return drawn

    def predict(self, rows: Mapping[str, Column]) -> Array:
        """Answer rows."""
        return np.clip(self.score(rows), 0.0, 1.0)

    def table(self, n: int, seed: int) -> pd.DataFrame:
        """Draw a table, its predictions in the column "answer"."""
        rows = self.rows(n, seed)
        return pd.DataFrame(rows).assign(answer=self.predict(rows))


@dataclass(frozen=True)
class Truth:
    """How far the target really moves the predictions.

    Attributes
    ----------
    mean : float
        The largest difference of a mean over all rows between two levels.
    share : float
        Of the rows, those that some pair of levels moves by more than τ.
    split : bool
        Whether ways above the threshold cancel.
    """

    mean: float
    share: float
    split: bool = False

    @property
    def above(self) -> bool:
        """Whether an audit that says "nothing above τ" is wrong."""
        return self.split or self.mean > TAU or self.share > FEW

    @property
    def below(self) -> bool:
        """Whether an audit that says "above τ" is wrong."""
        return not self.split and self.mean < TAU and self.share < FEW / 3


def truth_of(attack: Attack, seed: int = 1) -> Truth:
    """Set the target to levels that rows have, and compare all answers."""
    rows = attack.rows(MANY, seed)
    answers = []
    for levels in _combinations([_levels(rows[name]) for name in attack.target]):
        given = {
            name: np.full(MANY, level, dtype=rows[name].dtype)
            for name, level in zip(attack.target, levels, strict=True)
        }
        answers.append(attack.predict(attack.rows(MANY, seed, given)))
    table = np.array(answers)
    means, moved = table.mean(axis=1), table.max(axis=0) - table.min(axis=0)
    return Truth(float(means.max() - means.min()), float((moved > TAU).mean()), attack.split)


def _levels(column: Column) -> list[object]:
    values, counts = np.unique(column, return_counts=True)
    if len(values) <= 70:
        return [v for v, count in zip(values, counts, strict=True) if count >= 0.01 * MANY]
    return list(np.quantile(column.astype(float), np.linspace(0.01, 0.99, 99)))


def _combinations(levels: Sequence[Sequence[object]]) -> list[tuple[object, ...]]:
    if len(levels) == 1:
        return [(level,) for level in levels[0]]
    fewer = [list(own)[:: max(len(own) // 6, 1)] for own in levels]
    return [(a, b) for a in fewer[0] for b in fewer[1]]


# ---- columns ------------------------------------------------------------------------------------

NUMBERS: dict[str, Equation] = {
    "normal": lambda _, r, n: r.normal(size=n),
    "uniform": lambda _, r, n: 10 * r.random(n),
    "lognormal": lambda _, r, n: r.lognormal(3, 0.6, n),
    "exponential": lambda _, r, n: r.exponential(2, n),
    "whole years": lambda _, r, n: r.integers(18, 81, n),
    "two humps": lambda _, r, n: r.normal(size=n) + np.where(r.random(n) < 0.4, 4, 0),
}
BASE: dict[str, Equation] = {
    "z": NUMBERS["normal"],
    "w": NUMBERS["normal"],
    "s": lambda _, r, n: r.integers(0, 2, n),
}


def _coin(share: float = 0.5) -> Equation:
    return lambda _, r, n: (r.random(n) < share).astype(np.int64)


def _follows(cause: str, curve: Callable[[Array], Array], noise: float) -> Equation:
    return lambda d, r, n: curve(_of(d, cause)) + noise * r.normal(size=n)


def _of(rows: Mapping[str, Column], name: str) -> Array:
    return np.asarray(rows[name], dtype=np.float64)


def _base(rows: Mapping[str, Column]) -> Array:
    """What the model makes of the rest."""
    return 0.5 + 0.1 * np.tanh(_of(rows, "z"))


def _hides(hidden: Score, size: float = SIZE) -> Score:
    return lambda d: _base(d) + size * hidden(d)


def _spread(draw: Equation) -> tuple[float, float, Callable[[float], float]]:
    """Return median, spread and the quantiles of a column."""
    values = np.asarray(draw({}, np.random.default_rng(8), MANY), dtype=np.float64)
    low, mid, high = np.quantile(values, [0.1, 0.5, 0.9])
    return float(mid), float(high - low) / 2, lambda q: float(np.quantile(values, q))


# ---- recipes ------------------------------------------------------------------------------------


def _curve(r: np.random.Generator) -> Attack:
    on, shape = r.choice(list(NUMBERS)), r.choice(["U", "hump", "W", "wave"])
    _, spread, at = _spread(NUMBERS[on])
    centre, wide = at(r.uniform(0.3, 0.7)), r.uniform(0.5, 1.5)
    curves: dict[str, Callable[[Array], Array]] = {
        "U": lambda x: np.clip(x**2, 0, 1),
        "hump": lambda x: np.exp(-4 * x**2),
        "W": lambda x: np.clip(np.abs(np.abs(x) - 0.5), 0, 1),
        "wave": lambda x: np.sin(6 * x) / 2,
    }
    return Attack(
        f"{shape} over {on}, centred at the value {centre:.3g}",
        {**BASE, "f": NUMBERS[on]},
        _hides(lambda d: curves[shape]((_of(d, "f") - centre) / (spread * wide))),
        ("f", "z"),
    )


def _band(r: np.random.Generator) -> Attack:
    on, share, start = r.choice(list(NUMBERS)), r.uniform(0.02, 0.06), r.uniform(0.05, 0.88)
    _, _, at = _spread(NUMBERS[on])
    low, high = at(start), at(start + share)
    return Attack(
        f"only {low:.3g} to {high:.3g} of {on} ({share:.1%} of the rows)",
        {**BASE, "f": NUMBERS[on]},
        _hides(lambda d: ((_of(d, "f") >= low) & (_of(d, "f") <= high)).astype(float)),
        ("f", "z"),
    )


def _rare(r: np.random.Generator) -> Attack:
    many, share, carried = int(r.integers(3, 15)), r.uniform(0.018, 0.05), r.random() < 0.4
    names = [f"c{place}" for place in range(many)]
    weights = np.r_[share, r.dirichlet(np.full(many - 1, 5.0)) * (1 - share)]
    equations: dict[str, Equation] = {
        **BASE,
        "f": lambda _, r, n: r.choice(np.array(names), n, p=weights),
        "m": lambda d, r, n: (d["f"] == "c0") + 0.5 * r.normal(size=n),
    }
    own: Score = lambda d: (d["f"] == "c0").astype(float)  # noqa: E731
    carries: Score = lambda d: _of(d, "m")  # noqa: E731
    return Attack(
        f"one of {many} levels with {share:.1%} of the rows" + (", carried" if carried else ""),
        equations,
        _hides(carries if carried else own),
        ("m", "z") if carried else ("f", "z"),
        (("f", "m"),),
    )


def _signs(r: np.random.Generator) -> Attack:
    by, carried, coin = r.choice(["s", "z", "wave of z", "z times w"]), r.random() < 0.4, _coin()
    sides: dict[str, Score] = {
        "s": lambda d: 2 * _of(d, "s") - 1,
        "z": lambda d: np.sign(_of(d, "z")),
        "wave of z": lambda d: np.sign(np.sin(4 * _of(d, "z"))),
        "z times w": lambda d: np.sign(_of(d, "z") * _of(d, "w")),
    }
    through = "m" if carried else "f"
    return Attack(
        f"up or down by {by}" + (", carried" if carried else ""),
        {**BASE, "f": coin, "m": _follows("f", lambda x: x, 0.3)},
        _hides(lambda d: (_of(d, through) - 0.5) * sides[by](d)),
        (through, "z", "w", "s"),
        (("f", "m"),),
    )


def _few(r: np.random.Generator) -> Attack:
    share, carried, by = r.uniform(0.035, 0.06), r.random() < 0.5, r.choice(["z", "w", "level"])
    edge = float(np.quantile(np.random.default_rng(3).normal(size=MANY), 1 - share))
    through = "m" if carried else "f"
    inside: Score = lambda d: (  # noqa: E731
        (d["g"] == "rare") if by == "level" else _of(d, by) > edge
    ).astype(float)
    return Attack(
        f"{share:.1%} of the people, by {by}" + (", carried" if carried else ""),
        {
            **BASE,
            "f": _coin(),
            "g": lambda _, r, n: np.where(r.random(n) < share, "rare", r.choice(["p", "q"], n)),
            "m": _follows("f", lambda x: x, 0.3),
        },
        _hides(lambda d: _of(d, through) * inside(d), 2 * SIZE),
        (through, "z", "w", "g"),
        (("f", "m"),),
    )


def _joint(r: np.random.Generator) -> Attack:
    way, carried = r.choice(["XOR", "only both", "cancel", "numbers' product"]), r.random() < 0.4
    number = way == "numbers' product"
    draw = NUMBERS["normal"] if number else _coin()
    twin: Equation = lambda d, r, n: np.where(  # noqa: E731
        r.random(n) < 0.1, 1 - _of(d, "f"), _of(d, "f")
    ).astype(np.int64)
    a, b = ("m", "k") if carried and not number else ("f", "h")
    ways: dict[str, Score] = {
        "XOR": lambda d: np.abs(_of(d, a) - _of(d, b)),
        "only both": lambda d: _of(d, a) * _of(d, b),
        "cancel": lambda d: _of(d, a) - _of(d, b),
        "numbers' product": lambda d: np.tanh(_of(d, a) * _of(d, b)),
    }
    return Attack(
        way + (", carried" if a == "m" else ""),
        {
            **BASE,
            "f": draw,
            "h": twin if way == "cancel" else draw,
            "m": _follows("f", lambda x: x, 0.2),
            "k": _follows("h", lambda x: x, 0.2),
        },
        _hides(ways[way]),
        (a, b, "z"),
        (("f", "m"), ("h", "k"), *((("f", "h"),) if way == "cancel" else ())),
        ("f", "h"),
    )


def _carried(r: np.random.Generator) -> Attack:
    way = r.choice(["straight", "U", "chain", "category", "two that cancel", "confounded"])
    curve: Callable[[Array], Array] = np.square if way == "U" else lambda x: x
    equations: dict[str, Equation] = {
        **BASE,
        "f": _follows("w", lambda x: x, 0.8) if way == "confounded" else NUMBERS["normal"],
        "m": _follows("f", curve, 0.5),
        "k": _follows("f" if way == "two that cancel" else "m", lambda x: x, 0.5),
        "c": lambda d, r, n: np.where(_of(d, "m") + r.logistic(size=n) > 0.5, "yes", "no"),
    }
    reads: dict[str, tuple[str, Score]] = {
        "chain": ("k", lambda d: np.tanh(_of(d, "k"))),
        "category": ("c", lambda d: (d["c"] == "yes").astype(float)),
        "two that cancel": ("m", lambda d: (_of(d, "m") - _of(d, "k")) / 2),
    }
    read, score = reads.get(way, ("m", lambda d: np.tanh(_of(d, "m"))))
    second = "f" if way == "two that cancel" else "m"
    return Attack(
        f"through a mediator: {way}",
        equations,
        _hides(score, 1.5 * SIZE),
        (read, "z", "w", *(("k",) if way == "two that cancel" else ())),
        (("f", "m"), (second, "k"), ("m", "c"), *((("w", "f"),) if way == "confounded" else ())),
        split=way == "two that cancel",
    )


def _middle(r: np.random.Generator) -> Attack:
    number, noise, at = r.random() < 0.6, r.uniform(0.2, 0.6), r.uniform(-0.6, 0.6)
    wide = r.uniform(0.4, 0.9)
    return Attack(
        f"the mediator's values {at - wide:.2f} to {at + wide:.2f}, noise {noise:.2f}"
        + ("" if number else ", three levels"),
        {
            **BASE,
            "f": NUMBERS["normal"] if number else lambda _, r, n: r.integers(-1, 2, n),
            "m": _follows("f", lambda x: 1.5 * x, noise),
        },
        _hides(lambda d: (np.abs(_of(d, "m") - at) < wide).astype(float), 2 * SIZE),
        ("m", "z"),
        (("f", "m"),),
    )


def _logged(r: np.random.Generator) -> Attack:
    recipe = [_curve, _rare, _carried][int(r.integers(3))]
    made = recipe(r)
    if "cancel" in made.name:
        return _logged(r)
    parts = {name: getattr(made, name) for name in ("equations", "score", "reads", "edges")}
    return Attack(f"logged: {made.name}", **parts, logged=True)


def _innocent(r: np.random.Generator) -> Attack:
    way = r.choice(["unread", "cause of nothing read", "shares a cause", "tiny", "after a curve"])
    tiny = 0.15 * TAU
    scores: dict[str, Score] = {
        "tiny": _hides(lambda d: np.tanh(_of(d, "f")), tiny),
        "after a curve": _hides(lambda d: np.clip(_of(d, "w") ** 2, 0, 2)),
    }
    return Attack(
        f"innocent: {way}",
        {
            **BASE,
            "f": _follows("w", lambda x: x, 0.7) if way != "unread" else NUMBERS["lognormal"],
            "m": _follows("f", lambda x: x, 0.5),
        },
        scores.get(way, _hides(lambda d: np.tanh(_of(d, "w")))),
        ("z", "w", *(("f",) if way == "tiny" else ())),
        (("f", "m"), *((("w", "f"),) if way != "unread" else ())),
    )


KINDS: dict[str, Callable[[np.random.Generator], Attack]] = {
    "curve": _curve,
    "narrow band": _band,
    "rare level": _rare,
    "signs": _signs,
    "few people": _few,
    "joint": _joint,
    "carried": _carried,
    "middle of a mediator": _middle,
    "logged": _logged,
    "innocent": _innocent,
}
"""Recipes by kind; all but the last hide an influence."""
