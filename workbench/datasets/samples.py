"""The samples by name, as tables to audit with the Python that loads them again."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from workbench.case.brought_table import BroughtTable
from workbench.common.errors import DataError, listed, suggestion
from workbench.datasets import uci, worlds
from workbench.datasets.dataset import Dataset

__all__ = ["SAMPLES", "sample_table"]

_SIMULATED: dict[str, Callable[[], Dataset]] = {
    "loan": worlds.loan,
    "heart_disease": worlds.heart_disease,
    "performance": worlds.performance,
}
_REAL: dict[str, Callable[..., Dataset]] = {
    "adult": uci.adult,
    "german_credit": uci.german_credit,
    "drug_consumption": uci.drug_consumption,
}
SAMPLES = (*_SIMULATED, *_REAL)


def sample_table(name: str, folder: Path | None = None) -> BroughtTable:
    """Load a sample.

    Parameters
    ----------
    name : str
        One of `SAMPLES`.
    folder : Path, optional
        Where the original files of a real sample are.

    Raises
    ------
    DataError
        There is no such sample, or its files are not there and cannot be fetched.
    """
    if name in _SIMULATED:
        if folder is not None:
            raise DataError(
                f"The sample {name!r} is simulated and reads no file; leave out the folder."
            )
        world = _SIMULATED[name]()
    elif name in _REAL:
        world = _REAL[name]() if folder is None else _REAL[name](folder)
    else:
        raise DataError(
            f"There is no sample {name!r}.{suggestion(name, SAMPLES)} Samples: {listed(SAMPLES)}."
        )
    asked = "" if folder is None else repr(os.fspath(folder))
    lines = (f"world = wb.datasets.{name}({asked})", "data = world.data")
    return BroughtTable(world.data, (), lines, world.graph, world.outcome, tuple(world.features))
