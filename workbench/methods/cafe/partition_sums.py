"""What one partition of a table adds to CAFÉ's regressions: sums, and never a row."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from workbench.case.asking.batches import QueryBatch, direct_differences
from workbench.case.intervention import Variation
from workbench.case.partition import CaseOfPartitions, Opened
from workbench.common.arrays import FloatArray
from workbench.common.threads import one_thread
from workbench.methods.cafe.design_matrix import Layout
from workbench.methods.cafe.estimator import IN_TARGET, Plan
from workbench.methods.cafe.shared_regression import (
    Fit,
    Normal,
    Question,
    SharedRegression,
    add_interactions,
    add_steps,
    key_of,
    normal_of,
    places_inside,
)
from workbench.methods.estimator import Basis
from workbench.tables.column_bases import BasisKind
from workbench.tables.columns import Column
from workbench.tables.partitions.parts import Partition

__all__ = ["Key", "PartitionJob", "Products", "Sums", "job_of", "products_on", "summed_on"]

Key = tuple[str, frozenset[str]]
"""A question's feature and what it is adjusted for."""
KINDS: tuple[BasisKind, ...] = ("minimal", "coarse")
"""Bases of covariates in interactions, beside the kind of the regression."""


@dataclass(frozen=True, eq=False)
class PartitionJob:
    """What a worker knows before it opens a partition.

    Attributes
    ----------
    names : tuple of str
        Columns of the regressions.
    flags : Column or None
        The column that marks the target's rows, where regressions use it.
    normals : dict
        Empty normal equations of every question, by its key.
    asked : list of Variation
        Direct effects that the model is asked about, one row of each.
    """

    case: CaseOfPartitions
    names: tuple[str, ...]
    flags: Column | None
    kind: Basis
    layouts: Mapping[BasisKind, Layout]
    normals: Mapping[Key, Normal]
    asked: list[Variation]


@dataclass(frozen=True, eq=False)
class Sums:
    """What the first pass says of some rows: they add."""

    n_target: int
    gram: FloatArray
    moment: FloatArray
    own: list[tuple[FloatArray, FloatArray, FloatArray]]
    queries: int

    def __add__(self, other: Sums) -> Sums:
        own = [
            (a + x, b + y, c + z) for (a, b, c), (x, y, z) in zip(self.own, other.own, strict=True)
        ]
        return Sums(
            self.n_target + other.n_target,
            self.gram + other.gram,
            self.moment + other.moment,
            own,
            self.queries + other.queries,
        )


@dataclass(frozen=True, eq=False)
class Products:
    """What the second pass says of some rows: sums of products of the influence columns' parts."""

    n_target: int
    crosses: FloatArray
    strange: Counter[str]
    queries: int

    def __add__(self, other: Products) -> Products:
        return Products(
            self.n_target + other.n_target,
            self.crosses + other.crosses,
            self.strange + other.strange,
            self.queries + other.queries,
        )


def job_of(
    head: CaseOfPartitions,
    shared: SharedRegression | None,
    questions: Sequence[Question],
    asked: Sequence[Plan],
) -> PartitionJob:
    """Gather what the workers need: the questions of the regressions, and those to the model."""
    variations = [_one_row(plan.variation) for plan in asked]
    if shared is None:
        return PartitionJob(head, (), None, "flexible", {}, {}, variations)
    columns, kind = shared.design.columns, shared.kind
    flags = columns.get(IN_TARGET)
    return PartitionJob(
        head,
        tuple(columns),
        None if flags is None else replace(flags, values=flags.values[:0]),
        "linear" if kind == "linear" else "flexible",
        {k: shared.design.layout(k) for k in ((kind,) if kind == "linear" else (kind, *KINDS))},
        {key_of(question): _emptied(normal_of(shared, question)) for question in questions},
        variations,
    )


def _one_row(variation: Variation) -> Variation:
    return variation.take(np.zeros(1, dtype=np.intp))


def _emptied(normal: Normal) -> Normal:
    return replace(
        normal,
        gram=np.zeros_like(normal.gram),
        moment=np.zeros_like(normal.moment),
        cross_step=np.zeros_like(normal.cross_step),
    )


def _shared(job: PartitionJob, opened: Opened) -> SharedRegression:
    columns = {name: opened.case.columns[name] for name in job.names if name != IN_TARGET}
    if job.flags is not None:
        inside = np.zeros(opened.case.n_rows, dtype=np.intp)
        inside[opened.positions] = 1
        columns[IN_TARGET] = replace(job.flags, values=inside)
    columns = {name: columns[name] for name in job.names}
    return SharedRegression(opened.case, columns, kind=job.kind, layouts=job.layouts)


def summed_on(job: PartitionJob, partition: Partition) -> Sums:
    """Add up the normal equations of one partition."""
    opened = job.case.open(partition, scored=bool(job.normals))
    if not job.normals:
        return Sums(len(opened.positions), np.zeros((0, 0)), np.zeros(0), [], 0)
    shared = _shared(job, opened)
    normals = [_emptied(normal) for normal in job.normals.values()]
    with one_thread():
        for rows in shared.design.chunks():
            inside = places_inside(opened.positions, rows)
            for normal in normals:
                add_interactions(shared, normal, rows)
                add_steps(shared, normal, rows, inside, opened.positions)
    return Sums(
        len(opened.positions),
        shared.gram,
        shared.moment,
        [(normal.gram, normal.moment, normal.cross_step) for normal in normals],
        opened.asked,
    )


def products_on(job: PartitionJob, fits: Sequence[Fit], partition: Partition) -> Products:
    """Add up products of the columns that influence columns are made of, on one partition.

    The columns: for every fit its residuals' part and its effects at the target's rows, for every
    question to the model its answer there, and one that marks the target's rows.
    """
    opened = job.case.open(partition)
    case, positions = opened.case, opened.positions
    parts = np.zeros((case.n_rows, 2 * len(fits) + len(job.asked) + 1))
    parts[positions, -1] = 1.0
    queries = opened.asked
    if fits:
        shared = _shared(job, opened)
        with one_thread():
            for rows, inside, found in shared.applied(fits, positions):
                for place, (influence, effects) in enumerate(found):
                    parts[rows, 2 * place] = influence
                    parts[positions[inside], 2 * place + 1] = effects[0]
    if job.asked and len(positions):
        batch = QueryBatch(case)
        everyone = np.zeros(len(positions), dtype=np.intp)
        differences = [
            direct_differences(batch, positions, variation.take(everyone))
            for variation in job.asked
        ]
        for place, difference in enumerate(differences):
            parts[positions, 2 * len(fits) + place] = difference.per_draw[0]
        queries += batch.asked
    with one_thread():
        crosses = parts.T @ parts
    return Products(len(positions), crosses, Counter(opened.strange), queries)
