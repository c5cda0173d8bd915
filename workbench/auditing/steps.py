"""The steps of an audit, one function each: they run what the tables of methods and checks hold."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import partial

import numpy as np
import numpy.typing as npt

from workbench.auditing.clock import Steps
from workbench.auditing.ranges import profile_of
from workbench.case.asking.question_plan import LEFT_OUT
from workbench.case.audit_request import AuditRequest
from workbench.case.target import UnlearningTarget
from workbench.checks.finding import Earlier, Finding
from workbench.checks.registry import CHECKS
from workbench.checks.subgroups.named import effects_by_subgroup
from workbench.common.errors import AuditError
from workbench.methods.cafe.estimator import cafe_effects
from workbench.methods.cafe.other_inputs import STRONGEST, crowd_outside
from workbench.methods.debiased.estimator import debiased_effects
from workbench.methods.debiased.simulator import Simulator
from workbench.methods.effects import EffectTable
from workbench.methods.fuzzing.paths import PathEffect, trace_paths
from workbench.methods.fuzzing.propagation import Equations, fit_equations, set_levels
from workbench.methods.method import BaselineFinding
from workbench.methods.profile.profile import EffectProfile
from workbench.methods.profile.ranges import Range, profile_levels, scope_of
from workbench.methods.registry import BASELINES, CAUSAL_METHODS

__all__ = [
    "run_baselines",
    "run_checks",
    "run_context",
    "run_effects",
    "run_equations",
    "run_paths",
    "run_profile",
    "run_subgroups",
    "simulator_of",
    "to_ask",
    "to_check",
]

CONTEXT_ROWS = 5_000
"""Rows on which the model is asked about the direct effects of features outside the target."""
MOST_UNPLACED = 24
"""Other features outside the graph whose effects are estimated; where there are more, none is:
nobody placed them, and each costs the model rows as wide as the table."""
MOST_BESIDE = 100
"""Other features whose effects are estimated: regressions that hold more of them, one for each, do
not fit into memory."""
NO_QUERIES = "The model is a column of logged predictions and cannot be asked about changed rows."


def run_equations(
    asked: AuditRequest, steps: Steps, kept: Mapping[str, npt.NDArray[np.intp]]
) -> Equations | None:
    """Fit the structural equations once, for the verdict and every method that needs them.

    `kept` are the levels of categories that the profile sets features to.
    """
    case = asked.case
    chosen = [method for method in CAUSAL_METHODS if method.name in asked.methods]
    if not case.model.can_query or not chosen:
        return None
    keep = {**set_levels(asked.varied), **kept}
    others = any(not method.needs_equations for method in chosen)
    run = steps.optional if others else steps.run
    return run(
        "structural equations",
        lambda: fit_equations(
            case, asked.names, keep=keep, seed=asked.seed, progress=asked.progress
        ),
    )


def run_profile(
    asked: AuditRequest, steps: Steps, levels: Range | None, equations: Equations | None
) -> EffectProfile | None:
    """Measure the target over its levels, people and groups, where some causal method may."""
    by_regression = not {"cafe", "debiased"}.isdisjoint(asked.methods)
    if levels is None or (equations is None and not by_regression):
        return None
    # A verdict must not rest on what uncorrected equations say, whichever methods stand beside it.
    simulator = (
        None
        if equations is None
        else steps.run("better equations", lambda: simulator_of(asked, equations))
    )
    return steps.run(
        "profile",
        lambda: profile_of(
            asked.case,
            asked.target,
            levels,
            None if simulator is None else simulator.equations,
            asked.groups,
            simulator=None if asked.plan is not None else simulator,
            paths=_hears_paths(asked, levels),
            max_queries=None if asked.plan is None else asked.plan.profile,
            threshold=asked.threshold,
            alpha=asked.alpha,
            seed=asked.seed,
            progress=asked.progress,
        ),
    )


def _hears_paths(asked: AuditRequest, levels: Range) -> bool:
    """Whether paths, or the only change tested, may show an influence beside the profile.

    Only the debiased estimate tests the form of the equations that they rest on. With a limit on
    the questions no path is followed.
    """
    if "debiased" not in asked.methods:
        return False
    if asked.plan is None:
        return True
    chosen = profile_levels(asked.case, asked.target, range=levels, seed=asked.seed)
    return scope_of(levels, chosen) == "change"


def run_effects(asked: AuditRequest, steps: Steps, equations: Equations | None) -> EffectTable:
    """Estimate the target's effects by every causal method.

    Raises
    ------
    AuditError
        When one could not, and no other did.
    """
    found: EffectTable | None = None
    failure: AuditError | None = None
    for method in CAUSAL_METHODS:
        if method.name not in asked.methods:
            continue
        if asked.plan is not None and method.asks_all_rows:
            steps.skipped[method.name] = LEFT_OUT
            continue
        if method.needs_queries and not asked.case.model.can_query:
            steps.skipped[method.name] = NO_QUERIES
            continue
        if method.needs_equations and equations is None:
            continue  # the step "structural equations" says why
        try:
            effects = steps.run(method.name, partial(method.run, asked, equations))
        except AuditError as error:
            steps.skipped[method.name] = str(error)
            failure = failure or error
            continue
        found = effects if found is None else found + effects
    if found is None and failure is not None:
        raise failure
    return _no_effects(asked) if found is None else found


def run_paths(
    asked: AuditRequest, steps: Steps, equations: Equations | None
) -> tuple[PathEffect, ...]:
    """Follow the effects path by path."""
    if equations is None or not _by_equations(asked):
        return ()
    if asked.plan is not None:
        steps.skipped["paths"] = LEFT_OUT
        return ()
    simulator = simulator_of(asked, equations) if "debiased" in asked.methods else None
    used = equations if simulator is None else simulator.equations
    return steps.run(
        "paths",
        lambda: trace_paths(asked.case, asked.target, equations=used, **asked.options),
    )


def _by_equations(asked: AuditRequest) -> bool:
    """Whether a method was chosen that carries changes along the graph."""
    return any(
        method.needs_equations or method.takes_equations
        for method in CAUSAL_METHODS
        if method.name in asked.methods
    )


def run_subgroups(
    asked: AuditRequest, steps: Steps, equations: Equations | None
) -> dict[str, EffectTable]:
    """Estimate effects again in every subgroup of the target's rows."""
    if not asked.groups:
        return {}
    estimate: Callable[..., EffectTable]
    if asked.plan is not None:
        estimate = partial(debiased_effects, max_queries=asked.plan.per_table)
    else:
        estimate = partial(debiased_effects, simulator=simulator_of(asked, equations))
    found, left_out = steps.run(
        "subgroups",
        lambda: effects_by_subgroup(
            asked.case, asked.target, asked.groups, estimate, **asked.options
        ),
    )
    steps.skipped |= {f"subgroup {name}": why for name, why in left_out.items()}
    return found


def simulator_of(asked: AuditRequest, equations: Equations | None) -> Simulator | None:
    """Return the simulator of the debiased estimate, where there are equations."""
    if equations is None:
        return None
    return Simulator.of(
        asked.case,
        asked.names,
        asked.varied,
        plain=equations,
        seed=asked.seed,
        progress=asked.progress,
    )


def run_context(asked: AuditRequest, steps: Steps) -> EffectTable:
    """Estimate CAFÉ's effects of every other feature, where the graph allows it."""
    case, target = asked.case, asked.target
    others = tuple(
        name
        for name in case.features
        if name not in asked.names and not case.columns[name].is_constant
    )
    left_out = _left_out(asked)
    if left_out:
        others = tuple(name for name in others if name not in left_out)
        steps.skipped["cafe, features outside the graph"] = (
            f"Effects of {len(left_out):,} features that the graph has no edge for are not "
            f"estimated beside the target's: that is done for at most {MOST_UNPLACED}. Draw those "
            f"that matter into the graph, or make one the target."
        )
    _say_who_stands_beside(asked, steps)
    if not {"cafe", "debiased"}.intersection(asked.methods) or not others:
        return _no_effects(asked)
    if asked.plan is not None:
        steps.skipped["cafe, other features"] = LEFT_OUT
        return _no_effects(asked)
    if len(others) > MOST_BESIDE:
        steps.skipped["cafe, other features"] = (
            f"Effects of {len(others):,} other features are not estimated beside the target's: "
            f"that is done for at most {MOST_BESIDE}. Make those that matter the target."
        )
        return _no_effects(asked)
    found = steps.optional(
        "cafe, other features",
        lambda: cafe_effects(
            case,
            UnlearningTarget(others, target.rows, target.condition),
            query_rows=CONTEXT_ROWS,
            skip_unidentified=True,
            seed=asked.seed,
            progress=asked.progress,
        ),
    )
    return _no_effects(asked) if found is None else found


def _say_who_stands_beside(asked: AuditRequest, steps: Steps) -> None:
    """Say so where regressions for direct effects hold only some of the model's inputs."""
    regressing = set() if asked.plan is None else {"cafe"}
    if not asked.case.model.can_query:
        regressing = {"cafe", "debiased"}
    crowd = max((crowd_outside(asked.case, name) for name in asked.names), key=len)
    if crowd and regressing.intersection(asked.methods):
        steps.skipped["direct effects, features outside the graph"] = (
            f"Of {len(crowd):,} features that the graph has no edge for, only the {STRONGEST} that "
            f"go most with the predictions stand in the regressions that give direct effects. The "
            f"graph says that the others have nothing to do with the target; draw those that have."
        )


def _left_out(asked: AuditRequest) -> frozenset[str]:
    """Return the features outside target and graph, where they are too many to be shown."""
    case = asked.case
    placed = {node for edge in case.graph.edges for node in edge}
    unplaced = frozenset(
        name
        for name in case.features
        if name not in asked.names and name not in placed and not case.columns[name].is_constant
    )
    return unplaced if len(unplaced) > MOST_UNPLACED else frozenset()


def to_ask(asked: AuditRequest) -> tuple[str, ...]:
    """Return the names of the baselines that :func:`run_baselines` asks."""
    return tuple(method.name for method in BASELINES if method.name in asked.methods)


def to_check(asked: AuditRequest) -> tuple[str, ...]:
    """Return the names of the checks that :func:`run_checks` runs."""
    return tuple(check.name for check in CHECKS if check.wanted(asked))


def run_baselines(
    asked: AuditRequest, steps: Steps
) -> Iterator[tuple[str, BaselineFinding | None]]:
    """Ask every baseline; one that cannot answer gives None and is named among what was skipped."""
    left_out = _left_out(asked)
    for method in BASELINES:
        if method.name not in asked.methods:
            continue
        if asked.plan is not None and method.asks:
            steps.skipped[method.name] = LEFT_OUT
            yield method.name, None
            continue
        less = replace(asked, left_out=left_out) if method.by_feature else asked
        found = steps.optional(method.name, partial(method.run, less))
        if found is not None and less.left_out:
            steps.skipped[f"{method.name}, features outside the graph"] = (
                f"{len(left_out):,} features that the graph has no edge for were left out: beside "
                f"the target's at most {MOST_UNPLACED} are measured. Draw those that matter into "
                f"the graph, or make one the target."
            )
        yield method.name, found


def run_checks(
    asked: AuditRequest, steps: Steps, earlier: Earlier
) -> Iterator[tuple[str, Finding | None]]:
    """Run every check that is asked for, in the order of their table."""
    found: dict[str, Finding] = {}
    for check in (check for check in CHECKS if check.wanted(asked)):
        if asked.plan is not None and check.asks:
            steps.skipped[check.step] = LEFT_OUT
            yield check.name, None
            continue
        run = steps.run if check.asked_by == "compare" else steps.optional
        known = replace(earlier, checks=dict(found))
        said = run(check.step, partial(check.run, asked, known))
        if said is not None:
            found[check.name] = said
        yield check.name, said


def _no_effects(asked: AuditRequest) -> EffectTable:
    """Return an empty table about the target's rows."""
    index = asked.case.data.index[asked.target.mask(asked.case.data)]
    return EffectTable((), index, asked.case.output, asked.seed)
