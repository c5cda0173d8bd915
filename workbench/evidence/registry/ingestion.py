"""Taking rows in: each becomes a record with a salt of its own, a seal, and a leaf in the log."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

import numpy as np
import pandas as pd

from workbench.common.errors import DataError, EvidenceError, listed, suggestion
from workbench.evidence.commitments import (
    NO_POINT,
    canonical_record,
    make_leaf,
    record_seal,
    tree_root,
)
from workbench.evidence.registry.consents import Consent, grant
from workbench.evidence.registry.opened import Opened
from workbench.evidence.registry.values import Ingested, Source

__all__ = ["Points", "add_source", "ingest", "rows_of"]

Points = Callable[[pd.DataFrame], tuple[Sequence[bytes], Sequence[bytes]]]
"""From rows to their points, which a proof of the optimum computes with, and the blinds."""


def add_source(opened: Opened, source: Source) -> Source:
    """Register where records come from.

    Raises
    ------
    EvidenceError
        When the name is taken by another source.
    """
    for name, text in (("name", source.name), ("uri", source.uri), ("licence", source.licence)):
        if not str(text).strip():
            raise EvidenceError(f"A source has a {name}; an unknown licence is written 'unknown'.")
    with opened.store.writing():
        known = sources(opened).get(source.name)
        if known == source:
            return known
        if known is not None:
            raise EvidenceError(
                f"There is another source {source.name!r}, with place {known.uri!r} and licence "
                f"{known.licence!r}. A source never changes; give the new one another name."
            )
        opened.store.run(
            "INSERT INTO source (name, uri, licence, sha256, collected) VALUES (?, ?, ?, ?, ?)",
            (source.name, source.uri, source.licence, source.sha256, source.collected),
        )
        opened.log.note(
            "source", opened.log.now(), source=source.name, licence=source.licence, uri=source.uri
        )
    return source


def sources(opened: Opened) -> dict[str, Source]:
    """Return the sources by name."""
    rows = opened.store.run("SELECT name, uri, licence, sha256, collected FROM source ORDER BY id")
    return {row[0]: Source(*row) for row in rows}


def source_number(opened: Opened, name: str) -> int:
    """Return the registry's number of a source."""
    found = opened.store.row("SELECT id FROM source WHERE name = ?", (name,))
    if found is None:
        known = list(sources(opened))
        raise EvidenceError(
            f"There is no source {name!r}.{suggestion(name, known)} Sources: {listed(known)}."
        )
    return int(found[0])


def ingest(
    opened: Opened,
    frame: pd.DataFrame,
    *,
    subject: str,
    source: str,
    consents: Iterable[Consent] = (),
    points: Points | None = None,
) -> Ingested:
    """Take a table's rows in, all of them or none.

    The column of `subject` names people; it is turned into tokens and not kept.

    Raises
    ------
    DataError
        When the table cannot be taken in.
    """
    keys = opened.keys
    names = _subjects(frame, subject)
    content = frame.drop(columns=subject)
    texts = [canonical_record(row) for row in rows_of(content)]
    tokens = {name: keys.person(name) for name in set(names)}
    with opened.store.writing():
        number = source_number(opened, source)
        at = opened.log.now()
        kept = _not_suppressed(opened, [tokens[name] for name in names], texts, at)
        given, blinds = _points(points, content.iloc[kept]) if points else ({}, {})
        people = _people(opened, {tokens[names[place]] for place in kept})
        first = int(opened.store.row("SELECT coalesce(max(id), 0) + 1 FROM record")[0])
        salts = os.urandom(32 * len(kept))
        leaves, rows = [], []
        for order, place in enumerate(kept):
            token, salt = tokens[names[place]], salts[32 * order : 32 * order + 32]
            seal, point = record_seal(salt, texts[place]), given.get(order)
            leaves.append(make_leaf(token, seal, point or NO_POINT))
            text = texts[place].decode()
            row = (first + order, number, people[token], seal, point, salt, blinds.get(order), text)
            rows.append(row)
        opened.store.run_many(
            """INSERT INTO record (id, source, person, seal, point, salt, blind, content)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?)""",
            rows,
        )
        root = tree_root(sorted(leaves))
        for consent in consents:
            grant(opened, people.values(), consent, number, at)
        entry = opened.log.note(
            "ingest",
            at,
            source=source,
            records=len(rows),
            root=root.hex(),
            kept_out=len(texts) - len(kept),
        )
    numbers = tuple(range(first, first + len(rows)))
    return Ingested(numbers, len(people), len(texts) - len(kept), root, entry)


def rows_of(frame: pd.DataFrame) -> Iterator[Mapping[str, object]]:
    """Return the rows as mappings."""
    names = [str(name) for name in frame.columns]
    columns = [frame.iloc[:, place].tolist() for place in range(len(names))]
    for cells in zip(*columns, strict=True):
        yield dict(zip(names, cells, strict=True))


def _subjects(frame: pd.DataFrame, subject: str) -> list[str]:
    """Return who each row is of, after checking the table."""
    if not len(frame):
        raise DataError("There are no rows to take in: give a table with at least one.")
    names = [str(name) for name in frame.columns]
    if subject not in names:
        raise DataError(
            f"The table has no column {subject!r} that says who a row is of."
            f"{suggestion(subject, names)} Columns: {listed(names)}."
        )
    if len(set(names)) < len(names) or len(names) < 2:
        raise DataError("The table needs the person's column and others, each with its own name.")
    column = frame[subject]
    missing = column.isna().to_numpy()
    if missing.any():
        raise DataError(
            f"{int(missing.sum()):,} rows do not say who they are of, the first in position "
            f"{int(np.argmax(missing))}. A record of nobody cannot be found when somebody asks."
        )
    if pd.api.types.is_float_dtype(column) and (column == column.astype("int64")).all():
        column = column.astype("int64")  # 17.0 and 17 are one person
    return [str(value) for value in column.tolist()]


def _not_suppressed(
    opened: Opened, tokens: Sequence[bytes], texts: Sequence[bytes], at: int
) -> list[int]:
    """Return the places of the rows that may come in."""
    held = opened.store.run("SELECT token FROM suppressed WHERE until > ?", (at,))
    suppressed = {token for (token,) in held}
    if not suppressed:
        return list(range(len(texts)))
    keys = opened.keys
    barred = {token for token in set(tokens) if keys.suppressed_person(token) in suppressed}
    return [
        place
        for place, text in enumerate(texts)
        if tokens[place] not in barred and keys.suppressed_record(text) not in suppressed
    ]


def _people(opened: Opened, tokens: set[bytes]) -> dict[bytes, int]:
    """Return the numbers of people, new ones included."""
    ordered = sorted(tokens)
    opened.store.run_many(
        "INSERT INTO person (token) VALUES (?) ON CONFLICT DO NOTHING",
        [(token,) for token in ordered],
    )
    found = {}
    for token in ordered:
        found[token] = int(opened.store.row("SELECT id FROM person WHERE token = ?", (token,))[0])
    return found


def _points(make: Points, frame: pd.DataFrame) -> tuple[dict[int, bytes], dict[int, bytes]]:
    points, blinds = make(frame)
    if len(points) != len(frame) or len(blinds) != len(frame):
        raise EvidenceError("There must be one point and one blind for each row.")
    return dict(enumerate(points)), dict(enumerate(blinds))
