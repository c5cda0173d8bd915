"""What the command line names: a case, models to compare, and the Python of them."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import pandas as pd

from workbench.case.as_trained import as_trained
from workbench.case.audit_case import AuditCase
from workbench.case.brought_table import BroughtTable
from workbench.case.model_sources import (
    Endpoint,
    LoggedColumn,
    ModelFile,
    ModelSource,
    Trained,
    token_from,
)
from workbench.case.open_case import open_case
from workbench.cli.partitioned import in_partitions, partitioned_case
from workbench.common.errors import DataError, ModelError, listed, suggestion
from workbench.common.progress import silent
from workbench.datasets.samples import SAMPLES, sample_table
from workbench.graph.causal_graph import CausalGraph
from workbench.models.black_box import BlackBoxModel
from workbench.models.endpoint.protocols import PROTOCOLS
from workbench.tables.files.column_types import Stated, reading_code
from workbench.tables.files.delimited import read_table

__all__ = ["SAMPLES", "Compared", "Loaded", "Named", "load_case", "load_compared"]


@dataclass(frozen=True, kw_only=True)
class Named:
    """What the options of the command line name; None and empty where they were left out.

    Attributes
    ----------
    token_from : str or None
        The environment variable with the endpoint's token.
    said : Stated
        What the table's columns hold.
    """

    sample: str | None = None
    data: Path | None = None
    model: Path | None = None
    predictions: str | None = None
    endpoint: str | None = None
    protocol: str | None = None
    output: str | None = None
    token_from: str | None = field(default=None, repr=False)
    graph: Path | None = None
    outcome: str | None = None
    features: tuple[str, ...] = ()
    positive: str | None = None
    kind: str | None = None
    folder: Path | None = None
    seed: int = 0
    said: Stated = field(default_factory=Stated)


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


def load_case(named: Named) -> Loaded:
    """Load a sample, or the table and the model that were named.

    Raises
    ------
    AuditError
        Options do not go together, a file cannot be read, or the parts do not fit each other.
    """
    if named.sample is not None:
        return _sample(named, named.sample)
    if named.kind is not None or named.folder is not None:
        raise DataError("--model-kind and --folder belong to a sample; name one of them first.")
    if named.data is None:
        raise DataError("Name a sample (for instance: audit loan), or a table with --data.")
    source = _source(named)
    if named.graph is None:
        raise DataError(
            "--graph is missing. Without a causal graph nothing says what reaches the prediction "
            "through other features; workbench.CausalGraph.discover(data) proposes one in Python."
        )
    if in_partitions(named.data):
        return _in_partitions(named, source, named.data, named.graph)
    drawn = CausalGraph.read(named.graph)
    data = named.data
    found = as_trained(source, lambda said: _table(data, said), named.features, named.said)
    line = f"data = wb.read_table({os.fspath(data)!r}{reading_code(found.said)})"
    opened = open_case(
        BroughtTable(found.data, (), (line,)),
        found.source,
        reads=named.features,
        outcome=named.outcome,
        graph=drawn,
        progress=silent,
    )
    reads = opened.case.reads
    if named.features and set(named.features) != set(reads):
        raise ModelError(
            f"The model says it reads {listed(reads)}, but --features says "
            f"{listed(named.features)}. Give --features only when the model cannot say."
        )
    return Loaded(opened.case, opened.code, opened.notes)


def _in_partitions(named: Named, source: ModelSource, data: Path, graph: Path) -> Loaded:
    if isinstance(source, Endpoint):
        raise ModelError(
            "An endpoint is not asked about a table in partitions: every worker would ask it at "
            "once. Log its predictions in a column and name it with --predictions."
        )
    if named.said != Stated():
        raise DataError(
            "--type, --missing and --decimal are for text files; Parquet files know their types."
        )
    case, code, notes = partitioned_case(
        data,
        graph,
        model=named.model,
        predictions=named.predictions,
        features=named.features,
        outcome=named.outcome,
        positive=named.positive,
    )
    return Loaded(case, code, notes)


def _table(path: Path, said: Stated) -> pd.DataFrame:
    missing: Any = said.missing
    if said.missing_in:
        missing = {**said.missing_in, **({} if said.missing is None else {"": said.missing})}
    return read_table(path, types=said.types, missing=missing, decimal=said.decimal)


def _sample(named: Named, name: str) -> Loaded:
    """Load a sample by name and train a model on the features it offers."""
    given = {
        "--data": named.data,
        "--model": named.model,
        "--predictions": named.predictions,
        "--endpoint": named.endpoint,
        "--protocol": named.protocol,
        "--endpoint-output": named.output,
        "--token-from": named.token_from,
        "--graph": named.graph,
        "--outcome": named.outcome,
        "--features": named.features or None,
        "--positive": named.positive,
        "--type, --missing or --decimal": None if named.said == Stated() else named.said,
    }
    extra = [option for option, value in given.items() if value is not None]
    if extra:
        raise DataError(
            f"{', '.join(extra)} belongs to files of your own, but the sample {name!r} is "
            f"named. Use one of the two."
        )
    if name not in SAMPLES:
        raise DataError(
            f"There is no sample {name!r}.{suggestion(name, SAMPLES)} Samples: {listed(SAMPLES)}. "
            f"For files of your own, use --data, --model, --graph and --outcome."
        )
    table = sample_table(name, named.folder)
    opened = open_case(
        table,
        Trained(named.kind, named.seed),
        reads=table.features,
        outcome=table.outcome,
        graph=None,
        progress=silent,
    )
    note = (
        f"A model ({opened.learner}) was trained on the sample for this audit, with seed "
        f"{named.seed}."
    )
    return Loaded(opened.case, opened.code, (note,))


def _source(named: Named) -> ModelSource:
    """Return where the model comes from: exactly one place."""
    ways = (named.model, named.predictions, named.endpoint)
    if sum(way is not None for way in ways) != 1:
        raise DataError("Give one of --model file.skops, --predictions column or --endpoint URL.")
    if named.endpoint is not None:
        return _endpoint(named, named.endpoint)
    belongs = {
        "--protocol": named.protocol,
        "--endpoint-output": named.output,
        "--token-from": named.token_from,
    }
    extra = [option for option, value in belongs.items() if value is not None]
    if extra:
        raise DataError(f"{', '.join(extra)} belongs to --endpoint, which is not given.")
    if named.model is not None:
        return ModelFile(os.fspath(named.model), positive=named.positive)
    if not named.features:
        raise ModelError(
            "A column of predictions does not say which columns the model reads. Name them: "
            "--features age,income"
        )
    return LoggedColumn(named.predictions)


def _endpoint(named: Named, url: str) -> Endpoint:
    protocol = named.protocol or "open-inference"
    if protocol not in PROTOCOLS:
        raise ModelError(
            f"--protocol {protocol!r} is unknown.{suggestion(protocol, PROTOCOLS)} Use one of "
            f"{listed(PROTOCOLS)}."
        )
    if not named.features:
        raise ModelError(
            "An endpoint does not say which columns its model reads. Name them: "
            "--features age,income"
        )
    given: dict[str, str] = {}
    if named.token_from is not None:
        given = {"token": token_from(named.token_from), "token_variable": named.token_from}
    return Endpoint(
        url,
        cast(Any, protocol),
        output=named.output,
        positive=named.positive,
        **given,
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
    before: Path | None,
    retrained: Sequence[Path],
    columns: Iterable[str] = (),
    positive: str | None = None,
) -> Compared:
    """Read the model before unlearning and models retrained without the target.

    `columns` are the table's.

    Raises
    ------
    AuditError
        A file cannot be read.
    """
    if before is None and not retrained:
        return Compared()
    models: dict[str, Any] = {}
    lines = ["", "compare = {"]
    notes: list[str] = []

    def read(path: Path) -> tuple[BlackBoxModel, str]:
        found = ModelFile(os.fspath(path), positive=positive).opened((), columns)
        notes.extend(f"{path.name}: {note}" for note in found.notes)
        return found.model, found.lines[0].removeprefix("model = ")

    if before is not None:
        models["before"], line = read(before)
        lines.append(f'    "before": {line},')
    if retrained:
        found = [read(path) for path in retrained]
        models["retrained"] = [model for model, _ in found]
        lines += ['    "retrained": [', *(f"        {line}," for _, line in found)]
        lines.append("    ],")
    return Compared(models, "\n".join([*lines, "}"]), tuple(dict.fromkeys(notes)))
