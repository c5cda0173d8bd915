"""How the audit was done, and what is needed to repeat it."""

from __future__ import annotations

from collections.abc import Iterator

from workbench.common.blocks import (
    Block,
    Bullets,
    Cell,
    Code,
    Column,
    Section,
    Sentence,
    Table,
    Term,
)
from workbench.common.wording import rate, rows_said, stated
from workbench.report.findings import AuditFindings
from workbench.report.outline.case_details import reasons_of_arrows
from workbench.report.saved.document import SAVED_NOTE

__all__ = ["provenance"]

ROLES = {"before": "Model before", "retrained": "Model retrained"}


def provenance(report: AuditFindings) -> Section:
    """Return the steps, the interventions and the origin of every number."""
    return Section("how", "How it was done", tuple(_blocks(report)), audience="annex")


def _blocks(report: AuditFindings) -> Iterator[Block]:
    yield Bullets(tuple(_steps(report)), numbered=True, audience="annex")
    interventions = tuple(report.provenance.interventions.items())
    columns = (Column("feature", number=False), Column("what was varied", number=False))
    yield Table("Interventions", columns, interventions, name="Interventions", audience="annex")
    yield from reasons_of_arrows(report)
    yield Section("origin", "Origin", tuple(_origin(report)), audience="annex")


def _steps(report: AuditFindings) -> Iterator[Sentence]:
    rows = rows_said(report.n_target_rows)
    kinds = {entry.estimator.kind for entry in report.effects}
    regressed = any(not entry.estimator.asks_direct for entry in report.effects)
    yield Sentence(
        "The predictions that were handed in are compared between one observed level of the "
        f"feature and another; no changed row was asked about. Averages are over {rows}."
        if regressed
        else "The rows of the target are taken with the feature at one observed level and at "
        f"another, and the model’s answers are compared. Averages are over {rows}.",
        lead="Intervention.",
    )
    if kinds:
        yield Sentence(
            "The model could not be asked, so the effect of the feature alone is estimated by "
            "regression on all other inputs."
            if regressed
            else "Only the feature changes and everything else stays as observed: this is asked of "
            "the model itself, not estimated.",
            lead="Direct effect.",
        )
    if "fuzzing" in kinds:
        yield Sentence(
            "The change is carried on to the features that depend on it, along the graph, by "
            "equations fitted to the data that keep each row’s own deviation; then the model is "
            "asked again.",
            lead="Causal fuzzing.",
        )
    if "debiased" in kinds:
        yield Sentence(
            "Causal fuzzing with equations that bend where the data does; then every row’s "
            "mediators are drawn again, and what of the predictions that leaves unexplained is "
            "regressed on the feature and what it is adjusted for. The share of this correction "
            "that exceeds its own noise is added. The verdict judges this estimate.",
            lead="Debiased estimate.",
        )
    if "cafe" in kinds:
        yield Sentence(
            "The total effect is estimated from one prediction per row, by a regression that holds "
            "the adjustment set fixed and is averaged over the target’s rows. The indirect effect "
            "is total − direct.",
            lead="CAFÉ.",
        )
    verdict = report.verdict
    if verdict is not None:
        yield Sentence(
            f"“No influence above the threshold found” needs every claim inside "
            f"±{stated(verdict.threshold)}; “influence found” needs one claim outside it, after "
            f"correction for all claims; anything else is inconclusive. Either firm decision is "
            f"wrong at most {rate(verdict.alpha)} of the time, if what it rests on holds.",
            lead="Verdict.",
        )


def _origin(report: AuditFindings) -> Iterator[Block]:
    origin = report.provenance
    data = f"{rows_said(origin.n_rows)}, {report.n_target_rows:,} of them asked about"
    if origin.table_rows is not None:
        data += f"; a random sample of the table's {origin.table_rows:,} rows"
    models = report.change.models if report.change is not None else ()
    rows: list[tuple[Cell, ...]] = [
        ("Asked to be forgotten", report.target.describe()),
        ("Data", data),
        ("Data, SHA-256", Term(origin.data_fingerprint, code=True)),
        ("Model", f"{origin.model}, reads {', '.join(report.reads)}"),
        ("Model, SHA-256", Term(origin.model_fingerprint, code=True)),
    ]
    for model in models:
        if model.role != "after":
            name = ROLES[model.role]
            rows.append((name, f"{model.name}, reads {', '.join(model.reads)}"))
            rows.append((f"{name}, SHA-256", Term(model.fingerprint, code=True)))
    rows += [
        ("Methods", ", ".join(report.methods)),
        ("Seed", str(origin.seed)),
        ("Time", origin.created),
        ("Versions", ", ".join(f"{name} {version}" for name, version in origin.versions.items())),
    ]
    yield Table(
        "What is needed to repeat this audit, and to notice that something changed",
        (Column("item", number=False), Column("value", number=False)),
        tuple(rows),
        name="Origin",
        audience="annex",
    )
    yield Sentence(SAVED_NOTE, quiet=True, audience="annex")
    steps = Table(
        "A query is one row that the model was asked about. Answers that a step shares with an "
        "earlier one are counted where they were first asked.",
        (Column("step", number=False), Column("seconds"), Column("queries")),
        tuple(
            (name, f"{seconds:.2f}", origin.queries.get(name, 0))
            for name, seconds in origin.seconds.items()
        ),
        name="Steps",
    )
    yield Section("steps", "Time and queries per step", (steps,), folded=True, audience="annex")
    code = (Code(report.to_code()),)
    yield Section("code", "The Python code that repeats it", code, folded=True, audience="annex")
