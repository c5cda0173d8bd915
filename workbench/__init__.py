"""Has a machine-learning model really forgotten? The engine of the CAFÉ Audit Workbench.

An audit is a function from a case and a target to a report::

    import workbench as wb

    world = wb.datasets.loan()
    case = wb.AuditCase(data=world.data, model=model, graph=world.graph, outcome=world.outcome)
    report = wb.audit(case, wb.UnlearningTarget.feature("zip_code"))
"""

from workbench import datasets, membership, unlearning
from workbench.answer_consistency import answer_consistency
from workbench.audit import audit
from workbench.cafe import cafe_effects
from workbench.case import AuditCase
from workbench.effects import Effect, EffectTable
from workbench.errors import (
    AuditCancelled,
    AuditError,
    ConditionError,
    CycleError,
    DataError,
    GraphError,
    GraphFileError,
    InterventionError,
    MissingPackageError,
    ModelError,
    NotIdentifiableError,
    TargetError,
    UntrustedModelError,
)
from workbench.fuzzing import fuzzed_effects
from workbench.gradient_evidence import GradientEvidence, gradient_evidence
from workbench.graph import CausalGraph
from workbench.graph_sensitivity import GraphSensitivity, graph_sensitivity
from workbench.hidden_subgroups import HiddenSubgroups, subgroup_effects
from workbench.intervention import Contrast, Resample, Shift
from workbench.membership import MembershipEvidence, membership_evidence
from workbench.model import BlackBoxModel
from workbench.model_change import ModelChange
from workbench.model_utility import ModelUtility, model_utility
from workbench.next_actions import NextActions, next_actions
from workbench.paths import path_effects
from workbench.planted_leaks import PlantedLeaks, planted_leaks
from workbench.report import AuditReport
from workbench.saved_report import read_report
from workbench.target import UnlearningTarget
from workbench.training import Training
from workbench.verdict import Verdict

__all__ = [
    "AuditCancelled",
    "AuditCase",
    "AuditError",
    "AuditReport",
    "BlackBoxModel",
    "CausalGraph",
    "ConditionError",
    "Contrast",
    "CycleError",
    "DataError",
    "Effect",
    "EffectTable",
    "GradientEvidence",
    "GraphError",
    "GraphFileError",
    "GraphSensitivity",
    "HiddenSubgroups",
    "InterventionError",
    "MembershipEvidence",
    "MissingPackageError",
    "ModelChange",
    "ModelError",
    "ModelUtility",
    "NextActions",
    "NotIdentifiableError",
    "PlantedLeaks",
    "Resample",
    "Shift",
    "TargetError",
    "Training",
    "UnlearningTarget",
    "UntrustedModelError",
    "Verdict",
    "answer_consistency",
    "audit",
    "cafe_effects",
    "datasets",
    "fuzzed_effects",
    "gradient_evidence",
    "graph_sensitivity",
    "membership",
    "membership_evidence",
    "model_utility",
    "next_actions",
    "path_effects",
    "planted_leaks",
    "read_report",
    "subgroup_effects",
    "unlearning",
]
