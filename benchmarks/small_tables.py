"""Coverage of the intervals and wrong firm verdicts in tables of 10 to 200 rows.

The effect, half of it direct, is the same in every row, so that the truth is exact whatever an
estimate averages over.
Verdicts are taken with the rule about few rows set aside: what would be said without it. The second
table is about 1,000 rows of which few hold one of the two levels. Run

    python benchmarks/small_tables.py --minutes 6

to write benchmarks/results/small_tables.md with as many worlds as the processor time allows.
"""

from __future__ import annotations

import argparse
import time
import warnings
from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
import pandas as pd
import scipy

import workbench as wb
from workbench.checks.verdict import few_rows as rule

ROWS = (10, 20, 30, 50, 100, 200)
AT_LEVEL = (5, 10, 20, 30, 50, 100)
"""Rows at the rarer level, of 1,000."""
LONG = 1_000
RATIOS = (0.5, 0.98, 1.02, 2.0)
"""True size of the effect, in thresholds."""
TAU = 0.1
KINDS = ("line", "skewed", "confounded", "yes/no mediator")
MODELS = ("asked", "logged")
FIRST_SEED = 700_000
RESULTS = Path(__file__).parent / "results" / "small_tables.md"


def world(kind: str, n: int, seed: Sequence[int], at_level: int | None = None) -> pd.DataFrame:
    """Draw rows whose mediator `m` moves by 1 from `f` = 0 to 1, for everybody or on average."""
    r = np.random.default_rng([*seed, n])
    z = r.normal(size=n)
    chance = 1 / (1 + np.exp(-1.5 * z)) if kind == "confounded" else np.full(n, 0.5)
    f = (r.random(n) < chance).astype(int)
    if at_level is not None:
        f = np.isin(np.arange(n), r.choice(n, at_level, replace=False)).astype(int)
    if len(np.unique(f)) < 2:
        f[0] = 1 - f[0]
    noise = r.exponential(size=n) - 1 if kind == "skewed" else r.normal(size=n)
    m = f + 0.3 * noise + (0.5 * z if kind == "confounded" else 0)
    if kind == "yes/no mediator":
        m = (r.random(n) < 0.2 + 0.6 * f).astype(float) / 0.6
    return pd.DataFrame({"z": z, "f": f, "m": m})


def audited(
    data: pd.DataFrame,
    model: str,
    size: float,
    seed: int,
    *,
    few_rows: bool = False,
    direct: float = 0.0,
) -> wb.AuditReport:
    """Audit one world by the causal methods, with the rule about few rows or without it.

    `direct` is the share of the effect that does not go through the mediator.
    """

    def predict(rows: pd.DataFrame) -> pd.Series:
        through = 0.3 * rows["z"] + size * (1 - direct) * rows["m"]
        return through + size * direct * rows["f"] if direct else through

    reads = ["z", "f", "m"] if direct else ["z", "m"]
    asked = (
        wb.BlackBoxModel(predict, reads, output="value")
        if model == "asked"
        else wb.BlackBoxModel.from_predictions(predict(data), reads, output="value")
    )
    graph = wb.CausalGraph([("z", "f"), ("z", "m"), ("f", "m")])
    aside = {} if few_rows else {"FEWEST_ROWS": 0, "FEWEST_AT_LEVEL": 0}
    with mock.patch.multiple(rule, **aside) if aside else nullcontext():
        return wb.audit(
            wb.AuditCase(data=data, model=asked, graph=graph),
            wb.UnlearningTarget.feature("f"),
            ("debiased", "cafe", "fuzzing"),
            range=wb.Contrast(0, 1),
            threshold=TAU,
            seed=seed,
            progress=lambda step, share: None,
        )


def outcomes(
    kind: str,
    model: str,
    ratio: float,
    n: int,
    seed: int,
    at_level: int | None = None,
    *,
    direct: float = 0.0,
) -> dict[str, object]:
    """Return what one audit covers and decides."""
    data = world(kind, n, (seed, int(100 * ratio), KINDS.index(kind)), at_level)
    report = audited(data, model, ratio * TAU, seed, direct=direct)
    assert report.verdict is not None
    entry = report.effects.judged["f"]
    decision = report.verdict.decision
    return {
        "rows": n if at_level is None else at_level,
        "few at level": at_level is not None,
        "model": model,
        "total": _covers(entry.total, ratio * TAU),
        "direct": _covers(entry.direct, ratio * TAU * direct),
        "indirect": _covers(entry.indirect, ratio * TAU * (1 - direct)),
        "firm": decision != "inconclusive",
        "wrong": decision == ("above" if ratio < 1 else "below"),
    }


def _covers(effect: Any, truth: float) -> bool:
    """Whether an interval holds the truth; that of an asked effect may have no width."""
    return bool(effect.low - 1e-9 <= truth <= effect.high + 1e-9)


def run(minutes: float) -> pd.DataFrame:
    """Audit worlds in turn until the processor time is over."""
    until = time.process_time() + 60 * minutes
    return pd.DataFrame(list(_run(until)))


def _run(until: float) -> Iterator[dict[str, object]]:
    for seed in range(FIRST_SEED, 10**9):
        for kind in KINDS:
            for model in MODELS:
                for ratio in RATIOS:
                    for n in ROWS:
                        yield outcomes(kind, model, ratio, n, seed, direct=0.5)
                    for few in AT_LEVEL:
                        if time.process_time() > until:
                            return
                        yield outcomes(kind, model, ratio, LONG, seed, few, direct=0.5)


def report(found: pd.DataFrame, minutes: float) -> str:
    """Write the shares as a page of Markdown."""
    lines = [
        "# Small tables",
        "",
        f"`python benchmarks/small_tables.py`, {minutes:g} minutes of processor time: "
        f"{len(found):,} audits of one change, seeds from {FIRST_SEED:,}, threshold {TAU}, alpha "
        f"5 %, effects of {', '.join(f'{ratio:g}' for ratio in RATIOS)} τ, kinds: "
        f"{', '.join(KINDS)}. Coverage of the 95 % intervals of the judged estimate; verdicts with "
        "the rule about few rows set aside. Upper: the 95 % bound of the share.",
    ]
    titles = {False: "rows of the table", True: f"rows at the rarer level, of {LONG:,}"}
    for few, title in titles.items():
        lines += [
            "",
            f"| {title} | model | audits | total covered | direct covered | indirect covered | "
            "firm | wrong firm | upper | wrong of the firm |",
            "|---:|---|---:|---:|---:|---:|---:|---:|---:|---:|",
        ]
        part = found[found["few at level"] == few]
        for (n, model), group in part.groupby(["rows", "model"]):
            wrong, total = int(group["wrong"].sum()), len(group)
            upper = scipy.stats.beta.ppf(0.95, wrong + 1, total - wrong) if wrong < total else 1.0
            firm = int(group["firm"].sum())
            lines.append(
                f"| {n} | {model} | {total} | {group['total'].mean():.1%} | "
                f"{group['direct'].mean():.1%} | {group['indirect'].mean():.1%} | "
                f"{firm / total:.1%} | {wrong / total:.1%} | "
                f"{upper:.1%} | {f'{wrong / firm:.1%}' if firm else ''} |"
            )
    lines += [
        "",
        "Half of each effect is direct, half goes through the mediator; an asked model is asked "
        "for the direct half, which is then exact. The rule: "
        f"nothing firm is said of fewer than {rule.FEWEST_ROWS} rows, nor of an effect that "
        f"is estimated, and not asked, at a level that fewer than {rule.FEWEST_AT_LEVEL} hold "
        "(`workbench/checks/verdict/few_rows.py`).",
        "",
        "The models are linear and answer without noise, so that a regression of logged "
        "predictions finds the direct half almost exactly, too: the direct column says little "
        "about logged models with noise.",
    ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=6.0)
    chosen = parser.parse_args()
    warnings.simplefilter("ignore")
    found = run(chosen.minutes)
    RESULTS.write_text(report(found, round(time.process_time() / 60, 1)), encoding="utf-8")
    print(RESULTS.read_text(encoding="utf-8"))
