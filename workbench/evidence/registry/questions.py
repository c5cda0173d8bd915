"""What the registry is asked: where is this person, what is in this version, who taught it this."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from workbench.case.condition import Condition
from workbench.common.errors import EvidenceError
from workbench.common.wording import counted
from workbench.evidence.commitments import NO_POINT, make_leaf
from workbench.evidence.registry.freezing import dataset_named, table_of
from workbench.evidence.registry.models import version_named
from workbench.evidence.registry.opened import Opened
from workbench.evidence.registry.requests import request_named
from workbench.evidence.registry.times import day_of
from workbench.evidence.registry.values import (
    DataSet,
    ModelVersion,
    Request,
    StoredConsent,
    frame_of,
)

__all__ = ["Trace", "Use", "WhereIs", "rows_of_version", "trace", "where_is"]

LEVELS = 5
"""Of a column of texts that a profile shows: the most frequent."""
FEWEST = 5
"""Rows of a slice below which its profile would describe single people."""


@dataclass(frozen=True)
class Use:
    """A model version whose training set holds records of a person.

    Attributes
    ----------
    version, dataset, purpose : str
    records : int
    basis : str or None
        Of the consent that covered them when the data set was frozen.
    granted, withdrawn : int or None
    served_from, served_until : int or None
    left_with : str or None
        The first version after this one whose training set does not hold them.
    """

    version: str
    dataset: str
    purpose: str
    records: int
    basis: str | None
    granted: int | None
    withdrawn: int | None
    served_from: int | None
    served_until: int | None
    left_with: str | None


@dataclass(frozen=True)
class WhereIs:
    """Where a person's records are and were.

    Attributes
    ----------
    uses : tuple of Use
    consents : tuple of StoredConsent
    requests : tuple of Request
    records, destroyed : int
        Of all sources; those whose content was destroyed.
    """

    uses: tuple[Use, ...]
    consents: tuple[StoredConsent, ...]
    requests: tuple[Request, ...]
    records: int
    destroyed: int

    def to_frame(self) -> pd.DataFrame:
        """Return one row for each model version."""
        rows = [
            {
                "version": use.version,
                "dataset": use.dataset,
                "records": use.records,
                "purpose": use.purpose,
                "basis": use.basis,
                "granted": _day(use.granted),
                "withdrawn": _day(use.withdrawn),
                "served_from": _day(use.served_from),
                "served_until": _day(use.served_until),
                "left_with": use.left_with,
            }
            for use in self.uses
        ]
        columns = "version dataset records purpose basis granted withdrawn served_from"
        return frame_of(rows, [*columns.split(), "served_until", "left_with"])

    def sentences(self) -> tuple[str, ...]:
        """Say it in words."""
        held = counted(self.records, "record")
        if self.destroyed:
            held += f", the content of {self.destroyed:,} of them destroyed"
        said = [f"The registry holds {held}."]
        for use in self.uses:
            many = counted(use.records, "record")
            text = f"In the training set of version {use.version} ({many})"
            if use.left_with:
                text += f"; excluded from the training set of version {use.left_with}"
            said.append(text + ".")
        if not self.uses:
            said.append("No registered model version was trained on them.")
        said += [f"Request {one.id} ({one.kind}): {one.state}." for one in self.requests]
        return tuple(said)


def _day(seconds: int | None) -> str | None:
    return None if seconds is None else day_of(seconds)


_USES = """
SELECT model.version, model.name, model.number, dataset.name, dataset.purpose, dataset.frozen,
    count(DISTINCT record.id)
FROM record
JOIN member ON member.record = record.id
JOIN dataset ON dataset.lineage = member.lineage AND dataset.number >= member.first
    AND (member.last IS NULL OR dataset.number <= member.last)
JOIN model ON model.dataset = dataset.name
WHERE record.person = ?
GROUP BY model.version ORDER BY model.trained, model.name, model.number
"""


def where_is(opened: Opened, subject: str) -> WhereIs:
    """Return the model versions that hold a person, with what consent, and her requests."""
    store = opened.store
    with store.reading():
        person = opened.person(subject)
        consents = consents_of(opened, person)
        found = store.rows(_USES, (person,))
        uses = []
        for version, name, number, dataset, purpose, frozen, records in found:
            model = version_named(opened, version)
            holding = {row[2] for row in found if row[1] == name}
            later = store.rows(
                "SELECT number FROM model WHERE name = ? AND number > ? ORDER BY number",
                (name, number),
            )
            free = next((n for (n,) in later if n not in holding), None)
            covering = [c for c in consents if c.purpose == purpose and c.covers(frozen)]
            consent = covering[0] if covering else None
            uses.append(
                Use(
                    version=version,
                    dataset=dataset,
                    purpose=purpose,
                    records=records,
                    basis=consent.basis if consent else None,
                    granted=consent.granted if consent else None,
                    withdrawn=consent.withdrawn if consent else None,
                    served_from=model.served_from,
                    served_until=model.served_until,
                    left_with=None if free is None else f"{name}/{free}",
                )
            )
        counts = store.row(
            "SELECT count(*), count(destroyed) FROM record WHERE person = ?", (person,)
        )
        names = store.rows(
            """SELECT id FROM request WHERE person = ?1
            UNION SELECT request FROM record
            JOIN request_record ON request_record.record = record.id WHERE record.person = ?1""",
            (person,),
        )
        asked = tuple(request_named(opened, name) for (name,) in names)
    return WhereIs(tuple(uses), consents, asked, *counts)


def consents_of(opened: Opened, person: int) -> tuple[StoredConsent, ...]:
    """Return a person's consents, newest first."""
    rows = opened.store.run(
        """SELECT purpose, basis, granted, withdrawn, source.name, evidence_sha256 FROM consent
        LEFT JOIN source ON source.id = consent.source WHERE person = ? ORDER BY granted DESC""",
        (person,),
    )
    return tuple(StoredConsent(*row) for row in rows)


_ROWS = """
SELECT record.id, source.name, source.licence, person.token, record.seal, record.point,
    record.destroyed,
    (SELECT consent.id FROM consent WHERE consent.person = record.person
        AND consent.purpose = :purpose AND consent.granted <= :frozen
        AND (consent.source IS NULL OR consent.source = record.source)
        AND (consent.withdrawn IS NULL OR consent.withdrawn > :frozen)
        ORDER BY consent.granted DESC LIMIT 1) AS covering
FROM member JOIN record ON record.id = member.record JOIN source ON source.id = record.source
JOIN person ON person.id = record.person
WHERE member.lineage = :lineage AND member.first <= :number
    AND (member.last IS NULL OR member.last >= :number)
ORDER BY record.id
"""


def rows_of_version(opened: Opened, version: str) -> pd.DataFrame:
    """Return what a version was trained on: each row's leaf, source and consent, no content."""
    with opened.store.reading():
        data = dataset_named(opened, version_named(opened, version).dataset)
        given = {
            row[0]: row[1:]
            for row in opened.store.run("SELECT id, basis, granted, withdrawn FROM consent")
        }
        rows = []
        found = opened.store.rows(_ROWS, _about(data))
        for record, source, licence, token, seal, point, destroyed, covering in found:
            basis, granted, withdrawn = given.get(covering, (None, None, None))
            rows.append(
                {
                    "record": record,
                    "leaf": make_leaf(token, seal, point or NO_POINT).hex(),
                    "source": source,
                    "licence": licence,
                    "basis": basis,
                    "granted": _day(granted),
                    "withdrawn": _day(withdrawn),
                    "destroyed": _day(destroyed),
                }
            )
    columns = ["record", "leaf", "source", "licence", "basis", "granted", "withdrawn", "destroyed"]
    return frame_of(rows, columns).set_index("record")


def _about(data: DataSet) -> dict[str, object]:
    return {
        "purpose": data.purpose,
        "frozen": data.frozen,
        "lineage": data.lineage,
        "number": data.number,
    }


@dataclass(frozen=True, eq=False)
class Trace:
    """From a suspect prediction to what its model was trained on.

    Attributes
    ----------
    version : ModelVersion
    dataset : DataSet
    condition : str
        The slice: rows like the one that was predicted.
    rows, whole : int
        Of the slice and of the data set.
    sources : DataFrame
        By source: rows and shares in the slice and in the whole, licence, place.
    consents : DataFrame
        By basis: rows of the slice, and how many of their consents were withdrawn since.
    profile : DataFrame
        By column: the mean (of a number) or the share of a level, in the slice and in the whole,
        and the difference in standard deviations of the whole. Empty for a slice of fewer than
        five rows, which would describe single people.
    """

    version: ModelVersion
    dataset: DataSet
    condition: str
    rows: int
    whole: int
    sources: pd.DataFrame
    consents: pd.DataFrame
    profile: pd.DataFrame

    def sentences(self) -> tuple[str, ...]:
        """Say it in words."""
        said = [
            f"Version {self.version.version} was registered as trained on data set "
            f"{self.dataset.name} ({self.whole:,} rows, root {self.dataset.root.hex()[:16]}…).",
            f"{self.rows:,} of its rows are of the slice {self.condition}.",
        ]
        if not self.version.trained_here:
            said.append("It was handed in: that it was trained on this data set is what was told.")
        if self.rows < FEWEST:
            said.append(f"Fewer than {FEWEST} rows are counted and not described.")
        elif len(self.profile):
            most = str(self.profile["difference"].abs().idxmax())
            here, there = self.profile["slice"][most], self.profile["whole"][most]
            said.append(
                f"The slice differs most from the whole in {most}: {here:.3g} against {there:.3g}."
            )
        said.append("That a slice differs does not show that it caused the prediction.")
        return tuple(said)


def trace(opened: Opened, version: str, condition: str) -> Trace:
    """Follow a version back to the rows like a suspect prediction's, and to their sources.

    Raises
    ------
    EvidenceError
        When rows of the data set have been destroyed, so that the slice cannot be told any more.
    """
    with opened.store.reading():
        model = version_named(opened, version)
        data = dataset_named(opened, model.dataset)
        table = table_of(opened, data.name)
        rows = rows_of_version(opened, version)
        licences = opened.store.rows("SELECT name, licence, uri FROM source")
    mask = Condition(condition).mask(table)
    count = int(mask.sum())
    if not count:
        raise EvidenceError(
            f"No row of {data.name} is of the slice {condition}: nothing like it was trained on."
        )
    chosen = rows[mask]
    by_source = pd.DataFrame(licences, columns=["source", "licence", "uri"]).set_index("source")
    by_source["slice"] = chosen["source"].value_counts()
    by_source["whole"] = rows["source"].value_counts()
    by_source = by_source.fillna({"slice": 0, "whole": 0}).astype({"slice": int, "whole": int})
    by_source = by_source[by_source["whole"] > 0]
    by_source["slice_share"] = by_source["slice"] / count
    by_source["whole_share"] = by_source["whole"] / len(rows)
    consents = chosen.groupby("basis").agg(
        rows=("leaf", "size"), withdrawn_since=("withdrawn", "count")
    )
    profile = _profile(table, mask) if count >= FEWEST else _profile(table.iloc[:, :0], mask)
    return Trace(
        version=model,
        dataset=data,
        condition=condition,
        rows=count,
        whole=len(rows),
        sources=by_source,
        consents=consents,
        profile=profile,
    )


def _profile(table: pd.DataFrame, mask: np.ndarray) -> pd.DataFrame:
    lines = []
    for name in table.columns:
        column = table[name]
        if pd.api.types.is_numeric_dtype(column):
            measured = {str(name): column.astype(float)}
        else:
            common = column.astype(str).value_counts().index[:FEWEST]
            measured = {
                f"{name} = {level}": (column.astype(str) == level) * 1.0 for level in common
            }
        for label, values in measured.items():
            inside, whole, spread = values[mask].mean(), values.mean(), values.std(ddof=0)
            difference = (inside - whole) / spread if spread > 0 else 0.0
            lines.append((label, inside, whole, difference))
    frame = pd.DataFrame(lines, columns=["column", "slice", "whole", "difference"])
    return frame.set_index("column")
