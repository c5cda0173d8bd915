"""The finding in one sentence as it is repeated: who, from what to what, by how much, through what.

Only for what the verdict found above its threshold: what else it says, its headline says.
"""

from __future__ import annotations

import math
from dataclasses import replace

from workbench.checks.verdict.claims import Claim
from workbench.checks.verdict.explained_change import direction_of
from workbench.common.wording import (
    amount,
    beginning,
    decimals_for,
    listing,
    places_apart,
    rows_said,
    share,
    signed,
    stated,
)
from workbench.methods.effects import FeatureEffects
from workbench.report.decided_effects import turned
from workbench.report.findings import AuditFindings
from workbench.report.outline.decided import as_decided

__all__ = ["asked_together", "asks", "by_how_much", "lead_sentence", "size_in_words"]

IF_GRAPH = "This holds if the drawn graph is right."
IF_REGRESSION = (
    "This holds if the drawn graph is right and the regression of the logged predictions has the "
    "right form."
)
ROUNDED = 1e-9
"""A direct effect up to this share of the total is rounding, and none."""
ASKED = "This was asked of the model itself; it does not rest on the graph."


def lead_sentence(report: AuditFindings) -> str:
    """Return the finding in one to three sentences; "" where the verdict found nothing above."""
    claim = None if report.verdict is None else report.verdict.deciding
    if claim is None:
        return ""
    if claim.kind == "share":
        return _moved_people(claim, report)
    claim = _as_named(claim, report)
    before, after = _ends(claim, report)
    if claim.kind == "path" or before == after:
        return ""
    if claim.over == "people":
        return _sizes(claim, report)
    where = _where(claim, report)
    sense = by_how_much(claim.value, (claim.low, claim.high), report.unit)
    told = (
        f"{_if(claim, report, before, after)} {where}, {_else(claim, report)}the model’s "
        f"{report.about().score} would {'be' if _single(report) else 'on average be'} {sense}."
    )
    return " ".join(filter(None, (told, _through(claim, report), _rests_on(claim, report))))


def asks(report: AuditFindings) -> bool:
    """Whether the model was asked about changed rows, or only its logged predictions were known."""
    return not report.effects.judged or any(
        entry.estimator.asks_direct for entry in report.effects.judged
    )


def by_how_much(value: float, bounds: tuple[float, float], unit: str) -> str:
    """Say by how much a score is higher or lower; points for probabilities, else plain numbers.

    Examples
    --------
    >>> by_how_much(-0.0312, (-0.04, -0.022), "probability")
    'lower by 3.1 points (2.2 to 4.0)'
    >>> by_how_much(1234.5, (1200.0, 1270.0), "value")
    'higher by 1,234 (1,200 to 1,270)'
    >>> by_how_much(0.45942, (0.45935, 0.45949), "probability")
    'higher by 45.94 points (45.93 to 45.95)'
    >>> by_how_much(0.5, (0.5, 0.5), "probability")
    'higher by 50 points'
    >>> by_how_much(1.1e-7, (9e-8, 1.3e-7), "value")
    'higher by 0.00000011 (0.00000009 to 0.00000013)'
    """
    scale, name = (100.0, " points") if unit == "probability" else (1.0, "")
    low, high = sorted((scale * (bounds[0] if value > 0 else -bounds[1]),
                        scale * (bounds[1] if value > 0 else -bounds[0])))  # fmt: skip
    size = scale * abs(value)
    places = _places(size, name)
    way = "higher" if value > 0 else "lower"
    if high - low <= 1e-9 * size:
        return f"{way} by {amount(float(f'{size:.{places}f}'))}{name}"
    places = places_apart(low, high, places)
    ends = f"{_number(low, places)} to {_number(high, places)}"
    return f"{way} by {_number(size, places)}{name} ({ends})"


def _number(value: float, places: int) -> str:
    return signed(value, places).removeprefix("+")


def _places(size: float, points: str) -> int:
    return 1 if points and size >= 1 else decimals_for(size)


def size_in_words(value: float, unit: str) -> str:
    """Say a size: points for probabilities, else a plain number.

    Examples
    --------
    >>> size_in_words(0.1843, "probability"), size_in_words(1234.5, "value")
    ('18.4 points', '1,234')
    """
    scale, name = (100.0, " points") if unit == "probability" else (1.0, "")
    size = scale * abs(value)
    places = _places(size, name)
    return f"{_number(size, places)}{name}"


def _as_named(claim: Claim, report: AuditFindings) -> Claim:
    """Return a claim in the direction of the report's effects, such as the auditor named it."""
    for entry in report.effects.judged:
        if direction_of(claim, entry) < 0:
            before, after = claim.after, claim.before
            told = turned(claim)
            return replace(told, before=before, after=after, change=entry.intervention)
    return claim


def _ends(claim: Claim, report: AuditFindings) -> tuple[str, str]:
    """Return both levels of a claim's change, or of the one that the whole report is about."""
    if claim.change:
        return claim.before, claim.after
    for entry in report.effects.judged:
        if entry.feature == claim.feature and not (entry.combination or claim.combination):
            before, _, after = entry.intervention.partition(" → ")
            return (before, after) if after else ("", "")
    return "", ""


def _if(claim: Claim, report: AuditFindings, before: str, after: str) -> str:
    if claim.combination:
        return f"If “{beginning(after)}” held instead of “{beginning(before)}”"
    return f"If {claim.feature} were {after} instead of {before}"


def _single(report: AuditFindings) -> bool:
    return report.n_target_rows == 1


def _where(claim: Claim, report: AuditFindings) -> str:
    if claim.over == "groups":
        return f"for {claim.group}"
    n = report.n_target_rows
    if n == 1:
        return "in this row"
    if report.target.condition is not None:
        return f"in the {rows_said(n)} where {report.target.condition.text}"
    return f"in {'these' if report.target.rows is not None else 'all'} {rows_said(n)}"


def _else(claim: Claim, report: AuditFindings) -> str:
    if claim.kind == "direct" or asked_together(claim, report):
        return "with everything else left as it is, "
    if claim.kind == "total":
        return "and what follows from it in the graph changed with it, "
    return "counting only what comes through other features, "


def _through(claim: Claim, report: AuditFindings) -> str:
    """Say through what a total effect of one feature comes."""
    if claim.kind != "total" or claim.over == "groups" or claim.combination:
        return ""
    feature = claim.feature
    route = report.route(feature)
    if feature not in report.reads:
        reads = (
            f"The model does not read {feature}"
            if asks(report)
            else f"As was stated, the model does not read {feature}"
        )
        return f"{reads}; all of it comes through {listing(route)}." if route else ""
    if not route:
        return f"The model reads {feature}, and the graph gives it no other way."
    for entry in as_decided(report).judged:
        if (
            entry.feature == feature
            and not entry.combination
            and entry.intervention == claim.change
        ):
            if said := _not_directly(entry):
                return f"{said} through {listing(route)}."
            direct = _points(entry.direct.value, report.unit)
            other = _points(entry.indirect.value, report.unit)
            return f"Of this, {direct} come directly and {other} through {listing(route)}."
    return f"It comes directly and through {listing(route)}."


def _not_directly(entry: FeatureEffects) -> str:
    """Say that no row is moved directly, or none on average; "" where the average is."""
    least = ROUNDED * abs(entry.total.value)
    if abs(entry.direct.value) > least:
        return ""
    if max(entry.direct.standard_error, entry.sizes.get("direct", 0.0)) <= least:
        return "Nothing comes directly, all of it"
    return (
        "On average nothing comes directly, but single rows may move up or down; all of the "
        "average comes"
    )


def _points(value: float, unit: str) -> str:
    if not math.isfinite(value) or value == 0:
        return "–" if value != 0 else "0"
    return ("−" if value < 0 else "+") + size_in_words(value, unit)


def _rests_on(claim: Claim, report: AuditFindings) -> str:
    asked = (claim.kind == "direct" or asked_together(claim, report)) and all(
        entry.estimator.asks_direct for entry in report.effects.judged
    )
    return ASKED if asked else _if_right(report)


def asked_together(claim: Claim, report: AuditFindings) -> bool:
    """Whether a joint change sets all that the model reads: then no graph carries any of it."""
    return bool(claim.combination) and set(report.reads) <= set(report.features)


def _if_right(report: AuditFindings) -> str:
    return IF_GRAPH if asks(report) else IF_REGRESSION


def _moved_people(claim: Claim, report: AuditFindings) -> str:
    assert report.verdict is not None
    return (
        f"Another level of {claim.feature}, with everything else left as it is, moves the model’s "
        f"{report.about().score} by more than {stated(report.verdict.threshold)} in "
        f"{share(claim.value)} of the rows (at least {share(claim.low)}). {ASKED}"
    )


def _sizes(claim: Claim, report: AuditFindings) -> str:
    size = by_how_much(claim.value, (claim.low, claim.high), report.unit).split(" by ", 1)[1]
    way = (
        "with everything else left as it is"
        if claim.kind == "direct"
        else "with what follows from it in the graph"
    )
    rests = (
        _rests_on(claim, report)
        if claim.kind == "direct"
        else f"{_if_right(report)} It also assumes that a row keeps its noise when its causes "
        f"change."
    )
    return (
        f"Setting {claim.feature} to another level, drawn from the data, {way}, moves the model’s "
        f"{report.about().score} of a row by {size} on average, up or down. {rests}"
    )
