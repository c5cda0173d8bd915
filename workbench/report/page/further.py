"""What the report page says about next actions, planted leaks and membership, worded and drawn."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from workbench.checks.finding import Check
from workbench.checks.registry import CHECKS
from workbench.common.wording import share
from workbench.report.charts.charts import Estimate, ForestRow, forest_chart
from workbench.report.charts.rate_chart import RateCurve, RatePoint, rate_chart
from workbench.report.findings import AuditFindings

__all__ = [
    "actions_section",
    "further_sections",
    "leaks_section",
    "membership_section",
    "unsectioned",
]

SECTIONED = ("subgroups", "graph", "change", "actions", "leaks", "membership")
"""Checks with a section of their own; any other is shown by what every finding says."""
KINDS = {
    "mediator": "block this route",
    "step": "block together",
    "subgroup": "look at this group",
    "range": "look at this range",
}
TITLES = {"with retrained": "compared with a retrained model", "alone": "the model by itself"}
ROLES = {"leak": "a leak", "border": "just at the threshold", "no leak": "no leak"}
DRAWN_LEAKS = 3
"""Features whose leaks have a picture; the table has them all."""
LISTED_PAIRS = 5
BANNERS = {"traces": "above", "pushed away": "above", "not found": "below"}
"""The banner of each decision about membership; any other is "inconclusive"."""


def actions_section(report: AuditFindings, *, rows: bool) -> dict[str, Any] | None:
    """Word what to do next; None when nobody asked. Rows of the data only where wanted."""
    found = report.next_actions
    if found is None:
        return _left_out(report, "next actions")
    features = {action.feature for action in found.actions}
    return {
        "left_out": "",
        "sentences": found.sentences(),
        "rows": [
            {
                "rank": action.rank,
                "kind": KINDS[action.kind],
                "what": " + ".join(
                    f"{action.feature} itself" if name == "direct" else name for name in action.what
                ),
                "feature": action.feature if len(features) > 1 else "",
                "remaining": action.remaining,
                "bounds": (action.low, action.high),
                "share": action.share,
                "below": action.below,
            }
            for action in found.actions
        ],
        "threshold": found.threshold,
        "pairs": [
            {"sentence": pair.sentence(), "label": str(pair.label), "rows": list(_pair_rows(pair))}
            for pair in found.pairs[: LISTED_PAIRS if rows else 0]
        ],
        "no_pairs": bool(found.actions),
    }


def _pair_rows(pair: Any) -> Iterator[tuple[str, str, str]]:
    for name, row in pair.to_frame().iterrows():
        yield str(name), _said(row["one"]), _said(row["other"])


def _said(value: object) -> str:
    if isinstance(value, float | np.floating):
        return f"{value:.4g}"
    return str(value)


def leaks_section(report: AuditFindings) -> dict[str, Any] | None:
    """Word and draw how small a leak would have been caught; None when nobody asked."""
    found = report.planted_leaks
    if found is None:
        return _left_out(report, "planted leaks")
    features = list(dict.fromkeys(leak.feature for leak in found.leaks))
    return {
        "left_out": "",
        "sentences": found.sentences(),
        "figures": [
            {
                "name": feature,
                "svg": rate_chart(
                    [
                        RateCurve(
                            TITLES[leak.comparison],
                            tuple(
                                RatePoint(r.size, r.rate, r.low, r.high)
                                for r in found.of(feature, leak.comparison)
                            ),
                        )
                        for leak in found.leaks
                        if leak.feature == feature
                    ],
                    threshold=found.threshold,
                    title=f"How often a planted leak of {feature} was found",
                    axis="true size of the planted leak",
                ),
            }
            for feature in features[:DRAWN_LEAKS]
        ],
        "rows": [
            {
                "feature": rate.feature,
                "comparison": TITLES[rate.comparison],
                "role": ROLES[rate.role],
                "size": rate.size,
                "found": rate.found,
                "trials": rate.trials,
                "bounds": f"{share(rate.low)} to {share(rate.high)}",
            }
            for rate in found.rates
        ],
        "trials": found.repeats,
    }


def membership_section(report: AuditFindings) -> dict[str, Any] | None:
    """Word and draw whether the model still remembers; None when nobody asked."""
    found = report.membership
    if found is None:
        return _left_out(report, "membership")
    rows = [
        ForestRow(
            attack.title,
            "AUC",
            tuple(
                Estimate(name, f.auc.value - 0.5, f.auc.low - 0.5, f.auc.high - 0.5)
                for name, f in (("known members", attack.power), ("the target", attack.result))
            ),
        )
        for attack in found.attacks
    ]
    records = found.records
    return {
        "left_out": "",
        "found": found,
        "banner": BANNERS.get(found.decision, "inconclusive"),
        "sentences": found.sentences()[1:],
        "svg": forest_chart(
            rows,
            threshold=None,
            title="How well each attack tells records from records never seen",
            axis="AUC above guessing (AUC − 0.5)",
        ),
        "rows": [
            {
                "title": attack.title,
                "chance": attack.chance,
                "groups": (("known members", attack.power), ("the target", attack.result)),
            }
            for attack in found.attacks
        ],
        "records": []
        if records is None
        else [
            {"label": str(label), "cells": [float(value) for value in row]}
            for label, row in zip(records.index, records.to_numpy(), strict=True)
        ],
        "record_columns": [] if records is None else list(records.columns),
    }


def unsectioned() -> list[Check[Any]]:
    """Return the checks that have no section of their own on the page."""
    return [check for check in CHECKS if check.name not in SECTIONED]


def further_sections(report: AuditFindings) -> list[dict[str, Any]]:
    """Say of every other check what any finding says: headline, sentences and table."""
    sections: list[dict[str, Any]] = []
    for check in unsectioned():
        section: dict[str, Any] = {"key": check.key, "title": check.title}
        if (found := report.checks.get(check.name)) is not None:
            frame = found.to_frame()
            sections.append(
                section
                | {
                    "left_out": "",
                    "headline": found.headline,
                    "sentences": [text for text in found.sentences() if text != found.headline],
                    "columns": list(map(str, frame.columns)),
                    "rows": [list(map(_said, row)) for row in frame.itertuples(index=False)],
                }
            )
        elif (left_out := _left_out(report, check.step)) is not None:
            sections.append(section | left_out)
    return sections


def _left_out(report: AuditFindings, check: str) -> dict[str, Any] | None:
    reason = report.skipped.get(check)
    return None if reason is None else {"left_out": reason}
