"""Where a dossier's data and model came from, in the forms that other tools read.

RO-Crate 1.1, Croissant 1.0 and OpenLineage, as JSON beside the evidence: roots, hashes and the
configuration, never rows. What stands here is the controller's statement; no verdict rests on it.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from workbench.evidence.commitments import canonical_json, leaf_list, sha256_hex, tree_root
from workbench.evidence.configuration import Configuration
from workbench.evidence.dossier import DossierParts
from workbench.evidence.dossier_case import MODEL
from workbench.evidence.training_environment import environment

__all__ = ["provenance_bundle"]

PRODUCER = "https://cafe-workbench.example/evidence"
NOT_STATED = "not stated"


def provenance_bundle(
    parts: DossierParts, *, at: int, facts: Mapping[str, Any] | None = None
) -> dict[str, bytes]:
    """Return the provenance files of a dossier, by name.

    Parameters
    ----------
    parts : DossierParts
        What the dossier is put together from.
    at : int
        When the model was trained, in seconds since 1970.
    facts : mapping, optional
        What the controller states: "licence", "source", and what
        :func:`workbench.evidence.training_environment.surroundings` found.
    """
    stated = dict(facts or {})
    roots = {
        "old": {"dataset": parts.old_dataset, "root": tree_root(parts.old_leaves).hex()},
        "new": {"dataset": parts.new_dataset, "root": tree_root(parts.new_leaves).hex()},
    }
    known = {
        "packages": environment(),
        "data_roots": roots,
        "configuration_sha256": parts.configuration.sha256,
        "old_model_sha256": parts.old_model,
        "new_model_sha256": parts.model.sha256,
        "stated": stated,
    }
    return {
        "provenance/environment.json": canonical_json(known),
        "ro-crate-metadata.json": canonical_json(_ro_crate(parts, stated, at)),
        "croissant.json": canonical_json(_croissant(parts, stated, at)),
        "provenance/openlineage.json": canonical_json(_open_lineage(parts, roots, at)),
    }


def _day(at: int) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d")


def _sizes(parts: DossierParts) -> dict[str, bytes]:
    return {
        "configuration.json": parts.configuration.to_bytes(),
        MODEL: parts.model.to_bytes(),
        "commitments/old.bin": leaf_list(parts.old_leaves),
        "commitments/new.bin": leaf_list(parts.new_leaves),
    }


def _ro_crate(parts: DossierParts, stated: Mapping[str, Any], at: int) -> dict[str, Any]:
    """Describe the dossier as a crate: its root is the dossier."""
    files = _sizes(parts)
    learner = parts.configuration.learner
    return {
        "@context": "https://w3id.org/ro/crate/1.1/context",
        "@graph": [
            {
                "@id": "ro-crate-metadata.json",
                "@type": "CreativeWork",
                "about": {"@id": "./"},
                "conformsTo": {"@id": "https://w3id.org/ro/crate/1.1"},
            },
            {
                "@id": "./",
                "@type": "Dataset",
                "name": "Evidence of an exclusion from a training set",
                "description": "Commitments, configuration and model; no rows.",
                "datePublished": _day(at),
                "license": str(stated.get("licence", NOT_STATED)),
                "hasPart": [{"@id": name} for name in files],
                "mentions": [{"@id": "#training"}],
            },
            *(
                {
                    "@id": name,
                    "@type": "File",
                    "name": name,
                    "contentSize": str(len(raw)),
                    "sha256": sha256_hex(raw),
                    "encodingFormat": _format(name),
                }
                for name, raw in files.items()
            ),
            {
                "@id": "#training",
                "@type": "CreateAction",
                "name": f"Training of a {learner} regression",
                "endTime": datetime.fromtimestamp(at, UTC).isoformat(),
                "instrument": {"@id": "#workbench"},
                "object": [{"@id": "commitments/new.bin"}, {"@id": "configuration.json"}],
                "result": [{"@id": MODEL}],
            },
            {
                "@id": "#workbench",
                "@type": "SoftwareApplication",
                "name": "CAFÉ Audit Workbench",
                "version": environment()["cafe-workbench"],
                **_commit_of(stated),
            },
        ],
    }


def _commit_of(stated: Mapping[str, Any]) -> dict[str, str]:
    commit = stated.get("git_commit")
    return {"identifier": str(commit)} if commit else {}


def _format(name: str) -> str:
    return "application/json" if name.endswith(".json") else "application/octet-stream"


CROISSANT = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "citeAs": "cr:citeAs",
    "column": "cr:column",
    "conformsTo": "dct:conformsTo",
    "cr": "http://mlcommons.org/croissant/",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "dct": "http://purl.org/dc/terms/",
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "extract": "cr:extract",
    "field": "cr:field",
    "fileObject": "cr:fileObject",
    "fileProperty": "cr:fileProperty",
    "fileSet": "cr:fileSet",
    "format": "cr:format",
    "includes": "cr:includes",
    "isLiveDataset": "cr:isLiveDataset",
    "jsonPath": "cr:jsonPath",
    "key": "cr:key",
    "md5": "cr:md5",
    "parentField": "cr:parentField",
    "path": "cr:path",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "recordSet": "cr:recordSet",
    "references": "cr:references",
    "regex": "cr:regex",
    "repeated": "cr:repeated",
    "replace": "cr:replace",
    "sc": "https://schema.org/",
    "separator": "cr:separator",
    "source": "cr:source",
    "subField": "cr:subField",
    "transform": "cr:transform",
}
"""The context that Croissant 1.0 prescribes."""


def _croissant(parts: DossierParts, stated: Mapping[str, Any], at: int) -> dict[str, Any]:
    """Describe the data set that the model was trained on, by its commitments."""
    raw = leaf_list(parts.new_leaves)
    rows = len(parts.new_leaves)
    return {
        "@context": CROISSANT,
        "@type": "sc:Dataset",
        "conformsTo": "http://mlcommons.org/croissant/1.0",
        "name": _name_of(parts.new_dataset),
        "description": f"{rows} rows, committed to and not distributed; root "
        f"{tree_root(parts.new_leaves).hex()}. Columns read: {_columns(parts.configuration)}.",
        "datePublished": _day(at),
        "version": "1.0.0",
        "license": str(stated.get("licence", NOT_STATED)),
        "url": str(stated.get("source", PRODUCER)),
        "distribution": [
            {
                "@type": "cr:FileObject",
                "@id": "commitments",
                "name": "commitments",
                "description": "96 bytes a row: token, point, seal",
                "contentUrl": "commitments/new.bin",
                "contentSize": f"{len(raw)} B",
                "encodingFormat": "application/octet-stream",
                "sha256": sha256_hex(raw),
            }
        ],
    }


def _name_of(dataset: str) -> str:
    return "".join(sign if sign.isalnum() else "-" for sign in dataset)


def _columns(configuration: Configuration) -> str:
    return ", ".join(dict.fromkeys(code.column for code in configuration.features))


def _open_lineage(
    parts: DossierParts, roots: Mapping[str, Mapping[str, str]], at: int
) -> dict[str, Any]:
    columns = dict.fromkeys(code.column for code in parts.configuration.features)
    version = {
        "_producer": PRODUCER,
        "_schemaURL": "https://openlineage.io/spec/facets/1-0-1/DatasetVersionDatasetFacet.json",
        "datasetVersion": roots["new"]["root"],
    }
    schema = {
        "_producer": PRODUCER,
        "_schemaURL": "https://openlineage.io/spec/facets/1-1-1/SchemaDatasetFacet.json",
        "fields": [{"name": name} for name in columns],
    }
    run = uuid.uuid5(uuid.NAMESPACE_URL, f"{parts.model.sha256}/{at}")
    return {
        "eventType": "COMPLETE",
        "eventTime": datetime.fromtimestamp(at, UTC).isoformat(),
        "run": {"runId": str(run), "facets": {}},
        "producer": PRODUCER,
        "schemaURL": "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent",
        "job": {
            "namespace": "cafe-workbench",
            "name": f"train-{parts.configuration.sha256[:16]}",
            "facets": {},
        },
        "inputs": [
            {
                "namespace": "commitments",
                "name": roots["new"]["dataset"],
                "facets": {"version": version, "schema": schema},
            }
        ],
        "outputs": [{"namespace": "model", "name": parts.model.sha256, "facets": {}}],
    }
