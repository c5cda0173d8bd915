"""What is said of innocent and of guilty models where confounders act in shapes of many kinds.

Confounders move a feature and what the model reads; the graph is right. In innocent worlds the
feature moves nothing, in guilty ones it moves the mediator along a line or a curve. No shape here
was looked at while the rule for missed confounding was chosen, but for the step of a sum: an
earlier run accused innocent models of it, and a rule was made on other worlds. Run

    python benchmarks/confounder_shapes.py --minutes 8

to write benchmarks/results/confounder_shapes.md and .csv, from which ``--more`` goes on.
"""

from __future__ import annotations

import argparse
import csv
import time
import warnings
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

import workbench as wb

Array = npt.NDArray[np.float64]
Rng = np.random.Generator
Shape = Callable[[Rng, int], tuple[Mapping[str, npt.ArrayLike], Array]]
TAU = 0.02
ROWS = (300, 1_000, 4_000)
FIRST_SEED = 900_000
RESULTS = Path(__file__).parent / "results" / "confounder_shapes.md"
COUNTS = RESULTS.with_suffix(".csv")
DECISIONS = ("above", "below", "inconclusive")


def _chance(of: npt.ArrayLike) -> Array:
    return np.asarray(1 / (1 + np.exp(-np.asarray(of, dtype=np.float64))))


def _line(r: Rng, n: int) -> tuple[Mapping[str, npt.ArrayLike], Array]:
    a, b = r.normal(size=(2, n))
    return {"a": a, "b": b}, 0.6 * a - 0.6 * b


def _bend(r: Rng, n: int) -> tuple[Mapping[str, npt.ArrayLike], Array]:
    a, b = r.normal(size=n), r.uniform(size=n)
    return {"a": a, "b": b}, np.abs(a) - 0.8 + b


def _category(r: Rng, n: int) -> tuple[Mapping[str, npt.ArrayLike], Array]:
    a, g = r.normal(size=n), r.integers(0, 4, n)
    return {"a": a, "g": np.array(list("pqrs"))[g]}, np.array([-1.0, 0.9, -0.2, 0.6])[g] + 0.4 * a


def _corner(r: Rng, n: int) -> tuple[Mapping[str, npt.ArrayLike], Array]:
    a, b = r.normal(size=(2, n))
    return {"a": a, "b": b}, 2 * np.maximum(a, 0) * np.maximum(b, 0) - 0.3


def _squares(r: Rng, n: int) -> tuple[Mapping[str, npt.ArrayLike], Array]:
    a, b = r.uniform(0, 4, (2, n))
    return {"a": a, "b": b}, 2.0 * ((np.floor(a) + np.floor(b)) % 2) - 1


def _own_bands(r: Rng, n: int) -> tuple[Mapping[str, npt.ArrayLike], Array]:
    a, g = r.uniform(0, 10, n), r.integers(0, 3, n)
    return {"a": a, "g": np.array(list("uvw"))[g]}, 2.0 * (np.abs(a - 2 - 3 * g) < 1.2) - 0.5


def _damped(r: Rng, n: int) -> tuple[Mapping[str, npt.ArrayLike], Array]:
    a = r.uniform(0, 6, n)
    return {"a": a}, 2 * np.exp(-a / 3) * np.sin(5 * a)


def _codes(r: Rng, n: int) -> tuple[Mapping[str, npt.ArrayLike], Array]:
    heights = np.random.default_rng(11).normal(size=30)
    a = r.integers(0, 30, n)
    return {"a": a}, heights[a]


def _sum_of_three(r: Rng, n: int) -> tuple[Mapping[str, npt.ArrayLike], Array]:
    a, b, c = r.normal(size=(3, n))
    return {"a": a, "b": b, "c": c}, 2.0 * (a + b + c > 0.8) - 0.7


SHAPES: dict[str, Shape] = {
    "lines": _line,
    "bends": _bend,
    "a category": _category,
    "a corner": _corner,
    "squares of a board": _squares,
    "a band of each group": _own_bands,
    "a damped wave": _damped,
    "thirty codes": _codes,
    "a step of a sum of three": _sum_of_three,
}
"""What confounders do, by kind: their columns and what they add."""
HARD = tuple(SHAPES)[3:]
"""Shapes that the equations' form does not follow, for which no rate is promised."""
CURVES: dict[str, Callable[[Array], Array]] = {
    "none": np.zeros_like,
    "line": lambda x: 0.45 * x,
    "arch": lambda x: 0.35 * (x**2 - 1),
}
"""What the feature does to the mediator."""


def decide(shape: str, curve: str, n: int, seed: int) -> str:
    """Audit one world and return the decision."""
    r = np.random.default_rng([seed, n, list(SHAPES).index(shape)])
    columns, acts = SHAPES[shape](r, n)
    x = 0.8 * acts + 0.9 * r.normal(size=n)
    m = 0.9 * acts + CURVES[curve](x) + 0.5 * r.normal(size=n)
    edges = [(cause, effect) for cause in columns for effect in "xm"]
    report = wb.audit(
        wb.AuditCase(
            data=pd.DataFrame({**columns, "x": x, "m": m}),
            model=wb.BlackBoxModel(
                lambda d: _chance(1.2 * d["m"] - 0.3), ["m"], output="probability"
            ),
            graph=wb.CausalGraph([*edges, ("x", "m")]),
        ),
        wb.UnlearningTarget.feature("x"),
        ("debiased",),
        threshold=TAU,
        seed=seed,
        progress=lambda step, share: None,
    )
    assert report.verdict is not None
    return report.verdict.decision


def run(minutes: float, before: int) -> Iterator[tuple[str, str, int, int, str]]:
    """Audit worlds in turn until the processor time is over, after so many done before."""
    until = time.process_time() + 60 * minutes
    for seed in range(FIRST_SEED, 10**9):
        for n in ROWS:
            for shape in SHAPES:
                for curve in CURVES:
                    before -= 1
                    if before >= 0:
                        continue
                    if time.process_time() > until:
                        return
                    yield shape, curve, n, seed, decide(shape, curve, n, seed)


def report(found: pd.DataFrame) -> str:
    """Write the counts as a page of Markdown."""
    lines = [
        "# Shapes of confounders",
        "",
        f"`python benchmarks/confounder_shapes.py`: {len(found):,} audits, seeds from "
        f'{FIRST_SEED:,}, threshold {TAU}, alpha 5 %. Of innocent models "above" is wrong, of '
        'guilty ones (a line or an arch) it is right and "below" wrong. Hard: the equations\' '
        "form does not follow the shape, and no rate is promised. Each cell: above / below / "
        "inconclusive.",
        "",
        "| confounders act as | rows | innocent | line | arch |",
        "|---|---:|---|---|---|",
    ]
    groups = {"all of the first three": list(SHAPES)[:3], "all hard ones": list(HARD)}
    for name, shapes in (groups | {shape: [shape] for shape in SHAPES}).items():
        for n in ROWS:
            part = found[found["shape"].isin(shapes) & (found["rows"] == n)]
            cells = []
            for curve in CURVES:
                said = part[part["curve"] == curve]["decision"]
                cells.append(" / ".join(str(int((said == d).sum())) for d in DECISIONS))
            told = f"{name} (hard)" if name in HARD else name
            lines.append(f"| {told} | {n:,} | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=8.0)
    parser.add_argument("--more", action="store_true", help="Go on after the audits stored.")
    chosen = parser.parse_args()
    warnings.simplefilter("ignore")
    names = ["shape", "curve", "rows", "seed", "decision"]
    if not chosen.more:
        COUNTS.write_text(",".join(names) + "\n", encoding="utf-8")
    with COUNTS.open("a", encoding="utf-8", newline="") as lines:
        writer = csv.writer(lines, lineterminator="\n")
        for outcome in run(chosen.minutes, len(pd.read_csv(COUNTS))):
            writer.writerow(outcome)
            lines.flush()
    RESULTS.write_text(report(pd.read_csv(COUNTS, keep_default_na=False)), encoding="utf-8")
    print(RESULTS.read_text(encoding="utf-8"))
