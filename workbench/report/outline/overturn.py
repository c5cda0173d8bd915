"""What would overturn the finding: its assumptions, the weakest first, and how each was tested."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import IntEnum

from workbench.checks.verdict import SHARES
from workbench.checks.verdict.words import untested_words
from workbench.common.blocks import Block, Bullets, Section, Sentence
from workbench.common.wording import amount, listing, share
from workbench.report.findings import AuditFindings
from workbench.report.outline.lead_sentence import asked_together

__all__ = ["LEADING", "Assumption", "Footing", "assumptions", "in_short", "overturn"]

LEADING = 3
"""Assumptions that stand open."""
CLOSE = 0.8
"""A bound beyond this share of the threshold leaves little room."""
THIN = 0.05
"""Share of rows without others like them from which an answer rests on extrapolation."""
PASSING = 2.0
"""Standard errors of the form test up to which nothing speaks against the equations."""


class Footing(IntEnum):
    """How firmly an assumption stands, the weakest first."""

    FAILED = 0
    UNTESTED = 1
    NARROW = 2
    HELD = 3


@dataclass(frozen=True)
class Assumption:
    """One assumption: how it stands, what it is, what was tested; `how` where other words fit."""

    footing: Footing
    name: str
    said: str
    how: str = ""


Maker = Callable[[AuditFindings], Iterator[Assumption]]


def overturn(report: AuditFindings) -> Section | None:
    """Return the assumptions that the finding rests on, the weakest first."""
    if report.verdict is None:
        return None
    found = assumptions(report)
    blocks: list[Block] = [
        Sentence(
            "Each of these could change the finding if it were wrong. The weakest stand first: "
            "what a test speaks against or a single arrow changes, then what was not tested here."
        ),
        Bullets(tuple(_said(one) for one in found[:LEADING])),
    ]
    rest = found[LEADING:]
    if rest:
        more = Bullets(tuple(_said(one) for one in rest))
        blocks.append(
            Section(
                "overturn-rest", "The other assumptions", (more,), folded=True, audience="annex"
            )
        )
    return Section("overturn", "What would overturn this finding", tuple(blocks))


def assumptions(report: AuditFindings) -> list[Assumption]:
    """Return every assumption of a report with a verdict, the weakest first."""
    makers: tuple[Maker, ...] = (_graph, _hidden, _form, _overlap, _levels, _sample, _answers)
    return sorted((one for make in makers for one in make(report)), key=lambda one: one.footing)


def in_short(one: Assumption) -> str:
    """Name an assumption, and how it stands."""
    how = {
        Footing.FAILED: "a test speaks against it",
        Footing.UNTESTED: "not tested here",
        Footing.NARROW: "it holds narrowly",
        Footing.HELD: "nothing tested speaks against it",
    }
    return f"{one.name} ({one.how or how[one.footing]})."


def _said(one: Assumption) -> str:
    return f"{in_short(one)} {one.said}"


def _asked_directly(report: AuditFindings) -> bool:
    """Whether the model itself answered what decided: a direct effect, or all set together."""
    deciding = report.verdict.deciding if report.verdict is not None else None
    if deciding is None or not deciding.above:
        return False
    if deciding.kind not in ("direct", "share") and not asked_together(deciding, report):
        return False
    return all(entry.estimator.asks_direct for entry in report.effects.judged)


def _graph(report: AuditFindings) -> Iterator[Assumption]:
    name = "The drawn graph is right"
    if _asked_directly(report):
        yield Assumption(
            Footing.HELD,
            name,
            "What decided was asked of the model itself, and no other graph changes it.",
            "nothing that decided rests on it",
        )
        return
    found = report.graph_sensitivity
    turned = () if report.verdict is None else report.verdict.turned
    if found is None and report.verdict is not None and turned:
        arrows = listing([arrow.drawn for arrow in turned], LEADING)
        surely = any(arrow.surely(report.verdict.threshold) for arrow in turned)
        yield Assumption(
            Footing.FAILED,
            name,
            f"As drawn, {arrows}; the other way round, the influence "
            f"{'would' if surely else 'may'} be above the threshold.",
            "the finding changes with the direction of an arrow",
        )
        return
    if found is None:
        yield Assumption(
            Footing.UNTESTED,
            name,
            "An arrow too many or too few can make an effect or hide one. The check of other "
            "graphs tries every graph with one other arrow.",
        )
        return
    flips = int(found.edits["flips"].sum()) if len(found.edits) else 0
    against = bool(found.implications["rejected"].any()) if len(found.implications) else False
    footing = Footing.FAILED if flips else Footing.NARROW if against else Footing.HELD
    yield Assumption(
        footing,
        name,
        f"{found.headline} {found.implied}",
        "the finding changes with a single arrow"
        if flips
        else "the data contradict an independence that it claims"
        if against
        else "no single other arrow changes the finding",
    )


def _hidden(report: AuditFindings) -> Iterator[Assumption]:
    name = "Nothing unmeasured causes both the feature and the prediction"
    if _asked_directly(report):
        return
    found = report.graph_sensitivity
    if found is None or not found.confounding:
        yield Assumption(
            Footing.UNTESTED,
            name,
            "No data can show this. The check of other graphs says how strong such a cause would "
            "have to be.",
        )
        return
    weakest = min(found.confounding, key=lambda one: one.robustness)
    seen = weakest.measured[["with_feature", "with_prediction"]].min(axis=1)
    like = len(seen) and float(seen.max()) >= weakest.robustness
    strong = "one as weak as a measured one would do" if like else "how strong is worked out"
    yield Assumption(
        Footing.NARROW if like else Footing.HELD,
        name,
        weakest.sentence(),
        f"no data can show it; {strong}",
    )


def _form(report: AuditFindings) -> Iterator[Assumption]:
    tests = [(e.feature, e.form) for e in report.effects.judged if e.form is not None]
    name = "The equations have the right form"
    if not tests:
        if not _asked_directly(report) and any(len(one.path) > 2 for one in report.path_effects):
            ran = any(entry.estimator.kind == "debiased" for entry in report.effects)
            said = (
                "The debiased estimate ran, but without a test of their form."
                if ran
                else "The debiased estimate, which tests it, did not run."
            )
            yield Assumption(Footing.UNTESTED, name, said)
        return
    missed = [feature for feature, form in tests if form.misfits]
    if missed:
        yield Assumption(
            Footing.FAILED,
            name,
            f"They do not follow how {listing(missed)} and what it is adjusted for go together.",
            "intervals of total effects hold several times what could be learned of it; paths are "
            "not to be relied on",
        )
        return
    feature, worst = max(tests, key=lambda pair: pair[1].ratio)
    footing = (
        Footing.FAILED
        if not worst.holds
        else Footing.NARROW
        if worst.ratio > PASSING
        else Footing.HELD
    )
    moves = f"moves the total effect of {feature} by {worst.ratio:.1f} standard errors"
    limit = "3 and more would say that the form is wrong"
    if not report.path_effects:  # logged predictions, or none could be fitted: a regression alone
        yield Assumption(
            footing,
            "The regression has the right form",
            f"What it leaves unexplained {moves}; {limit}. The total effect is corrected for it.",
        )
        return
    yield Assumption(
        footing,
        name,
        f"What they leave unexplained {moves}; {limit}. The total effect is corrected for it, "
        f"paths are not.",
    )


def _overlap(report: AuditFindings) -> Iterator[Assumption]:
    table = report.diagnostics.overlap
    if not len(table):
        return
    worst = max(table.to_dict("records"), key=lambda row: float(row["unsupported"]))
    thin = float(worst["unsupported"])
    yield Assumption(
        Footing.NARROW if thin > THIN else Footing.HELD,
        "There are rows like the ones that are changed",
        f"At {worst['feature']} = {worst['level']}, {share(thin)} of the rows have hardly any "
        f"others like them; there the answer rests on extrapolation."
        if thin
        else "At every level that was compared, all rows have others like them.",
    )


def _levels(report: AuditFindings) -> Iterator[Assumption]:
    name = "The levels that were not tested are like those that were"
    profile = report.profile
    assert report.verdict is not None
    if profile is None or report.verdict.scope == "change":
        yield Assumption(
            Footing.UNTESTED,
            name,
            "The verdict speaks of one change only; between other levels the model may do "
            "something else.",
        )
        return
    if report.verdict.scope == "named":
        yield Assumption(
            Footing.UNTESTED,
            name,
            "The verdict speaks of the levels that were named only; between others the model may "
            "do something else.",
        )
        return
    rare = [f"{one.feature}: {untested_words(one)}" for one in profile if one.n_untested]
    if rare:
        few = listing(rare, 3)
        yield Assumption(
            Footing.NARROW, name, f"Too few rows hold these, so they are left out: {few}."
        )
    else:
        yield Assumption(
            Footing.HELD,
            name,
            "No level was left out for having too few rows. Of a number some levels were tested, "
            "not all: what happens between two of them alone can be missed.",
        )


def _sample(report: AuditFindings) -> Iterator[Assumption]:
    verdict = report.verdict
    assert verdict is not None
    tau, name = verdict.threshold, "The rows are many enough, and like those that matter"
    if verdict.decision == "inconclusive":
        why = verdict.withheld or (
            f"Of {listing(verdict.doubted)} no small effect can be believed; the warnings say why."
            if verdict.doubted
            else "The intervals reach across the threshold."
        )
        yield Assumption(Footing.FAILED, name, why, "they do not decide")
        return
    if verdict.decision == "below":
        used = verdict.smallest_threshold / tau
        said = f"The widest bound reaches {share(min(used, 1.0))} of the threshold."
    else:
        bounds = [
            min(abs(c.low), abs(c.high)) for c in verdict.claims if c.above and c.kind not in SHARES
        ]
        nearest = max(bounds, default=0.0)
        used = tau / nearest if nearest > 0 else 1.0
        against = f"against a threshold of {amount(tau)}"
        said = (
            f"The surest effect is at least {amount(nearest)}, {against}."
            if bounds
            else "Only the share of single people who are moved lies above; no effect does."
        )
    yield Assumption(
        Footing.NARROW if used > CLOSE else Footing.HELD,
        name,
        f"{said} Other people than those of this table were not asked about.",
    )


def _answers(report: AuditFindings) -> Iterator[Assumption]:
    unsteady = report.diagnostics.unsteady
    if unsteady is not None:
        yield Assumption(
            Footing.FAILED,
            "The model answers the same row in the same way",
            "It does not: its answers differ from call to call, and the intervals count that.",
        )
