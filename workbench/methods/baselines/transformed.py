"""The inputs of a pipeline's final step, and which original feature each of them came from."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from workbench.case.audit_case import AuditCase
from workbench.common.arrays import FloatArray

__all__ = ["Inputs", "dense", "model_inputs"]

_CELLS_AT_ONCE = 4_000_000
_NUMERIC_PROBES = 65
_TEXT_PROBES = 2_000


@dataclass(frozen=True, eq=False)
class Inputs:
    """What the final step of an estimator reads, made from rows of the case on demand.

    Attributes
    ----------
    final : estimator
        The last step of the pipeline, or the estimator itself.
    rows : DataFrame, shape (n, features)
    steps : transformer or None
        The pipeline without its last step.
    owner : ndarray, shape (inputs,), intp
        Position of the feature that each input came from; −1 when no value of any feature was
        seen to change it.
    """

    final: Any
    rows: pd.DataFrame
    steps: Any
    owner: npt.NDArray[np.intp]

    @property
    def n_rows(self) -> int:
        """Rows of the case."""
        return len(self.rows)

    @property
    def n_parts(self) -> int:
        """Pieces of the rows that fit into memory as dense tables."""
        return max(1, -(-len(self.rows) * len(self.owner) // _CELLS_AT_ONCE))

    def at(self, positions: npt.NDArray[np.intp]) -> FloatArray:
        """Return the final step's inputs for rows by position, dense."""
        rows = self.rows.iloc[positions]
        return dense(rows if self.steps is None else self.steps.transform(rows))

    def table(self) -> Any:
        """Return the final step's inputs for all rows, dense or sparse as the pipeline has them."""
        table: Any = self.rows if self.steps is None else self.steps.transform(self.rows)
        return table.tocsr() if hasattr(table, "tocsr") else dense(table)

    def by_feature(self, parts: Sequence[FloatArray]) -> FloatArray | None:
        """Sum the inputs of each feature; None when an input of no feature has a share.

        Parameters
        ----------
        parts : sequence of ndarray, each of shape (rows, inputs)
            Of m rows together.

        Returns
        -------
        ndarray, shape (m, features), or None
        """
        owned = self.owner >= 0
        if not owned.all():
            largest = max(float(np.abs(part).max(initial=0.0)) for part in parts)
            other = max(float(np.abs(part[:, ~owned]).max(initial=0.0)) for part in parts)
            if other > 1e-9 * largest:
                return None
        belongs = np.zeros((len(self.owner), self.rows.shape[1]))
        belongs[np.flatnonzero(owned), self.owner[owned]] = 1.0
        return np.concatenate([np.asarray(part @ belongs, dtype=np.float64) for part in parts])


def model_inputs(case: AuditCase) -> Inputs | None:
    """Open the case's estimator, or return None when its inputs mix several features."""
    estimator = case.model.estimator
    estimator = getattr(estimator, "best_estimator_", estimator)
    if estimator is None:
        return None
    rows = case.data[list(case.reads)]
    steps = None
    if hasattr(estimator, "steps"):
        steps = estimator[:-1] if len(estimator.steps) > 1 else None
        estimator = estimator.steps[-1][1]
    owner = np.arange(rows.shape[1]) if steps is None else _owners(steps, rows)
    return None if owner is None else Inputs(estimator, rows, steps, owner)


def dense(table: Any) -> FloatArray:
    """Return a table, which may be sparse, as an array of numbers."""
    if hasattr(table, "toarray"):
        table = table.toarray()
    return np.asarray(table, dtype=np.float64)


def _owners(steps: Any, rows: pd.DataFrame) -> npt.NDArray[np.intp] | None:
    """Change one feature at a time on a few rows and see which inputs change.

    None when two features change the same input: then their shares cannot be told apart.
    """
    spread = np.linspace(0, len(rows) - 1, 3).astype(np.intp)
    # Imputers may read the other columns, but only where a value is missing.
    gone = rows.isna().to_numpy()
    missing = gone.argmax(axis=0)[gone.any(axis=0)]
    base = rows.iloc[np.unique(np.concatenate([spread, missing]))]
    start = dense(steps.transform(base))
    owner = np.full(start.shape[1], -1, dtype=np.intp)
    most = max(1, _CELLS_AT_ONCE // max(1, start.size))
    asked: list[tuple[int, Any]] = []
    for j, name in enumerate(rows.columns):
        probes = _probes(rows[name])
        asked += [(j, probes[first : first + most]) for first in range(0, len(probes), most)]
    while asked:
        # As many at once as fit: each call of a pipeline takes as long as hundreds of rows.
        sizes = np.cumsum([len(probes) for _, probes in asked])
        group = asked[: max(1, int(np.searchsorted(sizes, most, side="right")))]
        asked = asked[len(group) :]
        for (j, _), changed in zip(group, _changed(steps, base, start, group), strict=True):
            if ((owner[changed] >= 0) & (owner[changed] != j)).any():
                return None
            owner[changed] = j
    return owner


def _probes(column: pd.Series) -> Any:
    """Every value of a category, or numbers spread over the whole range, missing included."""
    values = column.drop_duplicates()
    if not pd.api.types.is_numeric_dtype(column.dtype):
        return values.array[:_TEXT_PROBES]
    values = values.sort_values()
    return values.array.take(
        np.unique(np.linspace(0, len(values) - 1, _NUMERIC_PROBES).astype(np.intp))
    )


def _changed(
    steps: Any, base: pd.DataFrame, start: FloatArray, group: Sequence[tuple[int, Any]]
) -> Iterator[npt.NDArray[np.bool_]]:
    """Return which inputs each column's probes change, of columns by position."""
    parts = []
    for j, probes in group:
        part = base.iloc[np.tile(np.arange(len(base)), len(probes))].reset_index(drop=True)
        part[base.columns[j]] = probes.take(np.repeat(np.arange(len(probes)), len(base)))
        parts.append(part)
    after = dense(steps.transform(pd.concat(parts, ignore_index=True)))
    for found in np.split(after, np.cumsum([len(part) for part in parts])[:-1]):
        before = np.tile(start, (len(found) // len(start), 1))
        yield ~((found == before) | (np.isnan(found) & np.isnan(before))).all(axis=0)
