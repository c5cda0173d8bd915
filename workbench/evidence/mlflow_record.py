"""A dossier in MLflow: its hashes as tags of a run, and the dossier itself as an artifact.

Needs the extra ``mlflow``. Nothing leaves for a place that the user did not name, and MLflow's own
telemetry is off.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from workbench.common.errors import EvidenceError, MissingPackageError
from workbench.evidence.claims import whole_verdict
from workbench.evidence.commitments import sha256_hex
from workbench.evidence.dossier import zipped
from workbench.evidence.dossier_case import Outside, open_case
from workbench.evidence.dossier_checks import check_dossier

__all__ = ["ARTIFACT", "record_in_mlflow", "tags_of"]

ARTIFACT = "dossier.zip"
PREFIX = "cafe.evidence."


def tags_of(files: Mapping[str, bytes]) -> dict[str, str]:
    """Return what MLflow is told of a dossier, by tag: hashes, names of data sets, a verdict.

    Parameters
    ----------
    files : mapping of str to bytes
        The dossier.

    Raises
    ------
    EvidenceError
        When the parts do not belong together.
    """
    case = open_case(files, Outside())
    told = {
        "request_sha256": case.request_sha256,
        "configuration_sha256": case.configuration.sha256,
        "model_sha256": case.model_sha256,
        "old_model_sha256": case.entry("old model")["sha256"],
        "old_dataset": case.old_name,
        "old_root": case.entry("old")["root"],
        "new_dataset": case.entry("new")["dataset"],
        "new_root": case.entry("new")["root"],
        "dossier_sha256": sha256_hex(zipped(files)),
        "verdict_without_a_reader": whole_verdict(check_dossier(files, Outside())),
    }
    return {PREFIX + name: str(value) for name, value in told.items()}


def record_in_mlflow(
    files: Mapping[str, bytes], tracking_uri: str, *, run: str | None = None, experiment: str = ""
) -> str:
    """Write a dossier's tags and the dossier into a run of MLflow; return the run's id.

    Parameters
    ----------
    files : mapping of str to bytes
        The dossier.
    tracking_uri : str
        Where MLflow keeps its runs: ``sqlite:///mlflow.db``, or a server's address.
    run : str, optional
        The id of the run that trained the model. Default: a new run.
    experiment : str, optional
        Where a new run goes, made if need be. Default: MLflow's own.

    Raises
    ------
    MissingPackageError
        Without the extra ``mlflow``.
    EvidenceError
        When the dossier cannot be opened, or MLflow refuses.
    """
    tags = tags_of(files)
    client, trouble = _client(tracking_uri)
    try:
        if run is None:
            found = client.get_experiment_by_name(experiment) if experiment else None
            place = (
                found.experiment_id
                if found is not None
                else client.create_experiment(experiment)
                if experiment
                else "0"
            )
            run = str(client.create_run(place).info.run_id)
            made = True
        else:
            run, made = str(client.get_run(run).info.run_id), False
        for name, value in tags.items():
            client.set_tag(run, name, value)
        with tempfile.TemporaryDirectory() as folder:
            held = Path(folder, ARTIFACT)
            held.write_bytes(zipped(files))
            client.log_artifact(run, str(held), "evidence")
        if made:
            client.set_terminated(run)
    except trouble as error:
        raise EvidenceError(f"MLflow at {tracking_uri!r} refused: {error}") from None
    return run


def _client(tracking_uri: str) -> tuple[Any, tuple[type[Exception], ...]]:
    """Return MLflow's client, and what it raises."""
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")  # read when it is imported
    try:
        from mlflow import MlflowClient
        from mlflow.exceptions import MlflowException
    except ModuleNotFoundError:
        raise MissingPackageError(
            "Writing into MLflow needs mlflow-skinny: pip install 'cafe-workbench[mlflow]'."
        ) from None
    try:
        return MlflowClient(tracking_uri=tracking_uri), (MlflowException, OSError)
    except (MlflowException, ModuleNotFoundError) as error:
        raise EvidenceError(f"MLflow cannot open {tracking_uri!r}: {error}") from None
