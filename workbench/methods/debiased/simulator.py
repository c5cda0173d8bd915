"""A case's better equations, and what they leave unexplained of its predictions.

At every row the feature stays as it is and all that it moves is drawn again, with the noise of
another row (:mod:`donors`); the model is asked about the row so made. Where graph and equations are
right, the prediction less the mean of such answers goes with neither the feature nor what it is
adjusted for.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

import numpy as np
import numpy.typing as npt

from workbench.case.asking.batches import QueryBatch, rows_asked
from workbench.case.audit_case import AuditCase
from workbench.case.intervention import Variation
from workbench.common.arrays import FloatArray
from workbench.common.progress import Progress, silent
from workbench.methods.debiased.donors import donors
from workbench.methods.debiased.equations import better_equations
from workbench.methods.debiased.missed_confounding import Expected, expectations
from workbench.methods.fuzzing.propagation import Equations, expected_at, set_levels
from workbench.tables.columns import Column, Values

__all__ = ["REDRAWS", "Learned", "Simulator", "Unexplained"]


Learned = dict[tuple[str, ...], tuple[tuple[Column, ...], tuple[Column, ...]]]
"""By feature and what it is adjusted for: these columns, and what trees predict of the feature."""

REDRAWS = 2
"""Times the mediators are drawn again at every row."""


@dataclass(frozen=True, eq=False)
class Unexplained:
    """What redrawn mediators do not explain at each row, and how many rows were asked for it.

    0 rows where they were asked for another feature, or before.
    """

    values: FloatArray
    queries: int


@dataclass(frozen=True, eq=False)
class Simulator:
    """A case with its equations; what they leave unexplained is asked once.

    Equations are about the data: another model of the same data takes them over.

    Attributes
    ----------
    equations : Equations
        Of :func:`workbench.methods.debiased.equations.better_equations`.
    """

    case: AuditCase
    equations: Equations
    _found: dict[str, FloatArray] = field(default_factory=dict, repr=False)
    _expected: dict[tuple[str, ...], Expected] = field(default_factory=dict, repr=False)

    @classmethod
    def of(
        cls,
        case: AuditCase,
        features: Iterable[str],
        varied: Sequence[Variation],
        *,
        plain: Equations | None = None,
        seed: int = 0,
        progress: Progress = silent,
    ) -> Simulator:
        """Fit the equations between some features and the prediction.

        Parameters
        ----------
        plain : Equations, optional
            Fuzzing's own of the same features: what both share is not fitted again, an audit that
            asks twice gets the same simulator, and models of the same data share the equations.

        Raises
        ------
        NotIdentifiableError
            When a latent common cause of a node and its own causes bends the equation.
        """
        names = tuple(features)

        def fitted() -> Simulator:
            equations = better() if plain is None else plain.once(("better", *key), better)
            return cls(case, equations)

        def better() -> Equations:
            return better_equations(case, names, varied, plain=plain, seed=seed, progress=progress)

        numbers = {
            name: tuple(levels.tolist())
            for name, levels in set_levels(varied).items()
            if case.columns[name].is_numeric
        }
        key = (*sorted({c for name in names for c in case.carriers(name)}), *numbers.items())
        return fitted() if plain is None else plain.once(("simulator", id(case), *key), fitted)

    def unexplained(
        self, given: Mapping[str, Iterable[str]], progress: Progress = silent
    ) -> dict[str, Unexplained]:
        """Ask about rows with their mediators drawn again, once per group of mediators.

        Parameters
        ----------
        given : mapping of str to iterable of str
            Features with mediators, and what each is adjusted for.
        """
        batch = QueryBatch(self.case, progress, "what the equations leave unexplained")
        groups: dict[tuple[str, ...], list[str]] = {}
        for feature in given:
            if feature not in self._found:
                groups.setdefault(self.case.carriers(feature), []).append(feature)
        asked = []
        for carriers, features in groups.items():
            # One draw serves features with the same mediators: what all of them are adjusted for.
            common = set.intersection(*(set(given[name]) for name in features))
            questions = self._redrawn(carriers, features, sorted(common & set(self.case.columns)))
            asked.append((features, [batch.ask(*question) for question in questions]))
        batch.flush()
        rows = dict.fromkeys(given, 0)
        for features, answers in asked:
            left = self.case.predictions - np.mean([answer.scores for answer in answers], axis=0)
            rows[features[0]] = rows_asked(answers)
            self._found.update(dict.fromkeys(features, left))
        return {feature: Unexplained(self._found[feature], rows[feature]) for feature in given}

    @property
    def learned(self) -> Learned:
        """What was predicted of features, with the columns that it was learned from."""
        return {
            key: (tuple(self.case.columns[name] for name in key), told.columns)
            for key, told in self._expected.items()
        }

    def take_over(self, learned: Learned) -> None:
        """Take over what another simulator learned of columns that are the same in this case."""
        for key, (asked, told) in learned.items():
            own = [self.case.columns.get(name) for name in key]
            if all(map(_same, own, asked)):
                self.equations.once(("expected", *key), partial(tuple, told))

    def expected(self, feature: str, given: Iterable[str]) -> Expected:
        """Predict the feature from what it is adjusted for, once for every such set.

        The predictions are about the data: another model of the same equations takes them over.
        """
        columns = self.case.columns
        key = (feature, *(name for name in given if name in columns))
        if key not in self._expected:
            causes = [columns[name] for name in key[1:]]
            shared = self.equations.once(
                ("expected", *key), lambda: expectations(columns[feature], causes)
            )
            self._expected[key] = Expected.of(
                columns[feature],
                causes,
                self.case.predictions,
                shared,
                lambda: self.equations.once(
                    ("expected of sums", *key),
                    lambda: expectations(columns[feature], causes, sums=True),
                ),
            )
        return self._expected[key]

    def _redrawn(
        self, carriers: Sequence[str], features: Sequence[str], given: Sequence[str]
    ) -> list[tuple[npt.NDArray[np.intp], dict[str, Values]]]:
        """Draw the mediators of every row again.

        They take the noise of one other row together, so that what moves two mediators beside
        the drawn causes stays with them.
        """
        case, equations, n = self.case, self.equations, self.case.n_rows
        own = {node: e for node, e in equations.by_node.items() if node in carriers}
        columns = {
            name: equations.values(name) if name in own else case.columns[name].values
            for name in {*own, *(p.name for e in own.values() for p in e.parents)}
        }
        was = {
            node: expected_at(equation, {p.name: columns[p.name] for p in equation.parents})
            for node, equation in own.items()
        }
        # Another model of the same data gets the same noise, so that a difference has none of it.
        chosen = equations.once(
            ("donors", tuple(carriers), tuple(features), tuple(given)),
            lambda: donors(
                [case.columns[name] for name in features],
                [case.columns[name] for name in given],
                case.predictions,
                times=REDRAWS,
                seed=equations.seed,
            ),
        )
        drawn = []
        everyone = np.arange(n)
        for turn, givers in enumerate(chosen):
            rng = np.random.default_rng([equations.seed, 21, turn])
            state: dict[str, Values] = {}
            for node, equation in own.items():
                causes = {p.name: state.get(p.name, columns[p.name]) for p in equation.parents}
                now = expected_at(equation, causes) if state.keys() & causes.keys() else was[node]
                state[node] = equation.move(
                    columns[node][givers], was[node][givers], now, rng.random(n), "abduct"
                )
            drawn.append((everyone, equations.as_recorded(state, everyone)))
        return drawn


def _same(one: Column | None, other: Column) -> bool:
    if one is None or one.is_numeric != other.is_numeric:
        return False
    return np.array_equal(one.values, other.values, equal_nan=one.is_numeric)
