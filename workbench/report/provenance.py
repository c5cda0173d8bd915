"""Where a result came from: enough to repeat it and to notice that something changed."""

from __future__ import annotations

import platform
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import metadata

from workbench.case.audit_case import AuditCase

__all__ = ["PACKAGES", "Provenance", "record_provenance"]

PACKAGES = (
    "cafe-workbench",
    "numpy",
    "pandas",
    "scipy",
    "scikit-learn",
    "networkx",
    "shap",
    "aif360",
    "onnxruntime",
    "pyarrow",
)
"""Distributions whose versions are recorded."""


@dataclass(frozen=True)
class Provenance:
    """The origin of a report.

    Attributes
    ----------
    data_fingerprint, model_fingerprint : str
        SHA-256; see :class:`workbench.case.audit_case.AuditCase`.
    n_rows : int
        Rows of the data.
    model : str
        The model's name.
    seed : int
    interventions : mapping of str to str
        Per feature, in words.
    versions : mapping of str to str
        Per package; optional packages that are not installed are left out.
    created : str
        UTC, ISO 8601.
    queries : mapping of str to int
        Rows the model was asked about, per step.
    seconds : mapping of str to float
        Wall-clock time per step.
    table_rows : int or None
        Rows of the table that the data are a random sample of; None where they are all of it.
    """

    data_fingerprint: str
    model_fingerprint: str
    n_rows: int
    model: str
    seed: int
    interventions: Mapping[str, str]
    versions: Mapping[str, str]
    created: str
    queries: Mapping[str, int]
    seconds: Mapping[str, float]
    table_rows: int | None = None


def record_provenance(
    case: AuditCase,
    *,
    seed: int,
    interventions: Mapping[str, str],
) -> Provenance:
    """Collect fingerprints, versions and the time, before anything was asked."""
    return Provenance(
        data_fingerprint=case.data_fingerprint,
        model_fingerprint=case.model_fingerprint,
        n_rows=case.n_rows,
        model=case.model.name,
        seed=seed,
        interventions=dict(interventions),
        versions=_versions(),
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        queries={},
        seconds={},
        table_rows=None
        if case.table is None or case.table.n_rows == case.n_rows
        else case.table.n_rows,
    )


def _versions() -> dict[str, str]:
    found = {"python": platform.python_version()}
    for name in PACKAGES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found
