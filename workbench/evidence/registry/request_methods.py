"""The registry's methods about requests: receive, list what is due, carry out, and answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pandas as pd

from workbench.case.audit_case import AuditCase
from workbench.case.condition import Condition
from workbench.common.errors import EvidenceError
from workbench.evidence.audit_results import AUDIT_REPORT, measured_by, report_file
from workbench.evidence.dossier import Measured, build_dossier
from workbench.evidence.keys import SigningKey
from workbench.evidence.registry import (
    dossiers,
    erasure,
    freezing,
    ingestion,
    known_models,
    request_evidence,
    requests,
    retraining,
)
from workbench.evidence.registry.due_dates import DueDates
from workbench.evidence.registry.registry_file import RegistryFile
from workbench.evidence.registry.values import Destroyed, Request, frame_of
from workbench.report.audit_report import AuditReport

__all__ = ["RequestMethods"]


class RequestMethods(RegistryFile):
    """The side of a registry where requests come in and answers go out."""

    def request(
        self,
        kind: str,
        *,
        subject: str | None = None,
        where: str | None = None,
        source: str | None = None,
        features: Sequence[str] = (),
        clause: str | Sequence[str] = (),
        law: str | None = None,
        purpose: str | None = None,
        received: Any = None,
    ) -> Request:
        """Write a request down; its due date follows from the policy.

        Parameters
        ----------
        kind : {"erasure", "withdrawal", "objection", "restriction", "access"}
        subject : str, optional
            Who asks. Or, for an erasure by class or source:
        where, source : str, optional
            A condition on the records ("region == 'north'"), or the source they came from.
        features : sequence of str, optional
            Columns to be masked in all rows.
        clause : str or sequence of str
            "GDPR 17(1)(b)".
        law : str, optional
            By default the first of the policy's laws that the clause begins with.
        purpose : str, optional
            Of the consent withdrawn, or of the objection; by default every purpose.
        received : optional
            By default now.
        """
        clauses = (clause,) if isinstance(clause, str) else tuple(clause)
        person = None if subject is None else self._opened.person(subject)
        return requests.receive(
            self._opened,
            kind,
            self._policy,
            law=law or _law_of(clauses, self._policy),
            clauses=clauses,
            person=person,
            records=self._records(where, source),
            features=features,
            purpose=purpose,
            received=received,
        )

    def _records(self, where: str | None, source: str | None) -> list[int]:
        """Return the records of a source, or those where a condition holds."""
        if where is None and source is None:
            return []
        number = None if source is None else ingestion.source_number(self._opened, source)
        rows = self._opened.store.rows(
            """SELECT id, content, salt, seal FROM record
            WHERE destroyed IS NULL AND (?1 IS NULL OR source = ?1) ORDER BY id""",
            (number,),
        )
        numbers = [row[0] for row in rows]
        if where is not None and rows:
            mask = Condition(where).mask(freezing.frame_of_records(rows))
            numbers = [n for n, chosen in zip(numbers, mask, strict=True) if chosen]
        if not numbers:
            raise EvidenceError("No record is of this source and condition.")
        return numbers

    def requests(self) -> tuple[Request, ...]:
        """Return all requests."""
        return requests.requests(self._opened)

    def due(self) -> pd.DataFrame:
        """Return the backlog: the open requests, the most urgent first."""
        now = self._opened.log.now()
        waiting = [one for one in self.requests() if one.state not in requests.CLOSED]
        rows = [one.row(now) for one in sorted(waiting, key=lambda one: (one.due, one.id))]
        columns = "request kind law clauses received due days_left state records"
        return frame_of(rows, columns.split())

    def advance(self, request: str, state: str, *, ground: str | None = None) -> Request:
        """Write that a request was accepted, refused (with the clause), answered or lifted."""
        return requests.advance(self._opened, request, state, ground=ground)

    def extend(self, request: str) -> Request:
        """Extend a request's term by what the policy allows, once and in time."""
        return requests.extend(self._opened, request, self._policy)

    def retrain_due(
        self, name: str, *, due_by: int | None = None, keep_until: int | None = None
    ) -> retraining.Retrained:
        """Run a planned cycle for a model: exclude what was asked to leave, and train again."""
        return retraining.retrain_due(self._opened, name, due_by=due_by, keep_until=keep_until)

    def models_with_open_requests(self) -> list[str]:
        """Return the names of the models that a planned cycle would train again."""
        return retraining.models_waiting(self._opened)

    def replay(self, version: str) -> Any:
        """Train a version again from its rows and compare it with its file."""
        return retraining.replay_version(self._opened, version)

    def destroy(self, request: str, *, suppress_days: int = 0) -> Destroyed:
        """Overwrite content, salts and blinds of the records of an erasure that was carried out."""
        return erasure.destroy(self._opened, request, suppress_days=suppress_days)

    def suppressions(self) -> pd.DataFrame:
        """Return how many suppression tokens there are, and until when."""
        rows = erasure.suppressions(self._opened)
        return pd.DataFrame(rows, columns=["request", "what", "tokens", "until"])

    def forget_suppressed(self) -> int:
        """Delete the suppression tokens whose retention has ended; return how many."""
        return erasure.forget_suppressed(self._opened)

    def lift_suppression(self, subject: str) -> int:
        """Let a person come back who wants to; return how many tokens were deleted."""
        return erasure.lift_suppression(self._opened, subject)

    # What is handed out --------------------------------------------------------------------------

    def receipts(self, request: str) -> tuple[bytes, ...]:
        """Return what the person who asked keeps; hers alone, and before the erasure."""
        return request_evidence.receipts_for(self._opened, request)

    def known_models(
        self, report: AuditReport, case: AuditCase
    ) -> tuple[known_models.KnownModel, ...]:
        """Return which models of an audit were trained here, and which were handed in."""
        return known_models.known_models(self._opened, report, case)

    def with_known_models(self, report: AuditReport, case: AuditCase) -> AuditReport:
        """Return the report that says which retrained model is known to come from here."""
        return known_models.with_known_models(self._opened, report, case)

    def dossier(
        self,
        request: str,
        model: str,
        key: SigningKey,
        *,
        prove: bool = False,
        measured: Mapping[str, Measured] | None = None,
        report: AuditReport | None = None,
        old_checkpoint: bytes | None = None,
        old_stamp: bytes | None = None,
        stamp: Callable[[bytes], bytes] | None = None,
        more: Mapping[str, bytes] | None = None,
        facts: Mapping[str, Any] | None = None,
    ) -> dict[str, bytes]:
        """Return the files of a dossier about a request and a model, by name.

        Parameters
        ----------
        key : SigningKey
            The log keeper's, under the registry's origin.
        prove : bool, default False
            Prove the optimum; takes a while, and rows taken in with `prove_with`.
        measured : mapping of str to Measured, optional
            What an audit of the new model found, in words of one's own.
        report : AuditReport, optional
            An audit of the new model, which goes in. Its results are more than INCONCLUSIVE only
            where it is about the features that the request names, on the rows that the model was
            trained on: then the registry sees whether the model is the one.
        old_checkpoint, old_stamp : bytes, optional
            A checkpoint from before the request, and its time stamp.
        stamp : callable, optional
            From the checkpoint to its time stamp.
        more : mapping of str to bytes, optional
            Further files: the report of the audit.
        facts : mapping, optional
            What the provenance files state beside the sources that the registry knows:
            :func:`workbench.evidence.training_environment.surroundings` of a project.
        """
        checkpoint = self.checkpoint(key)
        if report is not None:
            held = self.evidence_for(request, model)
            unseen = known_models.unseen(self._opened, report, held)
            measured = {**measured_by(report, unseen), **(measured or {})}
            more = {AUDIT_REPORT: report_file(report), **(more or {})}
        parts = dossiers.parts_of_dossier(
            self._opened,
            request,
            model,
            checkpoint,
            prove=prove,
            measured=measured,
            old_checkpoint=old_checkpoint,
            old_stamp=old_stamp,
            stamp=None if stamp is None else stamp(checkpoint),
            more=more,
            facts=facts,
        )
        return build_dossier(parts, key)

    def evidence_for(self, request: str, model: str) -> request_evidence.RequestEvidence:
        """Return what a dossier about a request and a model is made from."""
        return request_evidence.evidence_for(self._opened, request, model)


def _law_of(clauses: Sequence[str], policy: DueDates) -> str:
    for clause in clauses:
        for law in policy.laws:
            if clause.startswith(law):
                return law
    raise EvidenceError(
        f"Name the law by its clause, such as 'GDPR 17(1)(b)', or by `law`: the due date follows "
        f"from it. Laws of the policy {policy.version}: {', '.join(policy.laws)}."
    )
