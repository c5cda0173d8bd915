"""The registry: one file in which a controller keeps who gave what, and where it went."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol

import pandas as pd

from workbench.case.condition import Condition
from workbench.common.errors import EvidenceError
from workbench.evidence.commitments import sha256_hex
from workbench.evidence.registry import (
    erasure,
    freezing,
    handed_out,
    ingestion,
    models,
    questions,
    requests,
    retraining,
)
from workbench.evidence.registry.consents import Consent, consent_of, grant
from workbench.evidence.registry.due_dates import DueDates
from workbench.evidence.registry.registry_file import RegistryFile, Signer
from workbench.evidence.registry.values import (
    DataSet,
    Destroyed,
    Ingested,
    ModelVersion,
    Request,
    Source,
    frame_of,
)
from workbench.models.black_box import BlackBoxModel

__all__ = ["Registry"]


class _Document(Protocol):
    def to_bytes(self) -> bytes: ...


class Registry(RegistryFile):
    """Sources, consents, records, data sets, models and requests of one controller, and their log.

    Made by :meth:`create` and opened by :meth:`open`. Each method that writes does so in one
    transaction: what it returned from is kept, whatever happens to the process or the disk after
    it. One process writes at a time; the others are told so.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> import pandas as pd
    >>> folder = tempfile.TemporaryDirectory()
    >>> place = pathlib.Path(folder.name, "registry.sqlite")
    >>> registry = Registry.create(place, origin="bank.example/evidence")
    >>> source = registry.source("loans", uri="file:loans.csv", licence="own records")
    >>> table = pd.DataFrame({"customer": ["c-1", "c-2"], "income": [30, 50], "paid": [0, 1]})
    >>> taken = registry.ingest(
    ...     table, subject="customer", source="loans", consent={"purpose": "credit scoring"}
    ... )
    >>> registry.freeze(purpose="credit scoring").size
    2
    >>> registry.request("withdrawal", subject="c-2", clause="GDPR 7(3)").state
    'received'
    >>> registry.freeze(purpose="credit scoring").why_left
    {'withdrawal': 1}
    >>> registry.close(); folder.cleanup()
    """

    # What comes in -------------------------------------------------------------------------------

    def source(
        self,
        name: str,
        *,
        uri: str,
        licence: str,
        sha256: str | None = None,
        collected: str | None = None,
    ) -> Source:
        """Register where records come from; the same source may be named again."""
        return ingestion.add_source(self._opened, Source(name, uri, licence, sha256, collected))

    def sources(self) -> tuple[Source, ...]:
        """Return the sources."""
        return tuple(ingestion.sources(self._opened).values())

    def ingest(
        self,
        frame: pd.DataFrame,
        *,
        subject: str,
        source: str | Source,
        consent: Consent | Mapping[str, Any] | Sequence[Consent | Mapping[str, Any]] = (),
        points: ingestion.Points | None = None,
    ) -> Ingested:
        """Take a table's rows in, all of them or none.

        Parameters
        ----------
        frame : DataFrame
        subject : str
            The column that says who a row is of; turned into keyed tokens and not kept.
        source : str or Source
        consent : Consent, mapping or sequence of them, optional
            Given by everybody in the table; :meth:`grant` adds those of some.
        points : callable, optional
            From rows to the points that a proof of the optimum computes with, and their blinds.
        """
        given = [consent] if isinstance(consent, Consent | Mapping) else list(consent)
        return ingestion.ingest(
            self._opened,
            frame,
            subject=subject,
            source=source.name if isinstance(source, Source) else source,
            consents=[consent_of(one) for one in given],
            points=points,
        )

    def grant(
        self,
        subjects: str | Iterable[str],
        consent: Consent | Mapping[str, Any],
        *,
        source: str | None = None,
    ) -> int:
        """Write a consent for people who are in the registry; return how many are new."""
        opened, given = self._opened, consent_of(consent)
        names = [subjects] if isinstance(subjects, str) else list(subjects)
        with opened.store.writing():
            people = [opened.person(name) for name in names]
            number = None if source is None else ingestion.source_number(opened, source)
            return grant(opened, people, given, number, opened.log.now())

    # Data sets and models ------------------------------------------------------------------------

    def freeze(
        self, *, purpose: str, name: str | None = None, only_leaving: bool = False
    ) -> DataSet:
        """Freeze the rows whose consent covers a purpose as the next data set of a lineage.

        Parameters
        ----------
        purpose : str
        name : str, optional
            Of the lineage; by default the purpose.
        only_leaving : bool, default False
            Take in no row that the last data set does not have.
        """
        return freezing.freeze(self._opened, purpose=purpose, name=name, only_leaving=only_leaving)

    def datasets(self) -> tuple[DataSet, ...]:
        """Return the data sets, oldest first."""
        return freezing.datasets(self._opened)

    def table(self, dataset: str) -> pd.DataFrame:
        """Return a data set's rows, indexed by the registry's numbers of the records."""
        return freezing.table_of(self._opened, dataset)

    def leaves(self, dataset: str) -> tuple[bytes, ...]:
        """Return a data set's sorted leaves."""
        return freezing.leaves_of(self._opened, dataset)

    def delta(self, dataset: str) -> tuple[frozenset[bytes], frozenset[bytes]]:
        """Return the leaves that left a data set's parent, and those that came in."""
        return freezing.delta_of(self._opened, dataset)

    def commit(self, configuration: _Document | bytes) -> str:
        """Fix a training configuration in the log; return its SHA-256."""
        body = configuration if isinstance(configuration, bytes) else configuration.to_bytes()
        return models.commit_configuration(self._opened, body)

    def configuration(self, sha256: str) -> bytes:
        """Return a committed configuration."""
        return models.configuration_named(self._opened, sha256)

    def train(
        self,
        name: str,
        dataset: DataSet | str,
        configuration: str,
        *,
        keep_until: int | None = None,
    ) -> ModelVersion:
        """Train a model's next version on a data set by a committed configuration."""
        return retraining.first_training(
            self._opened, name, _name(dataset), configuration, keep_until
        )

    def register_model(
        self,
        name: str,
        dataset: DataSet | str,
        configuration: str,
        *,
        file: bytes,
        keep_until: int | None = None,
    ) -> ModelVersion:
        """Register a version that was trained elsewhere: the hash of its file, and what is told."""
        return models.register(
            self._opened,
            name,
            dataset=_name(dataset),
            configuration=configuration,
            sha256=sha256_hex(file),
            keep_until=keep_until,
        )

    def models(self, name: str | None = None) -> tuple[ModelVersion, ...]:
        """Return the model versions, oldest first."""
        return models.model_versions(self._opened, name)

    def model(self, version: str) -> BlackBoxModel:
        """Return a version that was trained here as a model to ask."""
        return retraining.black_box(self._opened, version)

    def model_file(self, version: str) -> bytes:
        """Return the file of a version that was trained here."""
        return models.model_file(self._opened, version)

    def serve(self, version: str, *, at: int | None = None) -> ModelVersion:
        """Write down that a version is served now, in place of the others of its name."""
        return models.serve(self._opened, version, at)

    def served_at(self, name: str, at: int) -> ModelVersion:
        """Return the version of a model that was served at a time."""
        return models.served_at(self._opened, name, at)

    def drop_files(self) -> int:
        """Overwrite the files of versions whose retention has ended; return how many."""
        return models.drop_files(self._opened)

    # Questions -----------------------------------------------------------------------------------

    def where_is(self, subject: str) -> questions.WhereIs:
        """Return the model versions that hold a person, with what consent, and her requests."""
        return questions.where_is(self._opened, subject)

    def rows_of(self, version: str) -> pd.DataFrame:
        """Return what a version was trained on: each row's leaf, source and consent."""
        return questions.rows_of_version(self._opened, version)

    def trace(self, version: str, where: str) -> questions.Trace:
        """Follow a version back to the rows like a suspect prediction's, and to their sources."""
        return questions.trace(self._opened, version, where)

    # Requests ------------------------------------------------------------------------------------

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

    def receipt(self, request: str, *, key: Signer | None = None) -> dict[str, Any]:
        """Return what the person who asked keeps; hers alone, and before the erasure."""
        signed = None if key is None else self.checkpoint(key)
        return handed_out.receipt_for(self._opened, request, signed)

    def evidence_for(self, request: str, model: str) -> handed_out.RequestEvidence:
        """Return what a dossier about a request and a model is made from."""
        return handed_out.evidence_for(self._opened, request, model)


def _name(dataset: DataSet | str) -> str:
    return dataset if isinstance(dataset, str) else dataset.name


def _law_of(clauses: Sequence[str], policy: DueDates) -> str:
    for clause in clauses:
        for law in policy.laws:
            if clause.startswith(law):
                return law
    raise EvidenceError(
        f"Name the law by its clause, such as 'GDPR 17(1)(b)', or by `law`: the due date follows "
        f"from it. Laws of the policy {policy.version}: {', '.join(policy.laws)}."
    )
