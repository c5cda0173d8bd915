"""What an audit's report says, as a dossier repeats it: in the report's own words, and no further.

A report is the controller's. That it is of the new model is known only where somebody asked the
new model about the report's rows; without that no result of it supports an exclusion.
"""

from __future__ import annotations

from workbench.checks.change.finding import ModelChange
from workbench.common.errors import EvidenceError
from workbench.common.wording import stated
from workbench.evidence.commitments import sha256_hex
from workbench.evidence.dossier import Measured
from workbench.report.audit_report import AuditReport

__all__ = ["AUDIT_REPORT", "NOT_SEEN", "OTHER_TARGET", "measured_by", "report_file"]

AUDIT_REPORT = "audit/report.json"
CHARACTERS_SAID = 500
"""Letters of a sentence that a verifier repeats."""

NOT_SEEN = "that the audited model is the one of this dossier was not seen when it was built"
OTHER_TARGET = "the audit is about something else than the request"
ITSELF = "the audited model was compared with itself"
HANDED_IN = "a model that was compared as retrained was merely handed in"
EFFECTS = {"below": "CONSISTENT", "above": "INCONCLUSIVE", "inconclusive": "INCONCLUSIVE"}
"""An influence above the limit may come through the world: it contradicts no exclusion of rows."""
MEMBERS = {
    "not found": "CONSISTENT",
    "no evidence": "INCONCLUSIVE",
    "traces": "CONTRADICTED",
    "pushed away": "INCONCLUSIVE",
}


def report_file(report: AuditReport) -> bytes:
    """Return the report's file for a dossier, without rows of the data and without the case.

    Who asks and for whom are names of people, and nobody asked for them to be passed on here.
    """
    # A report in memory and the same from a file may differ in the last digit of an interval. What
    # was written once and read is written alike ever after.
    written = report.with_details(None).to_json()
    return f"{type(report).from_json(written).to_json()}\n".encode()


def measured_by(report: AuditReport, unseen: str = NOT_SEEN) -> dict[str, Measured]:
    """Return what a report says of an exclusion, by what was measured.

    Parameters
    ----------
    report : AuditReport
        Of an audit of the new model; its file goes in as :data:`AUDIT_REPORT`.
    unseen : str, optional
        Why the results say nothing of this dossier's exclusion, so that each is INCONCLUSIVE; ""
        where the new model was seen to be the audited one, and the target what was asked for.

    Returns
    -------
    dict of str to Measured
        "causal audit", "causal residue" and "membership", each where the report has it.

    Raises
    ------
    EvidenceError
        When the report holds none of them.
    """
    said: dict[str, tuple[str, str]] = {}
    if report.verdict is not None:
        found = report.verdict
        said["causal audit"] = (
            EFFECTS[found.decision],
            f"{found.headline} Limit {stated(found.threshold)}, error rate {found.alpha:g}",
        )
    change = report.change
    if change is not None and (change.residues or change.not_retrained):
        said["causal residue"] = _residue(change)
    if report.membership is not None:
        said["membership"] = (MEMBERS[report.membership.decision], report.membership.headline)
    if not said:
        raise EvidenceError(
            "The report has neither a verdict nor a residue nor membership attacks, so a dossier "
            "can repeat nothing of it."
        )
    source = f"[{_about(report)}; report {sha256_hex(report_file(report))[:12]}…]"
    return {
        name: Measured(
            "INCONCLUSIVE" if unseen else verdict, _bounded(f"{source} {sentence}", unseen)
        )
        for name, (verdict, sentence) in said.items()
    }


def _about(report: AuditReport) -> str:
    """Say what was to be forgotten, without the labels of rows: they may name people."""
    names = ", ".join(report.target.names) or "all features"
    if report.target.kind in ("feature", "features"):
        return names
    return f"{names} of {report.n_target_rows:,} rows"


def _residue(change: ModelChange) -> tuple[str, str]:
    """Return what a residue supports: nothing against a model that may not be a retrained one."""
    said = change.headline.rstrip(".")
    after = {model.fingerprint for model in change.models if model.role == "after"}
    retrained = [model for model in change.models if model.role == "retrained"]
    if any(model.fingerprint in after for model in retrained):
        return "INCONCLUSIVE", f"{said}; {ITSELF}"
    if not change.known:
        return "INCONCLUSIVE", f"{said}; {HANDED_IN}"
    return ("CONSISTENT" if change.decision == "below" else "INCONCLUSIVE"), said


def _bounded(sentence: str, unseen: str) -> str:
    end = f"; {unseen}" if unseen else ""
    room = CHARACTERS_SAID - len(end)
    whole = sentence.rstrip(".")
    return (whole if len(whole) <= room else f"{whole[: room - 1]}…") + end
