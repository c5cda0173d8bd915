"""Error rates and power of the verdict, in worlds whose truth over values and people is known.

"Below" is wrong where the largest true effect is above the threshold, "above" where none is. Run

    python benchmarks/verdicts.py --minutes 15

to write benchmarks/results/verdicts.md with as many worlds as the processor time allows. Most
audits go where a decision is hardest: just below and just above the threshold, in the kinds of
worlds whose effects are estimated.
"""

from __future__ import annotations

import argparse
import time
import warnings
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import scipy

from workbench import AuditCase, BlackBoxModel, UnlearningTarget, audit
from workbench.datasets.hiding_places import CARRIED, HARD, HIDING_PLACES, hidden_world

TAU = 0.1
RATIOS = (0.0, 0.9, 0.98, 1.02, 1.1, 1.25, 1.5, 2.0)
"""True size of what hides, in thresholds."""
BORDER = (0.98, 1.02)
BORDER_TURNS = 12
"""Audits beside the threshold for one elsewhere, in worlds whose effects are estimated."""
ASKED_EVERY = 5
"""Rounds between audits of worlds whose effects are asked, without error."""
ROWS = (1_000, 5_000)
METHODS = ("debiased", "cafe", "fuzzing")
"""The causal methods of a default audit; its baselines take no part in the verdict."""
FIRST_SEED = 700_000
"""No seed from here on was used while the verdict was written."""
RESULTS = Path(__file__).parent / "results" / "verdicts.md"
Key = tuple[str, int, float]
Found = dict[Key, Counter[str]]


def decide(kind: str, ratio: float, n: int, seed: int) -> str:
    """Audit one world and return the decision."""
    world = hidden_world(kind, ratio * TAU, n, seed)
    model = BlackBoxModel(world.predict, features=world.reads, output="value")
    case = AuditCase(data=world.data, model=model, graph=world.graph)
    report = audit(
        case,
        UnlearningTarget.features(world.target),
        METHODS,
        threshold=TAU,
        subgroups=world.groups,
        seed=seed,
        progress=lambda step, share: None,
    )
    assert report.verdict is not None
    return report.verdict.decision


def run(minutes: float, rows: Sequence[int] = ROWS) -> Found:
    """Audit worlds in turn until the processor time is over, or somebody interrupts."""
    until = time.process_time() + 60 * minutes
    found: Found = {}
    for turn, seed in enumerate(range(FIRST_SEED, 10**9, BORDER_TURNS)):
        for kind, n, ratio, more in _round(turn, rows):
            if time.process_time() > until:
                return found
            try:
                decision = decide(kind, ratio, n, seed + more)
            except KeyboardInterrupt:
                return found
            found.setdefault((kind, n, ratio), Counter())[decision] += 1
    return found


def _round(turn: int, rows: Sequence[int]) -> Iterator[tuple[str, int, float, int]]:
    for n in rows:
        for kind in HIDING_PLACES:
            if kind not in CARRIED and turn % ASKED_EVERY:
                continue
            for ratio in RATIOS:
                again = BORDER_TURNS if kind in CARRIED and ratio in BORDER else 1
                for more in range(again):
                    yield kind, n, ratio, more


def report(found: Found, minutes: float) -> str:
    """Write the rates as a page of Markdown."""
    worlds = sum(sum(counts.values()) for counts in found.values())
    rows = sorted({key[1] for key in found})
    lines = [
        "# Error rates and power of the verdict",
        "",
        f"`python benchmarks/verdicts.py`, {minutes:g} minutes of processor time: {worlds} audits, "
        f"seeds from {FIRST_SEED:,}, threshold {TAU}, alpha 5 %, methods {', '.join(METHODS)}, "
        "default range (all levels). A size is the largest true effect over values, people and "
        "groups, in thresholds.",
        "",
        "Wrong firm decisions, beside the threshold and elsewhere; upper: the 95 % bound of the "
        "rate.",
        "",
        "| kind | rows | truth | audits | wrong | share | upper |",
        "|---|---:|---|---:|---:|---:|---:|",
    ]
    kinds = [kind for kind in HIDING_PLACES if kind not in HARD]
    lines += [line for n in rows for line in _errors(found, "all of these", kinds, n, RATIOS)]
    for kind in kinds:
        lines += [line for n in rows for line in _errors(found, kind, [kind], n, BORDER)]
    lines += [
        "",
        "Hard cases, for which no rate is promised: equations of the wrong form (noise that grows "
        "with the mean), and 5 % of the people, reached through a mediator, whom nobody named.",
        "",
        "| kind | rows | truth | audits | wrong | share | upper |",
        "|---|---:|---|---:|---:|---:|---:|",
    ]
    for kind in HARD:
        lines += [line for n in rows for line in _errors(found, kind, [kind], n, RATIOS)]
    lines += ["", "Decisions by kind and size (above / below / inconclusive):", ""]
    lines.append("| kind | rows | " + " | ".join(f"{r:g} τ" for r in RATIOS) + " |")
    lines.append("|---|---:|" + "---|" * len(RATIOS))
    order = ("above", "below", "inconclusive")
    for kind in HIDING_PLACES:
        for n in rows:
            cells = [found.get((kind, n, ratio), Counter()) for ratio in RATIOS]
            told = [" / ".join(str(counts[name]) for name in order) for counts in cells]
            lines.append(f"| {kind} | {n:,} | " + " | ".join(told) + " |")
    lines += ["", "Smallest size found in at least 80 % of the audits:", ""]
    lines += ["| kind | " + " | ".join(f"n = {n:,}" for n in rows) + " |"]
    lines += ["|---|" + "---|" * len(rows)]
    for kind in HIDING_PLACES:
        lines.append(f"| {kind} | " + " | ".join(_power(found, kind, n) for n in rows) + " |")
    return "\n".join(lines) + "\n"


def _errors(
    found: Found, name: str, kinds: Sequence[str], n: int, ratios: Sequence[float]
) -> Iterator[str]:
    """Count wrong firm decisions, one line for each kind of error."""
    for truth, wrong in (("below τ", "above"), ("above τ", "below")):
        chosen = [
            counts
            for (kind, rows, ratio), counts in found.items()
            if kind in kinds and rows == n and ratio in ratios and (ratio > 1) == (wrong == "below")
        ]
        total = sum(sum(counts.values()) for counts in chosen)
        errors = sum(counts[wrong] for counts in chosen)
        if not total:
            continue
        upper = 1.0 if errors == total else scipy.stats.beta.ppf(0.95, errors + 1, total - errors)
        beside = ", beside it" if tuple(ratios) == BORDER else ""
        yield (
            f'| {name} | {n:,} | {truth}{beside} | {total} | {errors} "{wrong}" | '
            f"{errors / total:.1%} | {upper:.1%} |"
        )


def _power(found: Found, kind: str, n: int) -> str:
    for ratio in (r for r in RATIOS if r > 1):
        counts = found.get((kind, n, ratio), Counter())
        total = sum(counts.values())
        if total and counts["above"] >= 0.8 * total:
            return f"{ratio:g} τ"
    return "none of these"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=15.0)
    chosen = parser.parse_args()
    warnings.simplefilter("ignore")
    found = run(chosen.minutes)
    RESULTS.write_text(report(found, round(time.process_time() / 60, 1)), encoding="utf-8")
    print(RESULTS.read_text(encoding="utf-8"))
