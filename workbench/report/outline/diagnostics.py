"""How sure we are: whether the estimators agree, how well equations predict, what was claimed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from workbench.checks.verdict import SHARES, Verdict
from workbench.common.against_threshold import lies_beyond
from workbench.common.blocks import (
    Block,
    Bullets,
    Cell,
    Column,
    Number,
    Section,
    Sentence,
    Table,
    Term,
)
from workbench.common.wording import held, rate, signed, stated
from workbench.report.findings import AuditFindings

__all__ = ["diagnostics"]

OPEN = 8
"""Claims of a table that stands open; a longer one is folded away."""
LISTED = 60
"""Claims on a page."""
UNHEARD = "◇ not counted as above"
WHY_UNHEARD = (
    "Not counted as above: that is decided over the levels tested; effects of the one change that "
    "is explained show nothing above by themselves, its paths only by a stricter test, and no data "
    "can check which rows move through other features. For “below” each must lie within the "
    "threshold all the same."
)


def diagnostics(report: AuditFindings) -> tuple[Block, ...]:
    """Return what was checked of the estimates, a section each."""
    makers = (_disagreement, _equations, _overlap, _adjustment, _claims)
    return tuple(made for make in makers for made in make(report))


def _text(*heads: str) -> tuple[Column, ...]:
    return tuple(Column(head, number=False) for head in heads)


def _disagreement(report: AuditFindings) -> Iterator[Section]:
    records = report.diagnostics.disagreement.to_dict("records")
    if not records:
        return
    why = (
        "the graph may miss an arrow, or one of the two describes the data too coarsely. Rely on "
        "neither alone."
        if report.target.rows is None
        else "at named rows they may, since only causal fuzzing keeps what is special to a row."
    )
    said = tuple(
        f"{row['feature']}: CAFÉ finds {signed(row['cafe_total'])}, causal fuzzing "
        f"{signed(row['fuzzing_total'])}. They differ by more than chance explains: {why}"
        for row in records
        if row["differs"]
    )
    if not said:
        said = ("They differ by no more than chance alone would give.",)
    rows = tuple(
        (
            row["feature"],
            Number(row["cafe_total"]),
            Number(row["fuzzing_total"]),
            Number(row["difference"], (row["difference_low"], row["difference_high"])),
            "▲ they differ" if row["differs"] else "no difference found",
        )
        for row in records
    )
    columns = (
        *_text("feature"),
        *map(Column, ("CAFÉ", "causal fuzzing", "difference, with 95 % interval")),
        *_text("finding"),
    )
    yield Section(
        "disagreement",
        "Do the estimators agree?",
        (
            Sentence(
                "They reach the same number by different ways: CAFÉ by regression, causal fuzzing "
                "by changing rows and asking the model again. Agreement supports the graph, but "
                "does not show that it is right."
            ),
            Bullets(said),
            Table("Total effects by both estimators.", columns, rows, name="Disagreement"),
        ),
        audience="annex",
    )


def _equations(report: AuditFindings) -> Iterator[Section]:
    rows = tuple(
        (row["node"], row["causes"], row["kind"], _share(row["held_out_fit"]), int(row["rows"]))
        for row in report.diagnostics.equations.to_dict("records")
    )
    if rows:
        table = Table(
            "Fit on rows not learnt from: R² of a number, share of explained deviance of a "
            "category. A low fit is not an error by itself: it says how much of a feature its "
            "drawn causes explain.",
            (*_text("feature", "drawn causes", "kind"), Column("held-out fit"), Column("rows")),
            rows,
            name="Fit of the structural equations",
        )
        title = "How well do the structural equations predict?"
        yield Section("equations", title, (table,), audience="annex")


def _overlap(report: AuditFindings) -> Iterator[Section]:
    rows: tuple[tuple[Cell, ...], ...] = tuple(
        (row["feature"], str(row["level"]), row["given"], _share(row["unsupported"]))
        for row in report.diagnostics.overlap.to_dict("records")
    )
    if rows:
        table = Table(
            "Share of the target’s rows at which a level is hardly ever seen among similar rows; "
            "there the answer is extrapolated.",
            (*_text("feature", "level", "similar in"), Column("extrapolated")),
            rows,
            name="Overlap",
        )
        title = "Does the intervention stay where there are data?"
        yield Section("overlap", title, (table,), audience="annex")


def _adjustment(report: AuditFindings) -> Iterator[Section]:
    rows = tuple(
        (
            row["feature"],
            row["adjustment_set"] or "nothing",
            row["mediators"] or "no other feature",
            "yes" if row["read_by_model"] else "no",
        )
        for row in report.diagnostics.adjustment.to_dict("records")
    )
    if rows:
        table = Table(
            "By the graph: what CAFÉ holds fixed so that no common cause is mistaken for an "
            "effect, and what carries the effect.",
            _text("feature", "adjusted for", "carried by", "read by the model"),
            rows,
            name="Adjustment sets",
        )
        title = "How is each effect identified?"
        yield Section("adjustment", title, (table,), audience="annex")


def _claims(report: AuditFindings) -> Iterator[Section]:
    verdict = report.verdict
    if verdict is None or not verdict.claims:
        return
    n = len(verdict.claims)
    listed = verdict.to_frame().head(LISTED).to_dict("records")
    rest = f" The {n - LISTED} smallest are in the saved report." if n > LISTED else ""
    told = [_held(claim, verdict) for claim in listed]
    unheard = f" {WHY_UNHEARD}" if UNHEARD in told else ""
    if verdict.decision == "inconclusive" and verdict.withheld:
        unheard += f" None is firm. {verdict.withheld}"
    table = Table(
        f"Every claim compared with ±{stated(verdict.threshold)}, largest first, with the "
        f"interval that "
        f"decides it ({rate(1 - 2 * verdict.alpha)} for claims on their own) and the p-value of "
        f"“it lies within the threshold” before correction.{unheard}{rest}",
        (*_text("claim"), *map(Column, ("estimate and interval", "p")), *_text("finding")),
        tuple(
            (
                Term(claim["name"], "" if claim["change"] in claim["name"] else claim["change"]),
                Number(
                    claim["value"],
                    (claim["low"], claim["high"]),
                    form="share" if claim["kind"] in SHARES else "signed",
                ),
                Number(claim["p_above"], form="p"),
                finding,
            )
            for claim, finding in zip(listed, told, strict=True)
        ),
        name="Claims",
    )
    title = f"All {n} claims behind the verdict"
    yield Section("claims", title, (table,), folded=n > OPEN, audience="annex")


def _held(claim: Mapping[Any, Any], verdict: Verdict) -> str:
    """Say where a claim lies, and of one that lies above but may not show it that it does not."""
    beyond = lies_beyond(claim["low"], claim["high"], verdict.threshold)
    if claim["kind"] in SHARES:
        beyond = claim["kind"] == "total share" and not claim["below"]
    chosen = claim["over"] == "change" or claim["kind"] == "total share"
    if chosen and beyond and not claim["above"]:
        return UNHEARD
    return held(claim["above"], claim["below"])


def _share(value: float) -> Number:
    return Number(value, form="share")
