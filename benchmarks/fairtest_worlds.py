"""FairTest's association in worlds whose truth is known: contexts found, false contexts, coverage.

Decisions favour one group everywhere, in one context (age > 50 and job v: 6 % of the rows), or
nowhere. The test of the method is a small twin of this. Run

    python benchmarks/fairtest_worlds.py

to write benchmarks/results/fairtest_worlds.md.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import scipy

import workbench as wb
from workbench.case.condition import Condition
from workbench.methods.baselines.fairtest import Associations, fairtest_association

WORLDS = 200
ROWS = 6_000
FAVOURED = 0.35
"""Share of positive decisions where nobody is favoured."""
CONTEXT = "age > 50 and job == 'v'"
RESULTS = Path(__file__).parent / "results" / "fairtest_worlds.md"


def world(seed: int, *, planted: float = 0.0, everywhere: float = 0.0) -> wb.AuditCase:
    """Draw decisions that favour group b by `everywhere`, and by `planted` more in one context."""
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {
            "group": rng.choice(["a", "b"], ROWS),
            "age": rng.integers(18, 80, ROWS),
            "job": rng.choice(list("uvwx"), ROWS, p=[0.4, 0.3, 0.2, 0.1]),
            "noise": rng.normal(size=ROWS),
        }
    )
    inside = Condition(CONTEXT).mask(frame)
    favoured = (frame["group"] == "b").to_numpy()
    yes = rng.random(ROWS) < FAVOURED + favoured * (everywhere + planted * np.asarray(inside))
    model = wb.BlackBoxModel.from_predictions(
        np.where(yes, 0.9, 0.1), list(frame), output="probability"
    )
    return wb.AuditCase(data=frame, model=model, graph=wb.CausalGraph(nodes=list(frame)))


def associations(case: wb.AuditCase, seed: int) -> Associations:
    return fairtest_association(case, wb.UnlearningTarget.feature("group"), seed=seed)


def is_found(seed: int, planted: float = 0.4) -> bool:
    """Tell whether one context found shares more than half of its rows with the planted one."""
    case = world(seed, planted=planted)
    truth = Condition(CONTEXT).mask(case.data)
    masks = [Condition(c).mask(case.data) for c in associations(case, seed).contexts["context"]]
    return max(((m & truth).sum() / (m | truth).sum() for m in masks), default=0.0) > 0.5


def accuses(seed: int, everywhere: float) -> bool:
    """Tell whether a context is reported where every context is as the whole."""
    return len(associations(world(seed, everywhere=everywhere), seed).contexts) > 0


def true_association(everywhere: float) -> float:
    """Return the normalised mutual information of group and decision."""
    yes = np.array([FAVOURED, FAVOURED + everywhere])
    shares = np.array([yes, 1 - yes]) / 2
    levels, decisions = shares.sum(axis=1), shares.sum(axis=0)
    mutual = (shares * np.log(shares / np.outer(levels, decisions))).sum()
    return float(mutual / min(-(p * np.log(p)).sum() for p in (levels, decisions)))


def covers(seed: int, everywhere: float = 0.2) -> bool:
    """Tell whether the association's 95 % interval holds the truth."""
    case = world(seed, everywhere=everywhere)
    # Asked about another feature: this one is then measured, and its contexts are not searched.
    table = fairtest_association(case, wb.UnlearningTarget.feature("age")).table
    row = table.set_index(["feature", "metric"]).loc[("group", "NMI")]
    return bool(row["low"] <= true_association(everywhere) <= row["high"])


def run(worlds: int) -> Iterator[tuple[str, Sequence[bool]]]:
    seeds = range(worlds)
    for planted in (0.1, 0.2, 0.4):
        yield f"context found where {planted:g} is planted", [is_found(s, planted) for s in seeds]
    for everywhere in (0.0, 0.2):
        name = f"false context, {everywhere:g} everywhere (wanted: at most 5 %)"
        yield name, [accuses(s, everywhere) for s in seeds]
    for everywhere in (0.0, 0.05, 0.2):
        name = f"95 % interval of the association holds the truth, {everywhere:g} everywhere"
        yield name, [covers(s, everywhere) for s in seeds]


def report(rows: Sequence[tuple[str, Sequence[bool]]], minutes: float) -> str:
    lines = [
        "# FairTest's association where the truth is known",
        "",
        f"`python benchmarks/fairtest_worlds.py`: {len(rows[0][1])} worlds of {ROWS:,} rows for "
        f"each row, seeds from 0, {minutes:g} minutes of processor time. A planted context counts "
        "as found where one that is reported shares more than half of its rows with it.",
        "",
        "| what | worlds | share | 95 % interval of the share |",
        "|---|---:|---:|---:|",
    ]
    for name, outcomes in rows:
        count = int(sum(outcomes))
        exact = scipy.stats.binomtest(count, len(outcomes)).proportion_ci()
        lines.append(
            f"| {name} | {len(outcomes)} | {count / len(outcomes):.1%} | "
            f"{exact.low:.1%} to {exact.high:.1%} |"
        )
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="2 worlds, and nothing written")
    chosen = parser.parse_args()
    found = list(run(2 if chosen.quick else WORLDS))
    text = report(found, round(time.process_time() / 60, 1))
    if not chosen.quick:
        RESULTS.write_text(text, encoding="utf-8")
    print(text)
