"""What rows of a partition say of a feature's levels: sums that add, and never a row.

Direct effects are asked of the model at every level (``estimands.md``, "Effects"). Of the answers
a partition tells counts, sums and squares of the pairs of levels, how many rows some level moves
by more than the threshold, and how far rows are moved, counted in bins.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from workbench.case.asking.batches import QueryBatch
from workbench.case.audit_case import AuditCase
from workbench.case.partition import CaseOfPartitions
from workbench.common.arrays import BoolArray, FloatArray
from workbench.common.threads import one_thread
from workbench.methods.profile.answers import filled
from workbench.methods.profile.bounds import FEWEST_ROWS, PairBounds
from workbench.methods.profile.plausible import Plausibility
from workbench.tables.columns import Values
from workbench.tables.partitions.parts import Partition

__all__ = ["AskedFeature", "LevelJob", "LevelSums", "PeopleSums", "RowSums", "sums_on"]

CHUNK = 50_000
"""Rows of a partition whose answers at all levels are held at a time."""
STEPS = 64
"""Bins of sizes in a doubling: a size is told to one part in a hundred."""
DOUBLINGS = 12
"""Doublings above the threshold, and below it, that have bins; beyond is the last bin."""
OFF = 1.0137
"""Moves the bins' edges off round multiples of the threshold, which effects often are."""


@dataclass(frozen=True, eq=False)
class AskedFeature:
    """A feature, the levels it is set to, and for which rows these are plausible.

    Attributes
    ----------
    levels : tuple of number
        Encoded.
    shares : ndarray, shape (levels,)
        Share of the rows that each level stands for.
    plausibility : Plausibility or None
        None where every level is plausible for every row.
    """

    name: str
    levels: tuple[float | int, ...]
    shares: FloatArray
    plausibility: Plausibility | None


@dataclass(frozen=True, eq=False)
class LevelJob:
    """What a worker knows before it opens a partition."""

    case: CaseOfPartitions
    features: tuple[AskedFeature, ...]
    threshold: float
    told_by: tuple[str, ...] = ()
    """Categories by whose levels rows that are moved are counted."""


@dataclass(frozen=True, eq=False)
class LevelSums:
    """Sums over rows of what each level changes, by pairs of levels, shape (levels, levels).

    Attributes
    ----------
    rows : int
    counts : ndarray
        Rows for which both levels are plausible.
    sums, squares : ndarray
        Of the change at the first level, over these rows.
    products : ndarray
        Of the changes at both.
    """

    rows: int
    counts: FloatArray
    sums: FloatArray
    squares: FloatArray
    products: FloatArray

    @classmethod
    def of(cls, changes: FloatArray, plausible: BoolArray) -> LevelSums:
        """Add up changes, shape (levels, rows)."""
        kept = plausible.astype(np.float64)
        changed = np.where(plausible, changes, 0.0)
        with one_thread():
            return cls(
                changes.shape[1],
                kept @ kept.T,
                changed @ kept.T,
                (changed**2) @ kept.T,
                changed @ changed.T,
            )

    def __add__(self, other: LevelSums) -> LevelSums:
        return LevelSums(
            self.rows + other.rows,
            self.counts + other.counts,
            self.sums + other.sums,
            self.squares + other.squares,
            self.products + other.products,
        )

    def bounds(self) -> PairBounds:
        """Compare all pairs of levels, as :func:`pair_bounds` does row by row."""
        low, high = np.triu_indices(len(self.counts), 1)
        counts = self.counts[low, high]
        some = np.maximum(counts, 1.0)
        values = (self.sums[high, low] - self.sums[low, high]) / some
        squares = self.squares[high, low] + self.squares[low, high]
        squares = (squares - 2 * self.products[low, high]) / some
        variances = squares - values**2
        # Rows that are all moved alike leave rounding behind.
        variances = np.where(variances > 1e-12 * squares, variances, 0.0)
        errors = np.sqrt(variances / some)
        shares = counts / max(self.rows, 1)
        shares = np.where(counts >= min(FEWEST_ROWS, self.rows), shares, 0.0)
        factor = None
        if self.rows and (self.counts == self.rows).all():
            means = self.sums[:, 0] / self.rows
            covariance = (self.products / self.rows - np.outer(means, means)) / self.rows
            sizes, axes = np.linalg.eigh(covariance)
            root = axes * np.sqrt(np.maximum(sizes, 0.0))
            factor = root[high] - root[low]
        return PairBounds(low, high, values, np.where(errors < 1e-12, 0, errors), shares, factor)

    def widest(self) -> tuple[int, int]:
        """Return the two levels between which rows move most, by the mean of the squares."""
        found = self.bounds()
        squares = np.where(found.shares > 0, found.values**2 + found.errors**2 * self.rows, -1.0)
        place = int(np.argmax(squares))
        return int(found.low[place]), int(found.high[place])


@dataclass(frozen=True, eq=False)
class PeopleSums:
    """How far single rows are moved.

    Attributes
    ----------
    rows, moved : int
        Rows, and those that some level moves by more than the threshold.
    size, squares : float
        Sums of the rows' mean sizes, over levels drawn from the feature's own distribution.
    largest : float
        By how much a row is moved at the most.
    bins : ndarray of int
        Rows by how far they are moved; the first are not moved at all.
    places : mapping of str to ndarray, shape (levels, 2)
        By category and level, rows, and those that are moved by more than the threshold.
    """

    rows: int
    moved: int
    size: float
    squares: float
    largest: float
    bins: FloatArray
    places: Mapping[str, FloatArray] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        changes: FloatArray,
        plausible: BoolArray,
        shares: FloatArray,
        threshold: float,
        codes: Mapping[str, tuple[Values, int]] | None = None,
    ) -> PeopleSums:
        """Count rows, shape (levels, rows) of changes.

        Parameters
        ----------
        codes : mapping of str to (ndarray of int, int), optional
            Levels that the rows hold of some categories, and how many levels there are.
        """
        weights = np.where(plausible, shares[:, None], 0.0)
        sums = np.maximum(weights.sum(axis=0), 1e-300)
        sizes = (weights * np.abs(changes)).sum(axis=0) / sums
        top = np.where(plausible, changes, 0.0).max(axis=0, initial=0.0)
        bottom = np.where(plausible, changes, 0.0).min(axis=0, initial=0.0)
        spans = top - bottom
        found = np.searchsorted(_edges(threshold), spans, side="left")
        moved = spans > threshold
        return cls(
            len(spans),
            int(moved.sum()),
            float(sizes.sum()),
            float((sizes**2).sum()),
            float(spans.max(initial=0.0)),
            np.bincount(found, minlength=2 * STEPS * DOUBLINGS + 2).astype(np.float64),
            {
                name: np.stack(
                    [
                        np.bincount(held[some], minlength=levels).astype(np.float64)
                        for some in (slice(None), moved)
                    ],
                    axis=1,
                )
                for name, (held, levels) in (codes or {}).items()
            },
        )

    def __add__(self, other: PeopleSums) -> PeopleSums:
        return PeopleSums(
            self.rows + other.rows,
            self.moved + other.moved,
            self.size + other.size,
            self.squares + other.squares,
            max(self.largest, other.largest),
            self.bins + other.bins,
            {name: counts + other.places[name] for name, counts in self.places.items()},
        )

    def reach(self, most: int, threshold: float) -> float:
        """Return a size, about the smallest, beyond which at most so many rows are moved."""
        beyond = self.rows - np.cumsum(self.bins)
        place = int(np.argmax(beyond <= most))
        edges = _edges(threshold)
        return self.largest if place >= len(edges) else min(float(edges[place]), self.largest)


def _edges(threshold: float) -> FloatArray:
    steps = np.arange(-STEPS * DOUBLINGS, STEPS * DOUBLINGS)
    out: FloatArray = np.r_[0.0, OFF * threshold * 2.0 ** (steps / STEPS)]
    return out


@dataclass(frozen=True, eq=False)
class RowSums:
    """What some rows say of all features that were asked about: they add."""

    features: tuple[tuple[LevelSums, PeopleSums, Mapping[str, LevelSums]], ...]
    queries: int

    def __add__(self, other: RowSums) -> RowSums:
        features = tuple(
            (a + x, b + y, {name: one + z[name] for name, one in c.items()})
            for (a, b, c), (x, y, z) in zip(self.features, other.features, strict=True)
        )
        return RowSums(features, self.queries + other.queries)


def sums_on(job: LevelJob, partition: Partition) -> RowSums:
    """Ask about the target's rows of one partition at every level, and add up the answers."""
    names = [feature.name for feature in job.features]
    opened = job.case.open(partition, exact=names)
    case = opened.case
    # A value that the sample does not know must not pass for the one that stands for it.
    asking = AuditCase.of_checked(
        data=case.data,
        model=case.model,
        graph=case.graph,
        outcome=case.outcome,
        columns={
            **case.columns,
            **{n: replace(case.columns[n], values=v) for n, v in opened.exact.items()},
        },
        predictions=case.predictions,
    )
    queries = opened.asked
    total: RowSums | None = None
    for start in range(0, max(len(opened.positions), 1), CHUNK):
        rows = opened.positions[start : start + CHUNK]
        groups = {name: mask[rows] for name, mask in opened.groups.items()}
        codes = {
            name: (case.columns[name].values[rows], len(case.columns[name].levels))
            for name in job.told_by
        }
        batch = QueryBatch(asking)
        told = []
        for feature in job.features:
            asked = [
                batch.ask(rows, filled(asking, {feature.name: level}, len(rows)))
                for level in feature.levels
            ]
            batch.flush()
            changes = np.stack([answer.scores for answer in asked]) - case.predictions[rows]
            plausible = np.ones(changes.shape, dtype=bool)
            if feature.plausibility is not None:
                levels = [{feature.name: level} for level in feature.levels]
                with one_thread():
                    plausible = feature.plausibility.at(levels, case.columns, rows)
            told.append(
                (
                    LevelSums.of(changes, plausible),
                    PeopleSums.of(changes, plausible, feature.shares, job.threshold, codes),
                    {
                        name: LevelSums.of(changes[:, inside], plausible[:, inside])
                        for name, inside in groups.items()
                    },
                )
            )
        found = RowSums(tuple(told), batch.asked)
        total = found if total is None else total + found
    assert total is not None
    return RowSums(total.features, total.queries + queries)
