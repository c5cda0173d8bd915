"""A union of targets, audited in blocks of rows with the same features, and one verdict on all."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import scipy

from workbench.auditing.joint_verdict import (
    JointVerdict,
    audited_together,
    decision_of,
    headline_of,
)
from workbench.auditing.union_file import parse_union, union_text
from workbench.case.audit_case import AuditCase
from workbench.case.target import TargetUnion
from workbench.checks.verdict.claims import Claim, who
from workbench.common.blocks import Block, Column, Note, Sentence, Table
from workbench.common.errors import TargetError
from workbench.common.saved_values import altered
from workbench.common.wording import listing, rate, signed, span, with_interval
from workbench.methods.effects import Effect
from workbench.methods.registry import METHOD_NAMES
from workbench.report.audit_report import AuditReport
from workbench.report.case_details import CaseDetails
from workbench.report.csv_table import union_csv_text
from workbench.report.outline.case_details import case_section
from workbench.report.outline.decided import as_decided

__all__ = ["UnionAudit", "UnionSize", "audit_union"]

QUESTION = "Do these targets still influence the predictions?"
LEAD = (
    "Different features were to be forgotten for different rows. The rows are taken in blocks with "
    "the same features to forget; each block has a report of its own, of which the first part "
    "stands here."
)
TOLD = "decision", "headline", "explanation"
"""What a saved union says of all blocks together."""


@dataclass(frozen=True)
class UnionSize:
    """How far the predictions of a union's rows move on average, up or down.

    In every block of rows its own features are set to levels drawn from the data, together with
    what follows from them in the graph. Sizes are averaged, so that blocks, features and people
    that move opposite ways do not cancel.

    Attributes
    ----------
    value, low, high : float
        In the unit of the prediction, with an interval at 1 − alpha of the union. It holds however
        the blocks' estimates hang together, and is wider for that.
    n_rows : int
        Rows of all blocks.
    """

    value: float
    low: float
    high: float
    n_rows: int


@dataclass(frozen=True, eq=False)
class UnionAudit(JointVerdict):
    """The audits of a union's blocks of rows, by what each is in words, and what they say together.

    Each report repeats itself with the code in it.

    Attributes
    ----------
    reports : mapping of str to AuditReport
        By block; each made with `alpha` divided by their number.
    alpha : float
        Error rate of the decision over all blocks.
    """

    def to_json(self, path: str | Path | None = None) -> str:
        """Return all reports and what they say together as one JSON text; write it if asked."""
        text = union_text(self.reports, self.alpha, self._said())
        if path is not None:
            Path(path).write_text(text + "\n", encoding="utf-8")
        return text

    @classmethod
    def from_json(cls, text: str | bytes) -> UnionAudit:
        """Read a union back from :meth:`to_json`'s text.

        Raises
        ------
        DataError
            When the text is no such union, a report does not agree with itself, or what is said
            of all does not follow from the reports.
        """
        reports, alpha, said = parse_union(text, TOLD)
        found = cls(reports, alpha)
        again = found._said()
        if any(said[name] != again[name] for name in ("decision", "headline")):
            raise altered("what is said of all blocks does not follow from their reports")
        return found

    def to_html(self, path: str | Path | None = None) -> str:
        """Return one HTML page with the verdict on all blocks and the first page of each report.

        No row of the data is on it.
        """
        from workbench.report.page.union_page import render_union

        text: str = render_union(QUESTION, self.first_page(), self.reports)
        if path is not None:
            Path(path).write_text(text, encoding="utf-8")
        return text

    def to_csv(self, path: str | Path | None = None) -> str:
        """Return what has intervals in all reports as one CSV text; write it if asked.

        As :meth:`workbench.AuditReport.to_csv`, with the block of rows in the first column.
        """
        text = union_csv_text(self.reports)
        if path is not None:
            Path(path).write_text(text, encoding="utf-8", newline="")
        return text

    def to_docx(self, path: str | Path | None = None) -> bytes:
        """Return what the page says as a file for word processors, and write it if asked.

        No row of the data is in it. Needs the extra ``docx``.
        """
        from workbench.report.word_file import union_word_file

        content = union_word_file(QUESTION, self.first_page(), self.reports)
        if path is not None:
            Path(path).write_bytes(content)
        return content

    def with_details(self, details: CaseDetails | None) -> UnionAudit:
        """Return the union with who asks, for whom and so on in every block; no number changes.

        Raises
        ------
        DataError
            When the case explains an arrow that the graph does not have.
        """
        told = {name: report.with_details(details) for name, report in self.reports.items()}
        return UnionAudit(told, self.alpha)

    def first_page(self) -> tuple[Block, ...]:
        """Return what stands before the blocks' reports: the verdict on all, and the case."""
        note = Note(self.decision, self._short(), (self.explanation,), audience="headline")
        case = case_section(next(iter(self.reports.values())))
        return (Sentence(LEAD), note, self._table(), *(() if case is None else (case,)))

    def _said(self) -> dict[str, str]:
        return {name: getattr(self, name) for name in TOLD}

    def _table(self) -> Table:
        return Table(
            "The blocks of rows: each row stands in one, with everything that it was to forget.",
            (
                Column("block", number=False),
                Column("rows"),
                Column("finding", number=False),
            ),
            tuple(
                (name, report.n_target_rows, headline_of(report))
                for name, report in self.reports.items()
            ),
            name="Blocks of rows",
        )

    @property
    def mean_effect(self) -> UnionSize | None:
        """The signed mean over all rows of the changes that the blocks' reports explain.

        What moves opposite ways cancels in it; None where a block has no estimate.
        """
        totals = [_explained(report) for report in self.reports.values()]
        known = [(total.value, total.standard_error) for total in totals if total is not None]
        if len(known) < len(totals):
            return None
        value, error = self._over_rows(known)
        half = float(scipy.stats.norm.isf(self.alpha / 2)) * error
        return UnionSize(value, value - half, value + half, self._n_rows)

    @property
    def mean_size(self) -> UnionSize | None:
        """The mean size of row effects over all rows of the union.

        None where a block's single rows could not be asked about: with logged predictions.
        """
        sizes = list(map(_size, self.reports.values()))
        known = [(s.value, s.value - s.low, s.high - s.value) for s in sizes if s is not None]
        if len(known) < len(sizes):
            return None
        value, below, above = self._over_rows(known)
        # A block's claim has one-sided ends at its share of alpha, which two and more blocks keep.
        wider = 1.0 if len(known) > 1 else _two_sided(self.alpha)
        low, high = value - wider * below, value + wider * above
        return UnionSize(value, max(low, 0.0), high, self._n_rows)

    @property
    def _n_rows(self) -> int:
        return sum(report.n_target_rows for report in self.reports.values())

    def _over_rows(self, known: Sequence[tuple[float, ...]]) -> list[float]:
        """Average numbers of every block, each by its rows; errors as if they went together."""
        weights = [report.n_target_rows / self._n_rows for report in self.reports.values()]
        return [
            sum(w * one for w, one in zip(weights, numbers, strict=True))
            for numbers in zip(*known, strict=True)
        ]

    @property
    def headline(self) -> str:
        """The verdict in one sentence, which names the blocks that it rests on."""
        if self.decision == "inconclusive":
            return self._short()
        # Each says what it covers: the share of the people differs with the rows of a block.
        found = (f"{name}: {headline_of(self.reports[name])}" for name in self._chosen())
        return " ".join((self._short(), *found))

    def _chosen(self) -> list[str]:
        """Return the blocks that the decision rests on."""
        return [n for n, report in self.reports.items() if decision_of(report) == self.decision]

    def _short(self) -> str:
        count, chosen = len(self.reports), self._chosen()
        return {
            "inconclusive": f"Open for {listing(chosen, most=15)}, of {count} blocks of rows.",
            "below": f"In none of {count} blocks of rows is influence found.",
            "above": f"Found in {len(chosen)} of {count} blocks of rows.",
        }[self.decision]

    @property
    def explanation(self) -> str:
        """Return how the error rate was shared, and what each block's report says."""
        count = len(self.reports)
        each = [
            f"{name} ({report.n_target_rows:,} rows): {decision_of(report)}"
            for name, report in self.reports.items()
        ]
        return (
            f"The rows were taken in {count} blocks, in each of which the same features were to be "
            f"forgotten. Each block was audited at 1/{count} of the error rate of "
            f"{rate(self.alpha)}, which all together keep. {'; '.join(each)}.{self._size()}"
        )

    def _size(self) -> str:
        found, signed_mean = self.mean_size, self.mean_effect
        said = ""
        if signed_mean is not None:
            ends = signed_mean.low, signed_mean.high
            said = (
                f" Over all {signed_mean.n_rows:,} rows of these blocks, the changes that their "
                f"reports explain move the mean prediction by "
                f"{with_interval(signed_mean.value, ends, what='')}; what moves opposite ways "
                f"cancels in it."
            )
        if found is None:
            return said
        sizes = f"{signed(found.value)} ({span((found.low, found.high))})".replace("+", "")
        return said + (
            f" Over all {found.n_rows:,} rows of these blocks, setting what each was to forget to "
            f"levels drawn from the data moves a prediction, up or down, by {sizes} on average."
        )


def _explained(report: AuditReport) -> Effect | None:
    """Return the total effect of a block's features together, or of its only one."""
    entries = list(as_decided(report).judged)
    chosen = [entry for entry in entries if entry.combination == "joint"]
    chosen += [entry for entry in entries if entry.combination == "sum"]
    return next((entry.total for entry in [*chosen, *entries]), None)


def _size(report: AuditReport) -> Claim | None:
    """Return what the verdict says of the size of row effects, with all that it doubts of it."""
    features = list(report.profile or ())
    if report.verdict is None or not features:
        return None
    name = who(features[-1].feature, joint=bool(features[-1].combination))
    sizes = (c for c in report.verdict.claims if c.over == "people" and c.kind == "total")
    return next((claim for claim in sizes if claim.feature == name), None)


def _two_sided(alpha: float) -> float:
    """How much wider an interval at 1 − alpha is than one at 1 − 2·alpha."""
    return float(scipy.stats.norm.isf(alpha / 2) / scipy.stats.norm.isf(alpha))


def audit_union(
    case: AuditCase,
    target: TargetUnion,
    methods: Iterable[str] = METHOD_NAMES,
    *,
    alpha: float = 0.05,
    **options: Any,
) -> UnionAudit:
    """Audit different features for different rows, and judge them together.

    Parameters
    ----------
    case : AuditCase
    target : TargetUnion
        Targets joined by ``|``.
    methods, options
        As for :func:`workbench.audit`.
    alpha : float, default 0.05
        Error rate of the verdict over all blocks; each is audited at its share of it.

    Returns
    -------
    UnionAudit

    Raises
    ------
    AuditError
        As :func:`workbench.audit`.

    Examples
    --------
    >>> import numpy as np
    >>> import pandas as pd
    >>> import workbench as wb
    >>> rng = np.random.default_rng(0)
    >>> frame = pd.DataFrame({"a": rng.integers(0, 2, 900), "b": rng.normal(size=900)})
    >>> case = wb.AuditCase(data=frame, model=lambda rows: 0.3 * rows["a"] * (rows["b"] > 1),
    ...                     features=["a", "b"], graph=wb.CausalGraph([], nodes=["a", "b"]))
    >>> whom = wb.UnlearningTarget.subgroup("b > 1", ["a"]) | wb.UnlearningTarget.subgroup(
    ...     "b <= 0", ["b"])
    >>> audit_union(case, whom, ["cafe"], threshold=0.02).decision
    'above'
    """
    if not isinstance(target, TargetUnion):
        raise TargetError("A union is made of targets by |, for instance target_a | target_b.")
    blocks = {block.describe(): (case, block) for block in target.blocks(case.data)}
    return UnionAudit(audited_together(blocks, methods, alpha=alpha, **options), alpha)
