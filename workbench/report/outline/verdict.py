"""What is said first: the question, the verdict, and what a reader must not miss."""

from __future__ import annotations

from collections.abc import Iterator

from workbench.common.blocks import Block, Note, Section, Sentence
from workbench.common.wording import listing, stated
from workbench.report.findings import AuditFindings
from workbench.report.outline.lead_sentence import asks, lead_sentence

__all__ = ["asked", "question", "verdict"]

LONG = 60
"""Characters of names that still fit in a title."""
UNITS = {"value": "in the unit of the prediction", "log-odds": "in log-odds"}
"""What a threshold is measured in, where it is no probability."""


def question(report: AuditFindings) -> str:
    """Return the report's title: what was asked."""
    many = len(report.features) > 1
    names = _names(report)
    short = names if len(names) <= LONG else f"these {len(report.features)} features"
    return f"{'Do' if many else 'Does'} {short} still influence the predictions?"


def asked(report: AuditFindings) -> tuple[Sentence, ...]:
    """Say what is to be forgotten, and where."""
    target, n = report.target, report.n_target_rows
    data, table = "the data", report.provenance.table_rows
    if table is not None:
        data = f"a random sample of the table's {table:,}"
    rows = f"all {n:,} rows of {data}"
    if target.rows is not None:
        labels = listing([str(label) for label in target.rows])
        rows = f"the row{'s' if n > 1 else ''} labelled {labels}"
    elif target.condition is not None:
        among = f"{report.provenance.n_rows:,} rows"
        among += "" if table is None else f" ({data})"
        rows = f"the {n:,} of {among} where {target.condition.text}"
    many = len(report.features) > 1
    score = report.about().score
    outcome = (
        f": its {score}"
        if report.audited_class is not None
        else f", whose outcome is {report.outcome}"
        if report.outcome
        else ""
    )
    whose = f"the predictions of {report.provenance.model}"
    if not asks(report):
        whose = "predictions that were logged, of a model that cannot be asked"
    said = [
        Sentence(
            f"{_names(report)}, in {rows}. The audit asks how much "
            f"{'these features' if many else 'this feature'} still move{'' if many else 's'} "
            f"{whose}{outcome}.",
            lead="To be forgotten:",
        )
    ]
    if not asks(report):
        said.append(
            Sentence(
                "No changed row could be asked about: effects are read off regressions of the log. "
                "An interval carries what their form may miss, as far as logged rows and other "
                "forms tell; where the log holds no rows like those asked about, no data can check "
                "it."
            )
        )
    if target.rows is not None:
        said.append(
            Sentence(
                "This is the effect at this row: how the model treats its inputs. It does not say "
                "whether the row was among the training data."
                if n == 1
                else "This is the effect at these rows: how the model treats their inputs. It does "
                "not say whether the rows were among the training data."
            )
        )
    return tuple(said)


def verdict(report: AuditFindings) -> Section:
    """Return the verdict with what it hides and what to be careful about."""
    return Section("verdict", "Verdict", tuple(_blocks(report)), audience="headline")


def _blocks(report: AuditFindings) -> Iterator[Block]:
    found, change = report.verdict, report.change
    if found is None:
        yield Note(
            "none",
            "No verdict.",
            (
                "A verdict needs a causal method (the debiased estimate, CAFÉ or causal fuzzing); "
                "this audit ran "
                f"{', '.join(report.methods)}.",
            ),
            audience="headline",
        )
    else:
        told = lead_sentence(report) or found.reason
        said: list[str | Sentence] = [one for one in (told, found.assurance) if one]
        if report.favourable is not None:
            better = f"{report.favourable[:1].upper()}{report.favourable[1:]} scores"
            said.append(
                Sentence(
                    f"{better} are to people’s advantage, as the auditor states it.", quiet=True
                )
            )
        said.append(Sentence(f"Threshold of this audit: {_threshold(report)}.", quiet=True))
        if change is not None and (change.residues or change.not_retrained):
            other = (
                f"the model{'s' if change.n_retrained > 1 else ''} handed in as retrained"
                if change.not_retrained
                else "a model retrained without the target"
            )
            lead = f"Compared with {other}:"
            said.append(Sentence(change.headline, lead=lead, see="change"))
        yield Note(found.decision, found.headline, tuple(said), audience="headline")
        if found.cancellations:
            yield Note(
                "alarm",
                "Cancellation: the average hides something",
                tuple(one.sentence(found.threshold) for one in found.cancellations),
                audience="headline",
            )
    if report.diagnostics.warnings:
        yield Note("warning", "Read with care", tuple(report.diagnostics.warnings))


def _names(report: AuditFindings) -> str:
    if not report.target.names and len(report.features) > 1:
        return f"all {len(report.features)} features that the model reads"
    return listing(report.features)


def _threshold(report: AuditFindings) -> str:
    assert report.verdict is not None
    tau = report.verdict.threshold
    if report.unit == "probability":
        return (
            f"{stated(tau)} ({stated(100 * tau)} percentage points of the {report.about().score})"
        )
    return f"{stated(tau)} ({UNITS.get(report.unit, report.unit)})"
