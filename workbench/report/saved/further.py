"""Next actions, planted leaks and membership evidence in a saved report: written, and read back.

Their numbers were measured on rows that do not travel, so they cannot be made again; what follows
from them (intervals of counts, corrected p-values, what is below the threshold) is.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, cast

import pandas as pd
from scipy import stats

from workbench.case.condition import Condition
from workbench.case.target import UnlearningTarget
from workbench.checks.next_actions.feature_actions import Action
from workbench.checks.verdict import Verdict
from workbench.common.against_threshold import lies_within
from workbench.common.multiple_testing import holm
from workbench.common.strict_json import Part
from workbench.report.repeating_code import read_label, written_label
from workbench.report.saved.estimates import Columns, altered, read_record

if TYPE_CHECKING:
    from workbench.checks.membership import MembershipEvidence
    from workbench.checks.next_actions import NextActions
    from workbench.checks.planted_leaks import PlantedLeaks

__all__ = [
    "actions_document",
    "leaks_document",
    "membership_document",
    "read_actions",
    "read_leaks",
    "read_membership",
]

ACTION: Columns = {
    "feature": "text",
    "what": "texts",
    "remaining": "number",
    "low": "number",
    "high": "number",
    "share": "number",
    "effect": "number",
    "effect_low": "number",
    "effect_high": "number",
    "rows_share": "number",
}
LEAK: Columns = {
    "feature": "text",
    "intervention": "text",
    "adjustment": "texts",
    "smallest_80": "number",
    "smallest_95": "number",
    "standard_error": "number",
}
COMPARISONS, ROLES = ("with retrained", "alone"), ("leak", "border", "no leak")
FIGURES = ("auc", "tpr_1", "tpr_01", "balanced_accuracy")
QUESTIONS = ("higher", "lower")
MOST = 10_000
SLACK = 1e-6
"""By how much a number may leave its range, for rounding."""


def actions_document(found: NextActions | None) -> dict[str, Any] | None:
    """Return the next actions without the example pairs, which are rows of the data."""
    if found is None:
        return None
    return {
        "threshold": found.threshold,
        "residue": found.residue,
        "left": [
            dict(zip(("feature", "value", "low", "high"), one, strict=True)) for one in found.left
        ],
        "actions": [asdict(action) for action in found.actions],
        "sentences": found.sentences(),
        "notes": found.notes,
    }


def read_actions(
    part: Part,
    *,
    features: Collection[str],
    nodes: Collection[str],
    verdict: Verdict | None,
    retrained: bool,
) -> NextActions | None:
    """Read the next actions.

    Raises
    ------
    DataError, ConditionError
        When they are malformed, or do not agree with the rest of the report.
    """
    from workbench.checks.next_actions import NextActions

    if part.value is None:
        return None
    tau = _threshold(part, verdict)
    if part["residue"].flag() and not retrained:
        raise altered("actions are about a residue, but no retrained model was compared")
    left = []
    for one in part["left"].items(MOST):
        value, low, high = (one[key].finite() for key in ("value", "low", "high"))
        _between(one, low, value, high)
        left.append((one["feature"].text(), value, low, high))
    _known([name for name, *_ in left], features, part["left"])
    totals = {name: value for name, value, *_ in left}
    actions = tuple(
        _action(one, rank, tau, totals, nodes)
        for rank, one in enumerate(part["actions"].items(MOST), start=1)
    )
    if not (left or actions):
        raise part["left"].error("is empty; actions are about some influence.")
    return NextActions(actions, tuple(left), tau, part["residue"].flag(), part["notes"].texts())


def _action(
    part: Part, rank: int, threshold: float, totals: dict[str, float], nodes: Collection[str]
) -> Action:
    kind = part["kind"].choice("mediator", "step", "subgroup", "range")
    record = read_record(part, ACTION)
    _known([record["feature"]], totals, part)
    _between(part, record["low"], record["remaining"], record["high"])
    _between(part, record["effect_low"], record["effect"], record["effect_high"])
    _between(part, 0.0, record["rows_share"], 1.0)
    if not record["what"]:
        raise part["what"].error("names nothing to do.")
    if kind in ("mediator", "step"):
        _known(record["what"], {*nodes, "direct"}, part["what"])
        total = totals[record["feature"]]
        gone = total - record["remaining"]
        if abs(gone - record["effect"]) > SLACK or total == 0:
            raise altered("what blocking takes away and what remains do not make up the total")
        record["share"] = gone / total
    else:
        Condition(record["what"][0])
    below = lies_within(record["low"], record["high"], threshold)
    return Action(rank=rank, kind=cast(Any, kind), below=below, **record)


def leaks_document(found: PlantedLeaks | None) -> dict[str, Any] | None:
    """Return the calibration by planted leaks."""
    if found is None:
        return None
    plain = ("threshold", "alpha", "claims", "clarity", "repeats", "seed", "n_rows", "unit")
    return {name: getattr(found, name) for name in plain} | {
        "rates": found.to_frame(),
        "leaks": [asdict(leak) for leak in found.leaks],
        "sentences": found.sentences(),
    }


def read_leaks(
    part: Part, *, features: Collection[str], verdict: Verdict | None, n_rows: int, unit: str
) -> PlantedLeaks | None:
    """Read the calibration by planted leaks; the intervals of its counts are made again.

    Raises
    ------
    DataError
        When it is malformed, or does not agree with the rest of the report.
    """
    from workbench.checks.planted_leaks.findings import PlantedLeak, PlantedLeaks

    if part.value is None:
        return None
    tau, alpha, clarity = _threshold(part, verdict), part["alpha"].finite(), part["clarity"]
    if verdict is not None and alpha != verdict.alpha:
        raise altered("planted leaks were judged by another error rate")
    _between(clarity, 0.0, clarity.finite(), 1.0)
    if (part["n_rows"].count(), part["unit"].text()) != (n_rows, unit):
        raise altered("leaks were planted in other data, or measured in another unit")
    rates = tuple(_rate(one, tau) for one in part["rates"].items(MOST))
    leaks = []
    for one in part["leaks"].items(MOST):
        record = read_record(one, LEAK)
        for key in ("smallest_80", "smallest_95"):
            if one[key].value is None:
                record[key] = float("inf")  # which JSON does not know
        _between(one, 0.0, record["smallest_80"], record["smallest_95"])
        named = one["comparison"].choice(*COMPARISONS)
        roles = {r.role for r in rates if (r.feature, r.comparison) == (record["feature"], named)}
        if roles != set(ROLES):
            raise altered("planted leaks lack the counts that they rest on")
        leaks.append(PlantedLeak(comparison=cast(Any, named), **record))
    _known([leak.feature for leak in leaks], features, part["leaks"])
    _known([rate.feature for rate in rates], features, part["rates"])
    return PlantedLeaks(
        rates,
        tuple(leaks),
        tau,
        alpha,
        part["claims"].count(),
        clarity.finite(),
        part["repeats"].count(),
        part["seed"].count(),
        n_rows,
        unit,
    )


def _rate(part: Part, threshold: float) -> Any:
    from workbench.checks.planted_leaks.findings import LeakRate

    found, trials, size = part["found"].count(), part["trials"].count(), part["size"].finite()
    if not found <= trials <= 10**6 or trials == 0:
        raise altered("more planted leaks were found than were planted")
    role = part["role"].choice(*ROLES)
    due = {"border": size == threshold, "no leak": size == 0}.get(role, size > 0)
    if not due:
        raise part["size"].error("does not fit its role.")
    exact = stats.binomtest(found, trials).proportion_ci(0.95, method="exact")
    return LeakRate(
        part["feature"].text(),
        cast(Any, part["comparison"].choice(*COMPARISONS)),
        cast(Any, role),
        size,
        found,
        trials,
        float(exact.low),
        float(exact.high),
    )


def membership_document(
    found: MembershipEvidence | None, target: UnlearningTarget
) -> dict[str, Any] | None:
    """Return the membership evidence; scores of single records where the target names its rows."""
    if found is None:
        return None
    records = found.records if target.rows is not None else None
    return {
        "decision": found.decision,
        "finding": found.finding,
        "target": found.target,
        "model": found.model,
        "alpha": found.alpha,
        "least_power": found.least_power,
        "chance": found.chance,
        "n_kept": found.n_kept,
        "n_references": found.n_references,
        "attacks": [asdict(attack) for attack in found.attacks],
        "tests": [asdict(test) for test in found.tests],
        "sentences": found.sentences(),
        "failures": found.failures,
        "notes": found.notes,
        "records": None
        if records is None
        else {
            "labels": [written_label(label) for label in records.index],
            "columns": {name: records[name].tolist() for name in records},
        },
    }


def read_membership(
    part: Part, target: UnlearningTarget, n_target_rows: int
) -> MembershipEvidence | None:
    """Read the membership evidence; its corrected p-values are made again.

    Raises
    ------
    DataError
        When it is malformed, or does not agree with the rest of the report.
    """
    from workbench.checks.membership import AttackEvidence, MembershipEvidence
    from workbench.checks.membership.evidence import TITLES
    from workbench.checks.membership.trace_tests import TraceTest

    if part.value is None:
        return None
    attacks = []
    for one in part["attacks"].items(len(TITLES)):
        power, result = _figures(one["power"]), _figures(one["result"])
        if result.n_records > n_target_rows:
            raise altered("more records were attacked than the target has")
        name = one["attack"].choice(*TITLES)
        attacks.append(AttackEvidence(name, power, result, _share(one["chance"])))
    names = [attack.attack for attack in attacks]
    asked = [
        (one["attack"].choice(*names), one["question"].choice(*QUESTIONS), _share(one["p_value"]))
        for one in part["tests"].items(MOST)
    ]
    if not attacks or len(set(names)) < len(names) or {name for name, *_ in asked} != set(names):
        raise altered("attacks and the tests of what they found do not belong together")
    corrected = holm([p_value for *_, p_value in asked])
    return MembershipEvidence(
        target=part["target"].text(),
        model=part["model"].text(),
        attacks=tuple(attacks),
        tests=tuple(TraceTest(*one, c) for one, c in zip(asked, corrected, strict=True)),
        chance=_share(part["chance"]),
        n_kept=part["n_kept"].count(),
        alpha=_share(part["alpha"]),
        least_power=_share(part["least_power"]),
        n_references=part["n_references"].count(),
        failures=part["failures"].texts(),
        notes=part["notes"].texts(),
        records=_records(part["records"], target, names),
    )


def _figures(part: Part) -> Any:
    from workbench.checks.membership.figures import AttackFigures, Estimate

    found = {}
    for name in FIGURES:
        value, low, high = (part[name][key].number() for key in ("value", "low", "high"))
        for number in (value, low, high):
            _between(part[name], 0.0, number, 1.0)
        _between(part[name], low, value, high)
        found[name] = Estimate(value, low, high)
    return AttackFigures(part["n_records"].count(), part["n_unseen"].count(), **found)


def _records(part: Part, target: UnlearningTarget, names: list[str]) -> pd.DataFrame | None:
    if part.value is None:
        return None
    labels = [read_label(label) for label in part["labels"].items()]
    if not {str(label) for label in labels} <= {str(label) for label in target.rows or ()}:
        raise altered("it scores records that the target does not name")
    known = {f"{name} {what}" for name in names for what in ("score", "p_value")}
    columns = {}
    for name, values in part["columns"].pairs(len(known)):
        numbers = [value.number() for value in values.items(len(labels))]
        if name not in known or len(numbers) != len(labels):
            raise values.error("is not one number per record of an attack.")
        columns[name] = numbers
    return pd.DataFrame(columns, index=labels)


def _threshold(part: Part, verdict: Verdict | None) -> float:
    tau = part["threshold"].finite()
    if verdict is not None and tau != verdict.threshold:
        raise altered(f"{part.place.rpartition('.')[2]} were judged by another threshold")
    if tau <= 0:
        raise part["threshold"].error("is not above 0.")
    return tau


def _share(part: Part) -> float:
    held = part.finite()
    _between(part, 0.0, held, 1.0)
    return held


def _between(place: Part, low: float, value: float, high: float) -> None:
    slack = SLACK * (1 + abs(value)) if abs(value) < float("inf") else 0.0
    if value < low - slack or value > high + slack:
        raise place.error("holds a number outside its range.")


def _known(names: Collection[str], known: Collection[str], place: Part) -> None:
    if lost := [name for name in names if name not in known]:
        raise place.error(f"names what is not in this report: {lost[0]!r:.60}.")
