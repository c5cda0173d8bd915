"""The registry: one file in which a controller keeps who gave what, and where it went."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol

import pandas as pd

from workbench.evidence.commitments import sha256_hex
from workbench.evidence.configuration import Configuration
from workbench.evidence.registry import (
    dossiers,
    freezing,
    ingestion,
    models,
    questions,
    retraining,
)
from workbench.evidence.registry.consents import Consent, consent_of, grant
from workbench.evidence.registry.request_methods import RequestMethods
from workbench.evidence.registry.values import (
    DataSet,
    Ingested,
    ModelVersion,
    Source,
)
from workbench.models.black_box import BlackBoxModel

__all__ = ["Registry"]


class _Document(Protocol):
    def to_bytes(self) -> bytes: ...


class Registry(RequestMethods):
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
        prove_with: Configuration | None = None,
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
        prove_with : Configuration, optional
            Commit to the encoded rows too, so that a dossier can prove the optimum; about a
            millisecond a row.
        """
        given = [consent] if isinstance(consent, Consent | Mapping) else list(consent)
        return ingestion.ingest(
            self._opened,
            frame,
            subject=subject,
            source=source.name if isinstance(source, Source) else source,
            consents=[consent_of(one) for one in given],
            points=None if prove_with is None else dossiers.points_for(prove_with),
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


def _name(dataset: DataSet | str) -> str:
    return dataset if isinstance(dataset, str) else dataset.name
