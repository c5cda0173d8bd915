"""A table in partitions on the command line: a folder of Parquet files, and who works on it."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

import typer

from workbench.case.audit_case import AuditCase
from workbench.case.intervention import Interventions
from workbench.case.model_sources import ModelFile
from workbench.case.target import UnlearningTarget
from workbench.common.errors import (
    DataError,
    InterventionError,
    MissingPackageError,
    ModelError,
    TargetError,
)
from workbench.common.map_reduce import On, Workers
from workbench.common.printable import printable
from workbench.graph.causal_graph import CausalGraph
from workbench.methods.cafe.table_plan import whole_table_plan
from workbench.models.black_box import BlackBoxModel
from workbench.tables.partitions.table import Table

__all__ = [
    "check_workers",
    "in_partitions",
    "partitioned_case",
    "show_table_plan",
    "workers_of",
]

UNITS = {"MB": 10**6, "GB": 10**9, "TB": 10**12, "MiB": 2**20, "GiB": 2**30, "TiB": 2**40}


def in_partitions(data: Path | None) -> bool:
    """Whether --data names a folder or a pattern of files, which are read in partitions."""
    return data is not None and (data.is_dir() or "*" in os.fspath(data))


def check_workers(
    data: Path | None, workers: int | None, memory: str | None, scheduler: str | None
) -> None:
    """Refuse workers where there are no partitions to share out.

    Raises
    ------
    DataError
        --data is no folder.
    """
    if (workers, memory, scheduler) != (None, None, None) and not in_partitions(data):
        raise DataError(
            "--workers, --memory and --scheduler share out a table in partitions. Name a folder of "
            "Parquet files, or a pattern in quotes: --data 'applications/*.parquet'"
        )


def show_table_plan(
    case: AuditCase, target: UnlearningTarget, intervention: Interventions, seed: int, on: On
) -> None:
    """Say what the passes over a table larger than its sample will take, before they start."""
    if case.table is None or case.table.n_rows == case.n_rows:
        return
    try:
        plan = whole_table_plan(case, target, intervention=intervention, seed=seed, on=on)
    except (InterventionError, TargetError):
        return  # no such pass is made; the report says why
    for sentence in plan.sentences():
        typer.echo(printable(sentence), err=True)


def workers_of(workers: int | None, memory: str | None, scheduler: str | None) -> On:
    """Return who works on the partitions.

    Raises
    ------
    DataError
        The options do not go together, or the memory is no size.
    MissingPackageError
        Dask is not installed.
    """
    if scheduler is not None:
        if workers is not None or memory is not None:
            raise DataError("--scheduler has workers of its own; leave --workers, --memory out.")
        return _client(scheduler)
    if memory is None:
        return workers
    found = re.fullmatch(r"\s*([0-9]+(?:\.[0-9]+)?)\s*([MGT]i?B)\s*", memory)
    if found is None:
        raise DataError(f"--memory {memory!r} is no size. Write it so: --memory 4GB")
    return Workers(workers or 1, int(float(found[1]) * UNITS[found[2]]))


def _client(address: str) -> On:
    try:
        client: Any = import_module("distributed").Client
    except ImportError:
        raise MissingPackageError(
            "--scheduler needs Dask, which is not installed. Install it: pip install "
            "'cafe-workbench[distributed]'. Or use --workers."
        ) from None
    try:
        return client(address, timeout=10)
    except (OSError, ValueError, TypeError) as error:
        raise DataError(
            f"No Dask scheduler answers at {address!r}: {error}. An address is written so: "
            f"--scheduler tcp://10.0.0.1:8786"
        ) from error


def partitioned_case(
    data: Path,
    graph: Path,
    *,
    model: Path | None,
    predictions: str | None,
    features: Sequence[str],
    outcome: str | None,
    positive: str | None,
) -> tuple[AuditCase, str, tuple[str, ...]]:
    """Make a case of a folder of Parquet files; return it with its Python and notes.

    Raises
    ------
    AuditError
        A file cannot be read, or the parts do not fit each other.
    """
    table = Table.parquet(data, tried_first=True)
    line = f"data = wb.Table.parquet({os.fspath(data)!r})"
    notes: tuple[str, ...] = ()
    if predictions is not None:
        if not features:
            raise ModelError(
                "A column of predictions does not say which columns the model reads. Name them: "
                "--features age,income"
            )
        box = BlackBoxModel.from_predictions(predictions, features)
        made = f"model = wb.BlackBoxModel.from_predictions({predictions!r}, {list(features)!r})"
    else:
        assert model is not None  # one of the two was asked for
        file = ModelFile(os.fspath(model), positive=positive)
        opened = file.opened(features, table.columns)
        box, made, notes = opened.model, opened.lines[0], opened.notes
    case = AuditCase(data=table, model=box, graph=CausalGraph.read(graph), outcome=outcome)
    return case, f"{line}\n{made}", notes
