"""The estimates in a saved report, read back: tables of effects, paths, and row summaries."""

from __future__ import annotations

import math
from collections.abc import Sequence

import pandas as pd

from workbench.common.saved_values import altered, wrong
from workbench.graph.causal_graph import PREDICTION
from workbench.methods.effects import EFFECT_PARTS, EffectTable, FeatureEffects
from workbench.methods.estimator import Estimator
from workbench.methods.form_test import FormTest
from workbench.methods.fuzzing.paths import PathEffect
from workbench.methods.row_summary import QUANTILES, PartSummary, RowSummary
from workbench.methods.saved_effects import SavedEstimates, read_estimator
from workbench.report.saved.core import SavedEntry, SavedPartSummary, SavedPath, SavedRowSummary

__all__ = ["read_path", "read_table"]


def read_table(
    entries: Sequence[SavedEntry],
    kept: SavedEstimates,
    threshold: float | None,
    unit: str,
    seed: int,
    n_rows: int | None = None,
) -> EffectTable:
    """Read an effect table.

    Parameters
    ----------
    entries : sequence of SavedEntry
    kept : SavedEstimates
        The columns of joint uncertainty.
    threshold : float or None
        τ of the verdict, for which the row effects must have been summed up.
    unit : str
    seed : int
    n_rows : int, optional
        Rows of the target; by default those of the entry with most.

    Raises
    ------
    DataError
        When it does not agree with itself.
    """
    found = tuple(_entry(entry, kept, threshold) for entry in entries)
    if n_rows is None:
        n_rows = max((entry.n_rows for entry in found), default=0)
    return EffectTable(found, pd.RangeIndex(n_rows), unit, seed)


def read_path(saved: SavedPath, kept: SavedEstimates) -> PathEffect:
    """Read the effect along one path; see :func:`read_table`."""
    if saved.path[-1] != PREDICTION:
        raise wrong("estimates.paths", "holds a path that does not lead to the prediction.")
    return PathEffect(
        saved.feature, saved.path, saved.intervention, kept.effect(saved.effect), saved.left_out
    )


def _entry(saved: SavedEntry, kept: SavedEstimates, threshold: float | None) -> FeatureEffects:
    about = (saved.feature, read_estimator(saved.estimator), saved.intervention)
    pure, form = saved.pure_indirect, saved.form
    return FeatureEffects(
        *about,
        kept.effect(saved.total),
        kept.effect(saved.direct),
        pure_indirect=None if pure is None else kept.effect(pure),
        adjustment=saved.adjustment,
        n_rows=saved.n_rows,
        queries=saved.queries,
        combination=saved.combination,
        summary=None if saved.rows is None else _summary(saved.rows, about, threshold),
        form=None
        if form is None
        else FormTest(form.correction, form.standard_error, form.weight, form.missed),
        filled_rows=saved.filled_rows,
    )


def _summary(
    saved: SavedRowSummary, about: tuple[str, Estimator, str], threshold: float | None
) -> RowSummary:
    if threshold is not None and saved.threshold != threshold:
        raise altered("row effects were summed up for another threshold than the verdict's")
    total, direct, indirect = map(_part_summary, saved.parts)
    if (total.part, direct.part, indirect.part) != EFFECT_PARTS:
        raise wrong("estimates", "holds a row summary that is not total, direct and indirect.")
    if any(p.counts and sum(p.counts) != saved.n_rows for p in (total, direct, indirect)):
        raise altered("a histogram of row effects does not hold as many rows as it says")
    return RowSummary(*about, saved.n_rows, saved.threshold, total, direct, indirect)


def _part_summary(saved: SavedPartSummary) -> PartSummary:
    edges, counts = saved.edges, saved.counts
    if len(edges) != (len(counts) + 1 if counts else 0) or list(edges) != sorted(edges):
        raise wrong("estimates", "holds a row summary that is no histogram: its bins do not fit.")
    known = {repr(q): q for q in QUANTILES}
    if not saved.quantiles.keys() <= known.keys():
        raise wrong("estimates", "holds what is no quantile that is kept.")
    return PartSummary(
        part=saved.part,
        mean=math.nan if saved.mean is None else float(saved.mean),
        mean_abs=math.nan if saved.mean_abs is None else float(saved.mean_abs),
        quantiles={known[q]: float(value) for q, value in saved.quantiles.items()},
        above=saved.above,
        within=saved.within,
        below=saved.below,
        edges=edges,
        counts=counts,
    )
