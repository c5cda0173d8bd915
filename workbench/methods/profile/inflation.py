"""By how much noise in the structural equations can make row effects look larger than they are.

Errors of a mean cancel, those of sizes do not: the size of zero plus noise is the noise. By the
triangle inequality the mean size exceeds the true one by at most the mean size of the noise, and
E|noise| is at most its standard error at each row, whatever its distribution. Rows that jump
between levels of a category are counted twice: how much these jumps vary is in no other error.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from workbench.common.arrays import FloatArray
from workbench.common.progress import Progress, silent
from workbench.methods.fuzzing.equation import Equation
from workbench.methods.fuzzing.equation_error import Nudge
from workbench.methods.fuzzing.propagation import Propagation
from workbench.methods.profile.equation_noise import slope_of

__all__ = ["SizeNoise"]

CELLS = 1e7
"""Influences that are kept at once: they decide how many changes of rows are looked at."""
OF_JUMPS = 2.0
"""Standard errors by which jumps between levels may enlarge sizes, with their variation."""
AT_ONCE = 16
"""Influences between two reports of progress."""
FEWEST, MOST = 8, 64
"""Changes of single rows that are looked at."""
GLANCE = 6
"""Changes that are looked at first: where noise is far from mattering they tell that."""
FAR_BELOW = 4.0
"""How many times the noise that they show must still not matter."""


@dataclass(frozen=True, eq=False)
class SizeNoise:
    """What it takes to say how much of a mean size may be noise; asked for only where it matters.

    Attributes
    ----------
    sample : Propagation
        The rows that were nudged.
    nudges : sequence of sequences of Nudge
        By level.
    shares : ndarray, shape (levels,)
        How often each level is drawn.
    n : int
        Rows of the data.
    """

    sample: Propagation
    nudges: Sequence[Sequence[Nudge]]
    shares: FloatArray
    n: int

    def mean(self, room: float = 0.0, progress: Progress = silent) -> float:
        """Return what noise may add to the mean size of a change to a level drawn from the data.

        Parameters
        ----------
        room : float, default 0
            So much noise changes no finding. Few changes of rows are looked at where these show
            noise that is far below it.
        progress : callable, optional
            See :mod:`workbench.common.progress`.
        """
        most = self._most()
        if most > GLANCE:
            found = self._mean(GLANCE, progress)
            if FAR_BELOW * found < room:
                return found
        return self._mean(most, progress)

    def _most(self) -> int:
        widest = max((len(nudge.values) for level in self.nudges for nudge in level), default=1)
        return int(np.clip(CELLS / (widest * self.n), FEWEST, MOST))

    def _mean(self, count: int, progress: Progress) -> float:
        rows = len(self.sample.positions)
        random = np.random.default_rng(67)
        chances = self.shares / self.shares.sum()
        levels = random.choice(len(chances), count, p=chances)
        places = random.permutation(np.resize(random.permutation(rows), count))
        numbers, categories = np.zeros(count), np.zeros(count)
        nodes = sorted({nudge.node for level in self.nudges for nudge in level})
        for done, node in enumerate(nodes):
            equation = self.sample.equations.by_node[node]
            picked = [
                (turn, nudge, int(place))
                for turn, (level, place) in enumerate(zip(levels, places, strict=True))
                for nudge in self.nudges[level]
                if nudge.node == node
            ]
            if not picked:
                continue
            gradients = np.concatenate(list(self._gradients(equation, node, picked)))
            parts = np.array_split(gradients, -(-len(gradients) // AT_ONCE))
            squares = []
            for part_done, part in enumerate(parts):
                progress("people: noise in sizes", (done + part_done / len(parts)) / len(nodes))
                influences = equation.influences(part)
                squares.append(np.einsum("ij,ij->i", influences, influences))
            errors = np.sqrt(np.concatenate(squares)) / self.n
            owners = np.resize([turn for turn, _, _ in picked], len(errors))
            if equation.column.is_numeric:
                numbers += np.bincount(owners, errors**2, count)
            else:
                categories += np.bincount(owners, errors, count)
        return float((np.sqrt(numbers) + OF_JUMPS * categories).mean())

    def _gradients(
        self, equation: Equation, node: str, picked: Sequence[tuple[int, Nudge, int]]
    ) -> Iterator[FloatArray]:
        """Differentiate the changes of rows, each alone: a category's for each edge between levels.

        Where an edge between two levels moves, some rows jump from one to the other; the sizes of
        these jumps add up over the edges.
        """
        sample, places = self.sample, np.array([place for _, _, place in picked])
        now = {
            name: np.array([nudge.causes[name][place] for _, nudge, place in picked])
            for name in picked[0][1].causes
        }
        was = None
        if sample.equations.residuals == "abduct":
            was = {name: values[places] for name, values in sample.parents(node, {}).items()}
        observed = sample.observed(node)[places]
        if equation.column.is_numeric:
            slopes = np.array([slope_of(nudge)[place] for _, nudge, place in picked])
            yield equation.row_gradients(slopes, now, was, observed)
            return
        scores = np.stack([nudge.scores[:, place] for _, nudge, place in picked])
        for edge in range(1, scores.shape[1]):
            step = (scores[:, edge] - scores[:, edge - 1])[:, None]
            beyond = np.where(np.arange(scores.shape[1]) >= edge, step, 0.0)
            yield equation.row_gradients(beyond, now, was, observed)
