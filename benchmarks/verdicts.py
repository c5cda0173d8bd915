"""Error rates and power of the verdict, in worlds whose truth over values and people is known.

"Below" is wrong where the largest true effect is above the threshold, "above" where none is. Run

    python benchmarks/verdicts.py --minutes 15

to write benchmarks/results/verdicts.md with as many worlds as the processor time allows, and
verdicts.csv, from which ``--more`` goes on where the last run of the same rules ended. Most audits
go where a decision is hardest: just below and just above the threshold.
"""

from __future__ import annotations

import argparse
import csv
import signal
import time
import warnings
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

import numpy as np
import scipy
from innocent_worlds import HARD as HARD_INNOCENT
from innocent_worlds import INNOCENT, InnocentWorld

from workbench import AuditCase, BlackBoxModel, UnlearningTarget, audit
from workbench.datasets.hiding_places import (
    CARRIED,
    HARD,
    HIDING_PLACES,
    HiddenWorld,
    hidden_world,
)

TAU = 0.1
RATIOS = (0.0, 0.9, 0.98, 1.02, 1.1, 1.25, 1.5, 2.0)
"""True size of what hides, in thresholds."""
BORDER = (0.98, 1.02)
BORDER_TURNS = 12
"""At most so many audits beside the threshold in a round, in kinds with a promised rate."""
INNOCENT_TURNS = 6
ASKED_EVERY = 5
"""Rounds between audits, away from the threshold, of worlds whose effects are asked."""
ROWS = (1_000, 5_000)
INNOCENT_ROWS = (300, 1_000)
INNOCENT_TAU = 0.02
"""Threshold in the innocent worlds, whose predictions are chances."""
METHODS = ("debiased", "cafe", "fuzzing")
"""The causal methods of a default audit; its baselines take no part in the verdict."""
FIRST_SEED = 700_000
"""No seed from here on was used while the verdict was written."""
DECISIONS = ("above", "below", "inconclusive")
RESULTS = Path(__file__).parent / "results" / "verdicts.md"
COUNTS = RESULTS.with_suffix(".csv")
Key = tuple[str, int, float]
Found = dict[Key, Counter[str]]


def decide(kind: str, ratio: float, n: int, seed: int) -> str:
    """Audit one world and return the decision."""
    made: HiddenWorld | InnocentWorld
    groups: dict[str, str] = {}
    if kind in INNOCENT:
        made = INNOCENT[kind](np.random.default_rng([seed, n]), n)
        model = BlackBoxModel(made.predict, features=made.reads, output="probability")
    else:
        made = hidden_world(kind, ratio * TAU, n, seed)
        model = BlackBoxModel(made.predict, features=made.reads, output="value")
        groups = made.groups
    report = audit(
        AuditCase(data=made.data, model=model, graph=made.graph),
        UnlearningTarget.features(made.target),
        METHODS,
        threshold=INNOCENT_TAU if kind in INNOCENT else TAU,
        subgroups=groups,
        seed=seed,
        progress=lambda step, share: None,
    )
    assert report.verdict is not None
    return report.verdict.decision


def run(
    minutes: float,
    rows: Sequence[int] = ROWS,
    turns: int = BORDER_TURNS,
    before: Found | None = None,
) -> Iterator[Found]:
    """Audit worlds in turn until the processor time is over; yield what was found after each.

    The order is always the same, so that a run goes on after the audits `before` it.
    """
    until = time.process_time() + 60 * minutes
    found: Found = {key: Counter(counts) for key, counts in (before or {}).items()}
    done = {key: counts.total() for key, counts in found.items()}
    for turn, seed in enumerate(range(FIRST_SEED, 10**9, BORDER_TURNS)):
        for kind, n, ratio, more in _round(turn, rows, turns):
            if done.get((kind, n, ratio), 0) > 0:
                done[kind, n, ratio] -= 1
                continue
            if time.process_time() > until:
                return
            decision = decide(kind, ratio, n, seed + more)
            found.setdefault((kind, n, ratio), Counter())[decision] += 1
            yield found


def _round(turn: int, rows: Sequence[int], turns: int) -> Iterator[tuple[str, int, float, int]]:
    for kind in HIDING_PLACES:
        for ratio in BORDER:
            for more in range(1 if kind in HARD else turns):
                for n in rows:
                    yield kind, n, ratio, more
    for n in INNOCENT_ROWS:
        for kind in INNOCENT:
            for more in range(INNOCENT_TURNS):
                yield kind, n, 0.0, more
    for kind in HIDING_PLACES:
        if kind in CARRIED or not turn % ASKED_EVERY:
            for n in rows:
                for ratio in RATIOS:
                    if ratio not in BORDER:
                        yield from ((kind, n, ratio, more) for more in range(min(turns, 2)))


def stored(path: Path) -> Found:
    """Read the counts of an earlier run."""
    with path.open(encoding="utf-8", newline="") as lines:
        return {
            (line["kind"], int(line["rows"]), float(line["size"])): Counter(
                {decision: int(line[decision]) for decision in DECISIONS}
            )
            for line in csv.DictReader(lines)
        }


def store(found: Found, path: Path) -> None:
    """Write the counts, one line for each kind, number of rows and true size."""
    beside = path.with_suffix(".new")  # an interrupted run leaves the last whole file
    with beside.open("w", encoding="utf-8", newline="") as lines:
        writer = csv.writer(lines, lineterminator="\n")
        writer.writerow(["kind", "rows", "size", *DECISIONS])
        for (kind, n, ratio), counts in sorted(found.items()):
            writer.writerow([kind, n, ratio, *(counts[decision] for decision in DECISIONS)])
    beside.replace(path)


def report(found: Found) -> str:
    """Write the rates as a page of Markdown."""
    worlds = sum(sum(counts.values()) for counts in found.values())
    rows = sorted({n for kind, n, _ in found if kind not in INNOCENT})
    lines = [
        "# Error rates and power of the verdict",
        "",
        f"`python benchmarks/verdicts.py`: {worlds:,} audits, seeds from {FIRST_SEED:,}, "
        f"threshold {TAU}, alpha 5 %, methods {', '.join(METHODS)}, default range (all levels). A "
        "size is the largest true effect over values, people and groups, in thresholds.",
        "",
        "Wrong firm decisions; beside the threshold: at "
        f"{' and '.join(f'{ratio:g}' for ratio in BORDER)} τ. Asked: what hides is the model's own "
        "answer, without error; estimated: other features carry it. Upper: the 95 % bound of the "
        "rate.",
        "",
        "| kind | rows | truth | audits | wrong | share | upper |",
        "|---|---:|---|---:|---:|---:|---:|",
    ]
    kinds = [kind for kind in HIDING_PLACES if kind not in HARD]
    carried = [kind for kind in kinds if kind in CARRIED]
    asked = [kind for kind in kinds if kind not in CARRIED]
    lines += [line for n in rows for line in _errors(found, "all of these", kinds, n, RATIOS)]
    for name, own in (("all of these", kinds), ("estimated", carried), ("asked", asked)):
        lines += [line for n in rows for line in _errors(found, name, own, n, BORDER)]
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
    lines += _of_innocent(found)
    lines += ["", "Decisions by kind and size (above / below / inconclusive):", ""]
    lines.append("| kind | rows | " + " | ".join(f"{r:g} τ" for r in RATIOS) + " |")
    lines.append("|---|---:|" + "---|" * len(RATIOS))
    for kind in HIDING_PLACES:
        for n in rows:
            cells = [found.get((kind, n, ratio), Counter()) for ratio in RATIOS]
            told = [" / ".join(str(counts[name]) for name in DECISIONS) for counts in cells]
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


def _of_innocent(found: Found) -> Iterator[str]:
    """Count what is said of models to which the target makes no difference."""
    yield from (
        "",
        f"Innocent models, threshold {INNOCENT_TAU}: the graph lets the target reach what they "
        "read, and in truth nothing passes. Hard: equations of the wrong form, for which no rate "
        "is promised.",
        "",
        "| kind | rows | audits | above | below | inconclusive |",
        "|---|---:|---:|---:|---:|---:|",
    )
    for kind in INNOCENT:
        for n in INNOCENT_ROWS:
            counts = found.get((kind, n, 0.0), Counter())
            cells = (counts.total(), *(counts[said] for said in DECISIONS))
            name = f"{kind} (hard)" if kind in HARD_INNOCENT else kind
            yield f"| {name} | {n:,} | " + " | ".join(map(str, cells)) + " |"


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
    parser.add_argument(
        "--border", type=int, default=BORDER_TURNS, help="Audits beside the threshold for one."
    )
    parser.add_argument(
        "--more",
        action="store_true",
        help="Go on after the audits stored, which had the same --border.",
    )
    chosen = parser.parse_args()
    if not 1 <= chosen.border <= BORDER_TURNS:
        parser.error(f"--border must lie between 1 and {BORDER_TURNS}.")
    warnings.simplefilter("ignore")
    signal.signal(signal.SIGINT, signal.default_int_handler)  # also in the background
    before = stored(COUNTS) if chosen.more else {}
    with suppress(KeyboardInterrupt):
        for found in run(chosen.minutes, turns=chosen.border, before=before):
            store(found, COUNTS)
    RESULTS.write_text(report(stored(COUNTS)), encoding="utf-8")
    print(RESULTS.read_text(encoding="utf-8"))
