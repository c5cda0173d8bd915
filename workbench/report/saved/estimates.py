"""The estimates in a saved report: effects with their joint uncertainty, and row summaries."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from workbench.common.errors import DataError
from workbench.common.strict_json import Part
from workbench.graph.causal_graph import PREDICTION
from workbench.methods.effects import Effect, FeatureEffects
from workbench.methods.estimator import Estimator, estimator_of
from workbench.methods.form_test import FormTest
from workbench.methods.fuzzing.paths import PathEffect
from workbench.methods.row_summary import MOST_BINS, QUANTILES, PartSummary, RowSummary
from workbench.report.saved.joint_uncertainty import UNKNOWN

__all__ = [
    "Blocks",
    "Columns",
    "altered",
    "read_effect",
    "read_entry",
    "read_estimator",
    "read_frame",
    "read_path",
    "read_record",
]

Columns = dict[str, str]
"""What a table's columns hold: "text", "texts", "number", "count" or "flag"."""
KINDS: dict[str, Callable[[Part], Any]] = {
    "text": Part.text,
    "texts": Part.texts,
    "number": Part.number,
    "count": Part.count,
    "flag": Part.flag,
}
Blocks = Sequence[Sequence[npt.NDArray[np.float64]]]
"""Columns of joint uncertainty, block by block; see :mod:`saved.joint_uncertainty`."""


def altered(reason: str) -> DataError:
    """Say that a report does not agree with itself."""
    return DataError(
        f"This report was changed after it was written: {reason}. Ask for the original, or repeat "
        f"the audit."
    )


def read_frame(part: Part, columns: Columns) -> pd.DataFrame:
    """Read a table whose columns are known; others are left out."""
    records = [read_record(row, columns) for row in part.items()]
    return pd.DataFrame(records, columns=list(columns))


def read_record(part: Part, columns: Columns) -> dict[str, Any]:
    """Read one row of such a table."""
    return {name: KINDS[kind](part[name]) for name, kind in columns.items()}


def read_effect(part: Part, blocks: Blocks) -> Effect:
    """Read a value and its place among the columns of joint uncertainty."""
    value, turn, column = part["value"].number(), part["block"].count(), part["column"].value
    if turn >= len(blocks):
        raise part.error(f"names block {turn} of uncertainty, which is not there.")
    block = blocks[turn]
    # An exact effect of a block without columns still needs their length.
    length = len(block[0]) if block else turn % 1_000 + 2
    if column is None:
        return Effect(value, np.zeros(length))
    if column == UNKNOWN:
        return Effect(value, np.full(length, math.nan))
    place = part["column"].count()
    if place >= len(block):
        raise part.error(f"names column {place} of uncertainty, which is not there.")
    return Effect(value, block[place])


def read_estimator(part: Part) -> Estimator:
    """Read which estimator made an effect: a file holds its label."""
    try:
        return estimator_of(part.text())
    except DataError:
        raise part.error("names an estimator that is not known.") from None


def read_entry(part: Part, blocks: Blocks, threshold: float | None) -> FeatureEffects:
    """Read one entry of an effect table.

    Parameters
    ----------
    blocks : sequence of sequence of ndarray
        Columns of joint uncertainty; see :mod:`workbench.report.saved.joint_uncertainty`.
    threshold : float or None
        τ of the verdict, for which the row effects must have been summed up.

    Raises
    ------
    DataError
        When a part is missing or of the wrong kind.
    """
    about = (
        part["feature"].text(),
        read_estimator(part["estimator"]),
        part["intervention"].text(),
    )
    pure, gaps = part["pure_indirect"], part.optional("filled_rows")
    return FeatureEffects(
        about[0],
        about[1],
        about[2],
        read_effect(part["total"], blocks),
        read_effect(part["direct"], blocks),
        pure_indirect=None if pure.value is None else read_effect(pure, blocks),
        adjustment=part["adjustment"].texts(),
        n_rows=part["n_rows"].count(),
        queries=part["queries"].count(),
        combination=part["combination"].choice("", "sum", "joint"),
        summary=_summary(part["rows"], about, threshold),
        form=_form(part.optional("form")),
        filled_rows=0 if gaps.value is None else gaps.count(),
    )


def _form(part: Part) -> FormTest | None:
    if part.value is None:
        return None
    names = ("correction", "standard_error", "weight")
    return FormTest(**{name: part[name].finite() for name in names})


def _summary(
    part: Part, about: tuple[str, Estimator, str], threshold: float | None
) -> RowSummary | None:
    if part.value is None:
        return None
    tau = part["threshold"].finite()
    if threshold is not None and tau != threshold:
        raise altered("row effects were summed up for another threshold than the verdict's")
    parts = part["parts"].items(3)
    if len(parts) != 3:
        raise part["parts"].error("should hold three parts.")
    named = ("total", "direct", "indirect")
    found = [_part_summary(p, name) for p, name in zip(parts, named, strict=True)]
    n_rows = part["n_rows"].count()
    if any(p.counts and sum(p.counts) != n_rows for p in found):
        raise altered("a histogram of row effects does not hold as many rows as it says")
    return RowSummary(*about, n_rows, tau, *found)


def _part_summary(part: Part, name: str) -> PartSummary:
    part["part"].choice(name)
    edges = tuple(edge.finite() for edge in part["edges"].items(MOST_BINS + 1))
    counts = tuple(count.count() for count in part["counts"].items(MOST_BINS))
    if len(edges) != (len(counts) + 1 if counts else 0) or list(edges) != sorted(edges):
        raise part.error("is no histogram: its bins do not fit.")
    known = {repr(q): q for q in QUANTILES}
    quantiles = {}
    for key, value in part["quantiles"].pairs(len(known)):
        if key not in known:
            raise value.error("is no quantile that is kept.")
        quantiles[known[key]] = value.finite()
    return PartSummary(
        name,
        part["mean"].number(),
        part["mean_abs"].number(),
        quantiles,
        part["above"].finite(),
        part["within"].finite(),
        part["below"].finite(),
        edges,
        counts,
    )


def read_path(part: Part, blocks: Blocks) -> PathEffect:
    """Read the effect along one path; see :func:`read_entry`."""
    nodes = part["path"].texts()
    if len(nodes) < 2 or nodes[-1] != PREDICTION:
        raise part["path"].error("does not lead to the prediction.")
    return PathEffect(
        part["feature"].text(),
        nodes,
        part["intervention"].text(),
        read_effect(part["effect"], blocks),
        part["left_out"].count(),
    )
