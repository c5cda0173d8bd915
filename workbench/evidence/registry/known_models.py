"""Which models of a change audit the registry knows, and which were merely handed in.

A name can be written on any model. A version that the registry trained is recognised by what it
reads and how it scores the rows of the case, which the report has as the model's fingerprint.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from workbench.case.audit_case import AuditCase
from workbench.checks.change.finding import ComparedModel
from workbench.common.errors import AuditError, EvidenceError
from workbench.evidence.audit_results import NOT_SEEN, OTHER_TARGET
from workbench.evidence.dossier_case import read_request
from workbench.evidence.registry.freezing import dataset_named, table_of
from workbench.evidence.registry.models import model_versions
from workbench.evidence.registry.opened import Opened
from workbench.evidence.registry.request_evidence import RequestEvidence
from workbench.evidence.registry.retraining import black_box
from workbench.evidence.registry.values import ModelVersion
from workbench.report.audit_report import AuditReport

__all__ = ["KnownModel", "known_models", "unseen", "with_known_models"]


@dataclass(frozen=True)
class KnownModel:
    """What the registry knows of one model of an audit.

    Attributes
    ----------
    role : {"before", "after", "retrained"}
    name : str
        As the report calls it.
    version : ModelVersion or None
        The version that answers every row of the case as this model does; None for a model that
        was handed in.
    left : int
        Rows that left with the version's data set.
    """

    role: str
    name: str
    version: ModelVersion | None
    left: int = 0

    @property
    def retrained(self) -> bool:
        """Whether it is known to have been trained again, by the registry."""
        return self.version is not None and self.version.replaces is not None

    def sentence(self) -> str:
        """Say what is known, and what was only told."""
        if self.version is None:
            return (
                f"The model {self.role!r} ({self.name}) was handed in: how it was trained is what "
                f"was told, and nothing in the registry shows it."
            )
        known = (
            f"The model {self.role!r} answers every row as version {self.version.version} does, "
            f"which the registry trained from data set {self.version.dataset} by the committed "
            f"configuration {self.version.configuration[:12]}…"
        )
        if not self.retrained:
            return f"{known}."
        rows = f"{self.left:,} row{'' if self.left == 1 else 's'}"
        return (
            f"{known}, in place of {self.version.replaces}: it is known to be retrained, with "
            f"{rows} excluded from the training set."
        )


def known_models(opened: Opened, report: AuditReport, case: AuditCase) -> tuple[KnownModel, ...]:
    """Return what the registry knows of each model that an audit compared.

    Parameters
    ----------
    report : AuditReport
        Of an audit with ``compare``; for one without, the audited model alone is looked at.
    case : AuditCase
        The case that was audited: its rows are what fingerprints are of.

    Raises
    ------
    EvidenceError
        When the report is of other rows than the case.
    """
    if report.provenance.data_fingerprint != case.data_fingerprint:
        raise EvidenceError("The report is of other data than this case; fingerprints differ.")
    versions: dict[str, ModelVersion] = {}
    for version in model_versions(opened):
        try:
            model = black_box(opened, version.version)
            asked = AuditCase(case.data, model, case.graph, case.outcome)
        except AuditError:  # its file is not here, or it reads what the case does not have
            continue
        versions.setdefault(asked.model_fingerprint, version)
    if report.change is not None:
        compared = report.change.models
    else:
        origin = report.provenance
        compared = (ComparedModel("after", origin.model, origin.model_fingerprint, report.reads),)
    found = []
    for one in compared:
        known = versions.get(one.fingerprint)
        left = 0 if known is None else dataset_named(opened, known.dataset).left
        found.append(KnownModel(one.role, one.name, known, left))
    return tuple(found)


def with_known_models(opened: Opened, report: AuditReport, case: AuditCase) -> AuditReport:
    """Return the report in which a retrained model that came out of the registry is called known.

    Of a target that is features alone: that a version does not read them is seen from its file.
    Which rows of the case a version left out is not (see :meth:`KnownModel.sentence`).
    """
    if report.change is None or report.target.kind not in ("feature", "features"):
        return report
    names = set(report.target.names)
    models = tuple(
        replace(compared, known=_how(one.version))
        if compared.role == "retrained"
        and one.version is not None
        and one.retrained
        and names.isdisjoint(compared.reads)
        else compared
        for compared, one in zip(
            report.change.models, known_models(opened, report, case), strict=True
        )
    )
    change = replace(report.change, models=models)
    return replace(report, checks={**report.checks, "change": change})


def unseen(opened: Opened, report: AuditReport, held: RequestEvidence) -> str:
    """Say why a report is not seen to be about a request's new model; "" where it is.

    The registry asks the new version about the rows that it was trained on; a report of other rows
    may be of it too, and is not seen to be. The target must be the features that the request names:
    which rows left is not among the rows of the new data set.
    """
    if report.target.kind not in ("feature", "features") or (
        set(report.target.names) != set(read_request(held.request).features)
    ):
        return OTHER_TARGET
    version, origin = held.new, report.provenance
    try:
        rows, model = table_of(opened, version.dataset), black_box(opened, version.version)
        case = AuditCase(rows, model, report.graph, report.outcome)
    except AuditError:  # the rows are destroyed, the file is not here, or the graph is of others
        return NOT_SEEN
    same = (origin.data_fingerprint, origin.model_fingerprint) == (
        case.data_fingerprint,
        case.model_fingerprint,
    )
    return "" if same else NOT_SEEN


def _how(version: ModelVersion) -> str:
    return (
        f"version {version.version} of the registry, trained in place of {version.replaces} on "
        f"data set {version.dataset} by the committed configuration {version.configuration[:12]}…"
    )
