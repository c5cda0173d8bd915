"""Algorithm 1: the fuzzing oracle.

Set the target's features, carry the change through the causal graph with fitted structural
equations, and ask the black box again (``estimands.md``, "Algorithm 1: the fuzzing oracle").
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from workbench.case.asking.batches import (
    Answer,
    Differences,
    QueryBatch,
    direct_differences,
    rows_asked,
    sample_places,
)
from workbench.case.asking.variations import variations_of
from workbench.case.audit_case import AuditCase
from workbench.case.audit_request import AuditRequest
from workbench.case.intervention import Interventions, Variation
from workbench.case.target import UnlearningTarget
from workbench.common.arrays import FloatArray, Positions
from workbench.common.progress import Progress, silent
from workbench.methods.averages import mean_effect, row_effects
from workbench.methods.effects import Effect, EffectTable, FeatureEffects, sum_of
from workbench.methods.estimator import Estimator, Residuals
from workbench.methods.fuzzing.equation_error import (
    SAMPLE_ROWS,
    Nudge,
    nudged,
    propagated_influences,
)
from workbench.methods.fuzzing.propagation import Equations, Propagation, fit_equations, set_levels
from workbench.methods.method import CausalMethod
from workbench.tables.columns import Values

__all__ = ["METHOD", "fuzzed_effects"]


ENOUGH_ROWS = 500
"""Smaller targets repeat the draws of their noise until there are this many rows."""
MOST_COPIES = 500
"""Repeats of the noise at the most."""
GROUP_ROWS = 400_000
"""Rows of questions that wait before they are asked."""


def fuzzed_effects(
    case: AuditCase,
    target: UnlearningTarget,
    *,
    intervention: Interventions = None,
    residuals: Residuals = "abduct",
    equations: Equations | None = None,
    nudged_rows: int = SAMPLE_ROWS,
    seed: int = 0,
    progress: Progress = silent,
) -> EffectTable:
    """Measure total, direct and indirect effects by intervening and asking the model.

    Parameters
    ----------
    case : AuditCase
        With a model that can be asked.
    target : UnlearningTarget
    intervention : Contrast, Resample, Shift, mapping of feature to these, or None
        None takes the defaults of :func:`workbench.case.intervention.vary`.
    residuals : {"abduct", "drop"}, default "abduct"
        Keep each row's own noise, or replace a moved node by its expected value as the paper does.
    equations : Equations, optional
        Fitted before, to be shared between calls; fitted here by default.
    nudged_rows : int, default 256
        Rows that show how the equations' errors move the effects.
    seed : int, default 0
        For the noise of categories and whole numbers, and for interventions that draw.
    progress : callable, optional
        See :mod:`workbench.common.progress`.

    Returns
    -------
    EffectTable
        One entry per feature; for several features also their sum and the joint intervention, in
        which a feature that descends from another is held at its own intervened value.

    Raises
    ------
    ModelError
        When the model only has logged predictions.
    NotIdentifiableError
        When a latent common cause bends a structural equation.

    Examples
    --------
    >>> import pandas as pd
    >>> from workbench.graph.causal_graph import CausalGraph
    >>> from workbench.case.intervention import Contrast
    >>> rng = np.random.default_rng(1)
    >>> a = rng.normal(size=400)
    >>> frame = pd.DataFrame({"a": a, "b": 2 * a + rng.normal(size=400)})
    >>> case = AuditCase(data=frame, model=lambda rows: 3 * rows["b"], features=["b"],
    ...                  graph=CausalGraph([("a", "b")]))
    >>> effect = fuzzed_effects(case, UnlearningTarget.feature("a"),
    ...                         intervention=Contrast(-1.0, 1.0))["a"]
    >>> bool(effect.total.low < 12 < effect.total.high), effect.direct.value
    (True, 0.0)
    """
    names, mask = case.resolve(target)
    positions = np.flatnonzero(mask)
    varied = variations_of(case, names, positions, intervention, seed)
    if equations is None:
        keep = set_levels(varied)
        equations = fit_equations(
            case, names, keep=keep, residuals=residuals, seed=seed, progress=progress
        )
    equations.check_cover(case, names)
    sampled = target.kind != "datapoints"
    batch = QueryBatch(case, progress, "fuzzing: asking the model")
    run = _Run(case, equations, positions, sampled, batch, nudged_rows, seed)
    jobs: list[tuple[Variation, ...]] = [(variation,) for variation in varied]
    if len(varied) > 1:
        jobs.append(tuple(varied))
    estimator = Estimator("fuzzing", residuals=equations.residuals)
    questions = _in_groups(run, jobs)
    entries = [
        _entry(run, question, influences, estimator)
        for question, influences in zip(questions, _influences(run, questions), strict=True)
    ]
    if len(varied) > 1:
        entries.insert(-1, sum_of(entries[:-1]))
    return EffectTable(tuple(entries), case.data.index[positions], case.output, seed)


@dataclass(frozen=True, eq=False)
class _Run:
    """What all features of one call share."""

    case: AuditCase
    equations: Equations
    positions: Positions
    sampled: bool
    batch: QueryBatch
    nudged_rows: int
    seed: int


@dataclass(frozen=True, eq=False)
class _Question:
    """Everything asked about one feature or one joint intervention.

    Attributes
    ----------
    pure : Differences or None
        None when the model does not read the features: pure and whole indirect effect are one.
    sample : Propagation or None
        The rows that were nudged; None when nothing carries the change.
    nudges : list of list of Nudge
        Those behind the total effect, then those behind the pure indirect one if it was asked.
    filled : int
        Rows in which a mediator is missing, and was drawn.
    """

    varied: tuple[Variation, ...]
    direct: Differences
    total: Differences
    pure: Differences | None
    copies: int
    sample: Propagation | None
    nudges: list[list[Nudge]]
    filled: int = 0


def _in_groups(run: _Run, jobs: Sequence[tuple[Variation, ...]]) -> list[_Question]:
    """Ask about all jobs, in groups that keep memory bounded and batches large."""
    questions: list[_Question] = []
    waiting = 0
    for varied in jobs:
        asked = _ask(run, varied)
        questions.append(asked)
        waiting += len(run.positions) * asked.copies * (2 + 4 * (asked.sample is not None))
        if waiting > GROUP_ROWS:
            run.batch.flush()
            waiting = 0
    run.batch.flush()
    return questions


def _ask(run: _Run, varied: tuple[Variation, ...]) -> _Question:
    features = {v.feature for v in varied}
    carriers = run.equations.carriers(run.case, *features)
    direct = direct_differences(run.batch, run.positions, *varied)
    if not carriers:
        return _Question(varied, direct, direct, None, 1, None, [])

    def whole(state: dict[str, Values], rows: Propagation) -> Answer:
        told = run.equations.as_recorded(state, rows.positions, features)
        return run.batch.ask(rows.positions, told)

    def mediators_only(state: dict[str, Values], rows: Propagation) -> Answer:
        return whole({k: values for k, values in state.items() if k not in features}, rows)

    # Where the model does not read the features, the pure indirect effect is the indirect one.
    reads = not features.isdisjoint(run.case.reads)
    outcomes = [whole, mediators_only] if reads else [whole]
    copies = _copies(run, carriers)
    rows = Propagation(run.case.columns, run.equations, np.tile(run.positions, copies), copies)
    before, *afters = [
        rows.carry({v.feature: np.tile(level, copies) for v, level in levels}, through=carriers)
        for levels in _levels(varied)
    ]
    found = [
        Differences(tuple(outcome(state, rows) for state in afters), outcome(before, rows))
        for outcome in outcomes
    ]
    inside = sample_places(len(run.positions), run.nudged_rows, run.seed)
    sample = Propagation(run.case.columns, run.equations, run.positions[inside])
    nudges: list[list[Nudge]] = [[] for _ in outcomes]
    for after, sign in ((False, -1.0), (True, 1.0)):
        state = sample.carry(_mixed(varied, inside, run.seed, after=after), through=carriers)
        asked = nudged(sample, state, outcomes, features, carriers, sign=sign)
        for kept, more in zip(nudges, asked, strict=True):
            kept += more
    filled = int(run.equations.gaps(carriers, run.positions).sum())
    pure = found[1] if reads else None
    return _Question(varied, direct, found[0], pure, copies, sample, nudges, filled)


def _copies(run: _Run, carriers: Sequence[str]) -> int:
    """How often the target's rows are repeated with new noise."""
    gaps = run.equations.gaps(carriers, run.positions).any()
    if not gaps and not any(run.equations.by_node[node].is_random for node in carriers):
        return 1
    if len(run.positions) < ENOUGH_ROWS:
        return min(MOST_COPIES, -(-ENOUGH_ROWS // len(run.positions)))
    # Of named rows the drawn noise is the only noise: it takes two to see it. A gap is filled
    # more than once, too.
    return 1 if run.sampled and not gaps else 2


def _levels(varied: tuple[Variation, ...]) -> Iterator[list[tuple[Variation, Values]]]:
    """Values of every varied feature: before, then draw by draw."""
    yield [(v, v.before) for v in varied]
    for k in range(max(len(v.after) for v in varied)):
        yield [(v, v.draw(k)) for v in varied]


def _mixed(
    varied: tuple[Variation, ...], inside: Positions, seed: int, *, after: bool
) -> dict[str, Values]:
    """Values at the sampled rows; of several draws each row takes one."""
    draws = max(len(v.after) for v in varied)
    pick = np.random.default_rng(seed).integers(0, draws, size=len(inside))
    if not after:
        return {v.feature: v.before[inside] for v in varied}
    return {v.feature: np.stack([v.draw(k) for k in range(draws)])[pick, inside] for v in varied}


def _influences(run: _Run, questions: Sequence[_Question]) -> list[list[FloatArray]]:
    """Influence of every row through the equations, for each question and each of its nudges."""
    requests = [(q.sample, nudges) for q in questions if q.sample for nudges in q.nudges]
    found = iter(propagated_influences(requests, run.case.n_rows))
    return [[next(found) for _ in question.nudges] for question in questions]


def _entry(
    run: _Run, question: _Question, influences: list[FloatArray], estimator: Estimator
) -> FeatureEffects:
    varied = question.varied
    if not influences:
        total = _mean(run, question.total, 1, None)
        pure = Effect(0.0, np.zeros(run.case.n_rows))
    else:
        total = pure = _mean(run, question.total, question.copies, influences[0])
        if question.pure is not None:
            pure = _mean(run, question.pure, question.copies, influences[1])
    differences = [d for d in (question.direct, question.total, question.pure) if d]
    answers = [answer for d in differences for answer in (d.before, *d.after)]
    answers += [nudge.answer for nudges in question.nudges for nudge in nudges]
    return FeatureEffects(
        " + ".join(v.feature for v in varied),
        estimator,
        "; ".join(v.text if len(varied) == 1 else f"{v.feature} {v.text}" for v in varied),
        total,
        _mean(run, question.direct, 1, None),
        row_effects(
            [_over_copies(d, question.copies) for d in question.total.per_draw],
            question.direct.per_draw,
        ),
        pure_indirect=pure,
        n_rows=len(run.positions),
        queries=rows_asked(answers),
        combination="joint" if len(varied) > 1 else "",
        filled_rows=question.filled,
    )


def _mean(run: _Run, differences: Differences, copies: int, through: FloatArray | None) -> Effect:
    """Average over draws, repeats of the noise and rows, with the influence of every row."""
    n, size = run.case.n_rows, len(run.positions)
    every = np.mean(differences.per_draw, axis=0)
    effect = mean_effect(_over_copies(every, copies), run.positions, n, sampled=run.sampled)
    influence = effect.influence if through is None else effect.influence + through
    if copies > 1 and not run.sampled:
        noise = every.reshape(copies, -1).var(axis=0, ddof=1) / copies
        influence[run.positions] += np.sqrt(noise) * (n / size)
    return Effect(effect.value, influence)


def _over_copies(rows: FloatArray, copies: int) -> FloatArray:
    """Average over the repeats of the noise, shape (rows of T,)."""
    return rows if copies == 1 else rows.reshape(copies, -1).mean(axis=0)


def _run(asked: AuditRequest, equations: Equations | None) -> EffectTable:
    return fuzzed_effects(asked.case, asked.target, equations=equations, **asked.options)


METHOD = CausalMethod(
    name="fuzzing",
    title="fuzzing",
    label="Causal fuzzing (asks the model; gives the paths)",
    cost="some seconds to a minute; it asks the model about every row several times",
    run=_run,
    needs_queries=True,
    needs_equations=True,
    asks_all_rows=True,
)
