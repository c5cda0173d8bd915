"""Error rates and power of the verdict, in worlds whose truth over values and people is known.

"Below" is wrong where the largest true effect is above the threshold, "above" where none is. Run

    python benchmarks/verdicts.py --minutes 20

to write benchmarks/results/verdicts.md with as many worlds as the time allows.
"""

from __future__ import annotations

import argparse
import time
import warnings
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from workbench import AuditCase, BlackBoxModel, UnlearningTarget, audit
from workbench.datasets.hiding_places import HIDING_PLACES, hidden_world

TAU = 0.1
RATIOS = (0.0, 0.9, 0.98, 1.02, 1.1, 1.25, 1.5, 2.0)
"""True size of what hides, in thresholds."""
ROWS = (1_000, 5_000)
RESULTS = Path(__file__).parent / "results" / "verdicts.md"
Key = tuple[str, int, float]


def decide(kind: str, ratio: float, n: int, seed: int) -> str:
    """Audit one world and return the decision."""
    world = hidden_world(kind, ratio * TAU, n, seed)
    model = BlackBoxModel(world.predict, features=world.reads, output="value")
    case = AuditCase(data=world.data, model=model, graph=world.graph)
    report = audit(
        case,
        UnlearningTarget.feature("f"),
        ("cafe", "fuzzing"),
        threshold=TAU,
        subgroups=world.groups,
        seed=seed,
        progress=lambda step, share: None,
    )
    assert report.verdict is not None
    return report.verdict.decision


def run(minutes: float, rows: Sequence[int] = ROWS) -> dict[Key, Counter[str]]:
    """Audit worlds in turn until the time is over."""
    until = time.monotonic() + 60 * minutes
    found: dict[Key, Counter[str]] = {}
    seed = 0
    while time.monotonic() < until:
        for n in rows:
            for kind in HIDING_PLACES:
                for ratio in RATIOS:
                    if time.monotonic() > until:
                        return found
                    decision = decide(kind, ratio, n, seed)
                    found.setdefault((kind, n, ratio), Counter())[decision] += 1
        seed += 1
    return found


def report(found: dict[Key, Counter[str]], minutes: float) -> str:
    """Write the rates as a page of Markdown."""
    worlds = sum(sum(counts.values()) for counts in found.values())
    lines = [
        "# Error rates and power of the verdict",
        "",
        f"`python benchmarks/verdicts.py --minutes {minutes:g}`: {worlds} audits, threshold {TAU}, "
        "alpha 5 %, methods CAFÉ and fuzzing, default range (all levels). A size is the largest "
        "true effect over values, people and groups, in thresholds.",
        "",
        "| rows | truth | audits | wrong firm decisions | share |",
        "|---:|---|---:|---:|---:|",
    ]
    for n in sorted({key[1] for key in found}):
        for truth, wrong in (("all below τ", "above"), ("some above τ", "below")):
            chosen = [
                counts
                for (_, rows, ratio), counts in found.items()
                if rows == n and (ratio > 1) == (wrong == "below")
            ]
            total = sum(sum(counts.values()) for counts in chosen)
            errors = sum(counts[wrong] for counts in chosen)
            share = f"{errors / total:.1%}" if total else "–"
            lines.append(f'| {n:,} | {truth} | {total} | {errors} "{wrong}" | {share} |')
    lines += ["", "Decisions by kind and size (above / below / inconclusive):", ""]
    lines.append("| kind | rows | " + " | ".join(f"{r:g} τ" for r in RATIOS) + " |")
    lines.append("|---|---:|" + "---|" * len(RATIOS))
    for kind in HIDING_PLACES:
        for n in sorted({key[1] for key in found}):
            cells = []
            for ratio in RATIOS:
                counts = found.get((kind, n, ratio), Counter())
                order = ("above", "below", "inconclusive")
                cells.append(" / ".join(str(counts[name]) for name in order))
            lines.append(f"| {kind} | {n:,} | " + " | ".join(cells) + " |")
    lines += ["", "Smallest size found in at least 80 % of the audits:", ""]
    lines += ["| kind | " + " | ".join(f"n = {n:,}" for n in ROWS) + " |", "|---|---|---|"]
    for kind in HIDING_PLACES:
        lines.append(f"| {kind} | " + " | ".join(_power(found, kind, n) for n in ROWS) + " |")
    return "\n".join(lines) + "\n"


def _power(found: dict[Key, Counter[str]], kind: str, n: int) -> str:
    for ratio in (r for r in RATIOS if r > 1):
        counts = found.get((kind, n, ratio), Counter())
        total = sum(counts.values())
        if total and counts["above"] >= 0.8 * total:
            return f"{ratio:g} τ"
    return "none of these"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=20.0)
    chosen = parser.parse_args()
    warnings.simplefilter("ignore")
    RESULTS.write_text(report(run(chosen.minutes), chosen.minutes), encoding="utf-8")
    print(RESULTS.read_text(encoding="utf-8"))
