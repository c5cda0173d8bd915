"""The effect profile of a target: every feature over its levels, people and groups.

``estimands.md``, "What 'below τ' must mean". All levels go to the model in shared batches; where
the table is long a sample of the rows is asked about, so that a profile takes at most three times
the questions of one contrast.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np

from workbench.case.asking.variations import variations_of
from workbench.case.audit_case import AuditCase
from workbench.case.condition import Condition
from workbench.case.intervention import Variation
from workbench.case.target import UnlearningTarget
from workbench.common.against_threshold import check_limits
from workbench.common.errors import TargetError
from workbench.common.progress import Progress, silent
from workbench.methods.debiased.simulator import Simulator
from workbench.methods.fuzzing.propagation import Equations, fit_equations
from workbench.methods.profile.asking import ProfileRun, ask_feature, ask_together
from workbench.methods.profile.profile import EffectProfile
from workbench.methods.profile.ranges import Range, profile_levels, scope_of
from workbench.methods.profile.summary import summarise

__all__ = ["effect_profile"]


def effect_profile(
    case: AuditCase,
    target: UnlearningTarget,
    *,
    range: Range = "levels",
    estimator: Literal["fuzzing", "cafe"] | None = None,
    threshold: float = 0.02,
    alpha: float = 0.05,
    groups: Mapping[str, str] | None = None,
    people_share: float = 0.01,
    questions: float = 3.0,
    equations: Equations | None = None,
    simulator: Simulator | None = None,
    paths: bool = True,
    max_queries: int | None = None,
    seed: int = 0,
    progress: Progress = silent,
) -> EffectProfile:
    """Measure total, direct and indirect effects over all levels of the target's features.

    Parameters
    ----------
    case : AuditCase
    target : UnlearningTarget
    range : "levels", sequence of Contrast, or mapping of feature to these, default "levels"
        Which levels: all that enough rows hold (a number's grid of quantiles, levels drawn with
        the seed, and where the prediction bends), or those that contrasts name.
    estimator : {"fuzzing", "cafe"}, optional
        Of the total effect. By default fuzzing where the model can be asked. Direct effects are
        asked wherever that is possible.
    threshold : float, default 0.02
        τ, in the unit of the prediction, beyond which a row counts as moved.
    alpha : float, default 0.05
        Error rate of each family of bounds; where one claim suffices the families share it.
    groups : mapping of str to str, optional
        Conditions by name; the profile is summed up for their rows, too.
    people_share : float, default 0.01
        Share of the target's rows that may be moved directly by more than the threshold.
    questions : float, default 3.0
        How many times the questions of one contrast each feature's profile may ask.
    equations : Equations, optional
        Fitted before; see :func:`workbench.methods.fuzzing.propagation.fit_equations`.
    simulator : Simulator, optional
        The debiased estimate's: its equations are used, and totals are corrected at every level by
        what they leave unexplained. See :mod:`workbench.methods.profile.corrections`.
    paths : bool, default True
        Whether effects along paths, or of the only change that is tested, may show an influence by
        themselves beside the profile: they are then one more family that shares alpha.
    max_queries : int, optional
        The most rows that may be asked about, all told. Bends are not looked for then, and few
        rows are asked about.
    seed : int, default 0
    progress : callable, optional

    Returns
    -------
    EffectProfile

    Raises
    ------
    AuditError
        When target, levels or groups do not fit the case, or nothing can be estimated.

    Examples
    --------
    >>> import pandas as pd
    >>> from workbench.graph.causal_graph import CausalGraph
    >>> x = np.random.default_rng(0).normal(size=2000)
    >>> case = AuditCase(data=pd.DataFrame({"x": x}), model=lambda rows: rows["x"] ** 2,
    ...                  features=["x"], graph=CausalGraph([], nodes=["x"]))
    >>> found = effect_profile(case, UnlearningTarget.feature("x"))["x"].parts["total"]
    >>> bool(found.floor > 3), found.surest.high[0][1] == found.widest.high[0][1]
    (True, True)
    """
    names, mask = case.resolve(target)
    positions = np.flatnonzero(mask)
    check_limits(threshold, alpha)
    asks = case.model.can_query
    by = estimator or ("fuzzing" if asks else "cafe")
    if by == "fuzzing" and not asks:
        raise TargetError(
            "The model is a column of logged predictions and cannot be asked about changed rows. "
            "Use estimator='cafe'."
        )
    chosen = profile_levels(case, target, range=range, seed=seed)
    if simulator is not None and equations is None:
        equations = simulator.equations
    if by == "fuzzing" and equations is None:
        keep = {
            name: levels.values for name, levels in chosen.items() if not levels.column.is_numeric
        }
        equations = fit_equations(case, names, keep=keep, seed=seed, progress=progress)
    if by == "cafe":
        equations = simulator = None
    conditions = {name: Condition(text) for name, text in (groups or {}).items()}
    each = None if max_queries is None else max_queries // (len(names) + (len(names) > 1))
    run = ProfileRun(
        case,
        target,
        positions,
        equations,
        simulator,
        by,
        questions,
        each,
        conditions,
        threshold,
        seed,
        progress,
    )
    measured = [
        ask_feature(run, levels, default)
        for levels, default in zip(chosen.values(), _defaults(run, names, range), strict=True)
    ]
    if len(names) > 1 and asks:
        measured.append(ask_together(run, measured, range))
    families = 1 + asks + bool(groups) + (paths and _has_paths(case, names, by))
    return summarise(
        measured,
        threshold=threshold,
        alpha=alpha,
        families=families,
        group_names=tuple(conditions),
        people_share=people_share,
        sampled=run.sampled,
        table_rows=case.n_rows,
        asks=asks,
        scope=scope_of(range, chosen),
        unit=case.output,
        seed=seed,
        progress=progress,
    )


def _defaults(run: ProfileRun, names: Sequence[str], range: Range) -> list[Variation | None]:
    if range != "levels":
        return [None for _ in names]
    return [*variations_of(run.case, names, run.positions, None, run.seed)]


def _has_paths(case: AuditCase, names: Sequence[str], by: str) -> bool:
    return by == "fuzzing" and any(case.carriers(name) for name in names)
