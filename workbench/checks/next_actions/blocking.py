"""What remains of an effect when some of its routes are blocked.

A mediator is blocked when it stays at the row's own value while the rest of the change is carried
along the graph; the feature itself is blocked, that is its direct route, when the model is shown
the row's own value of it while its consequences move (``estimands.md``, "Algorithm 1"). In a linear
world what remains is the sum of the path effects that do not pass the blocked nodes.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from workbench.case.asking.batches import Answer, Differences, QueryBatch, sample_places
from workbench.case.audit_case import AuditCase
from workbench.case.intervention import Variation
from workbench.common.against_threshold import without_rounding
from workbench.common.arrays import BoolArray, FloatArray, Positions
from workbench.methods.averages import mean_effect
from workbench.methods.effects import Effect
from workbench.methods.fuzzing.equation_error import (
    SAMPLE_ROWS,
    Nudge,
    nudged,
    propagated_influences,
)
from workbench.methods.fuzzing.estimator import ENOUGH_ROWS, MOST_COPIES
from workbench.methods.fuzzing.propagation import Equations, Propagation
from workbench.tables.columns import Values

__all__ = ["Routes", "value_and_ends"]

Blocked = frozenset[str]
OPEN: Blocked = frozenset()


@dataclass(eq=False)
class Routes:
    """The routes from one varied feature to the prediction, on some rows.

    Parameters
    ----------
    positions : ndarray of int, shape (m,)
        The rows that are averaged over; the variation has one value for each.
    sampled : bool
        Whether the rows stand for a larger population, or for themselves only.
    beyond : Effect, optional
        What a better estimate of the total says beyond these routes: it is there whatever single
        routes are blocked, and gone when all are, for then the model is asked about rows as they
        are.
    """

    case: AuditCase
    equations: Equations
    variation: Variation
    positions: Positions
    sampled: bool
    batch: QueryBatch
    seed: int = 0
    beyond: Effect | None = None
    _rows: dict[Blocked, FloatArray] = field(default_factory=dict)
    _effects: dict[Blocked, Effect] = field(default_factory=dict)

    @cached_property
    def blockable(self) -> tuple[str, ...]:
        """Nodes that can be blocked, causes first: the feature if the model reads it, mediators."""
        feature = self.variation.feature
        moving = tuple(self.equations.carriers(self.case, feature))
        return (feature, *moving) if feature in self.case.reads else moving

    @property
    def draws(self) -> int:
        """Draws of the intervention."""
        return len(self.variation.after)

    def take(self, places: Positions) -> Routes:
        """Return the same routes on some of the rows, given by their places among them."""
        return Routes(
            case=self.case,
            equations=self.equations,
            variation=self.variation.take(places),
            positions=self.positions[places],
            sampled=self.sampled,
            batch=self.batch,
            seed=self.seed,
            beyond=self.beyond,
        )

    def varied(self, variation: Variation, places: Positions) -> Routes:
        """Return the routes of another change on some of the rows, without what is beyond them."""
        return Routes(
            case=self.case,
            equations=self.equations,
            variation=variation,
            positions=self.positions[places],
            sampled=self.sampled,
            batch=self.batch,
            seed=self.seed,
        )

    def by_draw(self, blocked: Blocked) -> list[FloatArray]:
        """Return what remains of every draw by itself, at each row."""
        asked = self._differences(blocked)
        self.batch.flush()
        return list(asked.per_draw)

    def state(self, blocked: Blocked, level: int, rows: Propagation) -> dict[str, Values]:
        """Return the moved values that the model is shown; level 0 is before, then the draws."""
        feature = self.variation.feature
        values = self.variation.before if level == 0 else self.variation.after[level - 1]
        copies = len(rows.positions) // max(len(values), 1)
        moved = rows.carry({feature: np.tile(values, copies)}, through=self._moving(blocked))
        return self._shown(moved, blocked)

    def row_effects(self, *sets: Blocked) -> list[FloatArray]:
        """Return what remains at every row, means over draws and noise, each of shape (m,)."""
        new = [blocked for blocked in dict.fromkeys(sets) if blocked not in self._rows]
        asked = [self._differences(blocked) for blocked in new]
        self.batch.flush()
        for blocked, differences in zip(new, asked, strict=True):
            every = np.mean(differences.per_draw, axis=0)
            self._rows[blocked] = every.reshape(-1, len(self.positions)).mean(axis=0)
        return [self._rows[blocked] for blocked in sets]

    def effects(self, *sets: Blocked) -> list[Effect]:
        """Return what remains of the total effect for each set of blocked nodes."""
        new = [blocked for blocked in dict.fromkeys(sets) if blocked not in self._effects]
        found = self._estimate([(blocked, None) for blocked in new])
        self._effects.update(zip(new, found, strict=True))
        return [self._with_beyond(blocked) for blocked in sets]

    def _with_beyond(self, blocked: Blocked) -> Effect:
        found = self._effects[blocked]
        if self.beyond is None or blocked.issuperset(self.blockable):
            return found
        return found + self.beyond

    def parts(self, masks: Sequence[BoolArray]) -> list[Effect]:
        """Return what groups of rows contribute to the total: the mean of effect × membership.

        Parameters
        ----------
        masks : sequence of ndarray of bool, each shape (m,)
        """
        return self._estimate([(OPEN, mask) for mask in masks])

    @cached_property
    def _propagation(self) -> Propagation:
        copies = self._copies
        positions = np.tile(self.positions, copies)
        return Propagation(self.case.columns, self.equations, positions, copies)

    @cached_property
    def _copies(self) -> int:
        """How often the rows are repeated with new noise, as in fuzzing."""
        moving = self._moving(OPEN)
        if not any(self.equations.by_node[node].is_random for node in moving):
            return 1
        if len(self.positions) < ENOUGH_ROWS:
            return min(MOST_COPIES, -(-ENOUGH_ROWS // len(self.positions)))
        return 1 if self.sampled else 2

    def _moving(self, blocked: Iterable[str]) -> list[str]:
        feature, held = self.variation.feature, set(blocked)
        carriers = self.case.carriers(feature)
        return [n for n in self.equations.by_node if n in carriers and n not in held]

    def _shown(self, moved: dict[str, Values], blocked: Blocked) -> dict[str, Values]:
        """Leave out the feature itself where its direct route is blocked."""
        feature = self.variation.feature
        hidden = {feature} if feature in blocked else set()
        return {name: values for name, values in moved.items() if name not in hidden}

    def _differences(self, blocked: Blocked) -> Differences:
        rows = self._propagation
        before, *after = [
            self.batch.ask(rows.positions, self.state(blocked, level, rows))
            for level in range(self.draws + 1)
        ]
        return Differences(tuple(after), before)

    def _estimate(self, wanted: Sequence[tuple[Blocked, BoolArray | None]]) -> list[Effect]:
        """Average row effects, with the influence of the rows and of the equations."""
        if not wanted:
            return []
        found = self.row_effects(*(blocked for blocked, _ in wanted))
        asked = [self._nudges(blocked, mask) for blocked, mask in wanted]
        self.batch.flush()
        n, size = self.case.n_rows, len(self.positions)
        influences = propagated_influences(asked, n)
        out = []
        for (blocked, mask), rows, through in zip(wanted, found, influences, strict=True):
            weighted = rows if mask is None else rows * mask
            share = 1.0 if mask is None else float(mask.mean())
            effect = mean_effect(weighted, self.positions, n, sampled=self.sampled)
            influence = effect.influence + share * through
            if self._copies > 1 and not self.sampled:
                influence[self.positions] += self._noise(blocked) * (n / size)
            out.append(Effect(effect.value, influence))
        return out

    def _noise(self, blocked: Blocked) -> FloatArray:
        """Return each named row's standard error from the noise that was drawn, shape (m,)."""
        every = np.mean(self._differences(blocked).per_draw, axis=0)
        spread = every.reshape(self._copies, -1).var(axis=0, ddof=1) / self._copies
        noise: FloatArray = np.sqrt(spread)
        return noise

    def _nudges(self, blocked: Blocked, mask: BoolArray | None) -> tuple[Propagation, list[Nudge]]:
        """Ask, on a sample of the rows, what forcing each moved node elsewhere would do."""
        among = np.arange(len(self.positions)) if mask is None else np.flatnonzero(mask)
        inside = among[sample_places(len(among), SAMPLE_ROWS, self.seed)]
        sample = Propagation(self.case.columns, self.equations, self.positions[inside])
        feature, moving = self.variation.feature, self._moving(blocked)

        def shown(state: dict[str, Values], rows: Propagation) -> Answer:
            return self.batch.ask(rows.positions, self._shown(state, blocked))

        pick = np.random.default_rng(self.seed).integers(0, self.draws, size=len(inside))
        levels = (self.variation.before[inside], np.stack(self.variation.after)[pick, inside])
        found: list[Nudge] = []
        for values, sign in zip(levels, (-1.0, 1.0), strict=True):
            state = sample.carry({feature: values}, through=moving)
            found += nudged(sample, state, [shown], {feature}, moving, sign=sign)[0]
        return sample, found


def value_and_ends(left: Effect, level: float, threshold: float) -> tuple[float, float, float]:
    """Return what remains and its interval, without what is only the last bits of sums."""
    value, low, high = (
        without_rounding(one, threshold) for one in (left.value, *left.interval(level))
    )
    return value, low, high
