from workbench import datasets, evidence, unlearning
from workbench.auditing.audit import audit
from workbench.auditing.every_class import ClassAudit, audit_classes, class_cases
from workbench.auditing.questions import question_plan
from workbench.case.asking.budget import Budget
from workbench.case.asking.question_plan import QuestionPlan
from workbench.case.audit_case import AuditCase
from workbench.case.intervention import Contrast, Resample, Shift
from workbench.case.target import UnlearningTarget
from workbench.checks import membership
from workbench.checks.change.finding import ModelChange
from workbench.checks.change.utility import ModelUtility, model_utility
from workbench.checks.consistency.measure import answer_consistency
from workbench.checks.gradient_evidence import GradientEvidence, gradient_evidence
from workbench.checks.graph_sensitivity.finding import GraphSensitivity
from workbench.checks.graph_sensitivity.measure import graph_sensitivity
from workbench.checks.membership import MembershipEvidence, membership_evidence
from workbench.checks.next_actions import NextActions, next_actions
from workbench.checks.planted_leaks import PlantedLeaks, planted_leaks
from workbench.checks.subgroups.finding import HiddenSubgroups
from workbench.checks.subgroups.measure import subgroup_effects
from workbench.checks.verdict import Verdict
from workbench.common.errors import (
    AuditCancelled,
    AuditError,
    ConditionError,
    CycleError,
    DataError,
    EvidenceError,
    GraphError,
    GraphFileError,
    InterventionError,
    MissingPackageError,
    ModelError,
    NotIdentifiableError,
    TargetError,
    UntrustedModelError,
)
from workbench.graph.causal_graph import CausalGraph
from workbench.methods.cafe.estimator import cafe_effects
from workbench.methods.debiased.estimator import debiased_effects
from workbench.methods.effects import Effect, EffectTable
from workbench.methods.fuzzing.estimator import fuzzed_effects
from workbench.methods.fuzzing.paths import path_effects
from workbench.methods.profile.measure import effect_profile
from workbench.methods.profile.profile import EffectProfile
from workbench.models.black_box import BlackBoxModel
from workbench.models.endpoint.endpoint import endpoint_model
from workbench.models.files.skops_files import read_model
from workbench.models.trained_here import train_model
from workbench.models.training import Training
from workbench.report.audit_report import AuditReport, read_report
from workbench.tables.files.delimited import read_table

__all__ = [
    "AuditCancelled",
    "AuditCase",
    "AuditError",
    "AuditReport",
    "BlackBoxModel",
    "Budget",
    "CausalGraph",
    "ClassAudit",
    "ConditionError",
    "Contrast",
    "CycleError",
    "DataError",
    "Effect",
    "EffectProfile",
    "EffectTable",
    "EvidenceError",
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
    "QuestionPlan",
    "Resample",
    "Shift",
    "TargetError",
    "Training",
    "UnlearningTarget",
    "UntrustedModelError",
    "Verdict",
    "answer_consistency",
    "audit",
    "audit_classes",
    "cafe_effects",
    "class_cases",
    "datasets",
    "debiased_effects",
    "effect_profile",
    "endpoint_model",
    "evidence",
    "fuzzed_effects",
    "gradient_evidence",
    "graph_sensitivity",
    "membership",
    "membership_evidence",
    "model_utility",
    "next_actions",
    "path_effects",
    "planted_leaks",
    "question_plan",
    "read_model",
    "read_report",
    "read_table",
    "subgroup_effects",
    "train_model",
    "unlearning",
]
