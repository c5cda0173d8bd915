"""Where a dossier's data and model came from, in the forms that other tools read.

RO-Crate 1.1, Croissant 1.0 and OpenLineage, as JSON beside the evidence: roots, hashes and the
configuration, never rows. What stands here is the controller's statement; no verdict rests on it.
"""

from __future__ import annotations

import platform
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib import metadata
from typing import Any

from workbench.evidence.commitments import canonical_json
from workbench.evidence.configuration import Configuration

__all__ = ["provenance_bundle"]

PACKAGES = ("cafe-workbench", "numpy", "pandas", "scikit-learn", "scipy", "cryptography")


def provenance_bundle(
    configuration: Configuration, rows: int, *, at: int, facts: Mapping[str, str] | None = None
) -> dict[str, bytes]:
    """Return the provenance files of a dossier, by name.

    Parameters
    ----------
    configuration : Configuration
        How the model was trained.
    rows : int
        Of the table before the request.
    at : int
        When it was trained, in seconds since 1970.
    facts : mapping of str to str, optional
        More that the controller states: "git commit", "licence", "source", "lock file SHA-256".
    """
    stated = dict(facts or {})
    return {
        "provenance/environment.json": canonical_json(environment() | stated),
        "provenance/ro-crate-metadata.json": canonical_json(_ro_crate(configuration, stated)),
        "provenance/croissant.json": canonical_json(_croissant(configuration, rows, stated)),
        "provenance/openlineage.json": canonical_json(_open_lineage(configuration, at)),
    }


def environment() -> dict[str, str]:
    """Return the versions of what trains here."""
    held = {"python": platform.python_version(), "machine": platform.machine()}
    for name in PACKAGES:
        try:
            held[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            held[name] = "not installed"
    return held


def _ro_crate(configuration: Configuration, stated: Mapping[str, str]) -> dict[str, Any]:
    parts = ["configuration.json", "model/new.json", "commitments/old.bin", "commitments/new.bin"]
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
                "license": stated.get("licence", "not stated"),
                "hasPart": [{"@id": name} for name in parts],
            },
            *({"@id": name, "@type": "File", "encodingFormat": _format(name)} for name in parts),
            {
                "@id": "#training",
                "@type": "CreateAction",
                "name": f"Training of a {configuration.learner} regression",
                "object": [{"@id": "commitments/new.bin"}, {"@id": "configuration.json"}],
                "result": {"@id": "model/new.json"},
            },
        ],
    }


def _format(name: str) -> str:
    return "application/json" if name.endswith(".json") else "application/octet-stream"


def _croissant(
    configuration: Configuration, rows: int, stated: Mapping[str, str]
) -> dict[str, Any]:
    columns = dict.fromkeys(code.column for code in configuration.features)
    texts = {code.column for code in configuration.features if code.level is not None}
    return {
        "@context": {"@vocab": "https://schema.org/", "cr": "http://mlcommons.org/croissant/"},
        "@type": "Dataset",
        "conformsTo": "http://mlcommons.org/croissant/1.0",
        "name": "training-set-1",
        "description": f"{rows} rows, committed to and not distributed",
        "license": stated.get("licence", "not stated"),
        "url": stated.get("source", "not stated"),
        "cr:recordSet": [
            {
                "@type": "cr:RecordSet",
                "name": "rows",
                "cr:field": [
                    {
                        "@type": "cr:Field",
                        "name": name,
                        "cr:dataType": "Text" if name in texts else "Float",
                    }
                    for name in columns
                ],
            }
        ],
    }


def _open_lineage(configuration: Configuration, at: int) -> dict[str, Any]:
    name = f"train-{configuration.sha256[:16]}"
    return {
        "eventType": "COMPLETE",
        "eventTime": datetime.fromtimestamp(at, UTC).isoformat(),
        "run": {"runId": str(uuid.uuid5(uuid.NAMESPACE_URL, f"{configuration.sha256}/{at}"))},
        "producer": "https://cafe-workbench.example/evidence",
        "schemaURL": "https://openlineage.io/spec/2-0-2/OpenLineage.json",
        "job": {"namespace": "cafe-workbench", "name": name},
        "inputs": [{"namespace": "commitments", "name": "new.bin"}],
        "outputs": [{"namespace": "model", "name": "new.json"}],
    }
