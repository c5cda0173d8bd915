"""What the table says, in sentences computed from it."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy import stats

from benchmarks.unlearning_methods.error_rate import rates
from benchmarks.unlearning_methods.measuring import ALPHA, EQUAL, EVIDENCE, THRESHOLD

__all__ = ["by_evidence", "caught", "conclusions", "count", "false_alarms", "why_not"]

UNLOGGED = [name for name in EVIDENCE if name != "served"]


def said(hits: pd.Series) -> pd.Series:
    """Return what was found as true or false; what was not asked is no finding."""
    return hits.map(lambda hit: hit is True or hit is np.True_)


def count(hits: pd.Series) -> int:
    """Return how many were found."""
    return int(said(hits).to_numpy().sum())


def caught(found: pd.DataFrame, evidence: list[str] | None = None) -> pd.Series:
    """Return per run whether any of some kinds of evidence speaks against it."""
    hits = [said(found[name]).to_numpy() for name in evidence or list(EVIDENCE)]
    return pd.Series(np.any(hits, axis=0), index=found.index)


def by_evidence(found: pd.DataFrame, kind: str) -> pd.DataFrame:
    """Return per method of a kind, how many of the runs asked each evidence speaks against."""
    lines = []
    for method, part in found[found.kind == kind].groupby("method", sort=False):
        line = {"method": method, "runs": len(part)}
        for name, words in EVIDENCE.items():
            asked = part[name].notna()
            line[words] = f"{count(part[name])} of {asked.sum()}" if asked.any() else "–"
        line["any, without a log"] = f"{int(caught(part, UNLOGGED).sum())} of {len(part)}"
        line["any"] = f"{int(caught(part).sum())} of {len(part)}"
        lines.append(line)
    return pd.DataFrame(lines)


def false_alarms(found: pd.DataFrame) -> list[str]:
    """Say how often each evidence spoke against an exact method."""
    exact, lines = found[found.kind == "exact"], []
    for name, words in EVIDENCE.items():
        asked, hits = int(exact[name].notna().sum()), count(exact[name])
        if asked:
            most = int(stats.binom.ppf(0.975, asked, ALPHA))
            met = "within" if hits <= most else "ABOVE"
            lines.append(
                f"- {words}: {hits} of {asked} exact runs ({met} the {most} that an error rate "
                f"of {ALPHA:.0%} would bring in 97.5 % of cases)"
            )
    some = int(caught(exact).sum())
    lines.append(f"- any of these, each with an error rate of its own: {some} of {len(exact)}")
    return lines


def why_not(line: pd.Series) -> str:
    """Say why a run could not be told from a retrained model."""
    if line["method"] == "perfect-actor" and not count(pd.Series([line["served"]])):
        return "it answers an auditor as a retrained model does, and nothing was logged"
    if line["gap"] <= EQUAL:
        return "it answers an auditor exactly as a retrained model does"
    lies = f"its predictions lie {line['gap']:.2g} from the retrained models' on average"
    if line["gap"] <= 1.5 * line["gap_chance"]:
        return f"{lies}, hardly more than these lie from each other ({line['gap_chance']:.2g})"
    return (
        f"{lies} (these lie {line['gap_chance']:.2g} from each other), too little for the "
        f"threshold {THRESHOLD:g}"
    )


def conclusions(found: pd.DataFrame, repeats: pd.DataFrame) -> list[str]:
    """Return the lines above the table."""
    exact = found[found.kind == "exact"]
    sure = int(exact.deterministic.sum())
    hits = count(exact.effects)
    most = int(stats.binom.ppf(0.975, len(exact) - sure, ALPHA))
    lines = [
        f"**Exact methods.** {hits} of {len(exact)} exact runs were called residual "
        f"(threshold {THRESHOLD:g}, error rate {ALPHA:.0%}). In {sure} of them the learner has no "
        f"chance in its training, so that an exact method must give the retrained model; among "
        f"the other {len(exact) - sure} up to {most} may be called so by chance (binomial, "
        f"97.5 %).",
    ]
    for line in rates(repeats).to_dict("records"):
        lines.append(
            f"- {line['method']}, {line['runs']} seeds on loan, 5 retrained models each: residual "
            f"{line['residual']} times ({line['residual_rate']:.1%}, interval "
            f"{line['residual_low']:.1%} to {line['residual_high']:.1%}); with the threshold at "
            f"zero, where the error rate is used up, {line['residual_at_zero']} times "
            f"({line['residual_at_zero_rate']:.1%}, {line['residual_at_zero_low']:.1%} to "
            f"{line['residual_at_zero_high']:.1%}); allowed {line['allowed']}"
        )
    lines += ["", "**False alarms of every evidence on exact methods:**", *false_alarms(found)]
    lines += ["", "**Frauds.**", *_frauds(found[found.kind == "fraud"])]
    near = found[found.kind == "approximate"]
    lines += ["", "**Approximate methods.**"]
    for method, part in near.groupby("method", sort=False):
        lines.append(
            f"- {method}: residual in {count(part.effects)} of {len(part)} runs; some "
            f"evidence tells it from retraining in {int(caught(part).sum())}"
        )
    return lines


def _frauds(frauds: pd.DataFrame) -> list[str]:
    lines = []
    for method, part in frauds.groupby("method", sort=False):
        shown = caught(part)
        names = [words for name, words in EVIDENCE.items() if count(part[name])]
        lines.append(
            f"- {method}: caught in {int(shown.sum())} of {len(part)} runs"
            + (f" (by: {'; '.join(names)})." if names else ".")
        )
        unlogged = caught(part, UNLOGGED)
        only_log = part[shown & ~unlogged]
        if len(only_log):
            lines.append(
                f"  - {len(only_log)} of these only by what was logged in daily use. Without a "
                f"log they cannot be caught: "
                f"{why_not(only_log.assign(served=False).iloc[0])}."
            )
        for _, line in part[~shown].iterrows():
            lines.append(
                f"  - not caught on {line['table']}, {line['request']}, learner "
                f"{line['learner']}: {why_not(line)}."
            )
    return lines
