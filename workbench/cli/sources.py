"""The files that the command line names: a case, models to compare, and the Python of them."""

from __future__ import annotations

import os
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from workbench import datasets
from workbench.case.audit_case import AuditCase
from workbench.common.errors import DataError, ModelError, listed, suggestion
from workbench.datasets import Dataset
from workbench.graph.causal_graph import CausalGraph
from workbench.models.black_box import BlackBoxModel
from workbench.models.files.skops_files import read_model
from workbench.models.table_for_model import table_for_model
from workbench.models.trained_here import default_kind, train_model
from workbench.tables.files.column_types import Stated, reading_code
from workbench.tables.files.delimited import read_table

__all__ = ["SAMPLES", "Compared", "Loaded", "load_case", "load_compared"]

SIMULATED = ("loan", "heart_disease", "performance")
REAL = ("adult", "german_credit", "drug_consumption")
SAMPLES = (*SIMULATED, *REAL)


@dataclass(frozen=True, eq=False)
class Loaded:
    """A case and where it came from.

    Attributes
    ----------
    case : AuditCase
    code : str
        Python lines that define ``data`` and ``model`` as the case has them.
    notes : tuple of str
        What the auditor should know about how it was made.
    """

    case: AuditCase
    code: str
    notes: tuple[str, ...] = ()


def load_sample(
    name: str, *, kind: str | None = None, folder: Path | None = None, seed: int = 0
) -> Loaded:
    """Load a sample by name and train a model on the features it offers.

    Raises
    ------
    DataError
        There is no such sample, its files are missing, or the kind of model does not fit it.
    """
    if name not in SAMPLES:
        raise DataError(
            f"There is no sample {name!r}.{suggestion(name, SAMPLES)} Samples: {listed(SAMPLES)}. "
            f"For files of your own, use --data, --model, --graph and --outcome."
        )
    if folder is not None and name in SIMULATED:
        raise DataError(f"The sample {name!r} is simulated and reads no file; leave out --folder.")
    make = getattr(datasets, name)
    world: Dataset = make() if folder is None else make(folder)
    chosen = kind or default_kind(world.data[world.outcome])
    model = train_model(world.data, world.features, world.outcome, chosen, seed=seed)
    asked = "" if folder is None else repr(os.fspath(folder))
    code = (
        f"world = wb.datasets.{name}({asked})\n"
        "data = world.data\n"
        f"model = wb.train_model(data, world.features, world.outcome, {chosen!r}, seed={seed!r})"
    )
    note = f"A model ({chosen}) was trained on the sample for this audit, with seed {seed}."
    case = AuditCase(data=world.data, model=model, graph=world.graph, outcome=world.outcome)
    return Loaded(case, code, (note,))


def load_files(
    data: Path,
    *,
    graph: Path,
    outcome: str | None,
    model: Path | None = None,
    predictions: str | None = None,
    features: Sequence[str] = (),
    positive: str | None = None,
    said: Stated | None = None,
) -> Loaded:
    """Read table, graph, and a model or the column that holds its logged predictions.

    Raises
    ------
    AuditError
        A file cannot be read, or the parts do not fit each other.
    """
    drawn, said = CausalGraph.read(graph), said or Stated()
    if model is not None:
        box, notes = _model(model, features, positive)
        found = table_for_model(lambda stated: _table(data, stated), box, said)
        table, said, notes = found.data, found.said, (*notes, *found.notes)
        stated = f", features={list(features)!r}" if features else ""
        stated += "" if positive is None else f", positive={positive!r}"
        made = f"model = wb.read_model({os.fspath(model)!r}{stated})"
    else:
        table = _table(data, said)
        box = _logged(table, predictions, features, outcome)
        made = (
            f"model = wb.BlackBoxModel.from_predictions(data[{predictions!r}], {list(features)!r})"
        )
        notes = ()
    lines = [f"data = wb.read_table({os.fspath(data)!r}{reading_code(said)})", made]
    case = AuditCase(
        data=table, model=box, graph=drawn, outcome=outcome, features=list(features) or None
    )
    return Loaded(case, "\n".join(lines), notes)


def _table(path: Path, said: Stated) -> pd.DataFrame:
    missing: Any = said.missing
    if said.missing_in:
        missing = {**said.missing_in, **({} if said.missing is None else {"": said.missing})}
    return read_table(path, types=said.types, missing=missing, decimal=said.decimal)


def _logged(
    table: pd.DataFrame, column: str | None, features: Sequence[str], outcome: str | None
) -> BlackBoxModel:
    if not features:
        raise ModelError(
            "A column of predictions does not say which columns the model reads. Name them: "
            "--features age,income"
        )
    if column not in table.columns:
        raise DataError(
            f"The data has no column {column!r} of predictions."
            f"{suggestion(column, table.columns)} Columns: {listed(table.columns)}."
        )
    if column == outcome or column in features:
        raise ModelError(
            f"{column!r} holds the predictions, so it is neither the outcome nor a feature."
        )
    return BlackBoxModel.from_predictions(table[column], features)


def load_case(
    *,
    sample: str | None,
    data: Path | None,
    model: Path | None,
    predictions: str | None,
    graph: Path | None,
    outcome: str | None,
    features: tuple[str, ...],
    positive: str | None,
    kind: str | None,
    folder: Path | None,
    seed: int,
    said: Stated | None = None,
) -> Loaded:
    """Load a sample, or the files that were named.

    Raises
    ------
    AuditError
        Options do not go together, a file cannot be read, or the parts do not fit each other.
    """
    given = {
        "--data": data,
        "--model": model,
        "--predictions": predictions,
        "--graph": graph,
        "--outcome": outcome,
        "--features": features or None,
        "--positive": positive,
        "--type, --missing or --decimal": None if said in (None, Stated()) else said,
    }
    if sample is not None:
        extra = [option for option, value in given.items() if value is not None]
        if extra:
            raise DataError(
                f"{', '.join(extra)} belongs to files of your own, but the sample {sample!r} is "
                f"named. Use one of the two."
            )
        return load_sample(sample, kind=kind, folder=folder, seed=seed)
    if kind is not None or folder is not None:
        raise DataError("--model-kind and --folder belong to a sample; name one of them first.")
    if data is None:
        raise DataError("Name a sample (for instance: audit loan), or a table with --data.")
    if (model is None) == (predictions is None):
        raise DataError("Give either --model file.skops or --predictions column.")
    if graph is None:
        raise DataError(
            "--graph is missing. Without a causal graph nothing says what reaches the prediction "
            "through other features; workbench.CausalGraph.discover(data) proposes one in Python."
        )
    return load_files(
        data,
        graph=graph,
        outcome=outcome,
        model=model,
        predictions=predictions,
        features=features,
        positive=positive,
        said=said,
    )


@dataclass(frozen=True, eq=False)
class Compared:
    """Models to hold beside the audited one.

    Attributes
    ----------
    models : dict
        What ``wb.audit`` takes as ``compare=``; empty when none is named.
    code : str
        Python lines that define ``compare``, after those of the case.
    notes : tuple of str
    """

    models: dict[str, Any] = field(default_factory=dict)
    code: str = ""
    notes: tuple[str, ...] = ()


def load_compared(
    before: Path | None, retrained: Sequence[Path], *, positive: str | None = None
) -> Compared:
    """Read the model before unlearning and models retrained without the target.

    Raises
    ------
    AuditError
        A file cannot be read.
    """
    if before is None and not retrained:
        return Compared()
    stated = "" if positive is None else f", positive={positive!r}"
    models: dict[str, Any] = {}
    lines = ["", "compare = {"]
    notes: list[str] = []

    def read(path: Path) -> BlackBoxModel:
        model, said = _model(path, (), positive)
        notes.extend(f"{path.name}: {note}" for note in said)
        return model

    def written(path: Path) -> str:
        return f"wb.read_model({os.fspath(path)!r}{stated})"

    if before is not None:
        models["before"] = read(before)
        lines.append(f'    "before": {written(before)},')
    if retrained:
        models["retrained"] = [read(path) for path in retrained]
        lines += ['    "retrained": [', *(f"        {written(path)}," for path in retrained)]
        lines.append("    ],")
    return Compared(models, "\n".join([*lines, "}"]), tuple(dict.fromkeys(notes)))


def _model(
    path: Path, features: Sequence[str], positive: str | None
) -> tuple[BlackBoxModel, tuple[str, ...]]:
    """Read a model, and what the auditor should know about its file."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        model = read_model(path, features=features or None, positive=positive)
    return model, tuple(dict.fromkeys(str(warning.message) for warning in caught))
