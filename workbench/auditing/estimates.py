"""What an audit estimates and judges: profile, effects, paths, diagnostics and the verdict."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from workbench.auditing.clock import Steps
from workbench.auditing.ranges import TestedRange, explained, kept_levels
from workbench.auditing.steps import (
    run_effects,
    run_equations,
    run_paths,
    run_profile,
    simulator_of,
)
from workbench.auditing.whole_table import (
    apart,
    run_every_level,
    run_whole_table,
    whole_table_notes,
)
from workbench.case.asking.as_they_are import AsTheyAre
from workbench.case.asking.steadiness import (
    MOST_CALLS,
    Unsteady,
    changed_meanwhile,
    remember_rows,
    unsteady_answers,
)
from workbench.case.audit_request import AuditRequest
from workbench.checks.arrow_directions import turned_arrows
from workbench.checks.diagnostics import Diagnostics, diagnose
from workbench.checks.finding import Earlier
from workbench.checks.undrawn_arrows import undrawn_arrows
from workbench.checks.verdict import Verdict, judge
from workbench.common.map_reduce import On
from workbench.common.wording import amount, rate, share
from workbench.methods.answer_noise import wider_effects, wider_paths
from workbench.methods.cafe.whole_table import WholeTable
from workbench.methods.effects import EffectTable
from workbench.methods.fuzzing.missing import stopping_gaps
from workbench.methods.fuzzing.paths import PathEffect, direct_as_asked
from workbench.methods.fuzzing.propagation import Equations
from workbench.methods.profile.profile import EffectProfile
from workbench.methods.profile.unexplained_groups import CHANCE, unexplained_group

__all__ = ["Estimates", "estimate_and_judge"]

MOST_STOPPED = 0.01
"""Share of the rows in which a change may stop at a category that is not known."""


@dataclass(frozen=True, eq=False)
class Estimates:
    """What the causal methods found, and the verdict on it.

    Attributes
    ----------
    asked : AuditRequest
        With the change that effects and paths explain.
    equations : Equations or None
        None where no method needs them, or they cannot be fitted.
    profile : EffectProfile or None
    effects : EffectTable
    paths : tuple of PathEffect
    whole : WholeTable or None
        CAFÉ's effects over all rows of a table that is larger than its sample.
    unsteady : Unsteady or None
        How much answers to the same row differ, where they do.
    diagnostics : Diagnostics
    verdict : Verdict or None
        None without effects.
    """

    asked: AuditRequest
    equations: Equations | None
    profile: EffectProfile | None
    effects: EffectTable
    paths: tuple[PathEffect, ...]
    whole: WholeTable | None
    unsteady: Unsteady | None
    diagnostics: Diagnostics
    verdict: Verdict | None

    @property
    def for_checks(self) -> Earlier:
        """What the further checks may build on."""
        return Earlier(
            self.verdict, self.equations, self.effects, self.profile, self.paths, self.unsteady
        )


def estimate_and_judge(asked: AuditRequest, steps: Steps, tested: TestedRange, on: On) -> Estimates:
    """Estimate the effects of the target's features, and judge them.

    The profile comes first: the change in it that decides the verdict is the one that effects and
    paths explain, unless the auditor named another.
    """
    case, target, plan, seed = asked.case, asked.target, asked.plan, asked.seed
    again = None if plan is None else plan.again // MOST_CALLS
    unsteady = steps.run(
        "same answers", lambda: unsteady_answers(case, moved=asked.names, rows=again, seed=seed)
    )
    looked = bool(steps.queries["same answers"])
    if looked and unsteady is None:
        remember_rows(case)
    equations = run_equations(asked, steps, kept_levels(case, target, tested.levels, seed=seed))
    profile = run_profile(asked, steps, tested.levels, equations)
    rows = AsTheyAre(case)
    every = run_every_level(asked, steps, profile, rows, on)
    profile = profile if every is None else every.profile
    chosen_change = tested.intervention is not None
    asked = asked.varied_as(explained(profile, asked.intervention, chosen=chosen_change))
    effects = run_effects(asked, steps, equations)
    paths = direct_as_asked(run_paths(asked, steps, equations), effects)
    if unsteady is None:
        unsteady = steps.optional(
            "same answers at the end", lambda: changed_meanwhile(case, rows=again, seed=seed)
        )
    if unsteady is not None:
        case.answered.rows = None  # what was answered before is no longer what would be answered
        effects = wider_effects(effects, unsteady.call_error)
        paths = wider_paths(paths, unsteady.call_error)
        if every is not None:  # rows that get another answer anyway are moved by nothing
            every = replace(every, gathered=())
    whole = run_whole_table(asked, steps, rows, on)
    notes = whole_table_notes(asked, whole, effects, every)
    diagnostics = steps.run(
        "checks", lambda: _diagnosed(asked, effects, equations, profile, whole, notes, unsteady)
    )
    verdict = None
    if len(effects):
        verdict = judge(
            effects,
            paths,
            threshold=asked.threshold,
            alpha=asked.alpha,
            doubted=diagnostics.doubted,
            profile=profile,
            unsteady=unsteady,
            turned=diagnostics.turned,
        )
    return Estimates(
        asked, equations, profile, effects, paths, whole, unsteady, diagnostics, verdict
    )


def _diagnosed(
    asked: AuditRequest,
    effects: EffectTable,
    equations: Equations | None,
    profile: EffectProfile | None,
    whole: WholeTable | None,
    of_all_rows: Sequence[str],
    unsteady: Unsteady | None,
) -> Diagnostics:
    planned = () if asked.plan is None else asked.plan.asked()
    stopped = {} if equations is None else _stopped(asked, equations)
    taken = () if asked.compared is None else asked.compared.notes
    uneven = _uneven(asked, equations, effects)
    found = diagnose(
        asked.case,
        asked.target,
        asked.varied,
        effects,
        equations,
        threshold=asked.threshold,
        intervention=asked.intervention,
        notes=(
            *planned,
            *taken,
            *_unit_guessed(asked),
            *_threshold_too_wide(asked),
            *stopped.values(),
            *uneven.values(),
            *of_all_rows,
        ),
        unsteady=unsteady,
        seed=asked.seed,
        progress=asked.progress,
    )
    seen = (asked.case, asked.target, asked.varied, profile)
    turned = turned_arrows(*seen, threshold=asked.threshold, seed=asked.seed)
    undrawn = undrawn_arrows(*seen, threshold=asked.threshold, seed=asked.seed)
    unsaid = [said for name, said in undrawn.items() if name not in found.doubted]
    doubted = [*found.doubted, *stopped, *undrawn, *uneven, *apart(whole, effects)]
    return replace(
        found,
        turned=turned,
        warnings=(*unsaid, *found.warnings),
        doubted=tuple(dict.fromkeys(doubted)),
    )


def _stopped(asked: AuditRequest, equations: Equations) -> dict[str, str]:
    """Say, by feature, where a change stops at a category that is not known."""
    positions = np.flatnonzero(asked.target.mask(asked.case.data))
    found = {}
    for name in asked.names:
        gaps = stopping_gaps(equations.by_node, asked.case.carriers(name), positions)
        node, rows = max(gaps.items(), key=lambda gap: gap[1], default=("", 0))
        if rows > MOST_STOPPED * len(positions):
            found[name] = (
                f"In {rows:,} rows ({share(rows / len(positions))}) {node} is missing, through "
                f"which {name} acts on other features. It is taken as a level of its own that a "
                f"row keeps, so that what a change of the unknown value would do is not followed "
                f"there, and nothing small is believed."
            )
    return found


def _uneven(
    asked: AuditRequest, equations: Equations | None, effects: EffectTable
) -> dict[str, str]:
    """Say, by feature, where groups differ by more than the equations explain."""
    if asked.plan is not None or asked.target.kind == "datapoints":
        return {}
    simulator = simulator_of(asked, equations)
    if simulator is None:
        return {}
    given = {
        entry.feature: entry.adjustment
        for entry in effects.of("debiased")
        if entry.form is not None and not entry.combination
    }
    positions = np.flatnonzero(asked.target.mask(asked.case.data))
    found = {}
    for name, left in simulator.unexplained(given).items():
        group = unexplained_group(
            asked.case,
            name,
            left.values,
            simulator.expected(name, given[name]).columns,
            positions,
            threshold=asked.threshold,
            seed=asked.seed,
        )
        if group is not None:
            found[name] = (
                f"In groups of rows (the largest: where {group.condition}), predictions go with "
                f"{name} by {amount(group.value)} more than the equations explain, one way or the "
                f"other, on average over these groups; by at least {amount(group.low)} at "
                f"{rate(1 - CHANCE)}. Groups may be moved where the mean is not, so that nothing "
                f"small is believed."
            )
    return found


def _unit_guessed(asked: AuditRequest) -> Iterator[str]:
    """Say that answers which are nearly probabilities were taken as values, where none said so."""
    answers = asked.case.predictions
    outside = float(((answers < 0) | (answers > 1)).mean())
    if asked.case.model.output is None and 0 < outside < 0.5:
        low, high = float(answers.min()), float(answers.max())
        yield (
            f"The model does not say what its answers are. In {share(outside)} of the rows they "
            f"lie outside 0 to 1 ({amount(low)} to {amount(high)}, by up to "
            f"{amount(max(-low, high - 1))}), so that they are taken as values, not as "
            f"probabilities: effects and threshold are in their unit."
        )


def _threshold_too_wide(asked: AuditRequest) -> Iterator[str]:
    """Say that the threshold is as wide as all answers, so that nothing can well exceed it."""
    low, high = float(asked.case.predictions.min()), float(asked.case.predictions.max())
    if 0 < high - low <= asked.threshold:
        yield (
            f"The model's answers about the rows as they are lie between {amount(low)} and "
            f"{amount(high)}, no further apart than the threshold of {amount(asked.threshold)}: "
            f"an influence that is small beside it can be large beside them. A smaller threshold "
            f"would show it."
        )
