"""What the command line's arguments mean: a case, a target, and the Python that makes them."""

from __future__ import annotations

import os
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from workbench import datasets
from workbench.case import AuditCase
from workbench.columns import Column
from workbench.datasets import Dataset
from workbench.errors import DataError, ModelError, TargetError, listed, suggestion
from workbench.graph import CausalGraph
from workbench.intervention import Contrast
from workbench.model import BlackBoxModel
from workbench.model_files import read_model
from workbench.sample_models import default_kind, train_model
from workbench.table_files import read_table
from workbench.target import UnlearningTarget

__all__ = [
    "SAMPLES",
    "Loaded",
    "contrast_of",
    "load_files",
    "load_sample",
    "subgroups_of",
    "target_of",
]

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
        "from workbench.sample_models import train_model\n\n"
        f"world = wb.datasets.{name}({asked})\n"
        "data = world.data\n"
        f"model = train_model(data, world.features, world.outcome, {chosen!r}, seed={seed!r})"
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
) -> Loaded:
    """Read table, graph, and a model or the column that holds its logged predictions.

    Raises
    ------
    AuditError
        A file cannot be read, or the parts do not fit each other.
    """
    drawn = CausalGraph.read(graph)
    if model is not None:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            box = read_model(model, features=features or None, positive=positive)
        table = read_table(data)
        stated = f", features={list(features)!r}" if features else ""
        stated += "" if positive is None else f", positive={positive!r}"
        lines = [
            "from workbench.model_files import read_model",
            "from workbench.table_files import read_table\n",
            f"data = read_table({os.fspath(data)!r})",
            f"model = read_model({os.fspath(model)!r}{stated})",
        ]
        notes = tuple(dict.fromkeys(str(warning.message) for warning in caught))
    else:
        table = read_table(data)
        box = _logged(table, predictions, features, outcome)
        lines = [
            "from workbench.table_files import read_table\n",
            f"data = read_table({os.fspath(data)!r})",
            f"model = wb.BlackBoxModel.from_predictions(data[{predictions!r}], {list(features)!r})",
        ]
        notes = ()
    case = AuditCase(
        data=table, model=box, graph=drawn, outcome=outcome, features=list(features) or None
    )
    return Loaded(case, "\n".join(lines), notes)


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


def target_of(
    case: AuditCase, names: Sequence[str], where: str | None, rows: Sequence[str]
) -> UnlearningTarget:
    """Return the target that --target, --where and --row name.

    Raises
    ------
    TargetError
        None of them was given, both rows and a condition were, or they do not fit the case.
    """
    if not names and where is None and not rows:
        raise TargetError(
            "Say what was to be forgotten: --target for a feature, --where for a subgroup, or "
            f"--row for a datapoint. Features: {listed(case.features)}."
        )
    if where is not None and rows:
        raise TargetError("A target has either --row or --where, not both.")
    if where is not None:
        target = UnlearningTarget.subgroup(where, names or None)
    elif rows:
        target = UnlearningTarget.datapoints(_labels(case.data.index, rows), names or None)
    else:
        target = UnlearningTarget.features(names)
    case.resolve(target)
    return target


def _labels(index: pd.Index, rows: Sequence[str]) -> list[object]:
    """Return the labels of the data's index that texts stand for."""
    if not pd.api.types.is_integer_dtype(index.dtype):
        return list(rows)
    wrong = [row for row in rows if not row.lstrip("-").isdecimal()]
    if wrong:
        raise TargetError(
            f"Rows are numbered from {index[0]} to {index[-1]} here; {listed(wrong)} is no number."
        )
    return [int(row) for row in rows]


def subgroups_of(texts: Sequence[str]) -> dict[str, str]:
    """Return the conditions by name that --subgroup gives as NAME=CONDITION.

    Raises
    ------
    TargetError
        When a text has no name, or two have the same.

    Examples
    --------
    >>> subgroups_of(["women=sex == 'Female'", "elderly=age >= 65"])
    {'women': "sex == 'Female'", 'elderly': 'age >= 65'}
    """
    found: dict[str, str] = {}
    for text in texts:
        name, sign, condition = text.partition("=")
        name = name.strip()
        if not sign or not name or name[-1] in "<>!" or condition.startswith("="):
            raise TargetError(
                f"--subgroup takes a name and a condition, such as elderly='age >= 65'; {text!r} "
                f"has no name."
            )
        if name in found:
            raise TargetError(f"Two subgroups are named {name!r}. Give each a name of its own.")
        found[name] = condition.strip()
    return found


def contrast_of(case: AuditCase, names: Sequence[str], levels: Sequence[str]) -> Contrast:
    """Return the contrast between two levels written as text.

    Raises
    ------
    TargetError
        Not exactly one feature is targeted, or not exactly two levels are given.
    InterventionError
        A level lies outside the feature's domain.
    """
    if len(names) != 1:
        raise TargetError("A contrast belongs to one feature: name exactly one --target with it.")
    if len(levels) != 2:
        raise TargetError(
            f"A contrast has two levels, not {len(levels)}: --contrast LOW,HIGH, or --from LOW "
            f"--to HIGH where a level holds a comma."
        )
    column = case.columns[names[0]]
    low, high = (_level(column, text) for text in levels)
    for level in (low, high):
        column.encode(level)
    return Contrast(low, high)


def _level(column: Column, text: str) -> object:
    """Return the value of a column that a text stands for; the text itself when there is none."""
    for level in column.levels:
        if level is not None and str(level) == text:
            return level
    try:
        number = float(text)
    except ValueError:
        return text
    if not column.is_numeric:
        return next((level for level in column.levels if level == number), text)
    return int(number) if number.is_integer() and column.integer else number
