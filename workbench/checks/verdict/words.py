"""The verdict in words: what was found, what it covers, and what it rests on."""

from __future__ import annotations

import math
from collections.abc import Sequence
from decimal import Decimal

from workbench.checks.verdict.all_rows_words import said_of_all_rows
from workbench.checks.verdict.claims import SHARES, Claim
from workbench.common.against_threshold import exceeds, lies_beyond
from workbench.common.wording import (
    amount,
    beginning,
    listing,
    rows_said,
    signed,
    stated,
    with_interval,
)
from workbench.methods.profile.bends import BAND_ROWS
from workbench.methods.profile.combinations import FEW_FEATURES
from workbench.methods.profile.profile import FEWEST_SOUGHT, EffectProfile, FeatureProfile

__all__ = ["assurance_of", "basis_of", "headline_of", "reason_of", "untested_words"]

ROUNDING = 1e-7
"""Effects this small a part of the threshold are what rounding leaves of none."""
UNTESTED_SAID = 5
"""Untested levels that are named in words."""
RULE_OF_THREE = 3
"""Of ``n`` rows, at least one lies in a band of ``3 / n`` of the people 95 times in 100."""
OVER = {
    "levels": "over all levels tested",
    "named": "over the levels named",
    "change": "for this one change",
}


def headline_of(
    decision: str,
    threshold: float,
    deciding: Claim | None,
    *,
    scope: str,
    people: bool,
    people_from: float | None,
) -> str:
    """Say the decision in one sentence that always says what it covers."""
    tau = stated(threshold)
    if decision == "inconclusive":
        return f"Inconclusive: influence above {tau} was neither found nor ruled out."
    if decision == "above":
        return f"Influence above {tau} found{_where(deciding, scope)}."
    over = OVER[scope]
    if people_from is not None:
        return (
            f"No influence above {tau} found {over}, on average and for groups of at least "
            f"{_percent(people_from)} of the people."
        )
    if people:
        return (
            f"No influence above {tau} found {over}, on average; single people were asked about "
            f"its direct part only."
        )
    if scope != "change":
        return (
            f"No influence above {tau} found {over}, on average over people; single people were "
            f"not asked about."
        )
    return f"No influence above {tau} found {over}, on average."


def _where(deciding: Claim | None, scope: str) -> str:
    if deciding is None:
        return ""
    change = " for this one change" if scope == "change" else ""
    if deciding.over == "people":
        return (
            f"{change}: single people's predictions move with {deciding.feature}, whatever the "
            f"average"
        )
    if deciding.over == "groups":
        return f" for {deciding.group}: {deciding.feature}, {_change(deciding)}"
    if scope == "change":
        return change
    if not deciding.change:
        return f": {deciding.name}"
    return f": {deciding.feature}, {_change(deciding)}"


def _change(claim: Claim) -> str:
    """Return a change in words; of many features set together only how it begins."""
    if not claim.combination:
        return claim.change
    return f"{beginning(claim.before)} → {beginning(claim.after)}"


def _name(claim: Claim) -> str:
    return claim.name.replace(claim.change, _change(claim)) if claim.change else claim.name


def reason_of(
    decision: str,
    threshold: float,
    claims: Sequence[Claim],
    deciding: Claim | None,
    *,
    smallest: float,
    unfollowed: int,
    doubted: Sequence[str],
    withheld: str,
) -> str:
    """Say what the decision rests on: the number that decided, or what kept it from being firm."""
    if decision == "above" and deciding is not None:
        return _decided(deciding)
    nothing = smallest < ROUNDING * threshold
    # Where something speaks against "below" at any threshold, none could have been confirmed.
    said = (
        "" if (withheld or doubted or unfollowed) and not nothing else _smallest(smallest, nothing)
    )
    if unfollowed:
        said += f" {unfollowed:,} paths were too many to follow."
    if withheld:
        said = f"{withheld} {said}"
    if doubted:
        said = (
            f"No small effect of {listing(doubted)} can be believed, for a reason that the "
            f"warnings give. {said}"
        )
    said = said.strip()
    open_claims = [c for c in claims if not c.below]
    if decision != "below" and open_claims and not (withheld or doubted or unfollowed):
        said = f"{_open(open_claims, threshold, claims)} {said}"
    return said


def assurance_of(decision: str, threshold: float, alpha: float, claims: Sequence[Claim]) -> str:
    """Say how many effects were tested together, and how often such an audit errs; "" if open."""
    if decision == "inconclusive" or not claims:
        return ""
    n, above = len(claims), sum(c.above for c in claims)
    tau, cases = stated(threshold), amount(float(f"{100 * alpha:.3g}"))
    rate = f"in at most {cases} of 100 cases, if the graph and the estimates' models are right."
    if decision == "above":
        tested = (
            f"{n} effects were tested together ({_kinds(claims)}); {above} exceed"
            if n > 1
            else "1 effect was tested; it exceeds"
        )
        one = "s" if n > 1 and above == 1 else ""
        return (
            f"{tested}{one} the threshold of {tau}. If none did, an audit like this would still "
            f"say that one does {rate}"
        )
    tested = (
        f"All {n} effects that were tested together ({_kinds(claims)}) lie"
        if n > 1
        else "The 1 effect that was tested lies"
    )
    return (
        f"{tested} inside ±{tau}. If one did not, an audit like this would say "
        f"that {'all do' if n > 1 else 'it does'} {rate}"
    )


def _kinds(claims: Sequence[Claim]) -> str:
    """Say of what the claims are: averages, paths, people, groups."""
    found = {
        "averages": any(c.over in ("values", "change") and c.kind != "path" for c in claims),
        "paths": any(c.kind == "path" for c in claims),
        "single people": any(c.over == "people" for c in claims),
        "groups": any(c.over == "groups" for c in claims),
    }
    return listing([name for name, there in found.items() if there])


def _decided(claim: Claim) -> str:
    if claim.kind in SHARES:
        return f"{_name(claim)}: {_percent(claim.value)}, at least {_percent(claim.low)}."
    return f"{_name(claim)}, {with_interval(claim.value, (claim.low, claim.high), what='')}."


def _open(claims: Sequence[Claim], threshold: float, tested: Sequence[Claim]) -> str:
    """Name which of the claims that were tested kept the audit from saying "nothing found"."""
    shares = [c for c in claims if c.kind in SHARES]
    others = [c for c in claims if c.kind not in SHARES]
    if others:
        worst = max(others, key=lambda c: max(abs(c.low), abs(c.high)))
        far = max(abs(worst.low), abs(worst.high))
        if lies_beyond(worst.low, worst.high, threshold):
            why = _corrected(worst, tested) if worst.heard else _unheard(worst)
        elif exceeds(worst.value, threshold):
            why = "that may be chance."
        else:
            why = f"it may be as large as {amount(far)}."
        return f"Least certain: {_name(worst)}, {signed(worst.value)}; {why}"
    return (
        f"{shares[0].name}: {_percent(shares[0].value)}; it may be up to "
        f"{_percent(shares[0].high)}."
    )


def _corrected(claim: Claim, tested: Sequence[Claim]) -> str:
    """Say why a number that lies beyond the threshold by itself is not firm among the others."""
    if claim.over in ("values", "groups"):
        others = "all pairs of levels that were tested"
    elif claim.over == "people":
        others = "all statistics of single rows that were tested"
    elif any(one.over != "change" for one in tested):
        others = "what was tested beside it and for how its change was chosen"
    else:
        others = f"all {len(tested)} that were tested"
    return f"after correction for {others}, that may be chance."


def _unheard(claim: Claim) -> str:
    """Say why a number decides nothing by itself, and what would."""
    if claim.over != "change":
        return "it rests on fewer than half of the rows, so that it decides nothing by itself."
    alone = "nothing firm rests on this number alone"
    if claim.kind == "path":
        return f"{alone}: the method “debiased” would test the equations of its path."
    return f"{alone}: the influence is judged over all levels tested."


def _smallest(smallest: float, nothing: bool) -> str:
    if math.isnan(smallest):
        return "Too few rows were asked about to confirm any threshold for single people."
    if nothing:
        return "Every estimate is 0: no change that was tried reaches the prediction."
    return f"The smallest threshold this audit could have confirmed is {amount(smallest)}."


def _mixed(profile: EffectProfile) -> str:
    """Say that no row's own combination was taken, where so many features would give it away."""
    singles = sum(not found.combination for found in profile)
    return "" if singles <= FEW_FEATURES else ", mixed where fewer than 5 hold one,"


def basis_of(profile: EffectProfile) -> tuple[str, ...]:
    """Say which levels, people and groups were tested, on which rows, with which error rates."""
    said = []
    for found in profile:
        if not found.combination:
            said.append(_levels(found))
    first = next(iter(profile), None)
    joint = next((found for found in profile if found.combination), None)
    if joint is not None:
        said.append(
            f"All features together: {len(joint.levels)} combinations of levels, drawn from the "
            f"rows{_mixed(profile)} and from the ends of the features' own profiles."
        )
    of_all_rows = said_of_all_rows(profile)
    said += of_all_rows
    if not of_all_rows and first is not None and first.asked_rows < first.n_rows:
        said.append(
            f"At the levels the model was asked about a sample of {first.asked_rows:,} of "
            f"{first.n_rows:,} rows, so that a number over levels can differ a little from that "
            f"of the change that is explained."
        )
    if any(found.corrected for found in profile):
        said.append(
            "Effects that other features carry are corrected at every level by what the fitted "
            "equations leave unexplained."
        )
    above = f"{Decimal(f'{100 * profile.alpha / profile.families:.2g}'):f} %"
    groups = any(found.groups for found in profile)
    others = [("people", profile.asks), ("groups", groups)]
    beside = "the one change" if profile.scope == "change" else "paths"
    others.append((beside, profile.families > 1 + profile.asks + groups))
    families = ["values", *(name for name, there in others if there)]
    one_of = (
        f"one claim of any family ({', '.join(families)}), each family"
        if len(families) > 1
        else "one claim about values, all of them"
    )
    said.append(
        f"Error rates: “below” needs every claim to hold, each tested at "
        f"{_percent(profile.alpha)}; “above” needs {one_of} tested at {above}, over all pairs of "
        f"levels at once."
    )
    if profile.asks:
        said += _people(profile, first)
    else:
        said.append("The model could not be asked about changed rows: nothing is said of people.")
    if profile.left_out_groups:
        said.append(f"Too few rows for a profile of their own: {listing(profile.left_out_groups)}.")
    return tuple(said)


def _people(profile: EffectProfile, first: FeatureProfile | None) -> list[str]:
    rows = 0 if first is None else first.n_rows
    if 0 < profile.people_share * rows < 1:
        most = "the row may not" if rows == 1 else "none of the rows may"
    else:
        most = f"at most {_percent(profile.people_share)} of the rows may"
    said = [
        f"For “below”, {most} be moved directly by more than {stated(profile.threshold)}; the "
        f"model is asked about that, and nothing is estimated."
    ]
    if first is None:
        return said
    if first.n_rows == 1:
        if any(found.carried for found in profile):
            said.append(
                "Effects through other features assume that the row keeps its noise when its "
                "causes change, which no data can check."
            )
        return said
    if carried := [found for found in profile if found.carried]:
        said.append(
            f"Row effects through other features assume that a row keeps its noise when its causes "
            f"change, which no data can check. {_of_groups(profile, carried)}"
        )
    if any(level.origin == "drawn" for found in profile for level in found.levels):
        seen = min(BAND_ROWS, first.n_rows)
        held = "was compared" if seen == 1 else "were compared"
        narrow = (
            f"fewer than about {amount(100 * RULE_OF_THREE / seen, 1)} %"
            if seen > RULE_OF_THREE
            else "not all"
        )
        said.append(
            f"Between the levels of a number that the model reads, up to {rows_said(seen)} {held} "
            f"with the model's answers beside their own value: a band that {narrow} of the rows "
            f"lie in can be missed, and so can one that nobody lies in."
        )
    return said


def _of_groups(profile: EffectProfile, carried: Sequence[FeatureProfile]) -> str:
    """Say what is tested of row effects through other features, and which groups can be missed."""
    if profile.people_from is None:
        return (
            "Of these the mean and the mean size are tested, and nothing of groups that nobody "
            "named: any such group can be missed."
        )
    tested = "the mean and the mean size"
    if profile.sampled and all(found.asked_rows >= FEWEST_SOUGHT for found in carried):
        tested = "the mean, the mean size and groups that one half of the rows pointed to"
    return (
        f"Of these {tested} are tested{_counted(profile)}: a smaller group than "
        f"{_percent(profile.people_from)} of the rows can be missed, and so can one that "
        f"a few conditions on columns do not describe."
    )


def _counted(profile: EffectProfile) -> str:
    if not all(found.followed for found in profile if found.carried):
        return ""
    return (
        f", and for “below” at most {_percent(profile.people_from or 0.0)} of the rows may be "
        f"moved by more than {stated(profile.threshold)}"
    )


def _levels(found: FeatureProfile) -> str:
    labels = [level.label for level in found.levels]
    named = all(level.origin == "named" for level in found.levels)
    which = " that the auditor named" if named else ""
    said = f"{found.feature}: {len(labels)} levels tested{which} ({listing(labels, most=8)})."
    total = found.parts.get("total")
    if total is not None and total.surest.value:
        said += f" Clearest difference: {total.surest.text}, {signed(total.surest.value)}."
    if found.n_untested:
        said += f" Untested, for too few rows: {untested_words(found)}."
    if found.left_out >= 0.0005:
        said += (
            f" {_percent(found.left_out)} of the level–row pairs are left out: such rows could "
            f"hardly have had the level."
        )
    if total is not None and total.extrapolated is not None:
        pair = total.extrapolated
        said += (
            f" {pair.text} ({signed(pair.value)}) rests on {_percent(pair.share)} of the rows; the "
            f"rest is extrapolation, and it decides nothing by itself."
        )
    return said


def untested_words(found: FeatureProfile) -> str:
    """Name levels that were not tested, and count those that are not named."""
    told = list(found.untested[:UNTESTED_SAID])
    if more := found.n_untested - len(told):
        told.append(f"{more} more" if told else f"{more} level{'s' if more > 1 else ''}")
    return listing(told)


def _percent(value: float) -> str:
    return f"{100 * value:.3g} %"
