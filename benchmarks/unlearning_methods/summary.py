"""The tables as CSV, and the page that sums them up."""

from __future__ import annotations

import platform
from pathlib import Path

import pandas as pd
import sklearn

from benchmarks.unlearning_methods.conclusions import by_evidence, conclusions, said
from benchmarks.unlearning_methods.measuring import EVIDENCE
from benchmarks.unlearning_methods.subjects import Size

__all__ = ["conclusions", "page", "write"]

DIGITS = 6


def write(
    found: pd.DataFrame,
    findings: pd.DataFrame,
    repeats: pd.DataFrame,
    folder: Path,
    size: Size,
    seconds: float,
) -> None:
    """Write the runs, every finding, the repeated runs, and the page."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, frame in (("", found), ("_findings", findings), ("_repeats", repeats)):
        frame.round(DIGITS).to_csv(
            folder / f"unlearning_methods{name}.csv", index=False, lineterminator="\n"
        )
    text = page(found, repeats, size, seconds)
    (folder / "unlearning_methods.md").write_text(text, encoding="utf-8")


def page(found: pd.DataFrame, repeats: pd.DataFrame, size: Size, seconds: float) -> str:
    """Write the page."""
    rows = ", ".join(f"{name} {n:,}" for name, n in size.rows.items())
    parts = [
        "# Unlearning methods and frauds, audited",
        "",
        "Written by `PYTHONPATH=. python benchmarks/unlearning_methods`. Each line of the tables "
        "is one model that was trained, made to forget, and audited beside the model before and "
        f"{size.retrained} models retrained without the target. Rows: {rows}; a quarter is held "
        "out of every training. *Removed* is before − after, *world* what the retrained models "
        "carry, *residue* after − world; intervals are 95 % and count the rows and, where there "
        "is any, the chance in training. For a feature the figures are its total effect; for rows "
        "they are the mean prediction there, and *furthest residue* is the effect or prediction "
        "that speaks most against the claim, with the 90 % interval of its test. *evidence* names "
        "whatever spoke against the claim. A decision is *unknown* where consequences are undone: "
        "the model must be told the feature for that, so the models retrained that way read it, "
        "and beside a model that reads the feature an audit calls nothing a residue. Whether its "
        "equations undo enough is judged by the total effect; the figures stand for comparison.",
        "",
        *conclusions(found, repeats),
        "",
        "## Which evidence catches which fraud",
        "",
        _table(by_evidence(found, "fraud")),
        "",
        "## Exact and approximate methods under the same evidence",
        "",
        _table(pd.concat([by_evidence(found, "exact"), by_evidence(found, "approximate")])),
    ]
    for (table, request), part in found.groupby(["table", "request"], sort=False):
        parts += ["", f"## {table}, {request}", "", _table(_lines(part))]
    remembers = found[found.membership.notna()]
    if len(remembers):
        parts += [
            "",
            "## Membership, where the learner knows its rows by heart",
            "",
            "Extremely randomised trees, grown to the last row. *Power* is the AUC on records "
            "known to be in the model, *result* the AUC on the erased ones; 0.5 is guessing. "
            "*Chance to find* is the share of models that kept the records in which the attacks "
            "found them. U-LiRA asks whether models that were trained and unlearned again can be "
            "told from retrained ones.",
            "",
            _table(_attacks(remembers)),
        ]
    parts += [
        "",
        f"{len(found)} runs and {len(repeats)} repeated ones in {seconds:.0f} seconds. Python "
        f"{platform.python_version()}, scikit-learn {sklearn.__version__}. Seconds depend on the "
        f"machine; everything else on the seeds.",
        "",
    ]
    return "\n".join(parts)


def _lines(part: pd.DataFrame) -> pd.DataFrame:
    out = pd.DataFrame(
        {
            "method": part.method + part.removal.map(lambda r: f", {r}" if r else ""),
            "kind": part.kind,
            "learner": part.learner,
        }
    )
    for name in ("before", "after", "world", "removed", "residue"):
        out[name] = _spans(part, name, f"{name}_low", f"{name}_high")
    if (part.request != "feature").all():
        out["furthest residue"] = (
            part.furthest + ": " + _spans(part, "furthest_residue", "furthest_low", "furthest_high")
        )
    out["decision"] = part.decision
    hits = {name: said(part[name]).to_numpy() for name in EVIDENCE}
    out["evidence"] = [
        ", ".join(name for name in EVIDENCE if hits[name][place]) for place in range(len(part))
    ]
    out["accuracy (change)"] = [
        f"{line.accuracy:.3f} ({line.accuracy_change:+.3f})" for line in part.itertuples()
    ]
    out["seconds (retraining)"] = [
        f"{line.seconds:.2f} ({line.retrain_seconds:.2f})" for line in part.itertuples()
    ]
    return out


def _attacks(part: pd.DataFrame) -> pd.DataFrame:
    out = part[["table", "request", "method", "kind", "attack"]].copy()
    out["power"] = _spans(part, "power_auc", "power_auc_low", "power_auc_high", 2)
    out["result"] = _spans(part, "result_auc", "result_auc_low", "result_auc_high", 2)
    out["chance to find"] = part.attack_chance.map("{:.0%}".format)
    out["attacks say"] = part.membership_says
    out["U-LiRA power"] = _spans(
        part, "u_lira_power_auc", "u_lira_power_auc_low", "u_lira_power_auc_high", 2
    )
    out["U-LiRA"] = _spans(part, "u_lira_auc", "u_lira_auc_low", "u_lira_auc_high", 2)
    out["U-LiRA says"] = part.u_lira_says
    return out


def _spans(part: pd.DataFrame, value: str, low: str, high: str, digits: int = 3) -> list[str]:
    def text(number: float) -> str:
        return f"{number:.{digits}f}".replace("-0." + "0" * digits, "0." + "0" * digits)

    return [
        f"{text(line[value])} ({text(line[low])} to {text(line[high])})"
        for line in part.to_dict("records")
    ]


def _table(frame: pd.DataFrame) -> str:
    def cell(value: object) -> str:
        return str(value).replace("|", "\\|")

    lines = ["| " + " | ".join(map(str, frame.columns)) + " |", "| --- " * frame.shape[1] + "|"]
    lines += ["| " + " | ".join(map(cell, row)) + " |" for row in frame.itertuples(index=False)]
    return "\n".join(lines)
