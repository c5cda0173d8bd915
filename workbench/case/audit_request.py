"""What is asked of one audit, as every method and check reads it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from workbench.case.asking.question_plan import QuestionPlan
from workbench.case.asking.variations import variations_of
from workbench.case.audit_case import AuditCase
from workbench.case.compared_cases import ComparedCases
from workbench.case.condition import Condition
from workbench.case.decision_line import Favourable
from workbench.case.intervention import Interventions, Variation
from workbench.case.target import UnlearningTarget
from workbench.common.progress import Progress, silent
from workbench.models.training import Training

__all__ = ["AuditRequest"]


@dataclass(frozen=True, eq=False)
class AuditRequest:
    """What every method and check of one audit is told.

    Attributes
    ----------
    case : AuditCase
    target : UnlearningTarget
        With its features written out where models are compared.
    asked_target : UnlearningTarget
        As the auditor gave it: whole records stay without the names of their features.
    names : tuple of str
        The target's features.
    varied : sequence of Variation
        How each of them is varied.
    methods : tuple of str
        Names in :data:`workbench.methods.registry.AUDIT_METHODS`.
    checks : tuple of str
        Names in :data:`workbench.checks.registry.CHECKS`.
    intervention : Contrast, Resample, Shift, mapping of feature to these, or None
    threshold, alpha : float
        τ, and the error rate of the verdict.
    seed : int
    progress : callable
    groups : mapping of str to Condition
        The auditor's subgroups by name.
    compared : ComparedCases or None
        The models beside the audited one (``compare=``).
    training : Training or None
        How the audited model was trained.
    plan : QuestionPlan or None
        How questions are shared among the steps, where they are limited.
    left_out : frozenset of str
        Features that a baseline which measures one feature after another leaves out.
    favourable : {"higher", "lower"} or None
        Which scores are to people's advantage, where the auditor stated it.
    """

    case: AuditCase
    target: UnlearningTarget
    asked_target: UnlearningTarget
    names: tuple[str, ...]
    varied: Sequence[Variation]
    methods: tuple[str, ...]
    checks: tuple[str, ...]
    intervention: Interventions
    threshold: float
    alpha: float
    seed: int
    progress: Progress = silent
    groups: Mapping[str, Condition] = field(default_factory=dict)
    compared: ComparedCases | None = None
    training: Training | None = None
    plan: QuestionPlan | None = None
    left_out: frozenset[str] = frozenset()
    favourable: Favourable | None = None

    def varied_as(self, intervention: Interventions) -> AuditRequest:
        """Return the request with another change of the target's features to explain."""
        positions = np.flatnonzero(self.target.mask(self.case.data))
        varied = variations_of(self.case, self.names, positions, intervention, self.seed)
        return replace(self, intervention=intervention, varied=varied)

    @property
    def options(self) -> dict[str, Any]:
        """What every estimator of effects is told."""
        return {"intervention": self.intervention, "seed": self.seed, "progress": self.progress}
