"""The tables of the registry's file, as steps from one version of the schema to the next."""

from __future__ import annotations

__all__ = ["APPLICATION", "STEPS", "VERSION"]

APPLICATION = 0x43414645
"""What SQLite's ``application_id`` says of the file: "CAFE"."""

_FIRST = """
CREATE TABLE about (
    name TEXT PRIMARY KEY,
    value BLOB NOT NULL
) STRICT, WITHOUT ROWID;

-- The log. What an entry is about is read out of its text, so that it cannot say anything else.
CREATE TABLE entry (
    seq INTEGER PRIMARY KEY,
    body TEXT NOT NULL,
    head BLOB NOT NULL,
    kind TEXT NOT NULL GENERATED ALWAYS AS (json_extract(body, '$.kind')) VIRTUAL,
    at INTEGER NOT NULL GENERATED ALWAYS AS (json_extract(body, '$.at')) VIRTUAL,
    request TEXT GENERATED ALWAYS AS (json_extract(body, '$.request')) VIRTUAL,
    model TEXT GENERATED ALWAYS AS (json_extract(body, '$.model')) VIRTUAL
) STRICT;
CREATE INDEX entry_of_request ON entry (request, kind) WHERE request IS NOT NULL;
CREATE INDEX entry_of_model ON entry (model, kind) WHERE model IS NOT NULL;
CREATE TRIGGER entry_is_next BEFORE INSERT ON entry
    WHEN new.seq <> (SELECT coalesce(max(seq), -1) + 1 FROM entry)
    BEGIN SELECT raise(ABORT, 'the log only grows, by one entry at a time'); END;
CREATE TRIGGER entry_stays BEFORE UPDATE ON entry
    BEGIN SELECT raise(ABORT, 'the log only grows'); END;
CREATE TRIGGER entry_remains BEFORE DELETE ON entry
    BEGIN SELECT raise(ABORT, 'the log only grows'); END;

CREATE TABLE source (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    uri TEXT NOT NULL,
    licence TEXT NOT NULL,
    sha256 TEXT,
    collected TEXT
) STRICT;

CREATE TABLE person (
    id INTEGER PRIMARY KEY,
    token BLOB NOT NULL UNIQUE CHECK (length(token) = 32)
) STRICT;

CREATE TABLE consent (
    id INTEGER PRIMARY KEY,
    person INTEGER NOT NULL REFERENCES person,
    source INTEGER REFERENCES source,        -- NULL: whatever the source
    purpose TEXT NOT NULL,
    basis TEXT NOT NULL,
    granted INTEGER NOT NULL,
    withdrawn INTEGER,
    evidence_sha256 TEXT
) STRICT;
CREATE INDEX consent_of_person ON consent (person, purpose);
CREATE TRIGGER consent_ends_once BEFORE UPDATE ON consent
    WHEN old.withdrawn IS NOT NULL OR new.person <> old.person OR new.purpose <> old.purpose
        OR new.source IS NOT old.source OR new.basis <> old.basis OR new.granted <> old.granted
    BEGIN SELECT raise(ABORT, 'of a consent only the withdrawal is written, and once'); END;

CREATE TABLE record (
    id INTEGER PRIMARY KEY,
    source INTEGER NOT NULL REFERENCES source,
    person INTEGER NOT NULL REFERENCES person,
    seal BLOB NOT NULL CHECK (length(seal) = 32),
    point BLOB CHECK (length(point) = 32),   -- NULL where no proof computes with the row
    salt BLOB,                               -- destroyed on erasure, as the next two
    blind BLOB,
    content TEXT,
    destroyed INTEGER
) STRICT;
CREATE INDEX record_of_person ON record (person);
CREATE TRIGGER record_is_destroyed_whole BEFORE UPDATE ON record
    WHEN new.seal <> old.seal OR new.person <> old.person OR new.source <> old.source
        OR new.point IS NOT old.point OR old.destroyed IS NOT NULL OR new.destroyed IS NULL
        OR new.salt IS NOT NULL OR new.blind IS NOT NULL OR new.content IS NOT NULL
    BEGIN SELECT raise(ABORT, 'a record is kept as it is or destroyed'); END;

-- The data sets of one lineage follow each other; a record is in those from first to last.
CREATE TABLE dataset (
    name TEXT PRIMARY KEY,
    lineage TEXT NOT NULL,
    number INTEGER NOT NULL,
    purpose TEXT NOT NULL,
    parent TEXT REFERENCES dataset,
    root BLOB NOT NULL CHECK (length(root) = 32),
    size INTEGER NOT NULL,
    frozen INTEGER NOT NULL,
    UNIQUE (lineage, number)
) STRICT, WITHOUT ROWID;
CREATE TABLE member (
    record INTEGER NOT NULL REFERENCES record,
    lineage TEXT NOT NULL,
    first INTEGER NOT NULL,
    last INTEGER,                            -- NULL: still in it
    why TEXT,                                -- of the leaving
    PRIMARY KEY (record, lineage, first)
) STRICT, WITHOUT ROWID;
CREATE INDEX member_left ON member (lineage, last);

CREATE TABLE configuration (
    sha256 TEXT PRIMARY KEY,
    body BLOB NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE model (
    version TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    number INTEGER NOT NULL,
    dataset TEXT NOT NULL REFERENCES dataset,
    configuration TEXT NOT NULL REFERENCES configuration,
    sha256 TEXT NOT NULL,
    replaces TEXT REFERENCES model,
    without TEXT NOT NULL,                   -- features that were masked in all rows
    trained INTEGER NOT NULL,
    trained_here INTEGER NOT NULL,           -- 1: by the registry, from its own rows
    keep_until INTEGER,
    file BLOB,                               -- of the versions trained here, until taken away
    UNIQUE (name, number)
) STRICT, WITHOUT ROWID;
CREATE INDEX model_of_dataset ON model (dataset);

-- A request says what was asked; its state is the last entry of the log that names it.
CREATE TABLE request (
    id TEXT PRIMARY KEY,
    kind TEXT NOT NULL,
    granularity TEXT NOT NULL,
    person INTEGER REFERENCES person,
    clauses TEXT NOT NULL,
    law TEXT NOT NULL,
    purpose TEXT,                            -- of the consent withdrawn; NULL: every purpose
    features TEXT NOT NULL,
    received INTEGER NOT NULL,
    due INTEGER NOT NULL,
    term TEXT NOT NULL,
    document BLOB NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX request_of_person ON request (person) WHERE person IS NOT NULL;
CREATE TABLE request_record (
    request TEXT NOT NULL REFERENCES request,
    record INTEGER NOT NULL REFERENCES record,
    PRIMARY KEY (request, record)
) STRICT, WITHOUT ROWID;
CREATE INDEX request_of_record ON request_record (record);
CREATE TRIGGER request_stays BEFORE UPDATE ON request
    BEGIN SELECT raise(ABORT, 'a request stays as it was received'); END;
CREATE TRIGGER request_remains BEFORE DELETE ON request
    BEGIN SELECT raise(ABORT, 'a request stays as it was received'); END;
"""

_SECOND = """
-- What must not come back: tokens under a key of their own, for a stated time.
CREATE TABLE suppressed (
    token BLOB PRIMARY KEY CHECK (length(token) = 32),
    what TEXT NOT NULL CHECK (what IN ('person', 'record')),
    request TEXT NOT NULL,
    until INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX suppressed_until ON suppressed (until);
"""

STEPS = (_FIRST, _SECOND)
"""SQL that leads from each version of the schema to the next; a step that was released stays."""
VERSION = len(STEPS)
