"""Freezing a training table: exactly the rows whose consent covers the purpose, now."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

import pandas as pd

from workbench.common.errors import EvidenceError, listed, suggestion
from workbench.evidence.commitments import NO_POINT, make_leaf, record_seal, tree_root
from workbench.evidence.log_entries import dataset_entry
from workbench.evidence.registry.opened import Opened
from workbench.evidence.registry.requests import BLOCKING, STATE, advance_excluded
from workbench.evidence.registry.values import DataSet

__all__ = [
    "check_seals",
    "dataset_named",
    "datasets",
    "delta_of",
    "frame_of_records",
    "freeze",
    "leaves_of",
    "members",
    "table_of",
]

_COVERED = f"""
CREATE TEMP TABLE covered AS
WITH standing AS MATERIALIZED (
    SELECT request.id, request.person FROM request
    WHERE request.kind IN ({BLOCKING}) AND {STATE} NOT IN ('refused', 'lifted')
        AND (request.purpose IS NULL OR request.purpose = :purpose)
)
SELECT record.id AS record FROM record
WHERE record.destroyed IS NULL
    AND EXISTS (
        SELECT 1 FROM consent WHERE consent.person = record.person AND consent.purpose = :purpose
        AND (consent.source IS NULL OR consent.source = record.source) AND consent.granted <= :at
        AND (consent.withdrawn IS NULL OR consent.withdrawn > :at))
    AND record.person NOT IN (SELECT person FROM standing WHERE person IS NOT NULL)
    AND record.id NOT IN (
        SELECT request_record.record FROM request_record
        JOIN standing ON standing.id = request_record.request WHERE standing.person IS NULL)
"""

_WHY = f"""
SELECT coalesce(
    (SELECT request.kind FROM request WHERE request.kind IN ({BLOCKING})
        AND {STATE} NOT IN ('refused', 'lifted') AND (request.person = record.person
            OR request.id IN (SELECT request FROM request_record WHERE record = record.id))
        ORDER BY request.received LIMIT 1),
    CASE WHEN record.destroyed IS NOT NULL THEN 'erasure'
        WHEN EXISTS (SELECT 1 FROM consent WHERE consent.person = record.person
            AND consent.purpose = :purpose AND consent.withdrawn <= :at) THEN 'withdrawal'
        ELSE 'no consent' END)
FROM record WHERE record.id = :record
"""


def freeze(
    opened: Opened,
    *,
    purpose: str,
    name: str | None = None,
    only_leaving: bool = False,
) -> DataSet:
    """Freeze the rows whose consent covers a purpose as the next data set of a lineage.

    Parameters
    ----------
    purpose : str
    name : str, optional
        Of the lineage; by default the purpose.
    only_leaving : bool, default False
        Take no row in that the last data set does not have, so that the difference between the two
        is what was asked to leave and nothing else.

    Raises
    ------
    EvidenceError
        When no row is covered, or the lineage is of another purpose.
    """
    store, lineage = opened.store, purpose if name is None else name
    if not lineage or "/" in lineage or not lineage.isprintable():
        raise EvidenceError("A lineage of data sets has a name without slashes.")
    with store.writing():
        at = opened.log.now()
        last = store.row(
            "SELECT name, number, purpose FROM dataset WHERE lineage = ? "
            "ORDER BY number DESC LIMIT 1",
            (lineage,),
        )
        parent, number = (None, 1) if last is None else (last[0], last[1] + 1)
        if last is not None and last[2] != purpose:
            raise EvidenceError(
                f"The data sets {lineage!r} are for {last[2]!r}, not {purpose!r}. Consent for one "
                f"purpose does not cover another; give the new lineage a name of its own."
            )
        store.run("DROP TABLE IF EXISTS temp.covered")
        store.run(_COVERED, {"purpose": purpose, "at": at})
        store.run("CREATE UNIQUE INDEX temp.covered_record ON covered (record)")
        if not store.row("SELECT count(*) FROM covered")[0]:
            raise EvidenceError(_nothing_covered(opened, purpose))
        left = _let_go(opened, lineage, number, {"purpose": purpose, "at": at})
        joined = (
            0
            if only_leaving
            else store.run(
                """INSERT INTO member (record, lineage, first)
            SELECT record, :lineage, :number FROM covered WHERE record NOT IN
                (SELECT record FROM member WHERE lineage = :lineage AND last IS NULL)""",
                {"lineage": lineage, "number": number},
            ).rowcount
        )
        store.run("DROP TABLE temp.covered")
        leaves = _leaves(opened, lineage, number)
        if not leaves:
            raise EvidenceError(f"No row of {parent!r} would be left to train on.")
        frozen = DataSet(
            name=f"{lineage}/{number}",
            lineage=lineage,
            number=number,
            purpose=purpose,
            parent=parent,
            root=tree_root(leaves),
            size=len(leaves),
            joined=joined,
            left=sum(left.values()),
            why_left=left,
            frozen=at,
        )
        store.run(
            """INSERT INTO dataset (name, lineage, number, purpose, parent, root, size, frozen)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?)""",
            (frozen.name, lineage, number, purpose, parent, frozen.root, frozen.size, at),
        )
        opened.log.append(dataset_entry(frozen.name, frozen.root, frozen.size, at, parent))
        advance_excluded(opened, at)
    return frozen


def _let_go(opened: Opened, lineage: str, number: int, when: dict[str, Any]) -> dict[str, int]:
    """End the membership of the rows that are covered no more, with the reason of each."""
    leaving = opened.store.rows(
        """SELECT record FROM member WHERE lineage = ? AND last IS NULL
        AND record NOT IN (SELECT record FROM covered)""",
        (lineage,),
    )
    whys = [opened.store.row(_WHY, {**when, "record": record})[0] for (record,) in leaving]
    opened.store.run_many(
        "UPDATE member SET last = ?, why = ? WHERE lineage = ? AND record = ? AND last IS NULL",
        [(number - 1, why, lineage, row[0]) for row, why in zip(leaving, whys, strict=True)],
    )
    return dict(sorted(Counter(whys).items()))


def _nothing_covered(opened: Opened, purpose: str) -> str:
    known = [row[0] for row in opened.store.run("SELECT DISTINCT purpose FROM consent")]
    return (
        f"No record has a consent in force that covers {purpose!r}.{suggestion(purpose, known)} "
        f"Purposes that were consented to: {listed(known)}."
    )


def dataset_named(opened: Opened, name: str) -> DataSet:
    """Return a data set.

    Raises
    ------
    EvidenceError
        When there is none of this name.
    """
    row = opened.store.row(
        "SELECT name, lineage, number, purpose, parent, root, size, frozen FROM dataset "
        "WHERE name = ?",
        (name,),
    )
    if row is None:
        known = [found[0] for found in opened.store.run("SELECT name FROM dataset ORDER BY frozen")]
        raise EvidenceError(
            f"There is no data set {name!r}.{suggestion(name, known)} Data sets: {listed(known)}."
        )
    found, lineage, number, purpose, parent, root, size, frozen = row
    (joined,) = opened.store.row(
        "SELECT count(*) FROM member WHERE lineage = ? AND first = ?", (lineage, number)
    )
    why = dict(
        opened.store.rows(
            "SELECT why, count(*) FROM member WHERE lineage = ? AND last = ? GROUP BY why",
            (lineage, number - 1),
        )
    )
    return DataSet(
        name=found,
        lineage=lineage,
        number=number,
        purpose=purpose,
        parent=parent,
        root=root,
        size=size,
        joined=joined,
        left=sum(why.values()),
        why_left=why,
        frozen=frozen,
    )


def datasets(opened: Opened) -> tuple[DataSet, ...]:
    """Return all data sets, oldest first."""
    names = opened.store.rows("SELECT name FROM dataset ORDER BY frozen, lineage, number")
    return tuple(dataset_named(opened, name) for (name,) in names)


_MEMBERS = "lineage = ? AND first <= ? AND (last IS NULL OR last >= ?)"


def members(opened: Opened, name: str) -> list[int]:
    """Return the registry's numbers of a data set's records, rising."""
    data = dataset_named(opened, name)
    rows = opened.store.run(
        f"SELECT record FROM member WHERE {_MEMBERS} ORDER BY record",
        (data.lineage, data.number, data.number),
    )
    return [record for (record,) in rows]


def _leaves(opened: Opened, lineage: str, number: int) -> list[bytes]:
    rows = opened.store.run(
        f"""SELECT person.token, record.seal, record.point FROM member
        JOIN record ON record.id = member.record JOIN person ON person.id = record.person
        WHERE {_MEMBERS}""",
        (lineage, number, number),
    )
    return sorted(make_leaf(token, seal, point or NO_POINT) for token, seal, point in rows)


def leaves_of(opened: Opened, name: str) -> tuple[bytes, ...]:
    """Return a data set's sorted leaves, those of destroyed records included.

    Raises
    ------
    EvidenceError
        When they do not have the root that was logged.
    """
    data = dataset_named(opened, name)
    leaves = _leaves(opened, data.lineage, data.number)
    if tree_root(leaves) != data.root:
        raise EvidenceError(f"The rows of {name!r} do not have the root that was frozen.")
    return tuple(leaves)


def delta_of(opened: Opened, name: str) -> tuple[frozenset[bytes], frozenset[bytes]]:
    """Return the leaves that left a data set's parent, and those that came in."""
    data = dataset_named(opened, name)
    new = frozenset(leaves_of(opened, name))
    old = frozenset() if data.parent is None else frozenset(leaves_of(opened, data.parent))
    return old - new, new - old


def table_of(opened: Opened, name: str) -> pd.DataFrame:
    """Return a data set's rows as a table, indexed by the registry's numbers of the records.

    Raises
    ------
    EvidenceError
        When the content of some rows has been destroyed.
    """
    data = dataset_named(opened, name)
    rows = opened.store.rows(
        f"""SELECT record.id, record.content, record.salt, record.seal FROM member
        JOIN record ON record.id = member.record WHERE {_MEMBERS} ORDER BY record.id""",
        (data.lineage, data.number, data.number),
    )
    gone = sum(row[1] is None for row in rows)
    if gone:
        raise EvidenceError(
            f"{gone:,} of the {len(rows):,} rows of {name!r} have been destroyed; the data set can "
            f"be compared by its leaves, and not trained on again."
        )
    return frame_of_records(rows)


def frame_of_records(rows: Sequence[tuple[int, str, bytes, bytes]]) -> pd.DataFrame:
    """Return stored records as a table, with numbers as numbers again.

    Parameters
    ----------
    rows : sequence of (number, content, salt, seal)

    Raises
    ------
    EvidenceError
        When a content is not the one that was sealed at ingestion.
    """
    check_seals(rows)
    held = [json.loads(row[1]) for row in rows]
    names = list(dict.fromkeys(name for record in held for name in record))
    index = pd.Index([row[0] for row in rows], name="record")
    columns = {name: _column([record.get(name) for record in held]) for name in names}
    return pd.DataFrame({name: pd.Series(cells, index=index) for name, cells in columns.items()})


def check_seals(rows: Iterable[tuple[int, str, bytes, bytes]]) -> None:
    """Make sure that contents are those that were sealed.

    Raises
    ------
    EvidenceError
        At the first that is not.
    """
    for number, content, salt, seal in rows:
        if record_seal(salt, content.encode()) != seal:
            raise EvidenceError(f"Record {number} is not the one that was sealed at ingestion.")


def _column(cells: list[Any]) -> list[Any]:
    """Return a column's values; whole numbers stay whole where all of them are."""
    texts = [cell["number"] if isinstance(cell, dict) else None for cell in cells]
    if not any(text is not None for text in texts):
        return cells
    whole = all(text is not None and text.lstrip("-").isdigit() for text in texts)
    return [
        cell if text is None else (int(text) if whole else float(text))
        for cell, text in zip(cells, texts, strict=True)
    ]
